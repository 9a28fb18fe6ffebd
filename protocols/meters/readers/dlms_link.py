"""Under a DLMS session: one APDU over HDLC, in segments, or in the wrapper. Generators as in README.md."""

from protocols.lines.dlms import hdlc, wrapper
from protocols.lines.refused import Refused
from protocols.meters.readers.ask import ask

MOST_INFO = 2030  # bytes of information beside addresses and checks in the longest frame
BUSY_POLLS = 8  # times a meter may answer "ready, but nothing yet"


class HdlcLink:
    """The primary station, window 1: each frame waits for its answer."""

    FRAMER = hdlc.Framer

    def __init__(self, client, server, frame, most) -> None:
        if not 16 <= frame <= MOST_INFO:
            raise ValueError("frame is 16 to %d" % MOST_INFO)
        self._client, self._server = client, server
        self._frame = frame  # bytes of information we can take and send
        self._most = most  # of a whole message
        self._send = hdlc.DEFAULT_INFO
        self._next_out = self._next_in = 0  # V(S), V(R)

    def _ask(self, control, info=b"", segmented=False):
        request = hdlc.Frame(self._server, self._client, control, segmented, info)
        data = hdlc.encode(request.to, request.by, control, info, segmented)
        return (yield ask(data, lambda frame: hdlc.match(request, frame)))

    def connect(self):
        info = b"" if self._frame == hdlc.DEFAULT_INFO else hdlc.limits_bytes(self._frame, self._frame)
        frame = (yield from self._ask(hdlc.SNRM, info)) or (yield from self._ask(hdlc.SNRM, info))
        _heard(frame)
        self._send = min(self._frame, hdlc.limits(frame.info)[1])
        self._next_out = self._next_in = 0

    def disconnect(self):
        yield from self._ask(hdlc.DISC)

    def exchange(self, data, _judge, again=True):
        """The reply to an APDU. `again`: after silence ask once whether the meter has it; no control."""
        parts = hdlc.pieces(hdlc.TO_METER + data, self._send)
        for part in parts[:-1]:
            frame = yield from self._information(part, True, again)
            if hdlc.kind(frame.control) != "RR":
                raise Refused("wrong_sequence", "no acknowledgement of a segment")
        frame = yield from self._information(parts[-1], False, again)
        message = yield from self._message(frame)
        if message[:3] != hdlc.FROM_METER:
            raise Refused("bad_value", "no LLC header")
        return message[3:]

    def _information(self, info, segmented, again):
        sent = self._next_out
        self._next_out = (sent + 1) & 7
        control = hdlc.information(sent, self._next_in)
        frame = yield from self._ask(control, info, segmented)
        if frame is None and again:
            frame = yield from self._ask(hdlc.ready(self._next_in))
            if frame is not None and frame.control == hdlc.ready(sent):  # it still waits for this one
                frame = yield from self._ask(control, info, segmented)
        return _heard(frame)

    def _message(self, frame):
        """All segments of what begins with `frame`."""
        message, polls = b"", 0
        while True:
            if hdlc.kind(frame.control) == "I":
                self._next_in = (self._next_in + 1) & 7
                message += frame.info
                if not frame.segmented:
                    return message
                if not frame.info or len(message) > self._most:
                    raise Refused("too_long", "segments")
            else:
                polls += 1
                if polls > BUSY_POLLS:
                    raise Refused("mute", "busy")
            poll = hdlc.ready(self._next_in)
            frame = _heard((yield from self._ask(poll)) or (yield from self._ask(poll)))


def _heard(frame):
    if frame is None:
        raise Refused("mute")
    what = hdlc.kind(frame.control)
    if what == "DM":
        raise Refused("not_associated", "disconnected")
    if what == "FRMR":
        raise Refused("refused", "frame rejected")
    return frame


class WrapperLink:
    FRAMER = wrapper.Framer

    def __init__(self, client, server) -> None:
        self._client, self._server = client, server

    def connect(self):
        return
        yield

    disconnect = connect

    def exchange(self, data, judge, again=True):
        request = wrapper.Frame(self._server, self._client, data)

        def fits(frame) -> str:
            return wrapper.match(request, frame) or judge(frame.apdu)

        frame = yield ask(wrapper.encode(request.to, request.by, data), fits)
        if frame is None:
            raise Refused("mute")
        return frame.apdu
