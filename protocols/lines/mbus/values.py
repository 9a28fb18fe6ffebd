"""What stands in the data field of an M-Bus record (EN 13757-3 clause 6.3 and annex A): bytes <-> values.

A value is int, text, bytes or None (the meter says that it has none: an impossible digit, the smallest
integer, NaN, an invalid date). Dates are text: 2026-11-22, 2026-11-22T10:30, 2026-11-22T10:30:15, 10:30:15.
"""

from struct import pack as _pack

from protocols.lines.refused import Refused

NO_DATA, REAL32, SELECTION, LVAR, SPECIAL = 0x0, 0x5, 0x8, 0xD, 0xF
SIZES = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 4, 6: 6, 7: 8, 8: 0, 9: 1, 0xA: 2, 0xB: 3, 0xC: 4, 0xE: 6}
BCD = (0x9, 0xA, 0xB, 0xC, 0xE)
REAL_DIGITS = 7  # a float of 32 bits holds no more


def decode(field, kind, data, at, big) -> tuple:
    """(value, scale, at behind it); `kind` as in mbus.vif, `big` high byte first (CI 76)."""
    if field == LVAR:
        return _variable(data, at, big)
    raw = take(data, at, SIZES[field])
    at += len(raw)
    if big:
        raw = bytes(reversed(raw))
    if not raw or kind == "absent":
        return None, 0, at
    if field in BCD:
        return bcd(raw), 0, at
    if kind == "date":
        return _date(raw), 0, at
    if field == REAL32:
        value, scale = real(int.from_bytes(raw, "little"))
        return value, scale, at
    return (int.from_bytes(raw, "little") if kind == "unsigned" else signed(raw)), 0, at


def take(data, at, size) -> bytes:
    if at + size > len(data):
        raise Refused("truncated", "%d bytes wanted, %d left" % (size, len(data) - at))
    return data[at : at + size]


def signed(raw):
    """Two's complement, low byte first; the smallest number means invalid (type B)."""
    value, top = int.from_bytes(raw, "little"), 1 << 8 * len(raw) - 1
    if value == top:
        return None
    return value - 2 * top if value > top else value


def bcd(raw):
    """Digits, low byte first; an F as the first digit is a minus, any other letter no number (type A)."""
    number, negative = int.from_bytes(raw, "little"), raw[-1:] >= b"\xf0"
    if negative:
        number ^= 0xF0 << 8 * len(raw) - 8
    digits = b"%x" % number
    if not digits.isdigit():
        return None
    return -int(digits) if negative else int(digits)


def real(bits) -> tuple:
    """A float of 32 bits -> (int, power of ten), rounded once to 7 digits; integers keep all of theirs."""
    exponent, mantissa = bits >> 23 & 0xFF, bits & 0x7FFFFF
    if exponent == 0xFF:
        return None, 0
    mantissa, exponent = (mantissa, -149) if exponent == 0 else (mantissa | 0x800000, exponent - 150)
    sign = -1 if bits >> 31 else 1
    if exponent >= 0 or mantissa == 0:
        return sign * (mantissa << max(exponent, 0)), 0
    half, scale = 1 << -exponent - 1, 0
    while mantissa >> -exponent < 10 ** (REAL_DIGITS - 1):
        mantissa, scale = mantissa * 10, scale - 1
    value = (mantissa + half) >> -exponent
    while scale < 0 and value % 10 == 0:
        value, scale = value // 10, scale + 1
    return sign * value, scale


# ---- dates: types G (2 bytes), F (4), I (6), J (3) ----------------------------------------------


def _date(raw):
    if len(raw) == 2:
        return _day(raw[0], raw[1], 0)
    if len(raw) == 3:
        return _clock(raw[2] & 31, raw[1] & 63, raw[0] & 63)
    if len(raw) == 4:
        return None if raw[0] & 0x80 else _join(_day(raw[2], raw[3], raw[1] >> 5 & 3), _clock(raw[1], raw[0]))
    if len(raw) == 6:
        invalid = raw[1] & 0x80
        return None if invalid else _join(_day(raw[3], raw[4], 0), _clock(raw[2], raw[1], raw[0] & 63))
    return signed(raw)


