"""Any bytes as line noise, APDU, request to a meter and reply to a reader, over HDLC and the wrapper."""

from protocols.lines.dlms import acse, apdu, axdr, hdlc, security, wrapper
from protocols.lines.refused import Refused
from tests.unit.protocols.dlms.support import PROFILE, SERIAL, a_meter, a_reader, keys
from tests.unit.protocols.drive import drive


def _taken(call, *args):
    try:
        return call(*args)
    except Refused:
        return None


def one_input(data: bytes) -> None:
    for framer, match in ((hdlc.Framer(), hdlc.match), (wrapper.Framer(), wrapper.match)):
        frames = framer.feed(data) + framer.quiet()
        for frame in frames:
            match(frames[0], frame)
    for call in (axdr.decode, apdu.decode, acse.decode, acse.initiate, security.unwrap, hdlc.limits):
        _taken(call, data)
    _taken(keys().open, b"MTR00001", data)
    _meter(data)
    _reader(data)


def _meter(data: bytes) -> None:
    """Noise, and an APDU in an open association."""
    if not data:
        return
    for transport in ("hdlc", "wrapper"):
        a_meter(transport).feed(data)
        server, reader = a_meter(transport), a_reader(transport, "lls")
        drive(reader.read(SERIAL), reader, server)
        if transport == "wrapper":
            server.feed(wrapper.encode(1, 32, data))
        else:
            link = hdlc.address(1, 17), hdlc.address(32), hdlc.information(2, 2)
            server.feed(hdlc.encode(*link, hdlc.TO_METER + data[:120]))


def _reader(data: bytes) -> None:
    """Bytes instead of a reply, and in a frame that fits, at each exchange."""
    for transport in ("hdlc", "wrapper"):
        for at in range(3):

            def line(number, _request, reply, transport=transport, at=at):
                return reply if number < at else _inside(transport, reply, data) + data

            reader = a_reader(transport, "none")
            _taken(drive, reader.read(PROFILE if at else "push"), reader, a_meter(transport), line)


def _inside(transport: str, reply: bytes, data: bytes) -> bytes:
    if transport == "wrapper":
        return wrapper.encode(16, 1, data or b"\0")
    frames = hdlc.Framer().feed(reply)
    if not frames:
        return b""
    to, by, control, _segmented, _info = frames[0]
    return hdlc.encode(to, by, control, hdlc.FROM_METER + data[:1000])
