"""Field types that ship in firmware: what stands in an answer -> an integer or text, None for "absent".

A type is a number, which compiled profiles carry, so it is permanent:
     0..8   DL/T 645-2007, `dlt645_types`
    16..31  16 + 4 * base + word order: numbers of 1..8 bytes in any order of their 16-bit registers
    32..    texts, times, and what a reader has decoded already
`read` and `take` give the value at the point's own scale: the number times 10**shift, cut towards zero. Only
binary fractions (f32, f64) are rounded, once, to the nearest, halves away from zero: 229.9 is 229.89999
there.
Times become seconds as in `dlt645_types`. An unknown or impossible field is the profile's fault: `sound.fits`
says so before any answer comes.
"""

from binascii import hexlify

from protocols.meters import dlt645_types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

UINT, INT, FLOAT, DECIMAL = range(4)  # bases; DECIMAL is BCD
ABCD, CDAB, BADC, DCBA = range(4)  # orders; bit 0: low word first, bit 1: bytes of a word swapped
NUMERIC = 16
ASCII, HEX, NUMERAL, BCD_TIME, BIN_TIME, TEXT_TIME, MBUS_DATE, MBUS_TIME, NUMBER, TEXT = range(32, 42)
DECODED = (NUMBER, TEXT)  # the reader gives an integer, (integer, power of ten) or text instead of bytes
TEXTS = (dlt645_types.DIGITS, dlt645_types.TEXT, ASCII, HEX, TEXT)
TIMES = (dlt645_types.DATE, dlt645_types.TIME, dlt645_types.DATETIME, dlt645_types.MINUTE)
TIMES += (BCD_TIME, BIN_TIME, TEXT_TIME, MBUS_DATE, MBUS_TIME)
# These take an order: s n h W D M Y as in dlt645_types, y the year in full, . to skip
ORDERED = (BCD_TIME, BIN_TIME, TEXT_TIME)
PIECES = {BCD_TIME: {"y": 2}, BIN_TIME: {"y": 2}, TEXT_TIME: {"y": 4, ".": 1}}  # bytes of a letter, where
PIECE = {BCD_TIME: 1, BIN_TIME: 1, TEXT_TIME: 2}  # they are not as of all others

LEN_MAX = 64  # bytes of a field; asset numbers of 32 are the longest known
VALUE_END = 1 << 63  # beyond it no meter counts: such a number is told as absent

_FRACTION = {4: (23, 127), 8: (52, 1023)}  # bytes -> bits of the fraction, bias (IEEE 754)


def shifted(value, shift) -> "int | None":
    """value * 10**shift, cut towards zero; None when no meter can count so far."""
    if shift >= 0:
        value *= 10**shift
    else:
        value = value // 10**-shift if value >= 0 else -(-value // 10**-shift)
    return value if -VALUE_END <= value < VALUE_END else None


def big(data, order) -> bytes:
    """The bytes with the highest first."""
    if order in (CDAB, BADC):
        data = bytes([data[i ^ 1] for i in range(len(data))])
    return bytes(reversed(data)) if order & 1 else data


def _float(data, shift):
    """None for infinity and not-a-number."""
    bits, bias = _FRACTION[len(data)]
    n = int.from_bytes(data, "big")
    fraction, exponent = n & (1 << bits) - 1, n >> bits & 2 * bias + 1
    if exponent == 2 * bias + 1:
        return None
    if exponent:
        fraction |= 1 << bits
    power = max(exponent, 1) - bias - bits
    up = fraction * 10 ** max(shift, 0) << max(power, 0)
    down = 10 ** max(-shift, 0) << max(-power, 0)
    value = (2 * up + down) // (2 * down)
    if value >= VALUE_END:
        return None
    return -value if n >> 8 * len(data) - 1 else value


