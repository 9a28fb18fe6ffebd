"""What came of the tasks on closed days: sums by unit, devices with holes, readings that came late."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from station.store.collection_schema import collection_days as days
from station.store.collection_schema import collection_holes as holes
from station.store.collection_schema import collection_late as late
from station.store.collection_schema import collection_tasks as tasks
from station.store.db import row, rows
from station.store.scope import Scope

Row = dict[str, Any]


def close(
    c: Connection, task: Row, day: int, sums: Iterable[Mapping[str, Any]], torn: Iterable[Mapping[str, Any]]
) -> bool:
    """Store a day: `sums` and `torn` are rows of the two tables without task and day.

    False, and nothing is stored, when the task was changed or its day counted meanwhile."""
    same = (tasks.c.id == task["id"]) & (tasks.c.version == task["version"])
    same &= tasks.c.counted_day.is_not_distinct_from(task["counted_day"])
    if c.execute(update(tasks).where(same).values(counted_day=day)).rowcount != 1:
        return False
    here = {"task": task["id"], "day": day}
    for table, many in ((days, sums), (holes, torn)):
        found = [here | dict(each) for each in many]
        if found:
            c.execute(insert(table), found)
    return True


def begin_anew(c: Connection, task: int) -> None:
    """Its days are to be counted again: it expects something else now."""
    for table in (days, holes):
        c.execute(delete(table).where(table.c.task == task))
    c.execute(update(tasks).where(tasks.c.id == task).values(counted_day=None))


def forget(c: Connection, days_before: int, holes_before: int) -> int:
    gone = c.execute(delete(days).where(days.c.day < days_before)).rowcount
    return gone + c.execute(delete(holes).where(holes.c.day < holes_before)).rowcount


# ---- what came late


def note_late(c: Connection, found: Iterable[tuple[str, int]]) -> None:
    """Remember (device, UTC day) of readings whose day may have been counted."""
    many = [{"device": device, "utc_day": day} for device, day in sorted(found)]
    if many:
        c.execute(upsert(late).on_conflict_do_nothing(), many)


def late_ones(c: Connection, limit: int) -> list[tuple[str, int]]:
    query = select(late.c.device, late.c.utc_day).order_by(late.c.device, late.c.utc_day).limit(limit)
    return [(device, day) for device, day in c.execute(query)]


def counted(c: Connection, device: str, day: int) -> None:
    c.execute(delete(late).where(late.c.device == device, late.c.utc_day == day))


def torn(c: Connection, device: str, first: int, last: int) -> list[Row]:
    """Its holes of the days first..last that are still open."""
    here = (holes.c.device == device) & holes.c.day.between(first, last) & (holes.c.came < holes.c.expected)
    return rows(c.execute(select(holes).where(here)))


def mend(c: Connection, hole: Row, came: int) -> None:
    """So many of the hole's slots are here by now, and so many more of its unit's day."""
    here = (holes.c.task == hole["task"]) & (holes.c.day == hole["day"])
    c.execute(update(holes).where(here, holes.c.device == hole["device"]).values(came=came))
    of_unit = (days.c.task == hole["task"]) & (days.c.day == hole["day"]) & (days.c.unit == hole["unit"])
    c.execute(update(days).where(of_unit).values(came=days.c.came + came - hole["came"]))


# ---- to look at

_SUMS = [func.sum(days.c[name]).label(name) for name in ("expected", "in_time", "came")]


def by_day(c: Connection, task: int, scope: Scope, first: int, last: int) -> list[Row]:
    """day, expected, in_time (None when any unit's is not known), came; the newest first."""
    known = func.count(days.c.in_time) == func.count()
    query = select(days.c.day, *_SUMS, known.label("known")).where(
        days.c.task == task, days.c.day.between(first, last), scope.over(days.c.unit)
    )
    found = rows(c.execute(query.group_by(days.c.day).order_by(days.c.day.desc())))
    return [each | {"in_time": each["in_time"] if each.pop("known") else None} for each in found]


def by_unit(c: Connection, task: int, scope: Scope, day: int) -> list[Row]:
    """unit, expected, in_time, came of a day; the most missing first."""
    query = select(days).where(days.c.task == task, days.c.day == day, scope.over(days.c.unit))
    return rows(c.execute(query.order_by(days.c.came - days.c.expected, days.c.unit)))


def last_shares(c: Connection, some: Iterable[int], scope: Scope) -> dict[int, Row]:
    """{task: expected and came of its last counted day}"""
    query = (
        select(days.c.task, func.sum(days.c.expected).label("expected"), func.sum(days.c.came).label("came"))
        .join(tasks, (tasks.c.id == days.c.task) & (tasks.c.counted_day == days.c.day))
        .where(days.c.task.in_(list(some)), scope.over(days.c.unit))
        .group_by(days.c.task)
    )
    return {found["task"]: found for found in rows(c.execute(query))}


def worst(c: Connection, task: int, scope: Scope, first: int, last: int, limit: int) -> list[str]:
    """Devices with most missing of these days."""
    lacking = func.sum(holes.c.expected - holes.c.came)
    query = (
        select(holes.c.device)
        .where(holes.c.task == task, holes.c.day.between(first, last), scope.over(holes.c.unit))
        .group_by(holes.c.device)
        .having(lacking > 0)
        .order_by(lacking.desc(), holes.c.device)
        .limit(limit)
    )
    return list(c.execute(query).scalars())


def of_devices(c: Connection, task: int, some: Iterable[str], first: int, last: int) -> list[Row]:
    """Rows of holes of some devices."""
    here = (holes.c.task == task) & holes.c.device.in_(list(some)) & holes.c.day.between(first, last)
    return rows(c.execute(select(holes).where(here)))


def open_days(c: Connection, scope: Scope, since: int) -> int:
    """How many (task, day) since then lack something."""
    query = (
        select(days.c.task, days.c.day)
        .where(days.c.day >= since, scope.over(days.c.unit), days.c.came < days.c.expected)
        .distinct()
        .subquery()
    )
    found = row(c.execute(select(func.count().label("n")).select_from(query)))
    return found["n"] if found else 0
