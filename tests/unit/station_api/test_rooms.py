"""Marketing's tasks and orders by the API: once for each message, in their unit, changed by it alone."""

import time
from typing import Any

import pytest

from protocols.uplink.messages import DAILY
from station.alarms import life as alarms
from station.collection import counts, tasks
from station.errors import Invalid
from station.store import audit, db
from station.store import collection as store
from station.store import collection_asks as queue
from station.store.scope import EVERYWHERE, ROOT
from tests.browser import seed_area
from tests.unit.station_api.conftest import DEVICE, Door

DAY_S, EAST_8 = 86_400, 28_800
TASK: dict[str, Any] = {
    "name": "Settlement",
    "kind": "daily",
    "unit": ROOT,
    "point_type": "meter",
    "first": 1,
    "last": 1000,
    "items": ["energy_import_wh"],
    "from_s": 0,
    "every": 1,
}


def order(**more: Any) -> dict[str, Any]:
    return {"kind": "install", "unit": ROOT, "subject": "New", "due_s": int(time.time()) + DAY_S} | more


def test_a_message_makes_one_task_and_marketing_alone_changes_it(door: Door) -> None:
    answers = [door.post("/collection/tasks", TASK, "m1") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    number = answers[0].json["id"]
    assert (answers[0].json["origin"], answers[0].json["items"]) == ("marketing", ["energy_import_wh"])
    with door.writing() as c:
        row = store.get(c, number, EVERYWHERE)
        assert row
        with pytest.raises(Invalid, match="task_of_marketing"):
            tasks.change(c, "admin", EVERYWHERE, number, 1, row | {"origin": store.OWN})
    changed = door.post(f"/collection/tasks/{number}", TASK | {"version": 1, "name": "New"}, "m2")
    assert (changed.status_code, changed.json["name"], changed.json["version"]) == (200, "New", 2)
    late = door.post(f"/collection/tasks/{number}", TASK | {"version": 1}, "m3")
    assert (late.status_code, late.json["fields"][0]["key"]) == (422, "changed_meanwhile")


def test_a_task_of_the_station_is_not_marketings(door: Door) -> None:
    with door.writing() as c:
        number = tasks.add(c, "admin", EVERYWHERE, _own(), "once")
    refused = door.post(f"/collection/tasks/{number}", TASK | {"version": 1})
    assert (refused.status_code, refused.json["fields"][0]["key"]) == (422, "task_of_own")


def _own() -> dict[str, Any]:
    more = {"kind": DAILY, "items": [seed_area.ENERGY], "until_s": None, "priority": 1, "supplements": 0}
    return TASK | more | {"origin": store.OWN}


@pytest.mark.parametrize("wrong", [{"items": ["nonsense"]}, {"unit": 99}, {"every": 7, "kind": "curve"}])
def test_a_task_that_makes_no_sense_is_told_by_field(door: Door, wrong: dict[str, Any]) -> None:
    answer = door.post("/collection/tasks", TASK | wrong)
    assert answer.status_code == 422
    assert answer.json["fields"]


def test_what_came_and_what_is_missing_is_told_and_asked_for(door: Door) -> None:
    with door.writing() as c:
        seed_area.seed_area(c)
    begun = int(time.time()) - 5 * DAY_S
    number = door.post("/collection/tasks", TASK | {"from_s": begun}).json["id"]
    while counts.close(door.engine, int(time.time()), EAST_8):
        pass
    newest = door.get(f"/collection/tasks/{number}/days").json["items"][0]
    assert (newest["expected"], newest["came"]) == (120, 119)
    told = door.get(f"/collection/tasks/{number}/missing", day=newest["day"]).json
    assert told["total"] == 1
    assert told["items"][0]["metering_point"] == seed_area.MISSING
    asked = door.post(f"/collection/tasks/{number}/supplement", {"day": newest["day"]}, "k2")
    assert (asked.status_code, asked.json) == (202, {"slots": 1})
    with db.reading(door.engine) as c:
        assert [row["meter"] for row in queue.covering(c, [seed_area.DEVICE], DAILY, 0)] == [
            seed_area.MISSING
        ]
    again = door.post(f"/collection/tasks/{number}/supplement", {"day": "2199-01-01"}, "k3")
    assert again.status_code == 422


def test_tasks_and_orders_come_by_the_page(door: Door) -> None:
    for n in range(3):
        assert door.post("/collection/tasks", TASK | {"priority": 3 - n}, f"t{n}").status_code == 201
        assert door.post("/work-orders", order(due_s=order()["due_s"] - 60 * n), f"w{n}").status_code == 201
    for path in ("/collection/tasks", "/work-orders"):
        first = door.get(path, limit=2).json
        rest = door.get(path, limit=2, after=first["next"]).json
        assert [each["id"] for each in first["items"] + rest["items"]] == [3, 2, 1]
        assert rest["next"] is None


def test_a_message_drafts_one_order_and_its_steps_are_told(door: Door) -> None:
    answers = [door.post("/work-orders", order(device=DEVICE), "m1") for _ in range(2)]
    assert {(answer.status_code, answer.json["id"]) for answer in answers} == {(201, 1)}
    told = door.get("/work-orders/1").json
    assert (told["state"], [step["move"] for step in told["steps"]]) == ("drafted", ["draft"])


def test_an_alarm_is_acknowledged_once(door: Door) -> None:
    with door.writing() as c:
        while alarms.work(c, int(time.time())) == alarms.BATCH:
            pass
    found = door.get("/alarms").json["items"]
    assert found
    assert found[0]["severity"] <= found[-1]["severity"]
    number, version = found[0]["id"], found[0]["version"]
    told = [door.post(f"/alarms/{number}/acknowledge", {"version": version}, "a") for _ in range(2)]
    assert [(answer.status_code, answer.json["state"]) for answer in told] == [(200, "acknowledged")] * 2
    assert number not in [each["id"] for each in door.get("/alarms").json["items"]]
    with db.reading(door.engine) as c:
        assert audit.recent(c, 1)[0]["action"] == "api"


@pytest.mark.parametrize("path", ["/collection/tasks/1", "/work-orders/1", "/alarms/1"])
def test_what_is_foreign_is_as_what_is_not_there(door: Door, other: int, path: str) -> None:
    with door.writing() as c:
        alarms.work(c, int(time.time()))
    door.post("/collection/tasks", TASK, "t")
    door.post("/work-orders", order(), "w")
    assert door.get(path).status_code == 200
    door.token(unit=other)
    assert door.get(path).status_code == 404
    assert door.get(path.rsplit("/", 1)[0]).json["items"] == []
    assert door.get(path.rsplit("/", 1)[0], after=1).status_code == 404


def test_a_token_without_the_function_changes_nothing(door: Door) -> None:
    door.token("view")
    for path, body in (("/collection/tasks", TASK), ("/work-orders", order())):
        assert door.post(path, body).status_code == 403
