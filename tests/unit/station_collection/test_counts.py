"""Days are counted once they are closed, by unit; what comes late is counted when it comes."""

from typing import Any

import pytest
from sqlalchemy import Engine, select

from protocols.uplink.messages import CURVE, DAILY
from station.collection import counts, periodic, tasks
from station.store import collection as store
from station.store import collection_counts as kept
from station.store import db, org
from station.store.collection_schema import collection_late
from station.store.readings import DAY_S, Reading, SqliteReadingStore
from station.store.scope import EVERYWHERE, ROOT, Scope
from tests.unit.station_collection.conftest import furnished
from tests.unit.station_collection.test_slots import EAST_8, NEW_YEAR
from tests.unit.station_collection.test_tasks import facts

DAY = (NEW_YEAR + EAST_8) // DAY_S
CLOSED_S = NEW_YEAR + DAY_S + counts.CLOSED_S


@pytest.fixture
def task(engine: Engine) -> int:
    with db.writing(engine) as c:
        return tasks.add(c, "li", EVERYWHERE, facts(furnished(c), items=[256]), "a")


def came(engine: Engine, *meters: int, day: int = 0, kind: int = DAILY) -> None:
    with db.writing(engine) as c:
        for meter in meters:
            number = SqliteReadingStore.meter_id(c, "T1", meter)
            slot_s = NEW_YEAR + day * DAY_S
            SqliteReadingStore.put(c, [Reading(number, kind, slot_s, 0, 0, 1, {256: 1})])


