"""Values in the data units of Q/GDW 376.2: `read` and `write` a layout of fields (name, kind, argument).

Kinds: "u" integer of n bytes, low byte first; "low" n bytes as 2n digits, high first (dates YYMMDD); "ascii"
n characters; "bytes" n bytes; "address" 12 digits; "bits" (n bytes, ((name, bits), ..)) from the lowest on;
"blob" bytes behind their length of n bytes; "list" (n, layout) items behind their count of n bytes; "each"
(name, layout) as many items as the field of that name says.
"""

from binascii import hexlify, unhexlify

from protocols.lines.gdw3762.frame import address_bytes, address_text, bits, word
from protocols.lines.refused import Refused


def read(data, layout) -> dict:
    """{name: value}; Refused when the bytes are not those of the layout."""
    values, at = _read(data, 0, layout)
    if at < len(data):
        raise Refused("trailing", "%d bytes" % (len(data) - at))
    return values


def write(values, layout) -> bytes:
    """ValueError when `values` are not those of the layout."""
    out, used = _written(values, layout)
    if used != set(values):
        raise ValueError("nobody knows " + ", ".join(sorted(set(values) - used)))
    return out


# ---- reading: (data, at, argument, fields before) -> (values to add, at behind) --------------------------


def _read(data, at, fields) -> tuple:
    values = {}
    for name, kind, argument in fields:
        found, at = _READ[kind](data, at, argument, values)
        values.update(found if kind == "bits" else {name: found})
    return values, at


def _take(data, at, size) -> bytes:
    if at + size > len(data):
        raise Refused("truncated", "%d bytes are missing" % (at + size - len(data)))
    return data[at : at + size]


def _read_u(data, at, size, _before) -> tuple:
    return int.from_bytes(_take(data, at, size), "little"), at + size


def _read_low(data, at, size, _before) -> tuple:
    return hexlify(bytes(reversed(_take(data, at, size)))).decode(), at + size


def _read_ascii(data, at, size, _before) -> tuple:
    return "".join([chr(byte) for byte in _take(data, at, size)]), at + size


def _read_bytes(data, at, size, _before) -> tuple:
    return bytes(_take(data, at, size)), at + size


def _read_address(data, at, size, _before) -> tuple:
    return address_text(_take(data, at, size)), at + size


def _read_bits(data, at, argument, _before) -> tuple:
    size, widths = argument
    return bits(_read_u(data, at, size, None)[0], widths), at + size


def _read_blob(data, at, size, _before) -> tuple:
    length, at = _read_u(data, at, size, None)
    return _read_bytes(data, at, length, None)


def _read_items(data, at, count, fields) -> tuple:
    items = []
    for _ in range(count):
        item, at = _read(data, at, fields)
        items.append(item)
    return items, at


def _read_list(data, at, argument, _before) -> tuple:
    count, at = _read_u(data, at, argument[0], None)
    return _read_items(data, at, count, argument[1])


def _read_each(data, at, argument, before) -> tuple:
    return _read_items(data, at, before[argument[0]], argument[1])


_READ = {
    "u": _read_u,
    "low": _read_low,
    "ascii": _read_ascii,
    "bytes": _read_bytes,
    "address": _read_address,
    "bits": _read_bits,
    "blob": _read_blob,
    "list": _read_list,
    "each": _read_each,
}


# ---- writing: (value, argument) -> bytes -------------------------------------------------------


def _written(values, fields) -> tuple:
    """(bytes, names used)"""
    out, used = b"", set()
    for name, kind, argument in fields:
        names = [n for n, _width in argument[1] if n] if kind == "bits" else [name]
        if any([n not in values for n in names]):
            raise ValueError("missing: " + ", ".join([n for n in names if n not in values]))
        if kind == "each" and len(values[name]) != values[argument[0]]:
            raise ValueError("%s is not the count of %s" % (argument[0], name))
        out += _WRITE[kind](values if kind == "bits" else values[name], argument)
        used.update(names)
    return out, used


def _sized(data, size) -> bytes:
    if len(data) != size:
        raise ValueError("%d bytes, not %d" % (size, len(data)))
    return data


def _write_u(value, size) -> bytes:
    if not 0 <= value < 1 << 8 * size:
        raise ValueError("%d does not fit in %d bytes" % (value, size))
    return value.to_bytes(size, "little")


def _write_list(items, argument) -> bytes:
    return _write_u(len(items), argument[0]) + _write_each(items, argument)


def _write_each(items, argument) -> bytes:
    return b"".join([_written(item, argument[1])[0] for item in items])


_WRITE = {
    "u": _write_u,
    "low": lambda text, size: _sized(bytes(reversed(unhexlify(text))), size),
    "ascii": lambda text, size: _sized(bytes([ord(letter) for letter in text]), size),
    "bytes": _sized,
    "address": lambda text, _size: address_bytes(text),
    "bits": lambda values, argument: word(values, argument[1]).to_bytes(argument[0], "little"),
    "blob": lambda data, size: _write_u(len(data), size) + data,
    "list": _write_list,
    "each": _write_each,
}
