"""Field types of DL/T 645-2007 data: bytes, low byte first <-> a value, or None for "not available".

A meter fills what it does not have with FF or EE; any nibble that is no digit means absent too, never a
number. Dates and times become seconds since 1970-01-01 00:00 of the meter's clock, which knows no zone;
times of day become seconds since 00:00.
"""

BCD, SIGNED, BITS, DIGITS, TEXT, DATE, TIME, DATETIME, MINUTE = range(9)

# Wire order of the time types: s n h D W M Y = second minute hour day weekday month year
_ORDERS = {DATE: "WDMY", TIME: "snh", DATETIME: "snhWDMY", MINUTE: "nhDMY"}
_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_DAY_S = 86400


class FieldError(ValueError):
    """A value that the field cannot hold; args[0] says why."""


def _days(year, month, day) -> int:
    """Days since 1970-01-01 of a date in 2000..2099."""
    leap = 1 if year % 4 == 0 and month > 2 else 0
    return (year - 1970) * 365 + (year - 1969) // 4 + _DAYS_BEFORE[month - 1] + leap + day - 1


def _date(days) -> tuple:
    """(year, month, day) of a day since 1970-01-01 in 2000..2099."""
    year = 1970 + days * 4 // 1461
    while _days(year, 1, 1) > days:
        year -= 1
    while _days(year + 1, 1, 1) <= days:
        year += 1
    month = 12
    while _days(year, month, 1) > days:
        month -= 1
    return year, month, days - _days(year, month, 1) + 1


def _number(data):
    n = 0
    for b in reversed(data):
        if b >> 4 > 9 or b & 15 > 9:
            return None
        n = n * 100 + (b >> 4) * 10 + (b & 15)
    return n


def _signed(data):
    """The top bit of the highest byte is the sign and no part of the number."""
    n = _number(data[:-1] + bytes([data[-1] & 0x7F]))
    return n if n is None or data[-1] < 0x80 else -n


def _digits(data):
    n = _number(data)
    return None if n is None else "%0*d" % (len(data) * 2, n)


def _text(data):
    """ASCII, stored reversed and filled with 00 or blanks."""
    text = "".join([chr(b) for b in reversed(data)]).rstrip("\0 ")
    return text if all([" " <= c <= "~" for c in text]) else None


def _time(kind, data):
    """None also for what is no date, such as the 00 of a demand that never was."""
    if _number(data) is None:
        return None
    got = {"s": 0, "n": 0, "h": 0}
    for letter, b in zip(_ORDERS[kind], data):
        got[letter] = (b >> 4) * 10 + (b & 15)
    if got["s"] > 59 or got["n"] > 59 or got["h"] > 23:
        return None
    seconds = got["h"] * 3600 + got["n"] * 60 + got["s"]
    if kind == TIME:
        return seconds
    year, month, day = 2000 + got["Y"], got["M"], got["D"]
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    days = _days(year, month, day)
    return days * _DAY_S + seconds if _date(days) == (year, month, day) else None


def read(kind, data):
    """The value of a field, or None when it is absent."""
    data = bytes(data)
    if data == b"\xff" * len(data) or data == b"\xee" * len(data):
        return None
    if kind in _ORDERS:
        return _time(kind, data)
    return _READ[kind](data)


def _bits(data) -> int:
    return int.from_bytes(data, "little")


_READ = {BCD: _number, SIGNED: _signed, BITS: _bits, DIGITS: _digits, TEXT: _text}

# ---- and back ---------------------------------------------------------------------------------


def _write_number(size, value) -> bytes:
    if value < 0 or value >= 100**size:
        raise FieldError("%d does not fit %d digits" % (value, size * 2))
    out = bytearray(size)
    for i in range(size):
        value, two = divmod(value, 100)
        out[i] = two // 10 << 4 | two % 10
    return bytes(out)


def _write_signed(size, value) -> bytes:
    out = bytearray(_write_number(size, -value if value < 0 else value))
    if out[-1] & 0x80:
        raise FieldError("%d leaves no room for the sign" % value)
    if value < 0:
        out[-1] |= 0x80
    return bytes(out)


def _write_bits(size, value) -> bytes:
    if value < 0 or value >> (8 * size):
        raise FieldError("%d does not fit %d bits" % (value, size * 8))
    return value.to_bytes(size, "little")


def _write_digits(size, value) -> bytes:
    if not value.isdigit():
        raise FieldError("not a number: " + value)
    return _write_number(size, int(value))


def _write_text(size, value) -> bytes:
    data = value.encode()
    if len(data) > size:
        raise FieldError("text longer than %d bytes" % size)
    return bytes(size - len(data)) + bytes(reversed(data))


def _write_time(kind, value) -> bytes:
    days, second = divmod(value, _DAY_S)
    if kind == TIME and days:
        raise FieldError("not a time of day: %d" % value)
    year, month, day = _date(days) if kind != TIME else (2000, 1, 1)
    if not 2000 <= year <= 2099:
        raise FieldError("year %d is not in 2000..2099" % year)
    got = {"s": second % 60, "n": second // 60 % 60, "h": second // 3600}
    got.update(
        {"D": day, "M": month, "Y": year - 2000, "W": (days + 4) % 7}
    )  # 1970-01-01: Thursday; 0 = Sunday
    return b"".join([_write_number(1, got[letter]) for letter in _ORDERS[kind]])


def write(kind, size, value) -> bytes:
    """The field of `size` bytes that shows `value`, FF fill for None; FieldError when it cannot."""
    if value is None:
        return b"\xff" * size
    if kind in _ORDERS:
        return _write_time(kind, value)
    return _WRITE[kind](size, value)


_WRITE = {
    BCD: _write_number,
    SIGNED: _write_signed,
    BITS: _write_bits,
    DIGITS: _write_digits,
    TEXT: _write_text,
}