def late(engine: Engine, day: int = 0) -> None:
    with db.writing(engine) as c:
        kept.note_late(c, [("T1", (NEW_YEAR + day * DAY_S) // DAY_S)])


def days(engine: Engine, task: int, scope: Scope = EVERYWHERE) -> list[tuple[Any, ...]]:
    with db.reading(engine) as c:
        found = kept.by_day(c, task, scope, 0, 1 << 30)
    return [(each["day"] - DAY, each["expected"], each["in_time"], each["came"]) for each in found]


def close(engine: Engine, t_s: int = CLOSED_S) -> int:
    return counts.close(engine, t_s, EAST_8)


def test_a_day_is_counted_once_when_it_is_closed(engine: Engine, task: int) -> None:
    came(engine, 1, 2)
    assert close(engine, CLOSED_S - 1) == 0
    assert days(engine, task) == []
    assert close(engine) == 1
    assert close(engine) == 0
    assert days(engine, task) == [(0, 3, 2, 2)]
    with db.reading(engine) as c:
        (hole,) = kept.of_devices(c, task, ["T1"], DAY, DAY)
    assert (hole["expected"], hole["came"]) == (3, 2)


def test_what_comes_late_is_counted_and_was_not_in_time(engine: Engine, task: int) -> None:
    came(engine, 1)
    close(engine)
    came(engine, 2)
    assert counts.recount(engine, CLOSED_S) == 0, "nobody said that something came"
    late(engine)
    assert counts.recount(engine, CLOSED_S) == 1
    assert days(engine, task) == [(0, 3, 1, 2)]
    came(engine, 3)
    late(engine)
    assert counts.recount(engine, CLOSED_S) == 1
    assert counts.recount(engine, CLOSED_S) == 0
    assert days(engine, task) == [(0, 3, 1, 3)]
    with db.reading(engine) as c:
        assert c.execute(select(collection_late)).all() == []
        assert kept.open_days(c, EVERYWHERE, DAY) == 0
        assert kept.worst(c, task, EVERYWHERE, DAY, DAY, 9) == []


def test_what_is_late_for_a_day_not_closed_yet_is_in_time(engine: Engine, task: int) -> None:
    came(engine, 1)
    late(engine)
    counts.recount(engine, CLOSED_S - 1)
    close(engine)
    assert days(engine, task) == [(0, 3, 1, 1)]


def test_a_new_task_is_counted_back_and_does_not_know_what_was_in_time(engine: Engine, task: int) -> None:
    came(engine, 1, 2, 3)
    came(engine, 1, 2, 3, day=2)
    runs = [close(engine, CLOSED_S + 5 * DAY_S) for _ in range(3)]
    assert runs == [4, 2, 0]
    assert days(engine, task) == [
        (5, 3, 0, 0),
        (4, 3, None, 0),
        (3, 3, None, 0),
        (2, 3, None, 3),
        (1, 3, None, 0),
        (0, 3, None, 3),
    ]


def test_not_more_than_a_month_back(engine: Engine, task: int) -> None:
    with db.reading(engine) as c:
        row = store.get(c, task, EVERYWHERE)
    assert row
    days_to_do = counts.next_days(row, CLOSED_S + 100 * DAY_S, EAST_8)
    assert days_to_do[0] == DAY + 100 - counts.BACK_DAYS


def test_a_changed_task_is_counted_anew_and_a_new_name_is_no_change(engine: Engine, task: int) -> None:
    close(engine)
    with db.writing(engine) as c:
        row = store.get(c, task, EVERYWHERE)
        assert row
        same = facts(row["unit"], items=[256])
        tasks.change(c, "li", EVERYWHERE, task, 1, same | {"name": "Other"})
    assert len(days(engine, task)) == 1
    with db.writing(engine) as c:
        tasks.change(c, "li", EVERYWHERE, task, 2, same | {"last": 2})
    assert days(engine, task) == []
    close(engine)
    assert days(engine, task) == [(0, 2, 0, 0)]


def test_a_task_that_is_changed_while_it_is_counted_is_left(engine: Engine, task: int) -> None:
    with db.reading(engine) as c:
        row = store.get(c, task, EVERYWHERE)
    assert row
    with db.writing(engine) as c:
        tasks.change(c, "li", EVERYWHERE, task, 1, facts(row["unit"], items=[257]))
        assert not kept.close(c, row, DAY, [], [])


def test_a_curve_counts_its_slots_and_a_whole_day_has_no_hole(engine: Engine) -> None:
    with db.writing(engine) as c:
        every = facts(furnished(c), items=[256], kind=CURVE, every=60, first=1, last=1)
        number = tasks.add(c, "li", EVERYWHERE, every, "a")
    with db.writing(engine) as c:
        meter = SqliteReadingStore.meter_id(c, "T1", 1)
        hours = [Reading(meter, CURVE, NEW_YEAR + hour * 3600, 3600, 0, 1, {256: hour}) for hour in range(48)]
        SqliteReadingStore.put(c, [each for each in hours if each.slot_s != NEW_YEAR + 23 * 3600])
    close(engine, CLOSED_S + DAY_S)
    assert days(engine, number) == [(1, 24, 24, 24), (0, 24, None, 23)]
    with db.reading(engine) as c:
        assert kept.worst(c, number, EVERYWHERE, DAY + 1, DAY + 1, 9) == []


def test_only_units_of_the_scope_are_told(engine: Engine, task: int) -> None:
    close(engine)
    with db.writing(engine) as c:
        west = org.add_unit(c, ROOT, "station", "B1", "West")
    assert days(engine, task, Scope((west,))) == []
    with db.reading(engine) as c:
        assert kept.worst(c, task, Scope((west,)), DAY, DAY, 9) == []
        assert kept.open_days(c, Scope((west,)), DAY) == 0
        assert kept.last_shares(c, [task], EVERYWHERE)[task]["expected"] == 3


def test_old_days_are_forgotten(engine: Engine, task: int) -> None:
    close(engine)
    counts.forget(engine, CLOSED_S + 63 * DAY_S)
    with db.reading(engine) as c:
        assert kept.of_devices(c, task, ["T1"], DAY, DAY) == []
    assert len(days(engine, task)) == 1
    counts.forget(engine, CLOSED_S + 401 * DAY_S)
    assert days(engine, task) == []


def test_the_periodic_work_does_all_of_it(engine: Engine, task: int) -> None:
    assert periodic.work(engine, CLOSED_S, EAST_8) > 1
    assert days(engine, task) == [(0, 3, 0, 0)]
