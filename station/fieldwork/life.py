"""Orders are drafted, assigned and moved. Every change is refused here or stands in the audit."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from station.access.rights import rights_of, where
from station.errors import FieldError, Invalid
from station.fieldwork import checklist, facts, machine
from station.store import audit, devices, org, users
from station.store import fieldwork as store
from station.store.db import now_s
from station.store.scope import Scope

DO, DESK = "field", "events"  # functions: who works and drafts; who assigns, checks and cancels
POSTS = ("assignee", "deputy")
EXCUSED = "excused"  # among the ticks: what the desk let pass, items with spaces
Row = dict[str, Any]


def draft(c: Connection, author: str, scope: Scope, token: str, asked: Mapping[str, Any]) -> int:
    """Make an order, returns its number. `asked`: kind, unit, device ("" for none), subject, priority, due_s.

    A token that was used finds the first order. Invalid."""
    before = store.by_token(c, token)
    if before is not None:
        return before
    problems = _problems(c, scope, asked)
    if problems:
        raise Invalid(*problems)
    now = now_s()
    times = {"drafted_s": now, "changed_s": now}
    held = {**asked, "device": asked["device"] or None}
    number = store.add(c, token=token, state="drafted", author=author, **times, **held)
    store.step(c, number, t_s=now, author=author, move="draft")
    audit.add(c, author, "work_drafted", f"work {number}", kind=asked["kind"], unit=asked["unit"])
    return number


def _problems(c: Connection, scope: Scope, asked: Mapping[str, Any]) -> list[FieldError]:
    out: list[FieldError] = []
    for field, choices in (("kind", machine.KINDS), ("priority", machine.PRIORITIES)):
        if asked[field] not in choices:
            out.append(FieldError(field, "needed"))
    out += _place(c, scope, asked)
    if not asked["subject"]:
        out.append(FieldError("subject", "needed"))
    elif len(asked["subject"]) > machine.SUBJECT_CHARS:
        out.append(FieldError("subject", "too_long", {"most": machine.SUBJECT_CHARS}))
    if asked["due_s"] is None or not 0 < asked["due_s"] - now_s() <= machine.DUE_DAYS * 86400:
        out.append(FieldError("due", "work_due"))
    return out


def _place(c: Connection, scope: Scope, asked: Mapping[str, Any]) -> list[FieldError]:
    unit = org.unit(c, asked["unit"]) if scope.holds(c, asked["unit"]) else None
    if unit is None:
        return [FieldError("unit", "needed")]
    if unit["closed_s"] is not None:
        return [FieldError("unit", "unit_closed")]
    if asked["kind"] == "commission" and not asked["device"]:
        return [FieldError("device", "needed")]  # it is judged from what the device tells
    if asked["device"]:
        found = devices.get(c, asked["device"])
        if found is None or not Scope((asked["unit"],)).holds(c, found["unit"]):
            return [FieldError("device", "work_device")]
    return []


def move(
    c: Connection, order: Row, name: str, who: str, desk: bool, version: int, remark: str, **more: str
) -> None:
    """Make one of machine.MOVES on what `who` saw at `version`; Invalid says why not.

    `more`: of `assign` assignee and deputy. A second press of the same form changes nothing."""
    remark = remark.strip()[: machine.REMARK_CHARS]
    if order["version"] == version + 1 and _same(c, order, name, who, remark, more):
        return
    if order["version"] != version:
        raise Invalid(FieldError("", "changed_meanwhile"))
    wrong = machine.refusal(order, name, who, desk, remark) or _incomplete(c, order, name)
    if wrong is not None:
        raise Invalid(wrong)
    changed = _people(c, order, more) if name == "assign" else {}
    now = now_s()
    if name == "excuse":
        lacking = " ".join(checklist.missing(look(c, order, now)))
        store.tick(c, order["id"], EXCUSED, value=lacking, author=who, t_s=now)
    if not store.move(c, order["id"], version, state=machine.MOVES[name].to, changed_s=now, **changed):
        raise Invalid(FieldError("", "changed_meanwhile"))
    store.step(c, order["id"], t_s=now, author=who, move=name, remark=remark)
    audit.add(c, who, f"work_{name}", f"work {order['id']}", remark=remark, **changed)


def _same(c: Connection, order: Row, name: str, who: str, remark: str, more: Mapping[str, str]) -> bool:
    """Whether exactly this was the last step; what differs from it must be said, not passed over."""
    last = store.steps(c, order["id"])[-1]
    people = name != "assign" or all(order[field] == (more.get(field, "").strip() or None) for field in POSTS)
    return people and (last["move"], last["author"], last["remark"]) == (name, who, remark)


def _incomplete(c: Connection, order: Row, name: str) -> FieldError | None:
    """The hand finishes only what passes, or what the desk excused since he arrived."""
    if name != "finish":
        return None
    lacking = set(checklist.missing(look(c, order, now_s()))) - excused(c, order)
    return FieldError("", "work_lacking", {"items": " ".join(sorted(lacking))}) if lacking else None


def excused(c: Connection, order: Row) -> set[str]:
    """Needed items that the desk excused; those from before the last arrival count no more."""
    held = store.ticks(c, order["id"]).get(EXCUSED)
    arrived = max(
        (each["t_s"] for each in store.steps(c, order["id"]) if each["move"] == "arrive"), default=0
    )
    return set(held["value"].split()) if held and held["t_s"] >= arrived else set()


def look(c: Connection, order: Row, t_s: int) -> list[checklist.Finding]:
    """The checklist of an order as things stand now."""
    known = facts.of(c, order["device"], t_s) if order["device"] else None
    if known is not None and not Scope((order["unit"],)).holds(c, known.device["unit"]):
        known = None  # it went to another unit: no business of who sees this order
    return checklist.findings(order["kind"], known, store.ticks(c, order["id"]), t_s)


def _people(c: Connection, order: Row, more: Mapping[str, str]) -> dict[str, str | None]:
    named = {field: more.get(field, "").strip() for field in POSTS}
    problems = [
        FieldError(field, "work_person")
        for field, name in named.items()
        if name and not works_in(c, name, order["unit"])
    ]
    if not named["assignee"]:
        problems.append(FieldError("assignee", "needed"))
    elif named["deputy"] == named["assignee"]:
        problems.append(FieldError("deputy", "work_person"))
    if problems:
        raise Invalid(*problems)
    return {field: name or None for field, name in named.items()}


def works_in(c: Connection, name: str, unit: int) -> bool:
    """Whether this person, whose account is open, does field work in the unit."""
    user = users.get(c, name)
    if user is None or user["disabled_s"] is not None:
        return False
    return where(rights_of(c, name, now_s()), DO).holds(c, unit)


def tick(c: Connection, order: Row, who: str, version: int, noted: Mapping[str, str]) -> None:
    """Keep what a hand noted at the place: {item: value}, "" leaves one as it is. Invalid."""
    if who not in machine.hands(order) or order["state"] != "on_site":
        raise Invalid(FieldError("", "work_not_yours"))
    allowed = {each.item for each in checklist.findings(order["kind"], None, {}, 0)}
    kept = {item: value.strip() for item, value in noted.items() if item in allowed and value.strip()}
    long = [item for item, value in kept.items() if len(value) > machine.VALUE_CHARS]
    if long:
        raise Invalid(*(FieldError(item, "too_long", {"most": machine.VALUE_CHARS}) for item in long))
    held = store.ticks(c, order["id"])
    if all(item in held and held[item]["value"] == value for item, value in kept.items()):
        return  # a second press
    if not store.move(c, order["id"], version, changed_s=now_s()):
        raise Invalid(FieldError("", "changed_meanwhile"))
    for item, value in kept.items():
        store.tick(c, order["id"], item, value=value, author=who, t_s=now_s())
    store.step(c, order["id"], t_s=now_s(), author=who, move="tick", remark=" ".join(kept))
    audit.add(c, who, "work_tick", f"work {order['id']}", **kept)
