"""HDLC frames of DLMS (IEC 62056-46): bytes in, frames out. No I/O, no clock.

Wire: 7E | A0+S+length, 2 bytes | destination | source | control | [HCS | information] | FCS | 7E
The 11 bits of length count all but the flags. S is set in all but the last frame of a segmented message.
Addresses have 1, 2 or 4 bytes, seven bits each, and end with the byte whose lowest bit is set. HCS and FCS:
CRC X-25, low byte first. There is no escaping: 7E may stand inside. A closing flag may open the next frame.
Control: I  RRR P SSS 0 | RR RRR P 0001 | RNR RRR P 0101 | the unnumbered ones below, all with P/F but UI.
"""

from collections import namedtuple

from protocols.crc import x25
from protocols.lines import framing
from protocols.lines.refused import Refused

FLAG = 0x7E
MAX_FRAME = 0x7FF + 2
_SHORTEST = 7  # format 2, addresses 1 + 1, control, FCS 2

SNRM, DISC, UA, DM, FRMR, UI = 0x93, 0x53, 0x73, 0x1F, 0x97, 0x13
POLL = 0x10
_UNNUMBERED = {SNRM: "SNRM", DISC: "DISC", UA: "UA", DM: "DM", FRMR: "FRMR", UI: "UI", 0x03: "UI"}

TO_METER, FROM_METER = b"\xe6\xe6\x00", b"\xe6\xe7\x00"  # LLC, before the first segment of a message

DEFAULT_INFO = 128  # bytes of information in a frame unless SNRM and UA agree on more

# to, by: address bytes as on the wire; info: b"" when there is none
Frame = namedtuple("Frame", ("to", "by", "control", "segmented", "info"))


# ---- addresses --------------------------------------------------------------------------------


def address(upper, lower=None, size=0) -> bytes:
    """Logical device `upper` and physical device `lower` -> 1, 2 or 4 bytes; `size` 0 takes the shortest."""
    if not size:
        size = 4 if max(upper, lower or 0) > 0x7F else 1 if lower is None else 2
    most = 0x3FFF if size == 4 else 0x7F
    if size not in (1, 2, 4) or (lower is None) != (size == 1) or not 0 <= upper <= most:
        raise ValueError("no %d-byte address of %r and %r" % (size, upper, lower))
    if lower is None:
        return bytes([upper << 1 | 1])
    if not 0 <= lower <= most:
        raise ValueError("%d is more than %d" % (lower, most))
    if size == 2:
        return bytes([upper << 1, lower << 1 | 1])
    return bytes([upper >> 6 & 0xFE, upper << 1 & 0xFE, lower >> 6 & 0xFE, lower << 1 & 0xFE | 1])


def parts(data) -> tuple:
    """(upper, lower or None) of address bytes."""
    seven = [byte >> 1 for byte in data]
    if len(seven) == 4:
        return seven[0] << 7 | seven[1], seven[2] << 7 | seven[3]
    return (seven[0], seven[1]) if len(seven) == 2 else (seven[0], None)


def _address_end(body, at) -> int:
    """Where the address that starts at `at` ends; 0 when it has no legal length."""
    for size in (1, 2, 3, 4):
        if at + size <= len(body) and body[at + size - 1] & 1:
            return 0 if size == 3 else at + size
    return 0


# ---- control ----------------------------------------------------------------------------------


def information(sent, received) -> int:
    """I frame N(S) = sent, N(R) = received."""
    return received << 5 | POLL | sent << 1


def ready(received) -> int:
    return received << 5 | POLL | 0x01


def kind(control) -> str:
    """I, RR, RNR, SNRM, DISC, UA, DM, FRMR, UI; '' for what is none of these."""
    if not control & 1:
        return "I"
    if control & 0x0F in (0x01, 0x05):
        return "RR" if control & 0x0F == 0x01 else "RNR"
    return _UNNUMBERED.get(control, "")


def sent(control) -> int:
    return control >> 1 & 7


def received(control) -> int:
    return control >> 5


# ---- frames -----------------------------------------------------------------------------------


