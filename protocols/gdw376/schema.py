"""The data of one unit by its schema: bytes <-> {name: value}.

A schema is a tuple of fields (name, format, unit, count); unit and count may be left out. A format is a name
of protocols.gdw376.formats, `bytes` or `ascii` (count is their length), `item` (an identifier: [(p, F)]),
`event`, or a tuple: a schema of its own, whose values are a dict. With a count the value is a list. A count
is a number, the name of a field before ("tariffs", "tariffs+1"), "bits:name" (as many as that field has set
bits), "span:first:last" (event pointers, mod 256) or "rest" (to the end).
"""

from protocols.gdw376 import events, formats, units
from protocols.lines.refused import Refused

_STRINGS = ("bytes", "ascii")


def decode(schema, data, at=0) -> tuple:
    """({name: value}, at behind it); raises Refused."""
    values = {}
    for field in schema:
        name, form, count = field[0], field[1], field[3] if len(field) > 3 else None
        if count is None:
            values[name], at = _decode_one(form, data, at)
        elif form in _STRINGS:
            raw = _take(data, at, _count(count, values))
            at += len(raw)
            values[name] = _text(raw, isinstance(count, int)) if form == "ascii" else raw
        else:
            values[name], at = _decode_list(form, data, at, count, values)
    return values, at


def _decode_list(form, data, at, count, values) -> tuple:
    out = []
    if count == "rest":
        while at < len(data):
            value, at = _decode_one(form, data, at)
            out.append(value)
        return out, at
    for _ in range(_count(count, values)):  # every element takes at least a byte
        value, at = _decode_one(form, data, at)
        out.append(value)
    return out, at


def _decode_one(form, data, at) -> tuple:
    if isinstance(form, tuple):
        return decode(form, data, at)
    if form == "item":
        return units.decode(_take(data, at, units.SIZE)), at + units.SIZE
    if form == "event":
        return _decode_event(data, at)
    size = formats.SIZES[form]
    return formats.decode(form, _take(data, at, size)), at + size


def _take(data, at, size) -> bytes:
    if at + size > len(data):
        raise Refused("truncated", "%d bytes wanted, %d left" % (size, len(data) - at))
    return bytes(data[at : at + size])


def _text(raw, filled) -> str:
    """ASCII; other bytes as they are in Latin-1. filled: zeros at the end are not text."""
    return "".join(chr(b) for b in (raw.rstrip(b"\x00") if filled else raw))


def _count(spec, values) -> int:
    if isinstance(spec, int):
        return spec
    kind, _, rest = spec.partition(":")
    if kind == "bits":
        return bin(values[rest]).count("1")
    if kind == "span":
        first, _, last = rest.partition(":")
        return (values[last] - values[first]) & 0xFF
    name, _, more = spec.partition("+")
    if values[name] is None:
        raise Refused("bad_value", "no number of " + name)
    return values[name] + int(more or 0)


# ---- encode ---------------------------------------------------------------------------------------


def encode(schema, values) -> bytes:
    """ValueError when a value is missing or does not fit. Numbers of elements may be left out."""
    values = _with_counts(schema, values)
    out = b""
    for field in schema:
        name, form, count = field[0], field[1], field[3] if len(field) > 3 else None
        if name not in values:
            raise ValueError("no " + name)
        value = values[name]
        if count is None:
            out += _encode_one(form, value)
            continue
        if form in _STRINGS:
            value = bytes(ord(c) for c in value) if form == "ascii" else value
            value += b"\x00" * (count - len(value)) if isinstance(count, int) else b""
        if count != "rest" and len(value) != _count(count, values):
            raise ValueError("%s has %d elements" % (name, len(value)))
        out += value if form in _STRINGS else b"".join(_encode_one(form, one) for one in value)
    return out


def _with_counts(schema, values) -> dict:
    values = dict(values)
    for field in schema:
        spec = field[3] if len(field) > 3 else None
        if isinstance(spec, str) and ":" not in spec and spec != "rest" and field[0] in values:
            name, _, more = spec.partition("+")
            if name not in values:
                values[name] = len(values[field[0]]) - int(more or 0)
    return values


def _encode_one(form, value) -> bytes:
    if isinstance(form, tuple):
        return encode(form, value)
    if form == "item":
        return units.encode([tuple(pair) for pair in value])
    if form == "event":
        return _encode_event(value)
    return formats.encode(form, value)


# ---- events: number, length, body by the schema that fits the length --------------------------------


def _decode_event(data, at) -> tuple:
    number, size = _take(data, at, 2)
    body = _take(data, at + 2, size)
    name, schemas = events.EVENTS.get(number, ("erc_%d" % number, ()))
    out = {"erc": number, "name": name}
    for one in schemas:
        try:
            values, end = decode(one, body)
        except Refused:
            continue
        if end == len(body):
            out["values"] = values
            return out, at + 2 + size
    out["raw"] = body
    return out, at + 2 + size


def _encode_event(value) -> bytes:
    if "raw" in value:
        body = value["raw"]
    else:
        body = encode(_event_schema(value), value["values"])
    return bytes([value["erc"], len(body)]) + body


def _event_schema(value) -> tuple:
    """The layout whose names are those given."""
    for one in events.EVENTS[value["erc"]][1]:
        if all(field[0] in value["values"] for field in one) and len(one) == len(value["values"]):
            return one
    raise ValueError("no layout of ERC %d has these names" % value["erc"])


# ---- for people and points ------------------------------------------------------------------------


def rows(schema, values, before="") -> list:
    """[(key, value, power of ten, unit)]; list elements and inner dicts as name/0, name/0/inner."""
    out = []
    for field in schema:
        value, key = values[field[0]], before + field[0]
        unit = field[2] if len(field) > 2 else ""
        if len(field) > 3 and field[1] not in _STRINGS:
            for i, one in enumerate(value):
                out += _row(field[1], one, "%s/%d" % (key, i), unit)
        else:
            out += _row(field[1], value, key, unit)
    return out


def _row(form, value, key, unit) -> list:
    if isinstance(form, tuple):
        return rows(form, value, key + "/")
    if form == "event":
        return _event_rows(value, key)
    if form == "item":
        return [(key, " ".join("p%d F%d" % pair for pair in value), 0, "")]
    if isinstance(value, tuple):
        return [(key, value[0], value[1], unit)]
    return [(key, value, formats.SCALES.get(form, 0), unit)]


def _event_rows(event, key) -> list:
    out = [(key, event["name"], 0, "")]
    if "raw" in event:
        return out + [(key + "/raw", event["raw"], 0, "")]
    return out + rows(_event_schema(event), event["values"], key + "/")
