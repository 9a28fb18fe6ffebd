"""Only what is missing is asked for, of concentrators, in its order, and not for ever."""

from typing import Any

import pytest
from sqlalchemy import Engine, update

from protocols.uplink import area
from protocols.uplink.codes import REASON_NO
from protocols.uplink.messages import DAILY
from station.collection import supplement, tasks
from station.collection.supplement import REST_S, SETTLE_S
from station.errors import Invalid
from station.store import area as areas
from station.store import audit, commands, db, devices, streams
from station.store import collection as store
from station.store import collection_asks as queue
from station.store.collection_schema import collection_asks
from station.store.scope import EVERYWHERE, NOWHERE
from tests.unit.station_collection.conftest import furnished
from tests.unit.station_collection.test_counts import DAY, came
from tests.unit.station_collection.test_slots import NEW_YEAR
from tests.unit.station_collection.test_tasks import facts

DAY_S = 86_400
SETTLED_S = NEW_YEAR + SETTLE_S


@pytest.fixture
def task(engine: Engine) -> dict[str, Any]:
    return made(engine)


def made(engine: Engine, **more: Any) -> dict[str, Any]:
    with db.writing(engine) as c:
        number = tasks.add(c, "li", EVERYWHERE, facts(furnished(c), items=[256]) | more, "a")
        found = store.get(c, number, EVERYWHERE)
    assert found
    return found


