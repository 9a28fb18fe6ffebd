"""Any bytes as line noise, as data of every item, as requests to a module and as replies to a reader."""

from contextlib import suppress

from protocols.lines.dlt645_server import Server as Meter
from protocols.lines.gdw3762 import frame, items, module, nodes
from protocols.lines.refused import Refused
from protocols.meters.readers.gdw3762 import CARRIERS, Line, Reader
from station.decoding import gdw3762 as shown
from station.decoding import refused as nothing
from tests.unit.protocols.drive import drive

NODE, OWN = "123456789012", "000000000001"


def _module() -> module.Server:
    meter = Meter(NODE, {"00010000": bytes(4)})
    server = module.Server(OWN, {NODE: nodes.Node(meter, delay_ms=5), "2": nodes.Node(meter)})
    server.nodes.rows = [(NODE, 2)]
    server.ask_data(NODE)
    return server


def one_input(data: bytes) -> None:
    framer = frame.Framer()
    for got in framer.feed(data) + framer.quiet():
        assert frame.Framer().feed(frame.encode(*got)) == [got]
        frame.match(got, got)
    with suppress(nothing.Refused):
        shown.decode(data)
    _items(data)
    _server(data)
    for by in CARRIERS:
        _reader(data, by)


def _items(data: bytes) -> None:
    for afn, fn in items.ITEMS:
        for up, build in enumerate((frame.request, frame.answer)):
            got = frame.Framer().feed(build(afn, fn, data[:1000], 1))[0]
            with suppress(Refused):
                values = items.decode(got)
                if len(got.data) != 4 or afn:  # the confirmation of 2009 is written as that of 2013
                    again = items.encode(items.ITEMS[afn, fn][0], up, values)
                    assert items.decode(got._replace(data=again)) == values


def _server(data: bytes) -> None:
    server = _module()
    server.feed(data)
    started = frame.STARTED if data[:1] > b"\x80" else 0
    afn = data[1] if len(data) > 1 else 0
    for info, ends in ((bytes(6), ()), (bytes([4, 0, 0, 0, 0, 1]), (OWN, NODE))):
        for known in (afn, 0x13, 0xF1, 0x14):
            server.feed(frame.encode(frame.BROADBAND | started, info, ends, known, 1, data[2:1000]))
    for got in frame.Framer().feed(server.run(100_000)):
        items.decode(got)


def _reader(data: bytes, by: str) -> None:
    reader = Reader(NODE, {"line": Line(OWN), "by": by})

    def line(_number: int, request: bytes, _reply: bytes) -> bytes:
        (sent,) = frame.Framer().feed(request)
        number = frame.number(sent)
        right = frame.answer(sent.afn, 1, data[:1000], number, (NODE, OWN))
        return data + (right if data[:1] < b"\x80" else frame.answer(0, 2, data[:2], number))

    with suppress(Refused):
        drive(reader.read("00010000"), reader, _module(), line)