def _day(low, high, hundreds):
    year, month, day = (low >> 5) + (high >> 4 << 3), high & 15, low & 31
    if not (1 <= month <= 12 and 1 <= day and year <= 99):
        return None
    # Meters from before the hundreds existed leave them 0.
    year += 2000 if hundreds == 0 and year <= 80 else 1900 + 100 * hundreds
    return "%04d-%02d-%02d" % (year, month, day)


def _clock(hour, minute, second=None):
    hour, minute = hour & 31, minute & 63
    if hour > 23 or minute > 59 or (second or 0) > 59:
        return None
    text = "%02d:%02d" % (hour, minute)
    return text if second is None else text + ":%02d" % second


def _join(day, clock):
    return None if day is None or clock is None else day + "T" + clock


def encode_date(y, mo, d, h=None, mi=0) -> bytes:
    """Type G, with `h` type F."""
    year = y % 100
    day = bytes([d | (year & 7) << 5, mo | year >> 3 << 4])
    return day if h is None else bytes([mi, h | (y // 100 - 19) << 5]) + day


# ---- variable length ------------------------------------------------------------------------------


def _variable(data, at, big) -> tuple:
    head = take(data, at, 1)[0]
    size = _variable_size(head)
    raw = take(data, at + 1, size)
    at += 1 + size
    low_first = bytes(reversed(raw)) if big else raw
    if head < 0xC0:
        return text(raw, big), 0, at
    if head < 0xE0:
        value = bcd(low_first)
        return -value if value is not None and head >= 0xD0 else value, 0, at
    return (int.from_bytes(low_first, "little") if 0 < size <= 8 else raw), 0, at


def _variable_size(head) -> int:
    """Text 00-BF, digits C0-C9 and D0-D9, binary E0-EF, F0-F4 (16-32), F5 and F6 (48, 64)."""
    if head < 0xC0:
        return head
    if head < 0xE0 and head & 15 < 10:
        return head & 15
    if 0xE0 <= head < 0xF0:
        return head - 0xE0
    if 0xF0 <= head <= 0xF4:
        return 4 * (head - 0xEC)
    if head in (0xF5, 0xF6):
        return 48 + 16 * (head - 0xF5)
    raise Refused("unknown_type", "LVAR %02X" % head)


def text(raw, big=False) -> str:
    """ISO 8859-1; low byte first means last character first."""
    return "".join(chr(b) for b in (raw if big else reversed(raw)))


# ---- encode, for simulated meters -------------------------------------------------------------------


def encode(field, value) -> bytes:
    """Int, text (LVAR) or bytes as they are (dates, reals) -> data field; ValueError when it does not fit."""
    if field == LVAR:
        return _encode_variable(value)
    size = SIZES[field]
    if isinstance(value, (bytes, bytearray)) or value is None:
        if len(value or b"") != size:
            raise ValueError("field %X has %d bytes" % (field, size))
        return bytes(value or b"")
    if field == REAL32:
        return _pack("<f", value)
    if field in BCD:
        return encode_bcd(value, size)
    return (value + (1 << 8 * size) if value < 0 else value).to_bytes(size, "little")


def encode_bcd(value, size) -> bytes:
    digits = "%d" % abs(value)
    if len(digits) > 2 * size - (value < 0):
        raise ValueError("%d has too many digits" % value)
    digits = (
        ("f" if value < 0 else "0" * (len(digits) < 2 * size)) + "0" * (2 * size - 1 - len(digits)) + digits
    )
    return bytes(int(digits[i : i + 2], 16) for i in range(2 * size - 2, -2, -2))


def _encode_variable(value) -> bytes:
    if isinstance(value, str):
        raw = bytes(reversed([ord(c) for c in value]))
        if len(raw) >= 0xC0:
            raise ValueError("text longer than 191")
        return bytes([len(raw)]) + raw
    if len(value) >= 16:
        raise ValueError("more than 15 binary bytes")
    return bytes([0xE0 + len(value)]) + value
