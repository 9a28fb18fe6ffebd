"""The wrapper of DLMS over TCP and UDP (IEC 62056-47).

Wire: version 0001, source, destination, length, 2 bytes each, APDU.
TCP keeps the order and loses nothing, so there is no checksum: a frame begins at 0001 with a length that can
be and an APDU tag that is known.
"""

from collections import namedtuple

HEADER = 8
MAX_APDU = 8192  # no meter promises to send more than it was allowed in the association
MAX_FRAME = HEADER + MAX_APDU

_TAGS = (0x01, 0x08, 0x0E, 0x0F, 0x21, 0x28, 0x2E, 0x60, 0x61, 0x62, 0x63) + tuple(range(0xC0, 0xE1))

Frame = namedtuple("Frame", ("to", "by", "apdu"))  # to, by: numbers of the application processes (wPorts)


def encode(to, by, apdu) -> bytes:
    """ValueError when it is too long."""
    if not 0 < len(apdu) <= MAX_APDU:
        raise ValueError("APDU of %d bytes" % len(apdu))
    return (
        b"\0\1" + by.to_bytes(2, "big") + to.to_bytes(2, "big") + len(apdu).to_bytes(2, "big") + bytes(apdu)
    )


class Framer:
    """As every framer of protocols/lines; `bad`: 0001 with an impossible length or an unknown tag."""

    def __init__(self) -> None:
        self.bad = 0
        self.skipped = 0
        self._held = b""

    def feed(self, data) -> list:
        """Return the frames that `data` (any split of the stream) completes."""
        frames = []
        for at in range(0, len(data), MAX_FRAME):
            self._held = self._cut(self._held + bytes(data[at : at + MAX_FRAME]), frames)
        return frames

    def quiet(self) -> list:
        """The line fell silent: give up the unfinished frame, return good ones that it hid."""
        frames = []
        while self._held:
            self.skipped += 1
            self._held = self._cut(self._held[1:], frames)
        return frames

    def _cut(self, held, frames) -> bytes:
        at = 0
        while True:
            start = held.find(b"\0\1", at)
            if start < 0:
                start = len(held) - (held[-1:] == b"\0" and len(held) > at)
            self.skipped += start - at
            size = _size(held, start)
            if start + size > len(held) or size == 0:
                return held[start:]
            at = start + max(size, 1)
            if size < 0:
                self.bad += 1
                self.skipped += 1
            else:
                frames.append(_parse(held[start:at]))


def _size(held, start) -> int:
    """Length of the frame that starts here; 0 not known yet, -1 none starts here."""
    if len(held) <= start + HEADER:
        return 0
    length = held[start + 6] << 8 | held[start + 7]
    if not 0 < length <= MAX_APDU or held[start + HEADER] not in _TAGS:
        return -1
    return HEADER + length


def _parse(data) -> Frame:
    return Frame(data[4] << 8 | data[5], data[2] << 8 | data[3], data[HEADER:])


def match(request, answer) -> str:
    """'' when `answer` can answer `request`, else echo, foreign. Its invoke-id is judged with the APDU."""
    if (answer.to, answer.by) == (request.to, request.by):
        return "echo" if request.to != request.by or answer.apdu == request.apdu else ""
    return "" if (answer.to, answer.by) == (request.by, request.to) else "foreign"
