"""Stock is moved, all lines of a form or none, and planned. Each change stands in the audit."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from station.access.rights import rights_of, where
from station.checks import refuse, whole
from station.errors import FieldError, Invalid
from station.stock.moves import DEVICE, KINDS, MOVES, PERSON, Move, serials
from station.store import audit, devices
from station.store import stock as store
from station.store.db import now_s
from station.store.scope import Scope

MOST = 1_000_000  # of an article in one movement, or in a plan
MODEL_CHARS, REMARK_CHARS = 60, 200


class Line(NamedTuple):
    line: int
    serial: str | None  # None: counted
    count: int


def move(c: Connection, author: str, scope: Scope, sent: Mapping[str, Any], token: str) -> int:
    """Move what the form says; returns how many lines. The same form again moves nothing.

    `sent` has move, kind, unit, model, serials, count, person, device, work_order, remark. Invalid says why
    not; the caller then undoes the transaction."""
    before = store.done_before(c, author, token) if token else 0
    if before:
        return before
    lines = _checked(c, scope, sent, token)
    problems = [wrong for each in lines if (wrong := _moved(c, author, sent, token, each))]
    refuse(problems)  # the transaction is undone as a whole
    count = sum(each.count for each in lines)
    told = {name: sent[name] for name in ("kind", "unit", "person", "device", "work_order") if sent[name]}
    audit.add(c, author, "stock_moved", sent["move"], lines=len(lines), count=count, **told)
    return len(lines)


def _checked(c: Connection, scope: Scope, sent: Mapping[str, Any], token: str) -> list[Line]:
    problems: list[FieldError] = []
    if not token:
        problems.append(FieldError("", "needed"))
    if sent["kind"] not in KINDS:
        problems.append(FieldError("kind", "needed"))
    if sent["move"] not in MOVES:
        problems.append(FieldError("move", "needed"))
    for name, most in (("model", MODEL_CHARS), ("remark", REMARK_CHARS)):
        if len(sent[name]) > most:
            problems.append(FieldError(name, "too_long", {"most": most}))
    if not isinstance(sent["unit"], int) or not scope.holds(c, sent["unit"]):
        problems.append(FieldError("unit", "no_such_unit"))
    refuse(problems)
    _whom(c, sent, problems)
    lines = _lines(sent, problems)
    refuse(problems)
    return lines


def _whom(c: Connection, sent: Mapping[str, Any], problems: list[FieldError]) -> None:
    """Person, device and order of the movement, all of its unit."""
    unit, ends = sent["unit"], MOVES[sent["move"]]
    if PERSON in ends and not _works(c, sent["person"], unit):
        problems.append(FieldError("person", "work_person"))
    if DEVICE in ends:
        found = devices.get(c, sent["device"])
        if found is None or found["unit"] != unit:
            problems.append(FieldError("device", "work_device"))
    order = sent["work_order"]
    if order is not None and not (isinstance(order, int) and store.order_in(c, order, unit)):
        problems.append(FieldError("work_order", "no_such_order"))


def _works(c: Connection, person: str, unit: int) -> bool:
    rights = rights_of(c, person, now_s())
    return any(where(rights, function).holds(c, unit) for function in ("field", "stock"))


def _lines(sent: Mapping[str, Any], problems: list[FieldError]) -> list[Line]:
    named, wrong = serials(sent["serials"])
    problems += wrong
    fresh = sent["move"] == "receive"
    if (fresh or not (named or wrong)) and not sent["model"]:
        problems.append(FieldError("model", "needed"))
    if named or wrong:
        return [Line(line, serial, 1) for line, serial in named]
    return [Line(0, None, whole(sent["count"], "count", 1, MOST, problems))]


def _moved(c: Connection, author: str, sent: Mapping[str, Any], token: str, each: Line) -> FieldError | None:
    found = store.find(c, sent["kind"], each.serial, sent["model"])
    ends = MOVES[sent["move"]]
    wrong = _passes(c, found, sent, ends, each)
    if wrong:
        return wrong
    item = found["id"] if found else store.add_item(c, sent["kind"], each.serial, sent["model"])
    if ends.target:
        store.put(c, item, _spot(sent, ends.target), each.count)
    at_device, with_person = DEVICE in ends, PERSON in ends
    store.record(
        c,
        token=token,
        line=each.line,
        item=item,
        unit=sent["unit"],
        move=sent["move"],
        holder=sent["device"] if at_device else sent["person"] if with_person else "",
        person=sent["person"] if with_person else "",
        count=each.count,
        work_order=sent["work_order"],
        remark=sent["remark"],
        author=author,
        t_s=now_s(),
    )
    return None


def _passes(
    c: Connection, found: Mapping[str, Any] | None, sent: Mapping[str, Any], ends: Move, each: Line
) -> FieldError | None:
    """Take it from where it is; what is received with a serial must not be anywhere yet."""
    if ends.source is None:
        if each.serial and found and store.held(c, found["id"]):
            return FieldError("serials", "serial_there", {"line": each.line, "serial": each.serial})
        return None
    if found and store.take(c, found["id"], _spot(sent, ends.source), each.count):
        return None
    if each.serial:
        return FieldError("serials", "serial_not_there", {"line": each.line, "serial": each.serial})
    return FieldError("count", "stock_short")


def _spot(sent: Mapping[str, Any], place: str) -> store.Spot:
    return store.Spot(sent["unit"], place, sent[place] if place in (PERSON, DEVICE) else "")


def plan(c: Connection, author: str, scope: Scope, unit: int, kind: str, planned: Any, version: Any) -> None:
    """Say how many of a kind a unit is to have; Invalid when somebody else did so meanwhile."""
    problems: list[FieldError] = []
    if kind not in KINDS or not scope.holds(c, unit):
        raise Invalid(FieldError("", "no_such_unit"))
    planned = whole(planned, "planned", 0, MOST, problems)
    refuse(problems)
    before = store.plan(c, unit, kind)["planned"]
    if not isinstance(version, int) or not store.set_plan(c, unit, kind, planned, version):
        raise Invalid(FieldError("", "changed_meanwhile"))
    audit.add(c, author, "stock_planned", kind, unit=unit, before=before, after=planned)
