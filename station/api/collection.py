"""Collection tasks of marketing, what came of all tasks, what is missing and is asked for again."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from protocols.meters.points import BY_ALIAS, BY_NO
from protocols.uplink.messages import CURVE, DAILY, MONTHLY
from station.api import gate, shapes
from station.api.door import Blueprint
from station.api.failures import not_found
from station.api.shapes_of_rooms import (
    Counts,
    Holes,
    HolesQuery,
    Supplement,
    Supplemented,
    Task,
    TaskChange,
    TaskFacts,
    Tasks,
    TasksQuery,
)
from station.collection import supplement, tasks
from station.errors import FieldError, Invalid
from station.store import collection as store
from station.store import collection_counts as counts
from station.store.db import now_s

blueprint = Blueprint("collection", __name__, description="What is expected of the meters, and what came")
KINDS = {"daily": DAILY, "monthly": MONTHLY, "curve": CURVE}
EPOCH_DAY = date(1970, 1, 1)
HOLES_MOST = 1000


@blueprint.get("/collection/tasks")
@gate.needs("view")
@blueprint.arguments(TasksQuery, location="query")
@blueprint.response(200, Tasks)
def listed(asked: dict[str, Any]) -> dict[str, Any]:
    """Tasks by priority and id, a page at a time; `after` is the id of the last one."""
    scope = gate.scope("view")
    with gate.reading() as c:
        last = store.get(c, asked["after"], scope) if asked["after"] else None
        if asked["after"] and last is None:
            raise not_found()
        place = (last["priority"], last["id"]) if last else (0, 0)
        found = store.listed(c, scope, asked["limit"] + 1, place)
    items = [_shown(row) for row in found[: asked["limit"]]]
    return {"items": items, "next": items[-1]["id"] if len(found) > len(items) else None}


@blueprint.post("/collection/tasks")
@gate.needs("collect")
@blueprint.arguments(TaskFacts)
@blueprint.response(201, Task)
def make(facts: dict[str, Any]) -> dict[str, Any]:
    """A task of marketing, which alone changes it. Header Idempotency-Key: the id of the message."""
    with gate.once() as once:
        if once.earlier is not None:
            return once.earlier
        token = f"api {gate.bearer().token} {once.key}"
        number = tasks.add(once.c, gate.bearer().user, gate.scope("collect"), _facts(facts), token)
        return once.keep(_shown(_known(once.c, number)), 201, f"collection task {number}")


@blueprint.get("/collection/tasks/<int:number>")
@gate.needs("view")
@blueprint.response(200, Task)
def one(number: int) -> dict[str, Any]:
    """A task."""
    with gate.reading() as c:
        return _shown(_known(c, number))


@blueprint.post("/collection/tasks/<int:number>")
@gate.needs("collect")
@blueprint.arguments(TaskChange)
@blueprint.response(200, Task)
def change(facts: dict[str, Any], number: int) -> dict[str, Any]:
    """Change a task of marketing as it was at `version`. Header Idempotency-Key."""
    with gate.once() as once:
        if once.earlier is not None:
            return once.earlier
        _known(once.c, number)
        version = facts.pop("version")
        tasks.change(once.c, gate.bearer().user, gate.scope("collect"), number, version, _facts(facts))
        return once.keep(_shown(_known(once.c, number)), 200, f"collection task {number}")


@blueprint.get("/collection/tasks/<int:number>/days")
@gate.needs("view")
@blueprint.response(200, Counts)
def days(number: int) -> dict[str, Any]:
    """What was expected and what came on the last 31 counted days, the newest first."""
    with gate.reading() as c:
        last = _known(c, number)["counted_day"] or 0
        found = counts.by_day(c, number, gate.scope("view"), last - 30, last)
    return {"items": [{**row, "day": EPOCH_DAY + timedelta(days=row["day"])} for row in found]}


@blueprint.get("/collection/tasks/<int:number>/missing")
@gate.needs("view")
@blueprint.arguments(HolesQuery, location="query")
@blueprint.response(200, Holes)
def missing(asked: dict[str, Any], number: int) -> dict[str, Any]:
    """What of a local day is due and not here; the first 1000, and how many there are."""
    with gate.reading() as c:
        task, day = _known(c, number), _day(asked["day"])
        found = tasks.missing_of_day(c, task, gate.scope("view"), day, now_s(), asked["device"] or None)
    items = [
        {"device": each.device, "metering_point": each.point, "t_s": each.slot_s}
        | {"items": [BY_NO[item][2] for item in each.items]}
        for each in found[:HOLES_MOST]
    ]
    return {"items": items, "total": len(found)}


@blueprint.post("/collection/tasks/<int:number>/supplement")
@gate.needs("collect")
@blueprint.arguments(Supplement)
@blueprint.response(202, Supplemented)
def ask(asked: dict[str, Any], number: int) -> dict[str, Any]:
    """Ask concentrators again for what is missing of a local day. Header Idempotency-Key."""
    with gate.once() as once:
        if once.earlier is not None:
            return once.earlier
        task, day = _known(once.c, number), _day(asked["day"])
        device = asked["device"] or None
        slots = supplement.ask(once.c, gate.bearer().user, gate.scope("collect"), task, day, device, now_s())
        return once.keep({"slots": slots}, 202, f"collection task {number}")


def _known(c: Connection, number: int) -> dict[str, Any]:
    found = store.get(c, number, gate.scope("view")) if number <= shapes.MOST else None
    if found is None:
        raise not_found()
    return found


def _day(day: date) -> int:
    """Days since 1970; Invalid when it lies ahead."""
    number = (day - EPOCH_DAY).days
    if not 0 <= number <= now_s() // 86_400 + 1:
        raise Invalid(FieldError("day", "bad_day"))
    return number


def _facts(asked: dict[str, Any]) -> dict[str, Any]:
    """As station.collection.tasks takes them. Invalid: an item that is none."""
    if not all(name in BY_ALIAS for name in asked["items"]):
        raise Invalid(FieldError("items", "no_such_point"))
    items = [BY_ALIAS[name][0] for name in asked["items"]]
    return asked | {"kind": KINDS[asked["kind"]], "items": items, "origin": store.MARKETING}


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    names = {kind: name for name, kind in KINDS.items()}
    items = [BY_NO[item][2] for item in row["items"]]
    return {**row, "kind": names[row["kind"]], "items": items}
