"""M-Bus link layer (EN 13757-2): bytes in, frames out. No I/O, no clock; runs on CPython and MicroPython.

Wire, 8E1, 2400 by default:  E5  |  10 C A CS 16  |  68 L L 68 C A CI DATA CS 16   (L = bytes of C A CI DATA)
CS is the sum of C to the last byte before it, mod 256. 10, 16, 68 and E5 may stand inside, so L decides.
C: bit 6 from the master; from it bit 5 FCB, bit 4 FCV; from the meter bit 5 ACD, bit 4 DFC.
A: 1-250 a meter, 0 one not yet addressed, 253 the one selected by its secondary address, 254 any, all answer,
255 all, nobody answers.

A wrong argument to a builder is our own bug and raises ValueError; what comes from the line never raises.
"""

from collections import namedtuple

from protocols.lines import framing

ACK_BYTE, SHORT, LONG, END = 0xE5, 0x10, 0x68, 0x16
MAX_DATA = 252
MAX_FRAME = MAX_DATA + 9

FROM_MASTER, FCB, FCV = 0x40, 0x20, 0x10
SND_NKE, SND_UD, REQ_UD1, REQ_UD2, RSP_UD = 0x40, 0x53, 0x5A, 0x5B, 0x08

SELECTED, ANY, BROADCAST = 253, 254, 255

CI_RESET, CI_SEND, CI_SELECT = 0x50, 0x51, 0x52
CI_ERROR, CI_ALARM, CI_LONG, CI_LONG_MSB, CI_NONE, CI_SHORT = 0x70, 0x71, 0x72, 0x76, 0x78, 0x7A
BAUDS = (300, 600, 1200, 2400, 4800, 9600, 19200, 38400)  # CI B8..BF

# A short frame has ci None; the single character is ACK.
Frame = namedtuple("Frame", ("control", "address", "ci", "data"))
ACK = Frame(None, 0, None, b"")


class Framer(framing.Framer):
    """`bad`: candidates with a wrong checksum or end byte.

    Behind noise an E5 is an acknowledgement only if silence follows: any byte of a damaged frame may be E5.
    """

    MARK = b""
    MOST = MAX_FRAME

    def __init__(self) -> None:
        framing.Framer.__init__(self)
        self._clean = 0  # `skipped` at the last good frame or silence

    def quiet(self) -> list:
        """As every framer."""
        frames = []
        while self._held and self._held != b"\xe5":
            self._give_up(frames)
        if self._held:
            frames.append(ACK)
        self._held, self._clean = b"", self.skipped
        return frames

    def _size(self, held, start) -> int:
        first = held[start]
        if first == ACK_BYTE:
            if self._clean == self.skipped:
                return 1
            return framing.UNKNOWN if start + 1 == len(held) else framing.NONE
        if first == SHORT:
            return 5
        if first != LONG:
            return framing.NONE
        head = held[start + 1 : start + 4]
        if head and (head[0] < 3 or head[1:2] not in (b"", head[:1]) or head[2:3] not in (b"", b"h")):
            return framing.NONE
        return head[0] + 6 if len(head) == 3 else framing.UNKNOWN

    def _parse(self, held, start, size) -> "Frame | None":
        frame = _frame(held, start, size)
        if frame is not None:
            self._clean = self.skipped
        return frame


def _frame(held, at, size) -> "Frame | None":
    if size == 1:
        return ACK
    body = held[at + (1 if size == 5 else 4) : at + size - 2]
    if held[at + size - 1] != END or held[at + size - 2] != sum(body) & 0xFF:
        return None
    if size == 5:
        return Frame(body[0], body[1], None, b"")
    return Frame(body[0], body[1], body[2], body[3:])


# ---- builders ---------------------------------------------------------------------------------


def encode(control, address=0, ci=None, data=b"") -> bytes:
    """The wire form of Frame(control, address, ci, data); encode(*frame) is its inverse."""
    if control is None:
        return bytes([ACK_BYTE])
    if (ci is None and data) or len(data) > MAX_DATA:
        raise ValueError("data without ci, or more than %d bytes" % MAX_DATA)
    body = bytes([control, address]) + (b"" if ci is None else bytes([ci]) + bytes(data))
    head = bytes([SHORT]) if ci is None else bytes([LONG, len(body), len(body), LONG])
    return head + body + bytes([sum(body) & 0xFF, END])


def reset_link(address) -> bytes:
    """SND_NKE: the next request counts as the first one (FCB 1); to 253 it deselects."""
    return encode(SND_NKE, address)


def request(address, fcb, user_class=2) -> bytes:
    """REQ_UD2 or REQ_UD1 (alarms); a toggled FCB asks for the next telegram, the same repeats the last."""
    return encode((REQ_UD2 if user_class == 2 else REQ_UD1) | (FCB if fcb else 0), address)


def send(address, ci, data=b"", fcb=False) -> bytes:
    return encode(SND_UD | (FCB if fcb else 0), address, ci, data)


def application_reset(address, subcode=None) -> bytes:
    """`subcode` 0-255 chooses a set of telegrams where the meter has several."""
    return send(address, CI_RESET, b"" if subcode is None else bytes([subcode]))


def select(secondary) -> bytes:
    """`secondary`: 8 bytes, see mbus.secondary.pack; the meter that fits then answers at 253."""
    if len(secondary) != 8:
        raise ValueError("a secondary address has 8 bytes")
    return send(SELECTED, CI_SELECT, secondary)


def set_baud(address, baud) -> bytes:
    """The meter confirms at the old speed and then changes."""
    return send(address, 0xB8 + BAUDS.index(baud))


def set_address(address, new) -> bytes:
    """Give the meter the primary address `new`, 0-250 (data record: 8 bit, VIF 7A)."""
    if not 0 <= new <= 250:
        raise ValueError("primary addresses are 0-250")
    return send(address, CI_SEND, bytes([0x01, 0x7A, new]))


# ---- judging what arrived ---------------------------------------------------------------------


def match(asked, answer) -> str:
    """'' when `answer` answers `asked`, else why not: echo, foreign, wrong_function, late.

    A late answer to an earlier request for data cannot be told from one in time: neither carries the FCB.
    """
    kind = asked.control & 0x0F
    if answer.control is None:
        return "wrong_function" if kind == REQ_UD2 & 0x0F else ""
    if answer.control & FROM_MASTER:
        return "echo"
    if answer.ci is None or answer.control & 0x0F != RSP_UD:
        return "wrong_function"
    if kind not in (REQ_UD1 & 0x0F, REQ_UD2 & 0x0F):
        return "late"
    if asked.address not in (SELECTED, ANY, answer.address):
        return "foreign"
    return ""
