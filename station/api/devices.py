"""Devices, their curves and freezes, the meters of a concentrator."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from protocols.meters.points import BY_ALIAS, BY_OBIS, QUALITIES
from station.api import gate, shapes
from station.api.door import Blueprint
from station.errors import FieldError, Invalid
from station.store import area, fleet
from station.store.db import now_s
from station.store.readings import DAY_S, SLOT_S, SqliteReadingStore, Value
from station.store.scope import Scope

blueprint = Blueprint("devices", __name__, description="Terminals and concentrators")
FIRST_DAY = date(2000, 1, 1)


@blueprint.get("/devices")
@gate.needs("view")
@blueprint.arguments(shapes.DeviceQuery, location="query")
@blueprint.response(200, shapes.Devices)
def listed(asked: dict[str, Any]) -> dict[str, Any]:
    """Devices by id, a page at a time."""
    scope, at = gate.scope("view"), now_s()
    with gate.reading() as c:
        if asked["unit"]:
            scope = Scope((asked["unit"],)) if scope.holds(c, asked["unit"]) else Scope(())
        wanted = fleet.Wanted(scope, _queue(asked["queue"]), asked["q"])
        found = fleet.page(c, wanted, asked["limit"] + 1, at, asked["after"])
    items = found[: asked["limit"]]
    return {"items": items, "next": items[-1]["device"] if len(found) > len(items) else None}


def _queue(name: str) -> str:
    if name not in fleet.QUEUES:
        raise Invalid(FieldError("queue", "no_such_queue", {"queues": " ".join(fleet.QUEUES)}))
    return name


@blueprint.get("/devices/<device>")
@gate.needs("view")
@blueprint.response(200, shapes.Device)
def one(device: str) -> dict[str, Any]:
    """A device as it is now."""
    with gate.reading() as c:
        return gate.device(c, device, "view")


@blueprint.get("/devices/<device>/curve")
@gate.needs("view")
@blueprint.arguments(shapes.CurveQuery, location="query")
@blueprint.response(200, shapes.Values)
def curve(asked: dict[str, Any], device: str) -> dict[str, Any]:
    """The 96 quarter hours of a local day; what is missing is null."""
    with gate.reading() as c:
        from_s, point = _asked(c, device, asked)
        found = SqliteReadingStore.curve(c, device, point[0], from_s, asked["metering_point"])
    return _values(device, point, from_s, SLOT_S, found)


@blueprint.get("/devices/<device>/days")
@gate.needs("view")
@blueprint.arguments(shapes.DaysQuery, location="query")
@blueprint.response(200, shapes.Values)
def days(asked: dict[str, Any], device: str) -> dict[str, Any]:
    """Daily freezes from a day on; what is missing is null."""
    with gate.reading() as c:
        from_s, point = _asked(c, device, asked)
        found = SqliteReadingStore.days(c, device, point[0], from_s, asked["days"], asked["metering_point"])
    return _values(device, point, from_s, DAY_S, found)


def _asked(c: Connection, device: str, asked: dict[str, Any]) -> tuple[int, tuple[Any, ...]]:
    """(UTC instant of the local midnight, row of protocols.meters.points)."""
    row, name, day = gate.device(c, device, "view"), asked["point"], asked["day"]
    point = BY_ALIAS.get(name) or BY_OBIS.get(name)
    if point is None:
        raise Invalid(FieldError("point", "no_such_point"))
    if not FIRST_DAY <= day <= datetime.now(UTC).date() + timedelta(days=1):
        raise Invalid(FieldError("day", "bad_day"))
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return int(midnight.timestamp()) - row["utc_offset_s"], point


def _values(
    device: str, point: tuple[Any, ...], from_s: int, step_s: int, found: list[Value]
) -> dict[str, Any]:
    items = [
        {"t_s": from_s + n * step_s, "value": value, "quality": QUALITIES.get(quality)}  # type: ignore[arg-type]
        for n, (value, quality) in enumerate(found)
    ]
    named = dict(
        zip(("point", "obis", "unit", "scale"), (point[2], point[1], point[3], point[4]), strict=True)
    )
    return {"device": device, **named, "items": items}


@blueprint.get("/devices/<device>/meters")
@gate.needs("view")
@blueprint.response(200, shapes.Meters)
def meters(device: str) -> dict[str, Any]:
    """The archive of a concentrator as it is wanted; empty for a terminal."""
    with gate.reading() as c:
        gate.device(c, device, "view")
        return {"items": area.archive(c, device)}
