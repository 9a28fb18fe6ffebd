"""DL/T 645-2007 frames: bytes in, frames out. No I/O, no clock; runs on CPython and MicroPython.

Wire: FE* 68 A0..A5 68 C L DATA CS 16, 8E1. A0 holds the two low address digits. DATA carries +33H a byte.
CS is the sum from the first 68 to the end of DATA, mod 256, without the FE wake-up. 68 and 16 may stand
inside address and DATA, so a frame ends where L says, never at a 16.
C: bit 7 from the meter, bit 6 error reply, bit 5 more frames follow, bits 4-0 function.

A wrong argument to a builder is our own bug and raises ValueError; what comes from the line never raises.
"""

from binascii import hexlify, unhexlify
from collections import namedtuple

START, END, WAKE, OFFSET = 0x68, 0x16, 0xFE, 0x33
WAKEUP = 4  # FE bytes a 2007 master sends; fewer do on RS-485
HEADER = 10  # 68 A0..A5 68 C L
MAX_DATA = 255  # L is one byte. The standard asks for reads of at most 200 and writes of at most 50
MAX_FRAME = HEADER + MAX_DATA + 2

FROM_METER, ERROR, MORE = 0x80, 0x40, 0x20
SECURITY, BROADCAST_TIME, READ, READ_NEXT, READ_ADDRESS, WRITE = 0x03, 0x08, 0x11, 0x12, 0x13, 0x14
FREEZE, CONTROL = 0x16, 0x1C

# Error byte of a D1.. reply, bit 0 first. All are final: the same request gets the same answer.
ERRORS = ("other", "no_such_data", "password", "speed", "year_zones", "day_slots", "tariffs", "reserved")

# N1 of control 1C
TRIP, PERMIT_CLOSE, CLOSE = 0x1A, 0x1B, 0x1C
ALARM, ALARM_OFF, GUARANTEE_ON, GUARANTEE_OFF = 0x2A, 0x2B, 0x3A, 0x3B

ANY_ADDRESS = "A" * 12  # the single meter on the line, read only
BROADCAST = "9" * 12  # nobody answers

_DI_IN_REQUEST = (READ, READ_NEXT, WRITE)
_DI_IN_REPLY = (READ, READ_NEXT)

# address: 12 digits as printed on the meter, wildcard digits as "A"; data: without the 33H offset
Frame = namedtuple("Frame", ("address", "control", "data"))


def _low_first(digits, size) -> bytes:
    """Digits as printed -> `size` bytes low byte first, padded high with 0; ValueError if they do not fit."""
    if len(digits) > size * 2:
        raise ValueError("more than %d digits" % (size * 2))
    return bytes(reversed(unhexlify("0" * (size * 2 - len(digits)) + digits)))


def address_bytes(text) -> bytes:
    """Up to 12 digits as printed on the meter, A = wildcard -> A0..A5; ValueError for anything else."""
    wire = _low_first(text, 6)
    if not _is_address(wire):
        raise ValueError("address digits are 0-9 and A")
    return wire


def address_text(data) -> str:
    return "%0*X" % (2 * len(data), int.from_bytes(data, "little")) if data else ""


