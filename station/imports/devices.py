"""Terminals and concentrators: what people may put right of many at once. A new one is enrolled elsewhere."""

from collections.abc import Sequence

from sqlalchemy import Connection

from station.access import accounts, units
from station.checks import MAX_ROUNDS
from station.errors import FieldError
from station.imports import targets
from station.imports.targets import Change, Column, Importer, Key, Record, Target
from station.store import devices_import as store
from station.store.scope import Scope

NAME_CHARS, ID_CHARS, CODE_CHARS = 80, 24, 24
MAX_MULTIPLIER = 1_000_000


def _look(c: Connection, scope: Scope, keys: Sequence[Key]) -> dict[Key, Record]:
    return {(each["device"],): each for each in store.of_devices(c, scope, [key[0] for key in keys])}


def _judge(c: Connection, by: Importer, changes: Sequence[Change]) -> dict[int, FieldError]:
    """A device goes to another unit only by who keeps both of them (station.access.units)."""
    moved = [each for each in changes if each.after and each.before and "unit" in each.fields()]
    codes = sorted({each.after["unit"] for each in moved if each.after})
    open_to = store.units_by_code(c, by.scope, codes) if codes else {}
    keeper = accounts.keeper(c, by.name)
    mine = {code for code, unit in open_to.items() if keeper.scope.holds(c, unit)}
    wrong: dict[int, FieldError] = {}
    for at, each in enumerate(changes):
        if each.before is None or each.after is None:
            wrong[at] = FieldError("device", "device_not_there")
        elif "unit" in each.fields() and each.after["unit"] not in mine:
            wrong[at] = FieldError(
                "unit", "unit_not_yours" if each.after["unit"] in open_to else "no_unit_there"
            )
    return wrong


def _apply(c: Connection, by: Importer, changes: Sequence[Change]) -> None:
    store.change_devices(c, [each.after for each in changes if each.after])
    moved = [each.after for each in changes if each.after and "unit" in each.fields()]
    codes = store.units_by_code(c, by.scope, sorted({each["unit"] for each in moved})) if moved else {}
    keeper = accounts.keeper(c, by.name)
    for each in moved:
        units.move_device(c, keeper, each["device"], codes[each["unit"]])


DEVICES = Target(
    name="devices",
    function="archive",
    columns=(
        Column("device", "终端编号", targets.text(ID_CHARS), needed=True),
        Column("name", "终端名称", targets.text(NAME_CHARS)),
        Column("unit", "单位编码", targets.text(CODE_CHARS)),
        Column("meter_address", "表地址", targets.digits(12)),
        Column("multiplier", "倍率", targets.whole(1, MAX_MULTIPLIER), first=1),
        Column("rounds", "轮次数", targets.whole(1, MAX_ROUNDS), first=4),
    ),
    keys=("device",),
    unique=(),
    look=_look,
    judge=_judge,
    apply=_apply,
    every=store.every_device,
)
