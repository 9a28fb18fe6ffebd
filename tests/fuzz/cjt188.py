"""CJ/T 188: whatever the line brings."""

from contextlib import suppress

from protocols.lines import cjt188, cjt188_meter
from protocols.lines.refused import Refused
from protocols.meters import cjt188_items
from protocols.meters.readers.cjt188 import Reader
from station.decoding import cjt188 as shown
from station.decoding import refused as nothing
from tests.unit.protocols.drive import drive


class _Line:
    """Answers with the bytes, as they are and behind the head of a good reply."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def feed(self, request: bytes) -> bytes:
        (asked,) = cjt188.Framer().feed(request)
        return self._data + cjt188.encode(0x20, "42", asked.control | 0x80, asked.data[:3] + self._data[:250])


def one_input(data: bytes) -> None:
    framer = cjt188.Framer()
    for frame in framer.feed(data) + framer.quiet():
        cjt188.match(frame, frame)
        cjt188.reply_data(frame)
    for di in (0x901F, 0xD120, 0x8105):
        with suppress(Refused):
            cjt188_items.decode(0x20, di, data)
    server = cjt188_meter.Server("42", {0x901F: bytes(46), 0xA015: bytes(7)}, kind=0x20)
    server.feed(data)
    if data:
        server.feed(cjt188.encode(0x20, "42", data[0], data[1:250]))
    reader = Reader("42", {"type": "20"})
    for generator in (reader.read("901F:values"), reader.read("D120"), reader.control("valve_open", {})):
        with suppress(Refused):
            drive(generator, reader, _Line(data))
    with suppress(nothing.Refused):
        shown.decode(data)
