"""The way back of `types`: a point's value -> the bytes or decoded value of a field; for simulated meters."""

from binascii import unhexlify

from protocols.meters import dlt645_types, dlt645_write, types
from protocols.meters.dlt645_write import FieldError
from protocols.meters.sound import order_len

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _unshifted(value, shift) -> int:
    """value / 10**shift: what the field shows; FieldError when it cannot show that much detail."""
    if shift <= 0:
        return value * 10**-shift
    if value % 10**shift:
        raise FieldError("%d has more detail than the field shows" % value)
    return value // 10**shift


def _float(width, value, shift) -> bytes:
    """The nearest float to value / 10**shift."""
    bits, bias = types._FRACTION[width]
    sign = 1 << 8 * width - 1 if value < 0 else 0
    up, down = abs(value) * 10 ** max(-shift, 0), 10 ** max(shift, 0)
    if not up:
        return sign.to_bytes(width, "big")
    power = 0  # up / down = fraction * 2**power with bits + 1 bits in the fraction
    while up << max(-power, 0) >= down << max(power, 0) + bits + 1:
        power += 1
    while up << max(-power, 0) < down << max(power, 0) + bits:
        power -= 1
    up, down = up << max(-power, 0), down << max(power, 0)
    fraction = (2 * up + down) // (2 * down)
    if fraction >> bits + 1:
        fraction, power = fraction >> 1, power + 1
    exponent = power + bias + bits
    if not 0 < exponent < 2 * bias + 1:
        raise FieldError("%d does not fit a float of %d bytes" % (value, width))
    return (sign | exponent << bits | fraction & (1 << bits) - 1).to_bytes(width, "big")


def _numeric(kind, width, value, shift) -> bytes:
    base = (kind - types.NUMERIC) >> 2
    if base == types.FLOAT:
        return types.big(_float(width, value, shift), kind & 3)
    n = _unshifted(value, shift)
    if base == types.DECIMAL:
        if not 0 <= n < 100**width:
            raise FieldError("%d does not fit %d digits" % (n, width * 2))
        return types.big(unhexlify("%0*d" % (width * 2, n)), kind & 3)
    least = -1 << 8 * width - 1 if base == types.INT else 0
    if not least <= n < (1 << 8 * width) + least:
        raise FieldError("%d does not fit %d bytes" % (n, width))
    return types.big((n & (1 << 8 * width) - 1).to_bytes(width, "big"), kind & 3)


def _moment(value, dated) -> dict:
    """{letter: number} of a time; y the year in full."""
    days, second = divmod(value, dlt645_types.DAY_S)
    got = {"s": second % 60, "n": second // 60 % 60, "h": second // 3600, "W": (days + 3) % 7 + 1, ".": 0}
    if not dated:
        if days:
            raise FieldError("not a time of day: %d" % value)
        return got
    year, month, day = dlt645_types.date(days)
    if not 2000 <= year <= 2099:
        raise FieldError("year %d is not in 2000..2099" % year)
    got.update({"D": day, "M": month, "Y": year - 2000, "y": year})
    return got


def _ordered(kind, value, order) -> bytes:
    got = _moment(value, "D" in order)
    out = b""
    for letter in order:
        width = order_len(kind, letter)
        if kind == types.BIN_TIME:
            out += got[letter].to_bytes(width, "big")
        else:
            digits = "%0*d" % (width * (1 if kind == types.TEXT_TIME else 2), got[letter])
            out += digits.encode() if kind == types.TEXT_TIME else unhexlify(digits)
    return out


def _mbus(kind, value) -> bytes:
    got = _moment(value, True)
    year = got["Y"]
    date = bytes([got["D"] | (year & 7) << 5, got["M"] | (year & 0x78) << 1])
    return date if kind == types.MBUS_DATE else bytes([got["n"], got["h"]]) + date


def _numeral(value, shift) -> str:
    """The point's value as a decimal text with as many places as it has."""
    places = max(shift, 0) if shift > 0 else 0
    value = _unshifted(value, shift - places)
    digits = "%0*d" % (places + 1, abs(value))
    sign = "-" if value < 0 else ""
    return sign + (digits[:-places] + "." + digits[-places:] if places else digits)


def _text(kind, width, value) -> bytes:
    data = unhexlify(value) if kind == types.HEX else value.encode()
    if len(data) > (width or types.LEN_MAX) or (width and kind == types.HEX and len(data) != width):
        raise FieldError("text does not fit %d bytes" % width)
    return data + bytes(max(width - len(data), 0))


def write(kind, width, value, shift=0, order="", absent=b"\xff") -> bytes:
    """The field that shows the canonical `value`; `absent` filled up for None. FieldError when it cannot."""
    if value is None:
        if not absent and types.NUMERIC + 4 * types.FLOAT <= kind < types.NUMERIC + 4 * types.FLOAT + 4:
            return types.big(b"\x7f\xf8" + bytes(width - 2), kind & 3)  # not a number, of 4 bytes as of 8
        if not absent:
            raise FieldError("the field has no way to say absent")
        return absent * width if len(absent) == 1 else absent
    if kind < types.NUMERIC:
        plain = isinstance(value, str) or kind in dlt645_types.ORDERS
        return dlt645_write.write(kind, width, value if plain else _unshifted(value, shift))
    if kind < types.ASCII:
        return _numeric(kind, width, value, shift)
    if kind in types.ORDERED:
        return _ordered(kind, value, order)
    if kind in (types.MBUS_DATE, types.MBUS_TIME):
        return _mbus(kind, value)
    if kind == types.NUMERAL:
        text = _numeral(value, shift)
        return _text(types.ASCII, width, " " * (width - len(text)) + text)
    return _text(kind, width, value)


def give(kind, width, value, shift=0, order="") -> "Any":
    """As `write`, of a value under a key: an (integer, power of ten), a text, bytes, or None for absent."""
    if value is None or kind == types.TEXT:
        return value
    if kind == types.NUMBER:
        return (value, -shift)
    if kind == types.NUMERAL:
        return _numeral(value, shift)
    data = write(kind, width, value, shift, order)
    return data.decode() if kind in (types.ASCII, types.TEXT_TIME) else data
