"""The way back of dlt645_types: a value -> the bytes of a field; for simulated meters and for writing."""

from protocols.meters.dlt645_types import (
    BCD,
    BITS,
    DAY_S,
    DIGITS,
    ORDERS,
    SIGNED,
    TEXT,
    TIME,
    date,
)


class FieldError(ValueError):
    """A value that the field cannot hold; args[0] says why."""


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
    days, second = divmod(value, DAY_S)
    if kind == TIME and days:
        raise FieldError("not a time of day: %d" % value)
    year, month, day = date(days) if kind != TIME else (2000, 1, 1)
    if not 2000 <= year <= 2099:
        raise FieldError("year %d is not in 2000..2099" % year)
    got = {"s": second % 60, "n": second // 60 % 60, "h": second // 3600}
    got.update(
        {"D": day, "M": month, "Y": year - 2000, "W": (days + 4) % 7}
    )  # 1970-01-01: Thursday; 0 = Sunday
    return b"".join([_write_number(1, got[letter]) for letter in ORDERS[kind]])


def write(kind, size, value) -> bytes:
    """The field of `size` bytes that shows `value`, FF fill for None; FieldError when it cannot."""
    if value is None:
        return b"\xff" * size
    if kind in ORDERS:
        return _write_time(kind, value)
    return _WRITE[kind](size, value)


_WRITE = {
    BCD: _write_number,
    SIGNED: _write_signed,
    BITS: _write_bits,
    DIGITS: _write_digits,
    TEXT: _write_text,
}
