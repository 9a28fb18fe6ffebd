"""IEEE 754 bits <-> decimal, in integers: a terminal's own floats are too short for both widths.

A value is (integer, power of ten), None for infinity and what is no number. Of all decimals that mean the
same bits it is the shortest of at least 6 digits (15 for 64 bits), without zeros at its end: 220.1, and not
220.100006.
"""

SINGLE, DOUBLE = (8, 23), (11, 52)  # bits of exponent and fraction
_DIGITS = {SINGLE: (6, 9), DOUBLE: (15, 17)}


def _rounded(above, below) -> int:
    """above / below, half to even."""
    whole, rest = divmod(above, below)
    return whole + (rest * 2 > below or (rest * 2 == below and whole & 1))


def _scaled(above, below, base, power) -> int:
    """above / below / base**power, rounded."""
    return _rounded(above, below * base**power) if power >= 0 else _rounded(above * base**-power, below)


def _shortened(above, below, digits) -> tuple:
    """(integer of `digits` digits, power of ten) nearest to above / below."""
    power = len(str(above)) - len(str(below)) - digits
    while _scaled(above, below, 10, power) >= 10**digits:
        power += 1
    return _scaled(above, below, 10, power), power


def decode(bits, width) -> "tuple | None":
    """`width` is SINGLE or DOUBLE."""
    exponent_bits, fraction_bits = width
    top = (1 << exponent_bits) - 1
    exponent, fraction = bits >> fraction_bits & top, bits & (1 << fraction_bits) - 1
    if exponent == top:
        return None
    fraction |= (1 << fraction_bits) if exponent else 0
    if not fraction:
        return 0, 0
    power = max(exponent, 1) - (top >> 1) - fraction_bits
    above, below = fraction << max(power, 0), 1 << max(-power, 0)
    sign = 1 << (exponent_bits + fraction_bits)
    least, most = _DIGITS[width]
    for digits in range(least, most + 1):
        number, ten = _shortened(above, below, digits)
        if digits == most or _nearest(number, ten, width) == bits & (sign - 1):
            return _stripped(-number if bits & sign else number, ten)


def _stripped(number, ten) -> tuple:
    while number % 10 == 0:
        number, ten = number // 10, ten + 1
    return number, ten


def _nearest(number, ten, width) -> int:
    """Bits nearest to number * 10**ten, number not negative; from infinity on when it is too large."""
    if not number:
        return 0
    exponent_bits, fraction_bits = width
    above, below = number * 10 ** max(ten, 0), 10 ** max(-ten, 0)
    least = 2 - (1 << exponent_bits - 1) - fraction_bits
    power = max(len(bin(above)) - len(bin(below)) - fraction_bits - 1, least)
    while _scaled(above, below, 2, power) >= 2 << fraction_bits:
        power += 1
    fraction = _scaled(above, below, 2, power)
    return (power - least << fraction_bits) + fraction


def encode(value, width) -> int:
    """ValueError when `value` is too large, or has a power of ten that no float has."""
    exponent_bits, fraction_bits = width
    infinity = (1 << exponent_bits) - 1 << fraction_bits
    if value is None:
        return infinity | 1 << (fraction_bits - 1)
    number, ten = value
    bits = _nearest(abs(number), ten, width) if abs(ten) < 400 else infinity
    if bits >= infinity:
        raise ValueError("%d * 10**%d is too large" % (number, ten))
    return bits | (1 << (exponent_bits + fraction_bits) if number < 0 else 0)