def encode(to, by, control, info=b"", segmented=False) -> bytes:
    """ValueError when it does not fit one frame."""
    length = 2 + len(to) + len(by) + 1 + 2 + (len(info) + 2 if info else 0)
    if length > 0x7FF:
        raise ValueError("frame of %d bytes" % length)
    head = (0xA000 | (0x800 if segmented else 0) | length).to_bytes(2, "big") + to + by + bytes([control])
    body = head + (_crc(head) + info if info else b"")
    return b"\x7e" + body + _crc(body) + b"\x7e"


def _crc(data) -> bytes:
    return x25(data).to_bytes(2, "little")


class Framer(framing.Framer):
    """`bad`: candidates with a wrong flag, address or check sequence; `skipped` does not count flags."""

    MARK = IDLE = b"\x7e"
    MOST = MAX_FRAME
    SHARED = 1

    def _size(self, held, start) -> int:
        if len(held) > start + 1 and held[start + 1] & 0xF0 != 0xA0:
            return framing.NONE
        if len(held) < start + 3:
            return framing.UNKNOWN
        length = (held[start + 1] & 7) << 8 | held[start + 2]
        return length + 2 if length >= _SHORTEST else framing.NONE

    def _parse(self, held, start, size) -> "Frame | None":
        stop = start + size - 1
        if held[stop] != FLAG:
            return None
        body = held[start + 1 : stop]
        to_end = _address_end(body, 2)
        by_end = to_end and _address_end(body, to_end)
        info_at = by_end + 3  # behind control and HCS
        if not by_end or info_at > len(body):
            return None
        bare = info_at == len(body)  # no information, so no HCS
        # The short check comes first: noise full of flags would else cost a long one at each of them.
        if not bare and (info_at + 2 > len(body) or _crc(body[: by_end + 1]) != body[by_end + 1 : info_at]):
            return None
        if _crc(body[:-2]) != body[-2:]:
            return None
        return Frame(body[2:to_end], body[to_end:by_end], body[by_end], body[0] & 0x08 != 0, body[info_at:-2])


_ANSWERS = {
    "SNRM": ("UA", "DM"),
    "DISC": ("UA", "DM"),
    "I": ("I", "RR", "RNR", "FRMR", "DM"),
    "RR": ("I", "RR", "RNR", "FRMR", "DM"),
}


def match(request, answer) -> str:
    """'' when `answer` answers `request`, else why not: echo, foreign, wrong_function, late.

    A late I frame carries another N(S) than the one asked for, a late RR another N(R).
    """
    if (answer.to, answer.by) == (request.to, request.by):
        return "echo"
    if (answer.to, answer.by) != (request.by, request.to):
        return "foreign"
    asked, got = kind(request.control), kind(answer.control)
    if got not in _ANSWERS.get(asked, ()):
        return "wrong_function"
    if got == "I" and sent(answer.control) != received(request.control):
        return "late"
    if (
        asked == "I"
        and got in ("I", "RR", "RNR")
        and received(answer.control) != (sent(request.control) + 1) & 7
    ):
        return "late"
    return ""


# ---- what SNRM and UA agree on ----------------------------------------------------------------


def limits(info) -> tuple:
    """(bytes its sender puts, and takes, in a frame) from SNRM or UA; Refused truncated, bad_value."""
    found = {5: DEFAULT_INFO, 6: DEFAULT_INFO}
    if len(info) >= 3 and info[:2] == b"\x81\x80":
        at, end = 3, 3 + info[2]
        if end > len(info):
            raise Refused("truncated", "link parameters")
        while at + 2 <= end:
            size = info[at + 1]
            if at + 2 + size > end:
                raise Refused("truncated", "link parameters")
            found[info[at]] = int.from_bytes(info[at + 2 : at + 2 + size], "big")
            at += 2 + size
    if not (found[5] and found[6]):
        raise Refused("bad_value", "frames of no bytes")
    return found[5], found[6]


def limits_bytes(send, take) -> bytes:
    """Window size is always 1."""
    group = b"".join([_limit(5, send), _limit(6, take), b"\x07\x04\0\0\0\x01\x08\x04\0\0\0\x01"])
    return b"\x81\x80" + bytes([len(group)]) + group


def _limit(number, value) -> bytes:
    wide = 1 if value < 0x100 else 2
    return bytes([number, wide]) + value.to_bytes(wide, "big")


def pieces(data, size) -> list:
    """A message cut into what the frames of its segments carry."""
    return [data[at : at + size] for at in range(0, len(data), size)]
