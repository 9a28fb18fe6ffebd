"""Units are added, renamed, moved and closed, never deleted: history names them.

One that people or terminals stand in is moved or closed by two."""

from typing import Any

from sqlalchemy import Connection

from station.access.accounts import Keeper, open_unit
from station.access.roles import functions_of
from station.approvals import policy
from station.errors import FieldError, Invalid
from station.store import accounts, audit, devices, org
from station.store.db import now_s
from station.store.scope import ROOT

NAME_CHARS = 60
CODE_CHARS = 24
OPERATION = "unit_move"


def by_code(c: Connection, code: str) -> int:
    found = org.unit_by_code(c, code)
    if found is None:
        raise Invalid(FieldError("unit", "no_such_unit"))
    return found["id"]


def add(c: Connection, by: Keeper, parent: int, level: str, code: str, name: str) -> int:
    """Hang a new unit below `parent`; returns its id."""
    _fits(open_unit(c, by, parent), level)
    code, name = _text("code", code, CODE_CHARS), _text("name", name, NAME_CHARS)
    if org.unit_by_code(c, code):
        raise Invalid(FieldError("code", "code_taken"))
    unit = org.add_unit(c, parent, level, code, name)
    audit.add(c, by.name, "unit_added", code, parent=parent, level=level, name=name)
    return unit


def rename(c: Connection, by: Keeper, unit: int, name: str) -> None:
    found, name = open_unit(c, by, unit), _text("name", name, NAME_CHARS)
    org.change_unit(c, unit, name=name)
    audit.add(c, by.name, "unit_renamed", found["code"], before=found["name"], after=name)


def move(c: Connection, by: Keeper, unit: int, parent: int) -> None:
    """Hang `unit` with all below it under `parent`; both lie in the keeper's care."""
    found = movable(c, by, unit, parent)
    needed = None if by.seconded else operation(c, unit)
    if needed:
        raise Invalid(FieldError("unit", "needs_two", {"operation": needed}))
    org.move_unit(c, unit, parent)
    audit.add(c, by.name, "unit_moved", found["code"], before=found["parent"], after=parent)


def movable(c: Connection, by: Keeper, unit: int, parent: int) -> dict[str, Any]:
    """The row of a unit that may hang under `parent`; Invalid."""
    found, above = _own(c, by, unit), open_unit(c, by, parent)
    if unit in org.ancestors(c, parent):
        raise Invalid(FieldError("parent", "unit_below_itself"))
    _fits(above, found["level"])
    return found


def close(c: Connection, by: Keeper, unit: int, filled: bool = False) -> None:
    """Take nothing new any more; refused while anything open stands in it.

    `filled`: people and terminals may; they stay and are seen as before, until they are moved away."""
    found = closable(c, by, unit, filled)
    org.change_unit(c, unit, closed_s=now_s())
    audit.add(c, by.name, "unit_closed", found["code"])


def closable(c: Connection, by: Keeper, unit: int, filled: bool) -> dict[str, Any]:
    """The row of a unit that may be closed; Invalid."""
    found, held = _own(c, by, unit), org.held(c, unit)
    if held["units"] or (not filled and any(held.values())):
        raise Invalid(FieldError("unit", "unit_in_use", held))
    return found


def is_filled(c: Connection, unit: int) -> bool:
    """Whether people or terminals stand in it or below."""
    held = org.held(c, unit)
    return bool(held["people"] or held["devices"])


def operation(c: Connection, unit: int) -> str | None:
    """The operation that moving or closing `unit` is, if it needs two."""
    return OPERATION if is_filled(c, unit) and policy.above(policy.rules(c), OPERATION) else None


def sight(c: Connection, unit: int, parent: int) -> dict[str, list[str]]:
    """{user: gains, loses or both}: who may do more or less in `unit` once it hangs under `parent`."""
    own, before, now = org.own_roles(c), dict[str, set[str]](), now_s()
    held, after = accounts.holders_above(c, unit, now), dict[str, set[str]]()
    staying = [grant for grant in held if grant["unit"] == unit]
    for sees, grants in ((before, held), (after, staying + accounts.holders_above(c, parent, now))):
        for grant in grants:
            sees.setdefault(grant["user"], set()).update(functions_of(grant["role"], own))
    out: dict[str, list[str]] = {}
    for user in sorted(before.keys() | after.keys()):
        had, has = before.get(user, set()), after.get(user, set())
        flags = [name for name, differs in (("gains", has - had), ("loses", had - has)) if differs]
        if flags:
            out[user] = flags
    return out


def move_device(c: Connection, by: Keeper, device: str, unit: int) -> None:
    """From now on the people of `unit` see and command `device`; both units lie in the keeper's care."""
    there, found = open_unit(c, by, unit), devices.get(c, device)
    before = org.unit(c, found["unit"]) if found else None
    if before is None or not by.scope.holds(c, before["id"]):
        raise Invalid(FieldError("device", "no_such_device"))
    devices.change(c, device, unit=unit)
    audit.add(c, by.name, "device_moved", device, before=before["code"], after=there["code"])


def way(c: Connection, unit: int) -> list[dict[str, Any]]:
    """The units from below the root down to `unit`; [] for the root itself."""
    found = [org.unit(c, each) for each in org.ancestors(c, unit)[1:]]
    return [each for each in found if each is not None]


def _own(c: Connection, by: Keeper, unit: int) -> dict[str, Any]:
    """A unit that may hang elsewhere: not the root, not the top of the keeper's own care."""
    found = open_unit(c, by, unit)
    if unit == ROOT:
        raise Invalid(FieldError("unit", "unit_root"))
    if not by.scope.holds(c, found["parent"]):
        raise Invalid(FieldError("unit", "not_your_unit"))
    return found


def _fits(above: dict[str, Any], level: str) -> None:
    lower = org.LEVELS[org.LEVELS.index(above["level"]) + 1 :]
    if level not in lower:
        raise Invalid(FieldError("level", "unit_level", {"level": level, "above": above["level"]}))


def _text(field: str, text: str, most: int) -> str:
    text = text.strip()
    if not text:
        raise Invalid(FieldError(field, "needed"))
    if len(text) > most:
        raise Invalid(FieldError(field, "too_long", {"most": most}))
    return text
