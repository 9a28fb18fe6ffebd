"""Any bytes as line noise, data, service, segment, request to a meter and reply to a reader."""

from typing import Any

from protocols.lines.dlt698 import apdu, axdr, link, meter, segments, values
from protocols.lines.refused import Refused
from protocols.meters.readers.dlt698 import Reader
from station.decoding import dlt698
from station.decoding.refused import Refused as Undecodable
from tests.unit.protocols.drive import drive

ADDRESS = "123456789012"


def _server() -> meter.Server:
    row = [(axdr.MOMENT, (2016, 1, 20, 0, 0, 0)), (axdr.ARRAY, [(0x06, 1)])]
    return meter.Server(
        ADDRESS,
        {0x20000200: (axdr.ARRAY, [(axdr.U16, 2301)]), 0x40000200: row[0]},
        {0x50040200: ([(0, 0x20210200), (0, 0x00100200)], [row])},
        {0x80008100: lambda _server, _parameter: (0, None)},
        [0x40000200],
    )


def _decoders(data) -> None:
    for decode in (lambda: values.flat(axdr.decode("data", data)), lambda: segments.Joiner().take(data)):
        try:
            decode()
        except Refused:
            pass
    try:
        one = apdu.decode(data)
    except Refused:
        return
    assert apdu.decode(apdu.encode(one)) == one
    apdu.match(apdu.request(apdu.GET, apdu.NORMAL, 1, 0x20000200), one) if one.piid is not None else None


def one_input(data: bytes) -> None:
    framer = link.Framer()
    for frame in framer.feed(data) + framer.quiet():
        assert link.Framer().feed(link.encode(frame)) == [frame]
    _decoders(data)
    try:
        dlt698.decode(data)
    except Undecodable:
        pass
    server = _server()
    server.feed(data)
    content = data[1 : link.MAX_FRAME // 2]
    control = link.REQUEST | data[0] & (link.SEGMENT | link.SCRAMBLED) if data else link.REQUEST
    server.feed(link.encode(link.to_server(ADDRESS, content, control=control)))
    answer = link.encode(link.Frame(link.SINGLE, 0, ADDRESS, 16, control | link.FROM_SERVER, content))
    for request in ("20000200", "20000200,40000200", "record:50040200:all"):
        reader: Any = Reader(ADDRESS, {})
        try:
            drive(reader.read(request), reader, server, lambda n, _request, reply: answer if n < 9 else b"")
        except Refused:
            pass
