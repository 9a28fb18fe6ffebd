"""Events in the order they were stored, to be followed without a gap."""

from typing import Any

from station.api import gate, shapes
from station.api.door import Blueprint
from station.store import events

blueprint = Blueprint("events", __name__, description="What the devices told")


@blueprint.get("/events")
@gate.needs("view")
@blueprint.arguments(shapes.EventsQuery, location="query")
@blueprint.response(200, shapes.Events)
def following(asked: dict[str, Any]) -> dict[str, Any]:
    """Events behind `after`. A page may be empty before the end: go on with `next` until it stays."""
    with gate.reading() as c:
        items, last = events.following(c, gate.scope("view"), asked["after"], asked["limit"])
    return {"items": items, "next": last}


@blueprint.get("/devices/<device>/events")
@gate.needs("view")
@blueprint.arguments(shapes.Page, location="query")
@blueprint.response(200, shapes.Events)
def of_device(asked: dict[str, Any], device: str) -> dict[str, Any]:
    """The newest of one device, newest first; `next` is the id of the newest."""
    with gate.reading() as c:
        gate.device(c, device, "view")
        found = events.recent(c, device, asked["limit"])
    return {"items": found, "next": found[0]["id"] if found else 0}
