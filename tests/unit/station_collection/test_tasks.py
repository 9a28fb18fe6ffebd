"""Tasks: made once, by two editors, in one's own units; what of them is missing."""

from typing import Any

import pytest
from sqlalchemy import Connection, insert

from protocols import cbor
from protocols.uplink.messages import CURVE, DAILY
from station.collection import tasks
from station.errors import Invalid
from station.store import audit
from station.store import collection as store
from station.store.schema import meters, readings
from station.store.scope import EVERYWHERE, ROOT, Scope
from tests.unit.station_collection.test_slots import NEW_YEAR

DAY_S = 86_400
NOW_S = NEW_YEAR + DAY_S


def facts(east: int, **more: Any) -> dict[str, Any]:
    return {
        "name": "Daily energy",
        "kind": DAILY,
        "unit": east,
        "point_type": "meter",
        "first": 1,
        "last": 1000,
        "items": [257, 256],
        "from_s": NEW_YEAR,
        "until_s": None,
        "every": 1,
        "priority": 1,
        "supplements": 3,
        "origin": "own",
    } | more


def made(c: Connection, east: int, once: str = "a", **more: Any) -> dict[str, Any]:
    number = tasks.add(c, "li", EVERYWHERE, facts(east, **more), once)
    found = store.get(c, number, EVERYWHERE)
    assert found
    return found


def came(c: Connection, meter: int, slot_s: int, *items: int) -> None:
    key = c.execute(insert(meters).values(device="T1", metering_point=meter)).inserted_primary_key
    row = {"kind": DAILY, "slot_s": slot_s, "interval_s": 0, "quality": 0, "t_ok": 1}
    body = cbor.encode(dict.fromkeys(sorted(items), 1))
    c.execute(insert(readings).values(meter_id=key[0], points=body, **row))  # type: ignore[index]


def test_only_what_did_not_come_is_missing_by_item(c: Connection, east: int) -> None:
    came(c, 1, NEW_YEAR, 256, 257)
    came(c, 2, NEW_YEAR, 256)
    found = tasks.missing(c, made(c, east), EVERYWHERE, NEW_YEAR, NEW_YEAR)
    assert found == [("T1", 2, NEW_YEAR, (257,)), ("T1", 3, NEW_YEAR, (256, 257))]


@pytest.mark.parametrize(
    ("more", "want"),
    [
        ({}, 6),
        ({"first": 2}, 4),
        ({"last": 1}, 2),
        ({"every": 2}, 3),
        ({"until_s": NOW_S}, 3),
        ({"from_s": NEW_YEAR + 1}, 3),
        ({"kind": CURVE, "every": 60}, 3 * 24),
        ({"point_type": "main"}, 0),
    ],
)
def test_each_field_says_what_is_expected(c: Connection, east: int, more: dict[str, Any], want: int) -> None:
    assert len(tasks.missing(c, made(c, east, **more), EVERYWHERE, NEW_YEAR, NOW_S)) == want


def test_a_terminal_that_never_told_anything_is_expected_too(c: Connection, east: int) -> None:
    task = made(c, east, unit=ROOT, point_type="main")
    found = tasks.missing(c, task, EVERYWHERE, NEW_YEAR, NEW_YEAR + DAY_S - 1)
    assert [(each.device, each.point) for each in found] == [("T2", 1)]


def test_a_foreign_task_is_none_and_its_points_are_nobodys(c: Connection, east: int) -> None:
    task = made(c, east)
    stranger = Scope(())
    assert store.get(c, task["id"], stranger) is None
    assert store.listed(c, stranger, 9) == []
    assert tasks.missing(c, task, stranger, NEW_YEAR, NOW_S) == []
    with pytest.raises(Invalid, match="no_such_task"):
        tasks.change(c, "wu", stranger, task["id"], 1, facts(east))
    with pytest.raises(Invalid, match="no_such_unit"):
        tasks.add(c, "wu", stranger, facts(east), "b")


def test_a_form_sent_twice_makes_one_task(c: Connection, east: int) -> None:
    assert made(c, east)["id"] == made(c, east)["id"]
    assert len(store.listed(c, EVERYWHERE, 9)) == 1


def test_the_second_of_two_editors_is_told_and_overwrites_nothing(c: Connection, east: int) -> None:
    number = made(c, east)["id"]
    tasks.change(c, "li", EVERYWHERE, number, 1, facts(east, name="First"))
    with pytest.raises(Invalid, match="changed_meanwhile"):
        tasks.change(c, "wu", EVERYWHERE, number, 1, facts(east, name="Second"))
    now = store.get(c, number, EVERYWHERE)
    assert now
    assert (now["name"], now["version"]) == ("First", 2)
    told = audit.recent(c)[0]
    assert (told["action"], told["detail"]["before"]) == ("collection_task_changed", {"name": "Daily energy"})


def test_a_task_of_marketing_is_changed_there(c: Connection, east: int) -> None:
    task = made(c, east, origin="marketing")
    with pytest.raises(Invalid, match="task_of_marketing"):
        tasks.change(c, "li", EVERYWHERE, task["id"], 1, facts(east))


def test_the_list_is_by_priority_and_goes_on_after_a_row(c: Connection, east: int) -> None:
    for once, priority in (("a", 5), ("b", 2), ("c", 5)):
        made(c, east, once, priority=priority)
    first = store.listed(c, EVERYWHERE, 2)
    assert [row["priority"] for row in first] == [2, 5]
    assert [row["id"] for row in store.listed(c, EVERYWHERE, 2, (5, first[-1]["id"]))] == [3]


@pytest.mark.parametrize(
    ("field", "value", "key"),
    [
        ("name", " ", "needed"),
        ("name", "x" * 61, "too_long"),
        ("kind", 99, "needed"),
        ("point_type", "line", "needed"),
        ("origin", "", "needed"),
        ("every", 32, "needed"),
        ("last", 0, "out_of_range"),
        ("items", [], "needed"),
        ("items", [256, 0], "needed"),
        ("until_s", NEW_YEAR, "period_empty"),
        ("priority", 10, "out_of_range"),
        ("supplements", 11, "out_of_range"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    c: Connection, east: int, field: str, value: Any, key: str
) -> None:
    with pytest.raises(Invalid) as refused:
        tasks.add(c, "li", EVERYWHERE, facts(east, **{field: value}), "a")
    assert (field, key) in {error[:2] for error in refused.value.errors}