def _bcd(*numbers) -> bytes:
    """Two-digit numbers 0..99 -> BCD bytes in the order given; of a year the last two digits count."""
    return bytes((n % 100 // 10) << 4 | n % 10 for n in numbers)


def _is_address(data) -> bool:
    """Only digits and the wildcard A: what else stands between two 68 is noise."""
    return not data or hexlify(data).decode().replace("a", "0").isdigit()


class Framer:
    """Cuts frames out of a byte stream with noise, split and merged frames.

    `bad`: candidates with wrong checksum or end byte; `skipped`: bytes of no frame (FE not counted).
    Holds at most one unfinished frame (MAX_FRAME bytes).
    """

    def __init__(self) -> None:
        self.bad = 0
        self.skipped = 0
        self._held = b""

    def feed(self, data) -> list:
        """Return the frames that `data` (any split of the stream) completes."""
        frames = []
        self._held = self._cut(self._held + bytes(data), frames)
        return frames

    def quiet(self) -> list:
        """The line fell silent for 500 ms: give up the unfinished frame, return good ones that it hid."""
        frames = []
        while self._held:
            self.skipped += 1
            self._held = self._cut(self._held[1:], frames)
        return frames

    def _cut(self, held, frames) -> bytes:
        """Append complete frames to `frames`; return the unfinished rest."""
        at = 0
        while at < len(held):
            start = held.find(b"\x68", at)
            end = start if start >= 0 else len(held)
            self.skipped += end - at - held.count(b"\xfe", at, end)
            if start < 0:
                return b""
            size = _size(held, start)
            if start + (size or HEADER) > len(held) and size != -1:
                return held[start:]
            frame = _parse(held, start, size) if size > 0 else None
            if frame is not None:
                frames.append(frame)
                at = start + size
                continue
            self.bad += size > 0
            self.skipped += 1
            at = start + 1
        return b""


def _size(held, start) -> int:
    """Length of the frame that may start here; 0 not known yet, -1 none starts here."""
    there = len(held) - start
    if (there > 7 and held[start + 7] != START) or not _is_address(held[start + 1 : start + 7]):
        return -1
    return HEADER + held[start + 9] + 2 if there >= HEADER else 0


def _parse(held, start, size):
    """The frame of `size` bytes at `start`, or None when checksum or end byte is wrong."""
    stop = start + size - 2
    if held[stop + 1] != END or held[stop] != sum(held[start:stop]) & 0xFF:
        return None
    data = bytes([b - OFFSET & 0xFF for b in held[start + HEADER : stop]])
    return Frame(address_text(held[start + 1 : start + 7]), held[start + 8], data)


# ---- builders ---------------------------------------------------------------------------------


def encode(address, control, data=b"", wakeup=WAKEUP) -> bytes:
    """`data` without the offset; ValueError when address, control or data do not fit."""
    if len(data) > MAX_DATA:
        raise ValueError("data longer than %d bytes" % MAX_DATA)
    head = bytes([START]) + address_bytes(address) + bytes([START, control, len(data)])
    body = head + bytes([b + OFFSET & 0xFF for b in data])
    return bytes([WAKE]) * wakeup + body + bytes([sum(body) & 0xFF, END])


def di_bytes(di) -> bytes:
    return di.to_bytes(4, "little")


def read(address, di, tail=b"", wakeup=WAKEUP) -> bytes:
    """`tail` is the block count N, or N mm hh DD MM YY, of a load record."""
    return encode(address, READ, di_bytes(di) + tail, wakeup)


def read_next(address, di, seq, wakeup=WAKEUP) -> bytes:
    """Ask for follow-up frame `seq` (1..255) after a reply that said more follows."""
    return encode(address, READ_NEXT, di_bytes(di) + bytes([seq]), wakeup)


def read_address(wakeup=WAKEUP) -> bytes:
    """Only with one meter on the line: all answer."""
    return encode(ANY_ADDRESS, READ_ADDRESS, b"", wakeup)


def _authority(level, password, operator) -> bytes:
    """PA P0 P1 P2 C0..C3; password 6 and operator 8 digits as printed, sent low byte first."""
    return bytes([level]) + _low_first(password, 3) + _low_first(operator, 4)


def write(address, di, level, password, operator, data, wakeup=WAKEUP) -> bytes:
    return encode(address, WRITE, di_bytes(di) + _authority(level, password, operator) + data, wakeup)


def control(address, n1, level, password, operator, valid_until, n2=0, wakeup=WAKEUP) -> bytes:
    """Trip, close, alarm or guarantee (N1). `valid_until` = (y, m, d, h, mi, s) of the meter's clock.

    The meter refuses the command after that time: it is the replay guard, so keep it a few minutes ahead.
    """
    y, mo, d, h, mi, s = valid_until
    data = _authority(level, password, operator) + bytes([n1, n2]) + _bcd(s, mi, h, d, mo, y)
    return encode(address, CONTROL, data, wakeup)


def broadcast_time(y, mo, d, h, mi, s, wakeup=WAKEUP) -> bytes:
    """Meters follow only small deviations (<= 5 min), once a day, and never answer."""
    return encode(BROADCAST, BROADCAST_TIME, _bcd(s, mi, h, d, mo, y), wakeup)


def freeze(address, month=None, day=None, hour=None, minute=None, wakeup=WAKEUP) -> bytes:
    """None = every: only the minute given = hourly, hour and minute = daily, all None = now."""
    fields = (month, day, hour, minute)
    given = [f is not None for f in fields]
    if given != sorted(given):
        raise ValueError("a field after a given one is missing")
    month, day, hour, minute = [99 if f is None else f for f in fields]
    return encode(address, FREEZE, _bcd(minute, hour, day, month), wakeup)


# ---- judging what arrived ---------------------------------------------------------------------


def di_of(frame):
    """The data identifier in a request or reply, or None if that kind of frame carries none."""
    if frame.control & ERROR:
        return None
    kinds = _DI_IN_REPLY if frame.control & FROM_METER else _DI_IN_REQUEST
    if frame.control & 0x1F not in kinds or len(frame.data) < 4:
        return None
    return int.from_bytes(frame.data[:4], "little")


def fits_address(asked, answered) -> bool:
    """True when each digit asked for is the one answered or the wildcard A."""
    for i in range(12):
        if asked[i] != "A" and asked[i] != answered[i]:
            return False
    return True


def match(request, answer) -> str:
    """'' when `answer` answers `request`, else why not: echo, foreign, wrong_function, late.

    A reply that comes after its request timed out looks like the answer to the next one, so the identifier
    and in follow-ups the sequence must fit too. An error reply carries neither: address and function decide.
    """
    if not answer.control & FROM_METER:
        return "echo"
    if not fits_address(request.address, answer.address):
        return "foreign"
    if (answer.control ^ request.control) & 0x1F:
        return "wrong_function"
    if answer.control & ERROR or request.control & 0x1F not in _DI_IN_REPLY:
        return ""
    if di_of(answer) is None or answer.data[:4] != request.data[:4]:
        return "late"
    if request.control & 0x1F == READ_NEXT and answer.data[4:][-1:] != request.data[4:5]:
        return "late"
    return ""


def reply_data(frame) -> tuple:
    """(di or None, data, more, errors): data without identifier and sequence; errors () in a normal reply."""
    if frame.control & ERROR:
        bits = frame.data[0] if frame.data else 0
        names = tuple(name for i, name in enumerate(ERRORS) if bits >> i & 1)
        return None, b"", False, names or ("other",)
    di = di_of(frame)
    data = frame.data if di is None else frame.data[4:]
    if di is not None and frame.control & 0x1F == READ_NEXT:
        data = data[:-1]
    return di, data, bool(frame.control & MORE), ()
