"""Modbus RTU: whatever the line brings."""

from contextlib import suppress

from protocols.lines import modbus, modbus_meter
from protocols.lines.refused import Refused
from protocols.meters.readers.modbus import Reader
from station.decoding import modbus as shown
from station.decoding import refused as nothing
from tests.unit.protocols.drive import drive


class _Line:
    """Answers with the bytes, as they are and behind the head of a good reply."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def feed(self, request: bytes) -> bytes:
        return self._data + modbus.encode(request[0], request[1], self._data[:250])


def one_input(data: bytes) -> None:
    framer = modbus.Framer()
    for frame in framer.feed(data) + framer.quiet():
        modbus.match(frame, frame)
        with suppress(Refused):
            modbus.reply_data(frame)
            modbus.identification(frame.data)
    server = modbus_meter.Server({(1, n): {0: 0, 1: None} for n in range(1, 5)} | {(1, 0x2B): {0: b"x"}})
    server.feed(data)
    if len(data) > 1:
        server.feed(modbus.encode(data[0] % 3, data[1], data[2:250]))
    reader = Reader("1", {})
    for request in ("1:0:3", "3:0:2", "43:3:0"):
        with suppress(Refused):
            drive(reader.read(request), reader, _Line(data))
    with suppress(nothing.Refused):
        shown.decode(data)
