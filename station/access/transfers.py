"""A person moves to another unit (domain.md R50): application, the to-dos first, two separate words, done.

    open -> done | refused | withdrawn

One word is that of the unit which is left (`left`), one that of the nearest unit above both (`above`);
the two come from different people, neither the applicant nor the person. Done: the unit changes, and the
rights that lie in the old unit and not in the new one end.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from station.access import accounts, delegation
from station.access.accounts import Keeper
from station.access.rights import rights_of, where
from station.access.strong import APPROVES
from station.errors import FieldError, Invalid
from station.store import audit, org, users
from station.store import transfers as store
from station.store.db import now_s

STATES = ("open", "done", "refused", "withdrawn")
STEPS = {"left": "from_unit", "above": "above_unit"}  # word -> where its giver needs the right
TEXT_CHARS = 200
MORNING_H, EVENING_H, HALF_DAY_H = 9, 17, 4  # local working hours, Monday to Friday
Row = dict[str, Any]

# What must be finished first: name -> numbers of what a person has still to do.
TODOS: Mapping[str, Callable[[Connection, str], list[int]]] = {
    "proposals": store.proposals_of,
    "handed": lambda c, user: store.handed_to(c, user, now_s()),
}


def todos(c: Connection, user: str) -> dict[str, list[int]]:
    """{name of TODOS: numbers}, without those that are empty."""
    found = {name: source(c, user) for name, source in TODOS.items()}
    return {name: numbers for name, numbers in found.items() if numbers}


def due_s(opened_s: int, offset_s: int) -> int:
    """The instant half a working day after `opened_s`; `offset_s` of the local time. Holidays count."""
    at = datetime.fromtimestamp(opened_s + offset_s, UTC)
    left = timedelta(hours=HALF_DAY_H)
    while True:
        day = at.replace(hour=0, minute=0, second=0, microsecond=0)
        begin, end = (day + timedelta(hours=hour) for hour in (MORNING_H, EVENING_H))
        at = max(at, begin)
        if at.weekday() < 5 and at < end:
            if at + left <= end:
                return int((at + left).timestamp()) - offset_s
            left -= end - at
        at = day + timedelta(days=1)


def apply(c: Connection, by: Keeper, name: str, unit: int, reason: str, *, token: str, offset_s: int) -> int:
    """Ask that `name` moves to `unit`; returns the number, of the first one where `token` was used before."""
    earlier = store.by_token(c, token)
    if earlier is not None:
        return earlier
    user = accounts.other(c, by, name)
    accounts.open_unit(c, by, unit)
    _text("reason", reason)
    if user["unit"] == unit:
        raise Invalid(FieldError("unit", "there_already"))
    if store.open_of(c, name) is not None:
        raise Invalid(FieldError("name", "transfer_open"))
    ways = [org.ancestors(c, each) for each in (user["unit"], unit)]
    above = next(each for each in reversed(ways[0]) if each in ways[1])
    now = now_s()
    facts = {"user": name, "from_unit": user["unit"], "to_unit": unit, "reason": reason.strip()}
    dates = {"opened_s": now, "due_s": due_s(now, offset_s)}
    number = store.add(c, token=token, author=by.name, above_unit=above, **facts, **dates)
    audit.add(c, by.name, "transfer_asked", f"transfer {number}", **facts)
    return number


def refusal(c: Connection, row: Row, step: str, who: str) -> FieldError | None:
    """Why `who` may not give the word `step` now."""
    if row["state"] != "open" or row[f"{step}_by"] is not None:
        return FieldError("", "already_decided", {"state": row["state"]})
    if who in (row["author"], row["user"], row["left_by"], row["above_by"]):
        return FieldError("", "same_person")
    mine = where(rights_of(c, who, now_s(), but_from=row["author"]), APPROVES)
    return None if mine.holds(c, row[STEPS[step]]) else FieldError("", "no_right_there")


def agree(c: Connection, number: int, step: str, who: str) -> None:
    """Give one word; with the second the person moves. Invalid says why not."""
    row = _row(c, number)
    _refuse(refusal(c, row, step, who))
    user, left = users.get(c, row["user"]), todos(c, row["user"])
    if user is None or user["unit"] != row["from_unit"]:
        raise Invalid(FieldError("", "changed_meanwhile"))
    if left:
        raise Invalid(FieldError("", "todos_open", {"n": sum(map(len, left.values()))}))
    store.change(c, number, **{f"{step}_by": who, f"{step}_s": now_s()})
    audit.add(c, who, "transfer_agreed", f"transfer {number}", step=step)
    other = "above" if step == "left" else "left"
    if row[f"{other}_by"] is not None:
        _move(c, row, who)


def _move(c: Connection, row: Row, who: str) -> None:
    to, name, now = org.unit(c, row["to_unit"]), row["user"], now_s()
    if to is None or to["closed_s"] is not None:
        raise Invalid(FieldError("", "unit_closed"))
    old, fresh = set(org.subtree(c, row["from_unit"])), set(org.subtree(c, row["to_unit"]))
    had_keeper = bool(accounts.keepers(c))
    for grant in org.grants_of(c, name, now):
        if grant["unit"] in old - fresh:
            org.end_grant(c, grant["id"], now)
            delegation.ended(c, who, name, grant)
            audit.add(c, who, "revoked", name, role=grant["role"], unit=grant["unit"])
    if had_keeper and not accounts.keepers(c):
        raise Invalid(FieldError("", "last_keeper"))
    users.change(c, name, unit=row["to_unit"])
    store.change(c, row["id"], state="done", ended_s=now)
    audit.add(c, who, "transferred", name, before=row["from_unit"], after=row["to_unit"])


def refuse(c: Connection, number: int, who: str, remark: str) -> None:
    """End it, with a reason, by somebody who may still give one of the words."""
    row = _row(c, number)
    _text("remark", remark)
    reasons = [refusal(c, row, step, who) for step in STEPS]
    if all(reasons):
        _refuse(next(each for each in reasons if each))
    store.change(c, number, state="refused", refused_by=who, remark=remark.strip(), ended_s=now_s())
    audit.add(c, who, "transfer_refused", f"transfer {number}", remark=remark.strip())


def withdraw(c: Connection, number: int, who: str) -> None:
    row = _row(c, number)
    if row["author"] != who:
        raise Invalid(FieldError("", "not_yours"))
    if row["state"] != "open":
        raise Invalid(FieldError("", "already_decided", {"state": row["state"]}))
    store.change(c, number, state="withdrawn", ended_s=now_s())
    audit.add(c, who, "transfer_withdrawn", f"transfer {number}")


def _row(c: Connection, number: int) -> Row:
    row = store.get(c, number)
    if row is None:
        raise Invalid(FieldError("", "no_such_transfer"))
    return row


def _text(field: str, text: str) -> None:
    if not text.strip():
        raise Invalid(FieldError(field, "needed"))
    if len(text) > TEXT_CHARS:
        raise Invalid(FieldError(field, "too_long", {"most": TEXT_CHARS}))


def _refuse(wrong: FieldError | None) -> None:
    if wrong is not None:
        raise Invalid(wrong)
