"""Data formats of Q/GDW 376.1 annex A and the plain ones beside them: bytes <-> values.

Numbers are ints to be scaled by SCALES[format]; 02 and 03 carry their own scale: (int, power of ten).
Times are text of what is there: 2026-11-22T10:30:15, 11-22T10:30, 22T10:30:15, 2026-11, 10:30.
Bytes of EE mean no value: None. So does whatever has a digit above 9 or a day that cannot be: terminals fill
with other bytes too, and no number must come of it. A bin1 has no such mark.
Formats 24 and 28 have one source or none: 24 is [K], 28 is not here.
"""

from collections import namedtuple

# wire order, low byte first: s m h D M Y; c: D4-0 month, D7-5 weekday, Monday 1; d: a day that may be 00
TIMES = {
    "01": "smhDcY",
    "15": "mhDMY",
    "16": "smhD",
    "17": "mhDM",
    "18": "mhd",
    "19": "mh",
    "20": "DMY",
    "21": "MY",
    "24": "hD",  # [K]
}
# (bytes, power of ten, sign in the highest bit)
NUMBERS = {
    "05": (2, -1, True),
    "06": (2, -2, True),
    "07": (2, -1, False),
    "08": (2, 0, False),
    "09": (3, -4, True),
    "10": (3, 0, False),
    "11": (4, -2, False),
    "13": (4, -4, False),
    "14": (5, -4, False),
    "22": (1, -1, False),
    "23": (3, -4, False),
    "25": (3, -3, True),
    "26": (2, -3, False),
    "27": (4, 0, False),
}
BINARY = {"bin1": 1, "bin2": 2, "bin3": 3, "bin4": 4, "bin8": 8}
_RANGES = {"s": (0, 59), "m": (0, 59), "h": (0, 23), "D": (1, 31), "M": (1, 12), "c": (1, 12), "Y": (0, 99)}
_RANGES["d"] = (0, 31)
_AS = {"c": "M", "d": "D"}
_ORDER = "YMDhms"
_BEFORE = {"M": "-", "D": "-", "h": "T", "m": ":", "s": ":"}

Format = namedtuple("Format", ("size", "decode", "encode"))


def decode(name, data) -> "int | str | tuple | None":
    """`data` has SIZES[name] bytes."""
    return None if _is_fill(name, data) else FORMATS[name].decode(data)


def encode(name, value) -> bytes:
    """ValueError when the value does not fit."""
    if value is None:
        if name == "bin1":
            raise ValueError("a bin1 is never absent")
        return b"\xee" * FORMATS[name].size
    wire = FORMATS[name].encode(value)
    if len(wire) != FORMATS[name].size:
        raise ValueError("%r has not the size of format %s" % (value, name))
    return wire


def _is_fill(name, data) -> bool:
    return name != "bin1" and data.count(b"\xee") == len(data)


# ---- numbers --------------------------------------------------------------------------------------


def _digits(data):
    """BCD, low byte first -> int, or None."""
    value = 0
    for byte in reversed(data):
        if byte >> 4 > 9 or byte & 15 > 9:
            return None
        value = value * 100 + (byte >> 4) * 10 + (byte & 15)
    return value


