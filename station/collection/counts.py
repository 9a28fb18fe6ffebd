"""What came of the tasks, day by day: counted when a day is closed, and again where something came late.

A day is a local one of the device; a slot belongs to the day in which its label lies. What was here when the
day was closed came in time. A day that is counted later than that, as of a task that is new, does not know.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine

from station.collection import tasks
from station.collection.slots import DAY_S
from station.store import collection as store
from station.store import collection_counts as counts
from station.store import db
from station.store.scope import EVERYWHERE

CLOSED_S = 9 * 3600  # after the end of the day: meters that were read in the morning still are in time
BACK_DAYS = 31  # before the first closed day, of a task that is new
DAYS_A_RUN = 4  # of a task: the others have their turn too
LATE_A_RUN = 2000  # devices and days
KEEP_DAYS, KEEP_HOLES_DAYS = 400, 62

Row = dict[str, Any]


class Count(NamedTuple):
    unit: int
    expected: int
    came: int


def last_closed(t_s: int, offset_s: int) -> int:
    """The newest local day (days since 1970) that is closed at `t_s`."""
    return (t_s + offset_s - CLOSED_S) // DAY_S - 1


def next_days(task: Row, t_s: int, offset_s: int) -> list[int]:
    """Closed days of a task that are to be counted now, rising."""
    last = last_closed(t_s, offset_s)
    begin = max(last - BACK_DAYS, (task["from_s"] + offset_s) // DAY_S)
    first = begin if task["counted_day"] is None else task["counted_day"] + 1
    return list(range(first, last + 1))[:DAYS_A_RUN]


def close(engine: Engine, t_s: int, offset_s: int) -> int:
    """Count what is closed and not counted yet. Returns the days."""
    done = 0
    with db.reading(engine) as c:
        every = store.every(c)
    for task in every:
        for day in next_days(task, t_s, offset_s):
            with db.reading(engine) as c:
                found = of_day(c, task, day, t_s)
            if not _store(engine, task, day, found, in_time=day == last_closed(t_s, offset_s)):
                break  # changed meanwhile: the next run begins anew
            task["counted_day"] = day
            done += 1
    return done


def of_day(c: Connection, task: Row, day: int, t_s: int, device: str | None = None) -> dict[str, Count]:
    """{device: count} of all devices, or of one, of which the task expects something on that day."""
    found: dict[str, Count] = {}
    for point, _slot_s, lacking in tasks.looked_of_day(c, task, EVERYWHERE, day, t_s, device):
        before = found.get(point.device, Count(point.unit, 0, 0))
        found[point.device] = Count(point.unit, before.expected + 1, before.came + (not lacking))
    return found


def _store(engine: Engine, task: Row, day: int, found: dict[str, Count], in_time: bool) -> bool:
    torn = [
        each._asdict() | {"device": device} for device, each in found.items() if each.came < each.expected
    ]
    with db.writing(engine) as c:
        return counts.close(c, task, day, _by_unit(found.values(), in_time), torn)


def _by_unit(found: Iterable[Count], in_time: bool) -> list[Row]:
    sums: dict[int, Row] = {}
    for unit, expected, came in found:
        here = sums.setdefault(unit, {"unit": unit, "expected": 0, "came": 0})
        here["expected"] += expected
        here["came"] += came
    return [each | {"in_time": each["came"] if in_time else None} for each in sums.values()]


def recount(engine: Engine, t_s: int) -> int:
    """Count again what may have been made whole by late readings. Returns how many devices and days."""
    with db.reading(engine) as c:
        late = counts.late_ones(c, LATE_A_RUN)
        every = {task["id"]: task for task in store.every(c)} if late else {}
    for device, utc_day in late:
        with db.writing(engine) as c:
            for hole in counts.torn(c, device, utc_day - 1, utc_day + 1):  # local days that it touches
                now = of_day(c, every[hole["task"]], hole["day"], t_s, device).get(device)
                if now and now.came > hole["came"]:
                    counts.mend(c, hole, min(now.came, hole["expected"]))
            counts.counted(c, device, utc_day)
    return len(late)


def forget(engine: Engine, t_s: int) -> None:
    with db.writing(engine) as c:
        counts.forget(c, t_s // DAY_S - KEEP_DAYS, t_s // DAY_S - KEEP_HOLES_DAYS)
