"""Readings for people: metering points by name, number or address, and their values over a span."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import cbor2
from sqlalchemy import Connection, and_, func, literal_column, or_, select, tuple_, union

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
    t_ok: int  # 0: the clock of the device was not set
    values: dict[int, int]  # {point number: value}


def sought(c: Connection, scope: Scope, q: str, limit: int) -> list[Point]:
    """Points whose device, name, meter address or customer holds `q`, by device and number."""
    seen = scope.over(devices.c.unit)
    of_device = (devices.c.device, devices.c.name)
    sources = (  # each is asked alone, so that it can stop at its first `limit`
        (_MAIN, (*of_device, devices.c.meter_address)),
        (_ROWS, (*of_device, area_rows.c.address, area_rows.c.name)),
        (_TOLD, of_device),
    )
    keys: set[tuple[str, int]] = set()
    for source, columns in sources:
        held = or_(*(each.icontains(q, autoescape=True) for each in columns))
        found = c.execute(source.where(seen, held).order_by(*source.selected_columns).limit(limit))
        keys |= {(device, number) for device, number in found}
    return named(c, scope, sorted(keys)[:limit])


# (device, number): main meters of terminals, rows of archives, what ever told something
_MAIN = select(devices.c.device, literal_column(str(MAIN)).label("number")).where(devices.c.area.is_(None))
_ROWS = select(area_rows.c.device, area_rows.c.meter).join_from(area_rows, devices)
_TOLD = select(meters.c.device, meters.c.metering_point).join_from(meters, devices)


def named(c: Connection, scope: Scope, keys: Sequence[tuple[str, int]]) -> list[Point]:
    """The points of these (device, number) that lie in the scope, in the order of the keys."""
    of_these = devices.c.device.in_({device for device, _number in keys})
    there = union(*(source.where(of_these) for source in (_MAIN, _ROWS, _TOLD))).subquery()
    device, number = there.c[0], there.c[1]
    row = and_(area_rows.c.device == device, area_rows.c.meter == number)
    query = (
        select(
            devices,
            number.label("number"),
            area_rows.c.address.label("row_address"),
            area_rows.c.name.label("customer"),
            area_rows.c.multiplier.label("row_multiplier"),
        )
        .select_from(there.join(devices, devices.c.device == device).outerjoin(area_rows, row))
        .where(scope.over(devices.c.unit), tuple_(device, number).in_(keys))
    )
    found = {(each["device"], each["number"]): _point(each) for each in c.execute(query).mappings()}
    return [found[key] for key in keys if key in found]


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
    r = readings.c
    query = (
        select(r.slot_s, r.interval_s, r.quality, r.t_ok, r.points)
        .join_from(readings, meters)
        .where(meters.c.device == point.device, meters.c.metering_point == point.number)
        .where(readings.c.kind == kind, readings.c.slot_s >= from_s, readings.c.slot_s < until_s)
        .order_by(readings.c.slot_s)
        .limit(limit)
    )
    return [
        Row(at, every_s, quality, t_ok, cbor2.loads(body))
        for at, every_s, quality, t_ok, body in c.execute(query)
    ]


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
        select(statistics.c.from_s, statistics.c.quality, statistics.c.t_ok, statistics.c.points)
        .where(statistics.c.device == point.device, statistics.c.period == DAY)
        .where(statistics.c.metering_point.in_(numbers), statistics.c.summation_group == 0)
        .where(statistics.c.from_s >= from_s, statistics.c.from_s < until_s)
        .order_by(statistics.c.from_s)
    )
    out: dict[int, Row] = {}
    for slot_s, quality, t_ok, body in c.execute(query):
        old = out.get(slot_s, Row(slot_s, 0, quality, t_ok, {}))
        worst = max(quality, old.quality), min(t_ok, old.t_ok)
        out[slot_s] = Row(slot_s, 0, *worst, old.values | cbor2.loads(body))
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