def _numeric(kind, data, shift):
    data = big(data, kind & 3)
    base = (kind - NUMERIC) >> 2
    if base == FLOAT:
        return _float(data, shift)
    if base == DECIMAL:
        text = hexlify(data).decode()
        return shifted(int(text), shift) if text.isdigit() else None
    n = int.from_bytes(data, "big")
    if base == INT and data[0] & 0x80:
        n -= 1 << 8 * len(data)
    return shifted(n, shift)


def numeral(text) -> "tuple | None":
    """'-0012.50' -> (-1250, -2); None when it is no number."""
    text = text.strip(" \0")
    sign = -1 if text[:1] == "-" else 1
    whole, _, part = (text[1:] if text[:1] in ("-", "+") else text).partition(".")
    digits = whole + part
    if not digits or len(digits) > LEN_MAX or not all(["0" <= c <= "9" for c in digits]):
        return None
    return sign * int(digits), -len(part)


def _exact(number, shift):
    """(integer, power of ten) at the point's scale."""
    value, power = number
    return shifted(value, power + shift) if abs(power) <= LEN_MAX else None


def _ascii(data):
    text = "".join([chr(b) for b in data]).strip("\0 ")
    return text if all([" " <= c <= "~" for c in text]) else None


def _pieces(kind, data, order):
    """{letter: number} of a time, None when a byte is no digit of it."""
    got = {"s": 0, "n": 0, "h": 0}
    at = 0
    for letter in order:
        end = at + PIECES[kind].get(letter, PIECE[kind])
        piece = data[at:end]
        at = end
        if letter in "W.":
            continue
        text = _ascii(piece) if kind == TEXT_TIME else hexlify(piece).decode()
        if kind == BIN_TIME:
            got[letter] = int.from_bytes(piece, "big")
        elif text and text.isdigit():
            got[letter] = int(text)
        else:
            return None
    return got


def _mbus(kind, data):
    """EN 13757-3 annex A: type G, and the higher half of type F, whose top bit says that it is invalid."""
    day = int.from_bytes(data[-2:], "little")
    got = {"D": day & 31, "M": day >> 8 & 15, "Y": day >> 5 & 7 | day >> 9 & 0x78, "s": 0, "n": 0, "h": 0}
    if kind == MBUS_TIME:
        got["n"], got["h"] = data[0] & 0x3F, data[1] & 0x1F
        if data[0] & 0x80:
            return None
    return got


def _time(kind, data, order):
    got = _mbus(kind, data) if kind in (MBUS_DATE, MBUS_TIME) else _pieces(kind, data, order)
    if got and "y" in got:
        got["Y"] = got["y"]
    elif got and "Y" in got:
        got["Y"] += 2000
    return dlt645_types.seconds(got) if got else None


def read(kind, data, shift=0, order="") -> "int | str | None":
    """The value of a field for which `sound.fits` holds; `data` are its bytes."""
    if kind < NUMERIC:
        value = dlt645_types.read(kind, data)
        return shifted(value, shift) if kind <= dlt645_types.BITS and value is not None else value
    if kind < ASCII:
        return _numeric(kind, data, shift)
    if kind in TIMES:
        return _time(kind, data, order)
    if kind == HEX:
        return hexlify(data).decode().upper()
    text = _ascii(data)
    if kind == ASCII or text is None:
        return text
    number = numeral(text)
    return _exact(number, shift) if number else None


def take(kind, width, value, shift=0, order="") -> "int | str | None":
    """As `read`, of a value that a reader gives: what does not fit the type counts as absent."""
    if kind == TEXT:
        return value if isinstance(value, str) else None
    if kind == NUMBER:
        number = value if isinstance(value, tuple) else (value, 0)
        whole = all([isinstance(n, int) and not isinstance(n, bool) for n in number])
        return _exact(number, shift) if len(number) == 2 and whole else None
    data: "Any" = value.encode() if isinstance(value, str) else value
    if not isinstance(data, (bytes, bytearray)) or not (len(data) == width or kind in (ASCII, HEX, NUMERAL)):
        return None
    return read(kind, bytes(data), shift, order) if data and len(data) <= LEN_MAX else None
