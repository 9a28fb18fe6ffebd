"""What DLMS meters send by themselves: see "push" in dlms.py."""

from protocols.lines.dlms import apdu, axdr, hdlc, security
from protocols.lines.refused import Refused
from protocols.meters.readers.ask import ask
from protocols.meters.readers.dlms_session import keys

MOST_FRAMES = 64  # of one push, in segments or blocks
PUSH_MS = 15000  # Norwegian meters push every 2.5 or 10 s


class Pushed:
    """Listens for a DataNotification: whole, in HDLC segments or in general blocks, plain or protected.

    With an authentication key what is only encrypted is refused; without one nothing else can be had.
    """

    def __init__(self, options) -> None:
        self._keys = keys(options) if "encryption_key" in options else None
        self._authenticated = options.get("authentication_key", b"") != b""
        self._title, self._seen = b"", 0  # of the one meter on the line, and its last counter

    def wait(self):
        data, blocks = b"", None
        for _ in range(MOST_FRAMES):
            frame = yield ask(b"", _pushes, 0, PUSH_MS)
            if frame is None:
                raise Refused("mute")
            segmented, data = _joined(frame, data)
            if segmented:
                continue
            if data[:1] != b"\xe0":
                return self._values(data)
            block = apdu.decode(data).fields
            blocks, data = blocks or apdu.Blocks(), b""
            blocks.add(block["block_number"], block["raw"])
            if block["control"] & 0x80:
                return self._values(blocks.join())
        raise Refused("too_long", "frames")

    def _values(self, data) -> dict:
        if security.is_protected(data):
            data = self._opened(data)
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
        self._seen, self._title = security.increased(counter, self._seen), title
        return plain


def _pushes(frame) -> str:
    if isinstance(frame, hdlc.Frame) and hdlc.kind(frame.control) not in ("UI", "I"):
        return "wrong_function"
    return ""


def _joined(frame, before) -> tuple:
    """(whether more segments follow, the bytes so far without the LLC header)."""
    if not isinstance(frame, hdlc.Frame):
        return False, frame.apdu
    info = frame.info
    if not before and info[:3] in (hdlc.FROM_METER, hdlc.TO_METER):
        info = info[3:]
    return frame.segmented, before + info


def flat(key, value, out) -> None:
    """Nested lists into `out` under "key/0", "key/1/0"..."""
    if isinstance(value, list):
        for place, item in enumerate(value):
            flat("%s/%d" % (key, place), item, out)
    else:
        out[key] = value
