"""Any bytes for the framers, the decoders, the meter and the reader of IEC 62056-21 and P1."""

from protocols.lines import iec62056_21, iec62056_21_data, p1
from protocols.lines.iec62056_21_meter import Server
from protocols.lines.refused import Refused
from protocols.meters.readers.iec62056_21 import Reader
from station.decoding import iec62056_21 as people
from station.decoding.refused import Refused as Unreadable


def one_input(data: bytes) -> None:
    for framer in (iec62056_21.Framer(), iec62056_21.Framer(True), iec62056_21.EvenFramer(), p1.Framer()):
        framer.feed(data)
        framer.quiet()
    Server("", {"1.8.0": "1*kWh"}).feed(b"/?!\r\n\x06051\r\n" + data)
    try:
        iec62056_21_data.values(data)
    except Refused:
        pass
    try:
        people.decode(data)
    except Unreadable:
        pass
    for options in ({}, {"telegram": True}, {"parity": True, "password": "1"}):
        for request in ("", "R5:1.8.0(1)"):
            _read(Reader("", options), request, data)


def _read(reader: Reader, request: str, data: bytes) -> None:
    """Each answer is a piece of the bytes, as often framed as not."""
    generator, answer = reader.read(request), None
    try:
        for at in range(40):
            ask = generator.send(answer)
            piece = data[at * 3 % (len(data) + 1) :]
            framer = reader.FRAMER()
            block = b"\2" + piece + b"\3"
            said = framer.feed(piece + block + bytes([iec62056_21.bcc(block)])) + framer.quiet()
            answer = next((frame for frame in said if not ask.judge(frame)), None)
    except (Refused, StopIteration):
        pass
