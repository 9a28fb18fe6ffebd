"""Records are made and changed here, by whatever door: a page, a file, another system.

A change holds from its day on (`from_day`, days since 1970, local). What took effect before today
needs a reason and is listed: what was computed since is to be computed again. One that lies ahead is refused.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from station.archives import shapes
from station.archives.history import fold, spans
from station.archives.kinds import KINDS, LINK, LIVES, NUMBER_CHARS, life, score
from station.checks import refuse
from station.errors import FieldError, Invalid
from station.store import archives as store
from station.store import audit
from station.store.db import now_s
from station.store.scope import EVERYWHERE, Scope

REASON_CHARS = 200
FIRST_DAY = 0  # of effect
Row = dict[str, Any]


class Desk(NamedTuple):
    """Who changes, where he may, and what day it is there."""

    author: str
    scope: Scope
    today: int  # days since 1970, local


class Given(NamedTuple):
    """What a door was given: text by field name, `@ROLE` a number, `unit` an id."""

    values: Mapping[str, str]
    unit: int | None
    from_day: int | None
    reason: str = ""


def add(c: Connection, desk: Desk, kind: str, number: str, given: Given, token: str) -> int:
    """Id of a new record, or of the one that this token made before. Invalid."""
    before = store.by_token(c, token, desk.scope)
    if before is not None:
        return before
    problems: list[FieldError] = []
    number = shapes.number(number, problems)
    if not problems and store.taken(c, kind, number):
        problems.append(FieldError("number", "number_taken"))
    values = _checked(c, desk, kind, given, problems)
    day, late = _day(desk, given, problems, fresh=True)
    refuse(problems)
    values = {name: value for name, value in values.items() if value is not None}
    values["state"] = life(kind).first
    made = store.add(c, kind=kind, number=number, token=token, created_s=now_s(), **_columns(kind, values))
    _record(c, desk, made, values, day, late, given.reason)
    _derive(c, made, kind, number, {name for name in values if name.startswith(LINK)}, values)
    audit.add(c, desk.author, "archive_added", f"{kind} {number}", changed=values, from_day=day)
    return made


def change(c: Connection, desk: Desk, row: Row, version: int | None, given: Given) -> bool:
    """Change what differs; False when nothing does. Invalid, also when it was changed since."""
    problems: list[FieldError] = []
    values = _checked(c, desk, row["kind"], given, problems)
    day, late = _day(desk, given, problems)
    refuse(problems)
    return put(c, desk, row, version, values, day, given.reason, late=late)


def move(c: Connection, desk: Desk, row: Row, version: int | None, to: str, given: Given) -> None:
    """To another state of its life. Invalid."""
    problems: list[FieldError] = []
    if to not in life(row["kind"]).moves[row["state"]]:
        problems.append(FieldError("", "no_such_move"))
    day, late = _day(desk, given, problems)
    if to in (LIVES["use"].out, "scrapped") and not given.reason.strip():
        problems.append(FieldError("reason", "needed"))
    refuse(problems)
    put(c, desk, row, version, {"state": to}, day, given.reason, late=late)


def put(
    c: Connection,
    desk: Desk,
    row: Row,
    version: int | None,
    values: Mapping[str, Any],
    day: int,
    reason: str,
    *,
    late: bool,
) -> bool:
    """Write checked values from `day` on; False when they held already. Invalid when it was changed since."""
    known = store.changes(c, row["id"])
    held = fold(known, day)
    changed = {name: value for name, value in values.items() if held.get(name) != value}
    if known and day < min(each["from_day"] for each in known):
        raise Invalid(FieldError("from_day", "before_first"))
    if version is None or version != row["version"]:
        raise Invalid(FieldError("", "changed_meanwhile"))
    if not changed:
        return False
    _record(c, desk, row["id"], changed, day, late, reason)
    now = fold(store.changes(c, row["id"]), desk.today)
    if not store.change(c, row["id"], version, **_columns(row["kind"], now)):
        raise Invalid(FieldError("", "changed_meanwhile"))
    roles = {name for name in changed if name.startswith(LINK)}
    _derive(c, row["id"], row["kind"], row["number"], roles, now)
    before = {name: held.get(name) for name in changed}
    subject = f"{row['kind']} {row['number']}"
    audit.add(c, desk.author, "archive_changed", subject, before=before, after=changed, from_day=day)
    return True


def settle(c: Connection, desk: Desk, change_id: int) -> None:
    """Somebody computed again what a late change had made wrong."""
    found = store.settle(c, change_id, desk.scope, desk.author, now_s())
    if found is None:
        raise Invalid(FieldError("", "settled_before"))
    audit.add(c, desk.author, "archive_settled", f"{found['kind']} {found['number']}", change=change_id)


# ---- what is given


def _checked(
    c: Connection, desk: Desk, kind: str, given: Given, problems: list[FieldError]
) -> dict[str, Any]:
    values = shapes.read(kind, given.values, problems)
    if not (given.unit and desk.scope.holds(c, given.unit)):
        problems.append(FieldError("unit", "no_such_unit"))
    values["unit"] = given.unit
    for link in KINDS[kind].links:
        text = given.values.get(LINK + link.role)
        if text is not None:
            values[LINK + link.role] = _target(c, desk, link.to, text.strip(), problems, LINK + link.role)
    device = values.get("device")
    if device and not store.device_in(c, device, kind == "concentrator", desk.scope):
        problems.append(FieldError("device", "no_such_device"))
    if len(given.reason) > REASON_CHARS:
        problems.append(FieldError("reason", "too_long", {"most": REASON_CHARS}))
    return values


def _target(
    c: Connection, desk: Desk, kinds: tuple[str, ...], number: str, problems: list[FieldError], field: str
) -> int | None:
    if not number:
        return None
    for kind in kinds:
        found = store.named(c, kind, number[:NUMBER_CHARS], desk.scope)
        if found:
            return found["id"]
    problems.append(FieldError(field, "no_such_record"))
    return None


def _day(desk: Desk, given: Given, problems: list[FieldError], fresh: bool = False) -> tuple[int, bool]:
    """(effective day, whether it is recorded late): late needs a reason, unless the record is new."""
    day = given.from_day
    if day is None or day < FIRST_DAY:
        problems.append(FieldError("from_day", "bad_day"))
        return desk.today, False
    if day > desk.today:
        problems.append(FieldError("from_day", "day_ahead"))
    late = day < desk.today and not fresh
    if late and not given.reason.strip():
        problems.append(FieldError("reason", "late_needs_reason"))
    return day, late


# ---- what is derived


def _columns(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of a record out of its values."""
    facts = {field.name: values[field.name] for field in KINDS[kind].fields if field.name in values}
    return {
        "unit": values["unit"],
        "name": values.get("name", ""),
        "state": values["state"],
        "facts": facts,
        "address": facts.get("meter_address"),
        "device": facts.get("device"),
        "capacity_kva": facts.get("capacity_kva"),
        "score": score(kind, values),
    }


def _record(c: Connection, desk: Desk, number: int, changed: Row, day: int, late: bool, reason: str) -> None:
    store.add_change(
        c,
        record=number,
        from_day=day,
        recorded_s=now_s(),
        author=desk.author,
        reason=reason.strip(),
        changed=changed,
        late=int(late),
    )


def _derive(
    c: Connection, number: int, kind: str, natural: str, roles: set[str], values: Mapping[str, Any]
) -> None:
    known = store.changes(c, number) if roles else []
    for role in roles:
        store.put_spans(c, number, role.removeprefix(LINK), spans(known, role))
    store.put_words(c, number, kind, shapes.words(natural, values))


def unseen(c: Connection, number: int) -> Row:
    """A record by its id, wherever it stands: for what hangs on one that was seen."""
    found = store.get(c, number, EVERYWHERE)
    assert found
    return found
