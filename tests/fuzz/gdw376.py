"""Any bytes as line noise, as the units of every function, and as requests to a terminal."""

from protocols.gdw376 import frame, message, terminal
from protocols.lines.refused import Refused
from station.decoding import gdw376
from station.decoding.refused import Refused as NotDecoded


def one_input(data: bytes) -> None:
    server = terminal.Server("4403", 5, {"values": {}, "pw": None, "ec": (1, 2), "forward": {}})
    framer = frame.Framer()
    frames = framer.feed(data) + framer.quiet()
    head, body = data[:3].ljust(3, b"\x00"), data[3 : frame.MAX_LENGTH - frame.LEAST]
    asked = frame.Frame(head[0], "4403", 5, 2, head[1] % 17, head[2], body, 2)
    for got in [*frames, asked]:
        wire = frame.encode(*got)
        assert frame.Framer().feed(wire) == [got]
        frame.match(asked, got)
        _told_again(got)
        for answer in frame.Framer().feed(server.feed(wire)):
            assert message.decode(answer).refused is None
    try:
        gdw376.decode(data)
    except NotDecoded:
        pass


def _told_again(got) -> None:
    """What was read of a frame says the same when it is written and read again."""
    try:
        told = message.decode(got)
    except Refused:
        return
    up = got.control & frame.UP
    data = message.encode_units(got.afn, up, told.units)
    assert message.decode_units(got.afn, up, data) == (told.units, b"", None)
