"""What DLMS meters send by themselves: see "push" in dlms.py."""

from protocols.lines.dlms import apdu, axdr, hdlc, security
from protocols.lines.refused import Refused
from protocols.meters.readers.ask import ask
from protocols.meters.readers.dlms_session import keys, taken
from protocols.meters.readers.dlms_values import flat

MOST = axdr.MAX_LENGTH  # bytes of one push in segments
PUSH_MS = 15000  # Norwegian meters push every 2.5 or 10 s
LLC = hdlc.FROM_METER, hdlc.TO_METER


class Pushed:
    """Listens for a DataNotification: whole, in HDLC segments or in general blocks, plain or protected.

    With keys a push in clear is refused. With an authentication key what is only encrypted is refused;
    without one nothing else can be had. `address`: physical address of the sender, None takes any.
    """

    def __init__(self, options, address, seen) -> None:
        self._keys = keys(options) if "encryption_key" in options else None
        self._authenticated = options.get("authentication_key", b"") != b""
        self._title = options.get("meter_title", b"")  # of the one meter on the line
        self._seen = seen
        self._server, self._address = options.get("server", 1), address

    def wait(self):
        """{key: value}; Refused mute when nothing came, else why the last that came is no push."""
        self._data, self._blocks, self._values = b"", apdu.Blocks(), {}
        self._why = Refused("mute")
        if (yield ask(b"", self._judge, 0, PUSH_MS)) is None:
            raise self._why
        return self._values

    def _judge(self, frame) -> str:
        """'' when `frame` completes a push. Kept here, not asked for one by one: they come in one read."""
        if isinstance(frame, hdlc.Frame) and hdlc.kind(frame.control) not in ("UI", "I"):
            return "wrong_function"
        try:
            self._sender(frame.by)
            data = self._joined(frame)
            if data is None:
                return "unfinished"
            self._values = self._read(data)
        except Refused as refused:  # a message whose start was missed, too: the next may be whole
            self._why = refused
            return refused.reason
        return ""

    def _sender(self, by) -> None:
        server, address = (by, None) if isinstance(by, int) else hdlc.parts(by)
        if server != self._server or self._address not in (None, address):
            raise Refused("foreign", "from server %d, address %s" % (server, address))

    def _joined(self, frame) -> "bytes | None":
        """The APDU that `frame` completes, None when more must follow."""
        data = self._segments(frame) if isinstance(frame, hdlc.Frame) else frame.apdu
        if data is None or data[:1] != b"\xe0":
            return data
        block = apdu.decode(data).fields
        if block["block_number"] == 1:
            self._blocks = apdu.Blocks()
        self._blocks.add(block["block_number"], block["raw"])
        return self._blocks.join() if block["control"] & 0x80 else None

    def _segments(self, frame) -> "bytes | None":
        begins = frame.info[:3] in LLC
        data = frame.info[3:] if begins else self._data + frame.info
        self._data = b""
        if len(data) > MOST:
            raise Refused("too_long", "segments")
        if not frame.segmented:
            return data
        self._data = data
        return None

    def _read(self, data) -> dict:
        if security.is_protected(data):
            data = self._opened(data)
        elif self._keys is not None:
            raise Refused("bad_mac", "a push in clear")
        answer = apdu.decode(data)
        if answer.name != "data-notification":
            raise Refused("unknown_function", answer.name)
        out = {"time": answer.fields["time"]} if answer.fields["time"] else {}
        flat("0", axdr.plain(answer.fields["data"]), out)
        return out

    def _opened(self, data) -> bytes:
        title, body, _general, dedicated = security.unwrap(data)
        if self._keys is None or dedicated:
            raise Refused("bad_mac", "no key")
        if title != (self._title or title):
            raise Refused("foreign", "another system title")
        control, counter, plain = self._keys.open(title, body)
        if self._authenticated and control & security.BOTH != security.BOTH:
            raise Refused("bad_mac", "security control %02X" % control)
        taken(self._seen, title, counter)
        self._title = title
        return plain
