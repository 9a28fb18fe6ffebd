"""Collection tasks, the metering points they name, and what came of them. Rules: station/collection."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, exists, func, insert, literal, select, union, update

from station.store.area_schema import area_rows
from station.store.collection_schema import collection_tasks as tasks
from station.store.db import row, rows
from station.store.org_schema import org_tree
from station.store.readings import unpacked
from station.store.schema import devices, meters, readings
from station.store.scope import Scope

Row = dict[str, Any]
MAIN, METER = "main", "meter"  # of a terminal; a row of a concentrator's archive
POINT_TYPES = (MAIN, METER)
OWN, MARKETING = "own", "marketing"
ORIGINS = (OWN, MARKETING)


class Point(NamedTuple):
    device: str
    number: int  # metering point
    offset_s: int  # local time minus UTC there
    unit: int  # of the device


def add(c: Connection, **facts: Any) -> int:
    made = c.execute(insert(tasks).values(version=1, **facts)).inserted_primary_key
    return made[0]  # type: ignore[index]


def by_once(c: Connection, once: str, author: str) -> int | None:
    """The task that this form of this person made before."""
    return c.execute(select(tasks.c.id).where(tasks.c.once == once, tasks.c.author == author)).scalar()


def get(c: Connection, number: int, scope: Scope) -> Row | None:
    return row(c.execute(select(tasks).where(tasks.c.id == number, scope.over(tasks.c.unit))))


def listed(c: Connection, scope: Scope, limit: int, after: tuple[int, int] = (0, 0)) -> list[Row]:
    """By (priority, id), those after `after`."""
    place = (tasks.c.priority > after[0]) | ((tasks.c.priority == after[0]) & (tasks.c.id > after[1]))
    query = select(tasks).where(scope.over(tasks.c.unit), place)
    return rows(c.execute(query.order_by(tasks.c.priority, tasks.c.id).limit(limit)))


def every(c: Connection) -> list[Row]:
    """All tasks, the first to be asked for first."""
    return rows(c.execute(select(tasks).order_by(tasks.c.priority, tasks.c.id)))


def change(c: Connection, number: int, version: int, **facts: Any) -> bool:
    """False when the task is no more of `version`: nothing is changed."""
    here = (tasks.c.id == number) & (tasks.c.version == version)
    return c.execute(update(tasks).where(here).values(version=version + 1, **facts)).rowcount == 1


def offsets(c: Connection) -> list[int]:
    """Those of local time that devices have."""
    return list(c.execute(select(devices.c.utc_offset_s).distinct()).scalars())


def points(c: Connection, task: Row, scope: Scope, device: str | None = None) -> list[Point]:
    """Those of `scope`, or of one device in it, that the task names; by device and number."""
    if task["point_type"] == METER:
        named = select(area_rows.c.device, area_rows.c.meter.label("number"))
    else:  # the main meter of one that never told anything is expected too
        told = select(meters.c.device, meters.c.metering_point.label("number"))
        named = union(told, select(devices.c.device, literal(1)))
    there = named.subquery()
    query = select(devices.c.device, there.c.number, devices.c.utc_offset_s, devices.c.unit).join_from(
        there, devices, devices.c.device == there.c.device
    )
    if task["point_type"] == MAIN:
        query = query.where(devices.c.area.is_(None))
    if device is not None:
        query = query.where(devices.c.device == device)
    query = query.where(
        Scope((task["unit"],)).over(devices.c.unit),
        scope.over(devices.c.unit),
        there.c.number.between(task["first"], task["last"]),
    )
    return [Point(*found) for found in c.execute(query.order_by(devices.c.device, there.c.number))]


def uncovered(c: Connection, scope: Scope, kind: int, t_s: int, limit: int, after: str = "") -> list[Row]:
    """Devices after `after` with metering points that no task of a kind names: device, name, unit, points."""

    def named(point_type: str, number: ColumnElement[Any]) -> ColumnElement[bool]:
        lasts = tasks.c.until_s.is_(None) | (tasks.c.until_s > t_s)
        covers = select(tasks.c.id).join(org_tree, org_tree.c.ancestor == tasks.c.unit)
        covers = covers.where(org_tree.c.unit == devices.c.unit, tasks.c.kind == kind, lasts)
        return exists(
            covers.where(tasks.c.point_type == point_type, number.between(tasks.c.first, tasks.c.last))
        )

    here = [devices.c.device, devices.c.name, devices.c.unit, devices.c.area.is_not(None).label("is_area")]
    among = (devices.c.device > after, scope.over(devices.c.unit))
    of_areas = select(*here, func.count().label("points")).join(
        area_rows, area_rows.c.device == devices.c.device
    )
    of_areas = of_areas.where(*among, ~named(METER, area_rows.c.meter)).group_by(devices.c.device)
    mains = select(*here, literal(1).label("points")).where(*among, devices.c.area.is_(None))
    mains = mains.where(~named(MAIN, literal(1)))
    found = rows(c.execute(of_areas.order_by(devices.c.device).limit(limit)))
    found += rows(c.execute(mains.order_by(devices.c.device).limit(limit)))
    return sorted(found, key=itemgetter("device"))[:limit]


def got(
    c: Connection, among: Sequence[str], kind: int, since_s: int, until_s: int
) -> dict[tuple[str, int, int], frozenset[int]]:
    """{(device, metering point, slot): numbers of the points that came} of some devices."""
    query = (
        select(meters.c.device, meters.c.metering_point, readings.c.slot_s, readings.c.points)
        .join_from(readings, meters)
        .where(meters.c.device.in_(among), readings.c.kind == kind)
        .where(readings.c.slot_s >= since_s, readings.c.slot_s < until_s)
    )
    return {tuple(key): frozenset(unpacked(body)) for *key, body in c.execute(query)}  # type: ignore[misc]
