"""Any bytes as line noise, telegram, request to a meter and reply to a reader."""

from protocols.lines.mbus import link, meter, records, telegram
from protocols.lines.refused import Refused
from protocols.meters.readers.mbus import Reader
from tests.unit.protocols.drive import drive

BODY = records.encode(0xC, b"\x06", 1234)


def _server(telegrams):
    return meter.Server(5, {"secondary": "12345678.QDS.0A.07", "status": 0, "telegrams": telegrams})


def one_input(data: bytes) -> None:
    framer = link.Framer()
    frames = framer.feed(data) + framer.quiet()
    asked = link.Frame(link.REQ_UD2, 5, None, b"")
    for frame in [*frames, link.Frame(link.RSP_UD, 5, link.CI_NONE, data[: link.MAX_DATA])]:
        link.match(asked, frame)
        if frame.control is not None:
            assert link.Framer().feed(link.encode(*frame)) == [frame]
        try:
            records.keyed(telegram.decode(frame).records)
        except Refused:
            pass
    _server([BODY]).feed(data)
    reader = Reader("5", {})
    for line in (_server([data[:200]]), _server([BODY])):
        try:
            drive(reader.read(""), reader, line, lambda n, _request, reply: data if n > 1 else reply)
        except Refused:
            pass
