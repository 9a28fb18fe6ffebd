"""IEEE 754 numbers of DLMS as integers with a power of ten."""


def decimal(data) -> "tuple | None":
    """IEEE 754 big-endian -> (int, power of ten), rounded once to 7 (float32) or 15 (float64) digits."""
    exponent_bits, bias, digits = (8, 127 + 23, 7) if len(data) == 4 else (11, 1023 + 52, 15)
    bits = int.from_bytes(data, "big")
    fraction_bits = len(data) * 8 - 1 - exponent_bits
    exponent = bits >> fraction_bits & (1 << exponent_bits) - 1
    fraction = bits & (1 << fraction_bits) - 1
    if exponent == (1 << exponent_bits) - 1:
        return None
    whole = fraction | (1 << fraction_bits if exponent else 0)
    value, scale = _rounded(whole, max(exponent, 1) - bias, digits)
    return (-value if data[0] & 0x80 else value), scale


def _rounded(whole, power, digits) -> tuple:
    """whole * 2**power -> (value, scale) of at most `digits` digits without trailing zeros."""
    if whole == 0:
        return 0, 0
    over, under = (whole << power, 1) if power >= 0 else (whole, 1 << -power)
    scale = len(str(over)) - len(str(under)) - digits  # at most one digit too many
    while True:
        up, down = (1, 10**scale) if scale >= 0 else (10**-scale, 1)
        value = (2 * over * up // (under * down) + 1) // 2
        if value < 10**digits:
            break
        scale += 1
    while value % 10 == 0:
        value, scale = value // 10, scale + 1
    return value, scale
