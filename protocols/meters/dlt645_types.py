"""Field types of DL/T 645-2007 data: bytes, low byte first <-> a value, or None for "not available".

A meter fills what it does not have with FF or EE; any nibble that is no digit means absent too, never a
number. Dates and times become seconds since 1970-01-01 00:00 of the meter's clock, which knows no zone;
times of day become seconds since 00:00.
"""

BCD, SIGNED, BITS, DIGITS, TEXT, DATE, TIME, DATETIME, MINUTE = range(9)

# Wire order of the time types: s n h D W M Y = second minute hour day weekday month year
ORDERS = {DATE: "WDMY", TIME: "snh", DATETIME: "snhWDMY", MINUTE: "nhDMY"}
_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
DAY_S = 86400


def _days(year, month, day) -> int:
    """Days since 1970-01-01 of a date in 2000..2099."""
    leap = 1 if year % 4 == 0 and month > 2 else 0
    return (year - 1970) * 365 + (year - 1969) // 4 + _DAYS_BEFORE[month - 1] + leap + day - 1


def date(days) -> tuple:
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
    if _number(data) is None:
        return None
    got = {"s": 0, "n": 0, "h": 0}
    for letter, b in zip(ORDERS[kind], data):
        got[letter] = (b >> 4) * 10 + (b & 15)
    if kind != TIME:
        got["Y"] += 2000
    return seconds(got)


def seconds(got) -> "int | None":
    """Of {letter: number} with s n h and, where it has a date, D M Y (in full); None for what is no time,
    such as the 00 of a demand that never was."""
    if got["s"] > 59 or got["n"] > 59 or got["h"] > 23:
        return None
    second = got["h"] * 3600 + got["n"] * 60 + got["s"]
    if "Y" not in got:
        return second
    year, month, day = got["Y"], got["M"], got["D"]
    if not (2000 <= year <= 2099 and 1 <= month <= 12 and 1 <= day <= 31):
        return None
    days = _days(year, month, day)
    return days * DAY_S + second if date(days) == (year, month, day) else None


def read(kind, data):
    """The value of a field, or None when it is absent."""
    data = bytes(data)
    if data == b"\xff" * len(data) or data == b"\xee" * len(data):
        return None
    if kind in ORDERS:
        return _time(kind, data)
    return _READ[kind](data)


def _bits(data) -> int:
    return int.from_bytes(data, "little")


_READ = {BCD: _number, SIGNED: _signed, BITS: _bits, DIGITS: _digits, TEXT: _text}
