"""Turns a profile as people write it (JSON, docs/meter-profiles.md) into the compact one of `interpret`.

Takes what `station.profiles.check` has found good; anything else raises ValueError, KeyError or the like.
"""

import struct
from binascii import unhexlify

from protocols import cbor
from protocols.meters import interpret, types
from protocols.meters.points import BY_ALIAS, BY_OBIS
from protocols.meters.sound import order_len
from protocols.meters.type_names import NAMES, UNITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SERIAL = (("baud", 9600), ("format", "8N1"), ("timeout_ms", 1000), ("gap_ms", 100), ("tries", 3))


def point(name) -> tuple:
    """The row of a point by alias or OBIS; KeyError when there is none."""
    return BY_ALIAS.get(name) or BY_OBIS[name]


def shift_of(part, row) -> int:
    """Power of ten from the number on the line to the row's own scale."""
    if row[5] in ("text", "time"):
        return 0
    unit = part.get("unit", row[3])
    base, ahead = UNITS.get(unit, (unit, 0))
    if base != row[3]:
        raise ValueError("%s is measured in %s, not in %s" % (row[2], row[3] or "no unit", unit))
    return part.get("scale", 0) + ahead - row[4]


def type_of(part) -> tuple:
    """(number, bytes, order) of a part's type."""
    kind, width, order, _what = NAMES[part["type"]]
    order = part.get("order", order)
    if kind in types.ORDERED:
        return kind, order_len(kind, order), order
    return kind, part.get("len", width), order


def fields(read, link) -> list:
    """A read's parts one by one: {"point", "at" or "key", "type", ...}; `points` and `reg` resolved."""
    out = []
    for part in read["parts"]:
        many = part.get("points") or [part["point"]]
        at = register_at(read["req"], part["reg"]) if "reg" in part else part.get("at", 0)
        for n, name in enumerate(many):
            if name is not None:
                place = {"key": part["key"].replace("{}", str(n))} if "key" in part else {"at": at}
                rest = {key: part[key] for key in part if key not in ("points", "point", "at", "reg", "key")}
                place.update(rest)
                place["point"] = name
                out.append(place)
            at += type_of(part)[1]
    return out


def register_at(request, register) -> int:
    """Offset in the answer to a Modbus request of a register, hexadecimal as data sheets have it."""
    first = request.split(":")[1]
    return 2 * (int(register, 16) - int(first, 0))


class _Rows:
    """Collects rows with their keys and extras, each of which is kept once."""

    def __init__(self, absent) -> None:
        self.absent = [unhexlify(fill) for fill in absent]
        self.keys: "list[str]" = []
        self.extras = [[self.absent, 0, 0, [], ""]]

    def row(self, part) -> bytes:
        row = point(part["point"])
        kind, width, order = type_of(part)
        place = part.get("at", 0)
        if "key" in part:
            place = _index(self.keys, part["key"])
            kind |= interpret.KEYED
        first, bits = part.get("bits", (part.get("bit", 0), 1 if "bit" in part else 0))
        table = []
        for old in sorted(part.get("map", {})):
            table += [int(old), part["map"][old]]
        own = [unhexlify(fill) for fill in part["absent"]] if "absent" in part else self.absent
        extra = _index(self.extras, [own, first, bits, table, order])
        return struct.pack(interpret.ROW, row[0], place, kind, width, shift_of(part, row), extra)


def _index(items, item) -> int:
    if item not in items:
        items.append(item)
    return items.index(item)


def compiled(profile) -> dict:
    """The document; `cbor.encode` of it is what a device gets."""
    reads = profile["reads"]
    requests = [read["req"] for read in reads]
    singles = []
    for read in reads:
        for single in read.get("fallback", ()):
            _index(requests, single)
    rows = _Rows(profile.get("absent", ()))
    counts, steps, ends = [bytearray(len(requests)) for _ in range(3)]
    body = b""
    for at, read in enumerate(reads):
        parts = fields(read, profile["link"])
        counts[at], steps[at] = len(parts), read.get("step", 0)
        ends[at] = int(read.get("end", "0"), 16)
        body += b"".join([rows.row(part) for part in parts])
        if read.get("fallback"):
            singles.append(bytes([at] + [requests.index(single) for single in read["fallback"]]))

    def indexes(names) -> bytes:
        return bytes([requests.index(name) for name in names])

    freeze = profile.get("freeze", {})
    document = (
        interpret.VERSION, profile["id"], profile["rev"], profile["link"],
        [profile.get("serial", {}).get(name, default) for name, default in SERIAL],
        profile.get("options", {}), "\n".join(requests), bytes(counts), bytes(steps), bytes(ends), body,
        "\n".join(rows.keys), rows.extras, singles, indexes(profile.get("fast", ())),
        indexes(profile.get("slow", ())), indexes([freeze[name] for name in ("time", "energy") if freeze]),
        _number(profile.get("power")), _number(profile.get("energy")),
        [_number(name) for name in profile.get("curve", ())],
        [_number(name) for name in profile.get("daily", ())],
        {name: _control(control, requests) for name, control in profile.get("controls", {}).items()},
    )  # fmt: skip
    return dict(enumerate(document))


def _number(name):
    return None if name is None else point(name)[0]


def _control(control, requests) -> list:
    verify = control["verify"]
    data: "Any" = unhexlify(control["data"]) if "data" in control else control.get("fields", {})
    return [
        control.get("req", ""), data, control.get("valid_min", 0), requests.index(verify["read"]),
        point(verify["point"])[0], verify["value"], verify.get("within_s", 10),
    ]  # fmt: skip


def encoded(profile) -> bytes:
    """The device's document as bytes, the same on every machine."""
    return cbor.encode(compiled(profile))
