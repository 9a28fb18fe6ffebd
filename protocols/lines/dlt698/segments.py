"""DL/T 698.45 link layer: an APDU longer than a frame goes in segments, each but the last acknowledged.

DATA of a segment: header (2 bytes, low first: bits 15-14 kind, 11-0 number from 0) and a piece of the APDU.
"""

from protocols.lines.refused import Refused

FIRST, LAST, ACK, MIDDLE = range(4)
MAX_APDU = 16 * 1024  # what a joiner holds at most
MAX_SEGMENTS = 256  # repeated ones counted: an exchange that brings nothing new must end


def _headed(kind, number, piece) -> bytes:
    return (kind << 14 | number & 0x0FFF).to_bytes(2, "little") + piece


def kind_of(data) -> int:
    """Kind of the segment, -1 when there is not even a header."""
    return data[1] >> 6 if len(data) >= 2 else -1


def number_of(data) -> int:
    return (data[0] | data[1] << 8) & 0x0FFF


def cut(apdu, size) -> list:
    """DATA of all segments, `size` bytes each with the header; at least two segments."""
    step = min(size - 2, (len(apdu) + 1) // 2)
    if step < 1:
        raise ValueError("nothing to cut into segments of %d bytes" % size)
    starts = range(0, len(apdu), step)
    kinds = [FIRST] + [MIDDLE] * (len(starts) - 2) + [LAST]
    return [_headed(kinds[i], i, apdu[at : at + step]) for i, at in enumerate(starts)]


def acknowledges(data, segment) -> bool:
    """Does `data` acknowledge the segment that was sent?"""
    return kind_of(data) == ACK and number_of(data) == number_of(segment)


class Joiner:
    """Puts the segments of one APDU together."""

    def __init__(self) -> None:
        self._joined = b""
        self._next = 0  # number of the next segment
        self._taken = 0

    def take(self, data) -> tuple:
        """(acknowledgement to send or b"", APDU or None); Refused when pieces are missing or too many."""
        kind = kind_of(data)
        if kind < 0 or kind == ACK:
            raise Refused("bad_length" if kind < 0 else "wrong_sequence")
        number = number_of(data)
        self._taken += 1
        if self._taken > MAX_SEGMENTS:
            raise Refused("too_long", "segments")
        if self._next and number == (self._next - 1) & 0x0FFF and kind != LAST:
            return _headed(ACK, number, b""), None  # its acknowledgement was lost
        if number != self._next & 0x0FFF or (kind == FIRST) != (self._next == 0):
            raise Refused("wrong_sequence", "segment %d" % number)
        self._joined += data[2:]
        self._next += 1
        if len(self._joined) > MAX_APDU:
            raise Refused("too_long", "APDU in segments")
        return (b"", self._joined) if kind == LAST else (_headed(ACK, number, b""), None)
