"""The duty log: who watches a unit, what happened, what is handed to the next person.

Entries are never changed: a correction is another entry. One shift of a unit is open at a time.
"""

from typing import Any

from sqlalchemy import Connection

from station.errors import FieldError, Invalid
from station.store import alarms, audit
from station.store import duty as store
from station.store.db import now_s
from station.store.scope import Scope

TEXT_CHARS = 1000
LISTED = 200  # alarms and entries of a handover
Row = dict[str, Any]


def begin(c: Connection, who: str, scope: Scope, unit: int) -> int:
    """The first shift of a unit, or one after a pause; returns its number."""
    if not scope.holds(c, unit):
        raise Invalid(FieldError("unit", "no_such_unit"))
    held = store.open_at(c, unit)
    if held is not None and held["person"] == who:
        return held["id"]
    if held is not None:
        raise Invalid(FieldError("unit", "shift_open", {"person": held["person"]}))
    number = store.begin(c, unit, who, now_s())
    audit.add(c, who, "shift_begun", f"shift {number}", unit=unit)
    return number


def write(
    c: Connection,
    who: str,
    scope: Scope,
    shift: int,
    text: str,
    token: str,
    *,
    todo: bool = False,
    corrects: int | None = None,
    ends: int | None = None,
) -> None:
    """An entry of the person who has the shift; it may correct, or end, an earlier one of the unit."""
    row = _open(c, scope, shift)
    if row["person"] != who:
        raise Invalid(FieldError("", "not_your_shift"))
    said = text.strip()
    if not said:
        raise Invalid(FieldError("text", "needed"))
    if len(said) > TEXT_CHARS:
        raise Invalid(FieldError("text", "too_long", {"most": TEXT_CHARS}))
    for field, number in (("corrects", corrects), ("ends", ends)):
        if number is not None and store.entry(c, number, row["unit"]) is None:
            raise Invalid(FieldError(field, "no_such_entry"))
    facts = {"todo": int(todo), "corrects": corrects, "ends": ends}
    store.write(c, token=token, shift=shift, t_s=now_s(), author=who, text=said, **facts)
    audit.add(c, who, "duty_noted", f"shift {shift}", **facts)


def unhandled(c: Connection, unit: int) -> Row:
    """{alarms, entries}: what the next person must know of, as JSON."""
    below = Scope((unit,))
    found = [
        {name: row[name] for name in ("id", "kind", "severity", "state", "device", "device_name", "from_s")}
        for state in ("open", "acknowledged")
        for row in alarms.page(c, alarms.Wanted(below, state), LISTED)
    ]
    entries = [
        {name: row[name] for name in ("id", "t_s", "author", "text")} for row in store.undone(c, unit, LISTED)
    ]
    return {"alarms": sorted(found, key=lambda each: each["severity"]), "entries": entries}


def hand_over(c: Connection, who: str, scope: Scope, shift: int) -> None:
    """List what is unhandled now; the shift goes on until somebody takes it over."""
    row = _open(c, scope, shift)
    if row["person"] != who:
        raise Invalid(FieldError("", "not_your_shift"))
    told = unhandled(c, row["unit"])
    if not store.hand(c, shift, now_s(), told):
        raise Invalid(FieldError("", "changed_meanwhile"))
    counted = {name: len(many) for name, many in told.items()}
    audit.add(c, who, "shift_handed", f"shift {shift}", **counted)


def take_over(c: Connection, who: str, scope: Scope, shift: int) -> int:
    """Confirm the handover and begin the next shift; returns its number.

    Who left without handing over is followed all the same: what was unhandled is listed then.
    """
    row = _open(c, scope, shift)
    if row["person"] == who:
        raise Invalid(FieldError("", "own_shift"))
    at = now_s()
    if row["handed_s"] is None:
        store.hand(c, shift, at, unhandled(c, row["unit"]))
    if not store.end(c, shift, at, who):
        raise Invalid(FieldError("", "changed_meanwhile"))
    number = store.begin(c, row["unit"], who, at, before=shift)
    audit.add(c, who, "shift_taken", f"shift {number}", before=shift, handed=row["handed_s"] is not None)
    return number


def _open(c: Connection, scope: Scope, shift: int) -> Row:
    row = store.get(c, shift, scope)
    if row is None or row["ended_s"] is not None:
        raise Invalid(FieldError("", "no_shift"))
    return row
