"""The wrapper of DLMS over TCP and UDP (IEC 62056-47).

Wire: version 0001, source, destination, length, 2 bytes each, APDU.
TCP keeps the order and loses nothing, so there is no checksum: a frame begins at 0001 with a length that can
be and an APDU tag that is known.
"""

from collections import namedtuple

from protocols.lines import framing

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


class Framer(framing.Framer):
    """`bad`: 0001 with an impossible length or an unknown tag."""

    MARK = b"\0"
    MOST = MAX_FRAME

    def _size(self, held, start) -> int:
        if len(held) > start + 1 and held[start + 1] != 1:
            return framing.NONE
        if len(held) <= start + HEADER:
            return framing.UNKNOWN
        length = held[start + 6] << 8 | held[start + 7]
        if not 0 < length <= MAX_APDU or held[start + HEADER] not in _TAGS:
            return framing.BROKEN
        return HEADER + length

    def _parse(self, held, start, size) -> Frame:
        head = held[start + 2 : start + 6]
        return Frame(head[2] << 8 | head[3], head[0] << 8 | head[1], held[start + HEADER : start + size])


def match(request, answer) -> str:
    """'' when `answer` can answer `request`, else echo, foreign. Its invoke-id is judged with the APDU."""
    if (answer.to, answer.by) == (request.to, request.by):
        return "echo" if request.to != request.by or answer.apdu == request.apdu else ""
    return "" if (answer.to, answer.by) == (request.by, request.to) else "foreign"
