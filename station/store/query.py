"""Readings for people: metering points by name, number or address, and their values over a span."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import cbor2
from sqlalchemy import ColumnElement, Connection, and_, func, literal, or_, select, tuple_, union

from protocols.uplink import area, messages
from protocols.uplink.codes import DAY
from station.store.area_schema import area_rows
from station.store.readings import MAIN
from station.store.schema import commands, devices, meters, readings, statistics
from station.store.scope import Scope


class Point(NamedTuple):
    device: str
    number: int  # metering point: 1 is the main meter; of a concentrator the row of its archive
    device_name: str
    name: str  # of the customer, "" of a terminal's points
    address: str  # of the meter, "" unknown
    multiplier: int | None  # CT x PT, None unknown
    offset_s: int  # local time minus UTC
    added_s: int

    @property
    def key(self) -> str:
        return f"{self.device}:{self.number}"


class Row(NamedTuple):
    slot_s: int
    interval_s: int
    quality: int
    values: dict[int, int]  # {point number: value}


def sought(c: Connection, scope: Scope, q: str, limit: int) -> list[Point]:
    """Points whose device, name, meter address or customer holds `q`, by device and number."""
    columns = (
        devices.c.device,
        devices.c.name,
        devices.c.meter_address,
        area_rows.c.address,
        area_rows.c.name,
    )
    return _found(c, scope, limit, or_(*(each.icontains(q, autoescape=True) for each in columns)))


def named(c: Connection, scope: Scope, keys: Sequence[tuple[str, int]]) -> list[Point]:
    """The points of these (device, number) that lie in the scope, in the order of the keys."""
    if not keys:
        return []
    there = _points()
    found = _found(c, scope, len(keys), tuple_(there.c.device, there.c.number).in_(keys), there)
    return sorted(found, key=lambda each: keys.index((each.device, each.number)))


def _points() -> Any:
    """(device, number): those that ever told something, rows of archives, main meters of terminals."""
    told = select(meters.c.device, meters.c.metering_point.label("number"))
    rows = select(area_rows.c.device, area_rows.c.meter)
    main = select(devices.c.device, literal(MAIN)).where(devices.c.area.is_(None))
    return union(told, rows, main).subquery()


def _found(
    c: Connection, scope: Scope, limit: int, condition: ColumnElement[bool], there: Any = None
) -> list[Point]:
    there = _points() if there is None else there
    row = and_(area_rows.c.device == there.c.device, area_rows.c.meter == there.c.number)
    query = (
        select(
            devices,
            there.c.number,
            area_rows.c.address.label("row_address"),
            area_rows.c.name.label("customer"),
            area_rows.c.multiplier.label("row_multiplier"),
        )
        .select_from(there.join(devices, devices.c.device == there.c.device).outerjoin(area_rows, row))
        .where(scope.over(devices.c.unit), condition)
        .order_by(devices.c.device, there.c.number)
        .limit(limit)
    )
    return [_point(found) for found in c.execute(query).mappings()]


def _point(found: Any) -> Point:
    main = found["area"] is None and found["number"] == MAIN
    return Point(
        found["device"],
        found["number"],
        found["name"],
        found["customer"] or "",
        found["row_address"] or (found["meter_address"] if main else "") or "",
        found["multiplier"] if main else found["row_multiplier"],
        found["utc_offset_s"],
        found["added_s"],
    )


def values(c: Connection, point: Point, kind: int, from_s: int, until_s: int, limit: int) -> list[Row]:
    """What was read of a point with from_s <= slot < until_s, oldest first. `kind`: of messages.

    The caller has asked the scope for the point.
    """
    query = (
        select(readings.c.slot_s, readings.c.interval_s, readings.c.quality, readings.c.points)
        .join_from(readings, meters)
        .where(meters.c.device == point.device, meters.c.metering_point == point.number)
        .where(readings.c.kind == kind, readings.c.slot_s >= from_s, readings.c.slot_s < until_s)
        .order_by(readings.c.slot_s)
        .limit(limit)
    )
    return [Row(at, every_s, quality, cbor2.loads(body)) for at, every_s, quality, body in c.execute(query)]


def intervals(c: Connection, point: Point, from_s: int, until_s: int) -> list[int]:
    """Intervals of the curves of a point in a span, s."""
    query = (
        select(func.distinct(readings.c.interval_s))
        .join_from(readings, meters)
        .where(meters.c.device == point.device, meters.c.metering_point == point.number)
        .where(readings.c.kind == messages.CURVE)
        .where(readings.c.slot_s >= from_s, readings.c.slot_s < until_s)
    )
    return list(c.execute(query).scalars())


def counted(c: Connection, point: Point, from_s: int, until_s: int) -> list[Row]:
    """Statistics of days; the main point has those of the terminal itself (number 0) with it."""
    numbers = (point.number, 0) if point.number == MAIN else (point.number,)
    query = (
        select(statistics.c.from_s, statistics.c.quality, statistics.c.points)
        .where(statistics.c.device == point.device, statistics.c.period == DAY)
        .where(statistics.c.metering_point.in_(numbers), statistics.c.summation_group == 0)
        .where(statistics.c.from_s >= from_s, statistics.c.from_s < until_s)
        .order_by(statistics.c.from_s)
    )
    out: dict[int, Row] = {}
    for slot_s, quality, body in c.execute(query):
        old = out.get(slot_s, Row(slot_s, 0, quality, {}))
        out[slot_s] = Row(slot_s, 0, max(quality, old.quality), old.values | cbor2.loads(body))
    return list(out.values())


def changes(c: Connection, point: Point) -> list[int]:
    """When the meter of a point was replaced, as its device confirmed; UTC seconds, rising."""
    query = (
        select(commands.c.kind, commands.c.params, commands.c.done_s)
        .where(commands.c.device == point.device, commands.c.state == "executed")
        .where(commands.c.kind.in_((messages.METER_CHANGE, area.METER_REPLACED)))
        .order_by(commands.c.done_s)
    )
    field = {messages.METER_CHANGE: "metering_point", area.METER_REPLACED: "meter"}
    return [done_s for kind, params, done_s in c.execute(query) if params.get(field[kind]) == point.number]