def asked(engine: Engine) -> list[tuple[int, int, int]]:
    """(meter, days of the first and of the last label) of all requests."""
    with db.reading(engine) as c:
        found = queue.covering(c, ["T1"], DAILY, 0)
    return [(row["meter"], *[(row[at] - NEW_YEAR) // DAY_S for at in ("from_s", "until_s")]) for row in found]


def absent(engine: Engine, meter: int, reason: int) -> None:
    told = {"duty": 1, "first_s": NEW_YEAR, "last_s": NEW_YEAR, "meter": meter, "read": 0, "reason": reason}
    with db.writing(engine) as c:
        stream = streams.opened(c, "T1", b"epoch-01", 2, 1)
        place = {"stream_id": stream.id, "seq": meter + 1, "device": "T1", "t_s": NEW_YEAR}
        areas.put(c, {area.ABSENT: [told | place]})


def online(engine: Engine, t_s: int | None = None) -> None:
    with db.writing(engine) as c:
        devices.set_link(c, "T1", last_seen_s=t_s or db.now_s())


def answered(engine: Engine, state: str, reason: int = 0) -> None:
    with db.writing(engine) as c:
        (row,) = queue.under_way(c)
        commands.move(c, "T1", row["command"], "sent")
        commands.move(c, "T1", row["command"], state, reason=reason)


def test_a_meter_that_misses_a_settled_slot_is_asked_for(engine: Engine, task: dict[str, Any]) -> None:
    came(engine, 1, 2)
    assert supplement.scan(engine, SETTLED_S - 1) == 0
    assert supplement.scan(engine, SETTLED_S) == 1
    assert asked(engine) == [(3, 0, 0)]


def test_neighbouring_days_are_one_request_and_whole_days_one_for_all(
    engine: Engine, task: dict[str, Any]
) -> None:
    came(engine, 1, 2, day=1)
    assert supplement.scan(engine, SETTLED_S + DAY_S) == 3
    assert sorted(asked(engine)) == [(1, 0, 0), (2, 0, 0), (3, 0, 1)]


def test_all_meters_are_asked_for_at_once_only_when_all_are_missing(engine: Engine) -> None:
    made(engine)
    supplement.scan(engine, SETTLED_S)
    assert asked(engine) == [(0, 0, 0)]


def test_a_task_of_some_meters_asks_for_these_alone(engine: Engine) -> None:
    made(engine, first=1, last=2)
    supplement.scan(engine, SETTLED_S)
    assert asked(engine) == [(1, 0, 0), (2, 0, 0)]


def test_what_the_concentrator_could_not_read_is_not_asked_for(engine: Engine, task: dict[str, Any]) -> None:
    came(engine, 1)
    absent(engine, 2, 1)
    supplement.scan(engine, SETTLED_S)
    assert asked(engine) == [(3, 0, 0)]


def test_it_is_asked_for_as_often_as_the_task_says_with_rests(engine: Engine) -> None:
    made(engine, supplements=2, first=3, last=3)
    for at in range(0, 12 * 3600, 600):
        supplement.scan(engine, SETTLED_S + at)
        with db.writing(engine) as c:
            c.execute(update(collection_asks).values(state=queue.DONE))
    with db.reading(engine) as c:
        times = [row["made_s"] for row in queue.covering(c, ["T1"], DAILY, 0)]
    assert len(times) == 2
    assert times[1] - times[0] == REST_S


@pytest.mark.parametrize("more", [{"supplements": 0}, {"point_type": "main"}])
def test_what_cannot_be_asked_for_is_not(engine: Engine, more: dict[str, Any]) -> None:
    made(engine, **more)
    assert supplement.scan(engine, SETTLED_S) == 0


def test_one_request_at_a_time_in_the_order_of_priority(engine: Engine, task: dict[str, Any]) -> None:
    online(engine)
    now = db.now_s()
    with db.writing(engine) as c:
        row = {"device": "T1", "kind": DAILY, "from_s": NEW_YEAR, "until_s": NEW_YEAR, "author": ""}
        for meter, priority in ((2, 5), (1, 1)):
            queue.add(c, [row | {"meter": meter, "priority": priority, "made_s": now}])
    assert supplement.sweep(engine, now) == 1
    assert supplement.sweep(engine, now) == 0
    with db.reading(engine) as c:
        (sent,) = commands.in_states(c, "queued")
    assert (sent["kind"], sent["author"]) == (area.RESEND, supplement.AUTHOR)
    assert sent["params"] == {"kind": DAILY, "from_s": NEW_YEAR, "until_s": NEW_YEAR, "meter": 1}
    answered(engine, "executed")
    assert supplement.sweep(engine, now) == 1
    with db.reading(engine) as c:
        assert [each["params"]["meter"] for each in commands.in_states(c, "queued")] == [2]


@pytest.mark.parametrize(
    ("state", "reason", "after"),
    [
        ("refused", REASON_NO["busy"], queue.WANTED),
        ("refused", REASON_NO["bad_params"], queue.FAILED),
        ("expired", 0, queue.WANTED),
    ],
)
def test_a_busy_one_is_asked_again_a_little_later(
    engine: Engine, task: dict[str, Any], state: str, reason: int, after: str
) -> None:
    online(engine)
    now = db.now_s()
    wanted(engine, now)
    assert supplement.sweep(engine, now) == 1
    answered(engine, state, reason)
    assert supplement.sweep(engine, now) == 0
    with db.reading(engine) as c:
        assert [row["state"] for row in queue.covering(c, ["T1"], DAILY, 0)] == [after]
    online(engine, now + supplement.BUSY_S + 60)
    assert supplement.sweep(engine, now + supplement.BUSY_S + 1) == (after == queue.WANTED)


def wanted(engine: Engine, made_s: int, meter: int = 1) -> None:
    row = {"device": "T1", "kind": DAILY, "from_s": NEW_YEAR, "until_s": NEW_YEAR, "author": ""}
    with db.writing(engine) as c:
        queue.add(c, [row | {"meter": meter, "priority": 1, "made_s": made_s}])


def test_who_is_away_is_waited_for_a_day(engine: Engine, task: dict[str, Any]) -> None:
    now = db.now_s()
    wanted(engine, now)
    assert supplement.sweep(engine, now) == 0
    with db.reading(engine) as c:
        assert [row["state"] for row in queue.covering(c, ["T1"], DAILY, 0)] == [queue.WANTED]
    supplement.sweep(engine, now + supplement.GIVEN_UP_S)
    with db.reading(engine) as c:
        assert [row["state"] for row in queue.covering(c, ["T1"], DAILY, 0)] == [queue.FAILED]


def test_a_person_asks_without_the_limit_but_not_twice_at_once(engine: Engine) -> None:
    task = made(engine, supplements=0)
    came(engine, 1)
    absent(engine, 2, 1)
    with db.writing(engine) as c:
        assert supplement.ask(c, "li", EVERYWHERE, task, DAY, None, SETTLED_S) == 2
        with pytest.raises(Invalid, match="nothing_to_ask"):
            supplement.ask(c, "li", EVERYWHERE, task, DAY, None, SETTLED_S)
        assert audit.recent(c, 1)[0]["action"] == "supplement_asked"
    assert asked(engine) == [(2, 0, 0), (3, 0, 0)]


def test_a_person_asks_only_what_he_may(engine: Engine, task: dict[str, Any]) -> None:
    with db.writing(engine) as c, pytest.raises(Invalid, match="nothing_to_ask"):
        supplement.ask(c, "li", NOWHERE, task, DAY, "T1", SETTLED_S)


def test_what_ended_long_ago_is_forgotten(engine: Engine, task: dict[str, Any]) -> None:
    wanted(engine, NEW_YEAR)
    assert supplement.forget(engine, NEW_YEAR + supplement.KEEP_S + 1) == 0, "it is open"
    supplement.sweep(engine, NEW_YEAR + DAY_S)
    assert supplement.forget(engine, NEW_YEAR + supplement.KEEP_S + 1) == 1