def _bcd(value, size) -> bytes:
    if not 0 <= value < 100**size:
        raise ValueError("%d has not %d digits" % (value, 2 * size))
    out = []
    for _ in range(size):
        out.append(value % 10 | value // 10 % 10 << 4)
        value //= 100
    return bytes(out)


def _number(size, signed) -> Format:
    def read(data) -> "int | str | None":
        if not signed:
            return _digits(data)
        value = _digits(data[:-1] + bytes([data[-1] & 0x7F]))
        return -value if value is not None and data[-1] & 0x80 else value

    def write(value) -> bytes:
        if not signed:
            return _bcd(value, size)
        wire = bytearray(_bcd(abs(value), size))
        if wire[-1] & 0x80:
            raise ValueError("%d is too large" % value)
        wire[-1] |= 0x80 if value < 0 else 0
        return bytes(wire)

    return Format(size, read, write)


def _read_02(data):
    value = _digits(bytes([data[0], data[1] & 15]))
    return None if value is None else (-value if data[1] & 16 else value, 4 - (data[1] >> 5))


def _write_02(pair) -> bytes:
    value, scale = pair
    if not (abs(value) < 1000 and -3 <= scale <= 4):
        raise ValueError("3 digits, 10^-3 to 10^4")
    low, high = _bcd(abs(value), 2)
    return bytes([low, high | (16 if value < 0 else 0) | 4 - scale << 5])


def _read_03(data):
    value = _digits(data[:3] + bytes([data[3] & 15]))
    return None if value is None else (-value if data[3] & 16 else value, 3 if data[3] & 64 else 0)


def _write_03(pair) -> bytes:
    value, scale = pair
    if not (abs(value) < 10**7 and scale in (0, 3)):
        raise ValueError("7 digits, scale 0 or 3")
    wire = _bcd(abs(value), 4)
    return wire[:3] + bytes([wire[3] | (16 if value < 0 else 0) | (64 if scale else 0)])


def _read_04(data):
    """Percent, negative downwards."""
    value = _digits(bytes([data[0] & 0x7F]))
    return -value if value is not None and data[0] & 0x80 else value


def _write_04(value) -> bytes:
    if abs(value) > 79:
        raise ValueError("-79 to 79")
    return bytes([_bcd(abs(value), 1)[0] | (0x80 if value < 0 else 0)])


def _binary(size) -> Format:
    def write(value) -> bytes:
        if not 0 <= value < 256**size:
            raise ValueError("%d has not %d bytes" % (value, size))
        return value.to_bytes(size, "little")

    return Format(size, lambda data: int.from_bytes(data, "little"), write)


# ---- times ----------------------------------------------------------------------------------------


def _time(letters) -> Format:
    names = [_AS.get(letter, letter) for letter in letters]
    fields = [f for f in _ORDER if f in names]

    def read(data) -> "int | str | None":
        found = {}
        for letter, f, byte in zip(letters, names, data):
            value = _digits(bytes([byte & 0x1F if letter == "c" else byte]))
            low, high = _RANGES[letter]
            if value is None or not low <= value <= high:
                return None
            found[f] = value
        text = ""
        for f in fields:
            text += (_BEFORE.get(f, "") if text else "") + ("20%02d" if f == "Y" else "%02d") % found[f]
        return text

    def write(text) -> bytes:
        parts = text.replace("T", " ").replace("-", " ").replace(":", " ").split()
        if len(parts) != len(fields):
            raise ValueError("%s is not of the form %s" % (text, "".join(fields)))
        found = {f: int(part) % 100 for f, part in zip(fields, parts)}
        return bytes([_time_byte(letter, found) for letter in letters])

    return Format(len(letters), read, write)


def _time_byte(letter, found) -> int:
    value = found[_AS.get(letter, letter)]
    low, high = _RANGES[letter]
    if not low <= value <= high:
        raise ValueError("%d cannot be" % value)
    return _bcd(value, 1)[0] | (weekday(2000 + found["Y"], value, found["D"]) << 5 if letter == "c" else 0)


def weekday(year, month, day) -> int:
    """1 Monday .. 7 Sunday (Sakamoto)."""
    year -= month < 3
    shift = (0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4)[month - 1]
    return (year + year // 4 - year // 100 + year // 400 + shift + day - 1) % 7 + 1


# ---- the rest -------------------------------------------------------------------------------------


def _read_address(data):
    value = _digits(data)
    return None if value is None else "%012d" % value


def _read_halves(data) -> str:
    """48 half hours, 2 bits each, the first in the lowest bits -> 48 digits 0-3."""
    return "".join(str(byte >> shift & 3) for byte in data for shift in (0, 2, 4, 6))


def _write_halves(text) -> bytes:
    digits = [int(c) for c in text]
    if len(digits) != 48 or max(digits) > 3:
        raise ValueError("48 digits 0-3")
    return bytes(sum(digits[i + n] << 2 * n for n in range(4)) for i in range(0, 48, 4))


FORMATS = {
    "02": Format(2, _read_02, _write_02),
    "03": Format(4, _read_03, _write_03),
    "04": Format(1, _read_04, _write_04),
    "12": Format(6, _read_address, lambda text: _bcd(int(text), 6)),
    "ip": Format(
        4, lambda data: ".".join(str(b) for b in data), lambda text: bytes(map(int, text.split(".")))
    ),
    "halves": Format(12, _read_halves, _write_halves),
}
for _name, _letters in TIMES.items():
    FORMATS[_name] = _time(_letters)
for _name, (_size, _scale, _signed) in NUMBERS.items():
    FORMATS[_name] = _number(_size, _signed)
for _name, _size in BINARY.items():
    FORMATS[_name] = _binary(_size)

SIZES = {name: form.size for name, form in FORMATS.items()}
SCALES = {name: row[1] for name, row in NUMBERS.items()}
