"""Texts of requests -> descriptors, trees -> values: see dlms.py."""

from protocols.lines.dlms import clock, cosem


def parse(text) -> tuple:
    """One item of a request -> (descriptor, selection or None); ValueError."""
    what, _at, rows = text.partition("@")
    number, _colon, rest = what.partition(":")
    name, _colon, attribute = rest.rpartition(":")
    if not number.isdigit() or not attribute.isdigit():
        raise ValueError("no class:name:attribute: " + text)
    return (int(number), cosem.name_bytes(name), int(attribute)), _selection(rows) if rows else None


def _selection(rows) -> tuple:
    first, dots, last = rows.partition("..")
    if not dots or not first.isdigit() or not last.isdigit():
        raise ValueError("no from..to: " + rows)
    if len(first) < 8:
        return cosem.by_entry(int(first), int(last))
    return cosem.by_range(clock.parse(first), clock.parse(last))


def scaler(descriptor) -> "tuple | None":
    """The descriptor of the scaler of a register's value."""
    number, name, attribute = descriptor
    at = cosem.SCALERS.get((number, attribute))
    return (number, name, at) if at else None


def scaled(value, scale) -> "tuple | bytes | str | list | None":
    """A register's value with its scaler; floats have one already."""
    if isinstance(value, tuple):
        return value[0], value[1] + scale
    return (value, scale) if isinstance(value, int) else value


def flat(key, value, out) -> None:
    """Nested lists into `out` under "key/0", "key/1/0"..."""
    if isinstance(value, list):
        key += "/"
        for place in range(len(value)):
            flat(key + str(place), value[place], out)
    else:
        out[key] = value
