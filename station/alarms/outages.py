"""Planned outages: what falls silent or stands still under one is recorded and disturbs nobody."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from station.checks import refuse
from station.errors import FieldError, Invalid
from station.store import alarms, audit, org
from station.store import outages as store
from station.store.db import now_s
from station.store.scope import Scope

REASON_CHARS = 200
MOST_DEVICES = 1000
LONGEST_S = 31 * 86400


def plan(
    c: Connection,
    who: str,
    scope: Scope,
    unit: int,
    devices: Sequence[str],
    from_s: int | None,
    until_s: int | None,
    reason: str,
    token: str,
) -> int:
    """Of a unit with all below it, or of these devices of it; returns its number. Invalid says why not."""
    earlier = store.by_token(c, token)
    if earlier is not None:
        return earlier
    problems = _times(from_s, until_s)
    if not reason.strip():
        problems.append(FieldError("reason", "needed"))
    if len(reason) > REASON_CHARS:
        problems.append(FieldError("reason", "too_long", {"most": REASON_CHARS}))
    if not scope.holds(c, unit):
        problems.append(FieldError("unit", "no_such_unit"))
    elif devices:
        problems += _strange(c, unit, devices)
    refuse(problems)
    facts: dict[str, Any] = {"from_s": from_s, "until_s": until_s, "reason": reason.strip()}
    number = store.add(c, token=token, unit=unit, devices=sorted(set(devices)), author=who, **facts)
    audit.add(c, who, "outage_planned", f"outage {number}", unit=unit, devices=len(set(devices)), **facts)
    return number


def _times(from_s: int | None, until_s: int | None) -> list[FieldError]:
    if from_s is None or until_s is None:
        missing = [name for name, t_s in (("from", from_s), ("until", until_s)) if t_s is None]
        return [FieldError(name, "bad_instant") for name in missing]
    if until_s <= from_s or until_s <= now_s():
        return [FieldError("until", "end_past")]
    if until_s - from_s > LONGEST_S:
        return [FieldError("until", "out_of_range", {"least": 0, "most": LONGEST_S // 86400})]
    return []


def _strange(c: Connection, unit: int, devices: Sequence[str]) -> list[FieldError]:
    if len(set(devices)) > MOST_DEVICES:
        return [FieldError("devices", "too_many_affected", {"most": MOST_DEVICES})]
    held, below = alarms.standing(c, devices), set(org.subtree(c, unit))
    strange = [name for name in sorted(set(devices)) if name not in held or held[name]["unit"] not in below]
    return [FieldError("devices", "no_such_devices", {"devices": " ".join(strange[:5])})] if strange else []


def move(c: Connection, who: str, scope: Scope, number: int, version: int, until_s: int | None) -> None:
    """End it early or prolong it."""
    row = store.get(c, number, scope)
    if row is None:
        raise Invalid(FieldError("", "no_such_outage"))
    if until_s is None:
        raise Invalid(FieldError("until", "bad_instant"))
    if until_s - row["from_s"] > LONGEST_S:
        raise Invalid(FieldError("until", "out_of_range", {"least": 0, "most": LONGEST_S // 86400}))
    if not store.change_at(c, number, version, until_s=until_s):
        raise Invalid(FieldError("", "changed_meanwhile"))
    audit.add(c, who, "outage_moved", f"outage {number}", before=row["until_s"], until_s=until_s)
