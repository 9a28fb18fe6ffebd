"""Meters of many concentrators: rows are made and changed, never taken out; loading them comes after."""

import struct
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from protocols.uplink import archive_rows as wire
from station.errors import FieldError
from station.imports import targets
from station.imports.targets import Change, Column, Importer, Key, Record, Target
from station.store import devices_import as store
from station.store.scope import Scope

FLAGS = {"key": wire.KEY, "prepaid": wire.PREPAID, "guaranteed": wire.GUARANTEED, "gate": wire.GATE}
NAME_CHARS, ID_CHARS = 80, 24
_WIRE = ("address", "slot", "line", "phase", "flags", "multiplier", "tariff", "group")


def _opened(row: Record) -> Record:
    """A row of an archive with its flags as columns."""
    flags = row["flags"]
    told = {name: value for name, value in row.items() if name != "flags"}
    return told | {name: int(bool(flags & bit)) for name, bit in FLAGS.items()}


def _closed(record: Record) -> Record:
    flags = sum(bit for name, bit in FLAGS.items() if record[name])
    return {name: value for name, value in record.items() if name not in FLAGS} | {"flags": flags}


def _look(c: Connection, scope: Scope, keys: Sequence[Key]) -> dict[Key, Record]:
    found = store.of_meters(c, scope, [(key[0], key[1]) for key in keys])
    return {(each["device"], each["meter"]): _opened(each) for each in found}


def _every(c: Connection, scope: Scope, q: str) -> Iterator[Record]:
    return map(_opened, store.every_meter(c, scope, q))


def _judge(c: Connection, by: Importer, changes: Sequence[Change]) -> dict[int, FieldError]:
    areas = store.concentrators(c, by.scope, sorted({each.key[0] for each in changes}))
    wanted = [each.after for each in changes if each.after]
    places = [(each["device"], each["line"], each["address"]) for each in wanted]
    held = store.at_addresses(c, sorted(set(places)))
    wrong: dict[int, FieldError] = {}
    for at, each in enumerate(changes):
        error = _fault(each, areas, held)
        if error is not None:
            wrong[at] = error
    return wrong


def _fault(change: Change, areas: set[str], held: dict[tuple[str, int, str], int]) -> FieldError | None:
    if change.key[0] not in areas:
        return FieldError("device", "concentrator_not_there")
    after = change.after
    if after is None:
        return None
    reason = _refusal(after)
    if reason:
        return FieldError(reason, "bad_cell")
    if held.get((after["device"], after["line"], after["address"]), after["meter"]) != after["meter"]:
        return FieldError("address", "address_known")
    return None


def _refusal(record: Record) -> str:
    """The column by which the concentrator would refuse the row; "" for none."""
    row = _closed(record)
    try:
        packed = wire.pack(wire.Row(wire.address(row["address"]), *[row[name] for name in _WIRE[1:]]))
    except (ValueError, struct.error):
        return "address"
    return wire.fault(packed) if any(packed[:6]) else "address"


def _apply(c: Connection, _by: Importer, changes: Sequence[Change]) -> None:
    store.drop_meters(c, [(each.key[0], each.key[1]) for each in changes if each.after is None])
    store.put_meters(c, [_closed(each.after) for each in changes if each.after])


AREA_METERS = Target(
    name="area_meters",
    function="archive",
    columns=(
        Column("device", "集中器编号", targets.text(ID_CHARS), needed=True),
        Column("meter", "序号", targets.whole(1, wire.MOST), needed=True),
        Column("address", "表地址", targets.digits(12), needed=True),
        Column("slot", "规约号", targets.whole(0, 255), first=0),
        Column("line", "端口", targets.whole(1, wire.MODULE), needed=True),
        Column("phase", "相别", targets.whole(0, wire.PHASES), first=0),
        Column("key", "重点", targets.yes_or_no, first=0),
        Column("prepaid", "预付费", targets.yes_or_no, first=0),
        Column("guaranteed", "保电", targets.yes_or_no, first=0),
        Column("gate", "关口", targets.yes_or_no, first=0),
        Column("multiplier", "倍率", targets.whole(1, 65535), first=1),
        Column("tariff", "电价方案", targets.whole(0, 255), first=0),
        Column("group", "分组", targets.whole(0, 255), first=0),
        Column("name", "户名", targets.text(NAME_CHARS)),
    ),
    keys=("device", "meter"),
    unique=(("device", "line", "address"),),
    look=_look,
    judge=_judge,
    apply=_apply,
    every=_every,
)
