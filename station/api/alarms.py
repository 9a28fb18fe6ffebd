"""Alarms as the inbox has them."""

from typing import Any

from sqlalchemy import Connection

from station.alarms import acts
from station.api import gate, shapes
from station.api.door import Blueprint
from station.api.failures import not_found
from station.api.shapes_of_rooms import Acknowledge, Alarm, Alarms, AlarmsQuery
from station.store import alarms as store

blueprint = Blueprint("alarms", __name__, description="What is wrong now, and who looks after it")


@blueprint.get("/alarms")
@gate.needs("view")
@blueprint.arguments(AlarmsQuery, location="query")
@blueprint.response(200, Alarms)
def listed(asked: dict[str, Any]) -> dict[str, Any]:
    """Alarms, the gravest first, of those the newest; `after` is the id of the last one."""
    scope = gate.scope("view")
    with gate.reading() as c:
        last = store.get(c, asked["after"], scope) if asked["after"] else None
        if asked["after"] and last is None:
            raise not_found()
        place = (last["severity"], last["id"]) if last else None
        wanted = store.Wanted(scope, asked["state"], asked["severity"], device=asked["device"])
        found = store.page(c, wanted, asked["limit"] + 1, place)
    items = found[: asked["limit"]]
    return {"items": items, "next": items[-1]["id"] if len(found) > len(items) else None}


@blueprint.get("/alarms/<int:number>")
@gate.needs("view")
@blueprint.response(200, Alarm)
def one(number: int) -> dict[str, Any]:
    """An alarm."""
    with gate.reading() as c:
        return _known(c, number)


@blueprint.post("/alarms/<int:number>/acknowledge")
@gate.needs("events")
@blueprint.arguments(Acknowledge)
@blueprint.response(200, Alarm)
def acknowledge(asked: dict[str, Any], number: int) -> dict[str, Any]:
    """Say that somebody looks after it, as it was at `version`. Header Idempotency-Key."""
    with gate.once() as once:
        if once.earlier is not None:
            return once.earlier
        _known(once.c, number)
        acts.acknowledge(once.c, gate.bearer().user, gate.scope("events"), number, asked["version"])
        return once.keep(_known(once.c, number), 200, f"alarm {number}")


def _known(c: Connection, number: int) -> dict[str, Any]:
    found = store.get(c, number, gate.scope("view")) if number <= shapes.MOST else None
    if found is None:
        raise not_found()
    return found
