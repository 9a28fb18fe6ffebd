"""Work orders: drafted by systems beside the station, carried out by its people."""

from typing import Any

from sqlalchemy import Connection

from station.api import gate, shapes
from station.api.door import Blueprint
from station.api.failures import not_found
from station.api.shapes_of_rooms import Work, WorkDraft, Works, WorksQuery
from station.fieldwork import life
from station.store import fieldwork as store

blueprint = Blueprint("work", __name__, description="Work at the place: install, repair, replace, remove")


@blueprint.get("/work-orders")
@gate.needs("view")
@blueprint.arguments(WorksQuery, location="query")
@blueprint.response(200, Works)
def listed(asked: dict[str, Any]) -> dict[str, Any]:
    """Orders, the soonest due first; `after` is the id of the last one."""
    scope = gate.scope("view")
    with gate.reading() as c:
        last = store.get(c, scope, asked["after"]) if asked["after"] else None
        if asked["after"] and last is None:
            raise not_found()
        place = (last["due_s"], last["id"]) if last else None
        wanted = store.Wanted(scope, asked["list"], gate.bearer().user)
        found = store.listed(c, wanted, asked["limit"] + 1, place)
    items = found[: asked["limit"]]
    return {"items": items, "next": items[-1]["id"] if len(found) > len(items) else None}


@blueprint.post("/work-orders")
@gate.needs("field")
@blueprint.arguments(WorkDraft)
@blueprint.response(201, Work)
def draft(asked: dict[str, Any]) -> dict[str, Any]:
    """Draft an order; the station's desk assigns it. Header Idempotency-Key: the id of the message."""
    with gate.once() as once:
        if once.earlier is not None:
            return once.earlier
        token = f"api {gate.bearer().token} {once.key}"
        number = life.draft(once.c, gate.bearer().user, gate.scope("field"), token, asked)
        return once.keep(_known(once.c, number), 201, f"work {number}")


@blueprint.get("/work-orders/<int:number>")
@gate.needs("view")
@blueprint.response(200, Work)
def one(number: int) -> dict[str, Any]:
    """An order with its steps, the oldest first."""
    with gate.reading() as c:
        return _known(c, number) | {"steps": store.steps(c, number)}


def _known(c: Connection, number: int) -> dict[str, Any]:
    found = store.get(c, gate.scope("view"), number) if number <= shapes.MOST else None
    if found is None:
        raise not_found()
    return found
