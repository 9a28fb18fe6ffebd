"""Work orders from two desks: drafted, assigned, done at the place, checked; and all who may not."""

import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from station.store import db, devices, fieldwork, org
from station.store.schema import audit
from station.store.scope import EVERYWHERE
from tests.unit.web.conftest import DEVICE, Station
from tests.unit.web.test_approvals import hidden, person

DUE = (datetime.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")  # noqa: DTZ005 as a form gives it
DUE_S = int(time.time()) + 86400
NEW = {"kind": "patrol", "unit": "1", "device": DEVICE, "subject": "巡视 <b>1</b>", "priority": "1"}
NEW |= {"due": DUE, "once": "w1"}


def order(station: Station, number: int = 1) -> dict[str, Any]:
    with db.reading(station.engine) as c:
        found = fieldwork.get(c, EVERYWHERE, number)
    assert found
    return found


def press(desk: Any, act: str, number: int = 1, **more: str) -> Any:
    at = f"/work-orders/{number}"
    return desk.post(f"{at}/{act}", data={"version": hidden(desk.get(at), "version")} | more)


@pytest.fixture
def two(station: Station) -> tuple[Any, Any]:
    """A head who assigns, a man of the field; an order drafted."""
    head, man = person(station, "hua", "station_head"), person(station, "ming", "field")
    assert head.post("/work-orders/new", data=NEW).location == "/work-orders/1"
    return head, man


def at_work(head: Any, man: Any) -> None:
    assert press(head, "assign", assignee="ming").status_code == 302
    assert press(man, "accept").status_code == 302
    assert press(man, "arrive").status_code == 302


def test_an_order_goes_from_desk_to_place_and_back(station: Station, two: tuple[Any, Any]) -> None:
    head, man = two
    at_work(head, man)
    assert "&lt;b&gt;1&lt;/b&gt;" in man.get("/work-orders").text
    assert press(man, "tick", seal="S-1001").status_code == 302
    assert press(man, "finish").status_code == 302
    assert "S-1001" in head.get("/work-orders/1").text
    assert press(head, "check").status_code == 302
    assert order(station)["state"] == "checked"
    with db.reading(station.engine) as c:
        acts = [each.action for each in c.execute(audit.select()) if each.subject == "work 1"]
    assert acts == "work_drafted work_assign work_accept work_arrive work_tick work_finish work_check".split()


def test_a_second_press_makes_no_second_order_and_no_second_step(
    station: Station, two: tuple[Any, Any]
) -> None:
    head, _man = two
    assert head.post("/work-orders/new", data=NEW).location == "/work-orders/1"
    asked = {"version": "1", "assignee": "ming"}
    assert [head.post("/work-orders/1/assign", data=asked).status_code for _press in "12"] == [302, 302]
    with db.reading(station.engine) as c:
        assert [each["move"] for each in fieldwork.steps(c, 1)] == ["draft", "assign"]


def test_of_two_editors_the_second_is_told_and_overwrites_nothing(
    station: Station, two: tuple[Any, Any]
) -> None:
    head, _man = two
    other = person(station, "other", "station_head")
    seen = hidden(other.get("/work-orders/1"), "version")
    press(head, "assign", assignee="ming")
    reply = other.post("/work-orders/1/assign", data={"version": seen, "assignee": "hua"})
    assert reply.status_code == 422
    assert "changed meanwhile" in reply.text
    assert 'value="hua"' in reply.text
    assert order(station)["assignee"] == "ming"


def test_an_order_of_another_unit_is_not_there(station: Station, two: tuple[Any, Any]) -> None:
    with station.writing() as c:
        unit = org.add_unit(c, 1, "city", "A", "City")
    eva = person(station, "eva", "station_head", unit)
    assert eva.get("/work-orders/1").status_code == 404
    assert eva.post("/work-orders/1/cancel", data={"version": "1", "remark": "x"}).status_code == 404
    assert "/work-orders/1" not in eva.get("/work-orders?list=open").text
    foreign = eva.post("/work-orders/new", data=NEW | {"once": "w2", "unit": str(unit)})
    assert "no such terminal in this unit" in foreign.text
    assert eva.post("/work-orders/new", data=NEW | {"once": "w3"}).status_code == 422
    assert order(station)["state"] == "drafted"


def test_who_only_works_neither_assigns_nor_checks(station: Station, two: tuple[Any, Any]) -> None:
    head, man = two
    asked = {"version": "1", "assignee": "ming"}
    assert "Only who assigns" in man.post("/work-orders/1/assign", data=asked).text
    viewer = person(station, "vera", "viewer")
    assert viewer.get("/work-orders").status_code == 403
    assert "does no field work" in press(head, "assign", assignee="vera").text
    press(head, "assign", assignee="hua")
    for act in ("accept", "arrive", "finish"):
        press(head, act)
    assert "his own work" in head.post("/work-orders/1/check", data={"version": "5"}).text


def test_commissioning_waits_for_its_checklist_or_the_desks_word(station: Station) -> None:
    head, man = person(station, "hua", "station_head"), person(station, "ming", "field")
    head.post("/work-orders/new", data=NEW | {"kind": "commission"})
    at_work(head, man)
    refused = press(man, "finish")
    assert refused.status_code == 422
    assert "Needed items" in refused.text
    assert press(head, "excuse", remark="").status_code == 422
    assert press(head, "excuse", remark="停电，次日复检").status_code == 302
    assert press(man, "finish").status_code == 302
    assert order(station)["state"] == "done"


def test_export_needs_its_right_and_guards_formulas(station: Station, two: tuple[Any, Any]) -> None:
    head, man = two
    assert man.get("/work-orders/list.csv?list=open").status_code == 403
    chief = person(station, "chief", "chief")
    chief.post("/work-orders/new", data=NEW | {"once": "w9", "subject": "=1+1"})
    told = chief.get("/work-orders/list.csv?list=open")
    assert "'=1+1" in told.text
    assert head.get("/work-orders/list.csv").status_code == 403


def test_pages_of_a_list_follow_each_other(station: Station, two: tuple[Any, Any]) -> None:
    head, _man = two
    with station.writing() as c:
        for n in range(60):
            devices_of = {
                "device": None,
                "subject": f"task {n}",
                "priority": 2,
                "due_s": int(time.time()) + n,
            }
            facts = {"kind": "repair", "unit": 1, "state": "drafted", "author": "x", "drafted_s": 0}
            fieldwork.add(c, token=f"t{n}", changed_s=0, **facts, **devices_of)
    first = head.get("/work-orders?list=open&kind=repair").text
    after = first.split("after=")[1].split('"')[0]
    second = head.get(f"/work-orders?list=open&kind=repair&after={after}").text
    assert ("task 49<" in first, "task 50<" in first) == (True, False)
    assert ("task 49<" in second, "task 59<" in second) == (False, True)
    assert head.get("/work-orders?list=open&after=x").status_code == 400


def test_what_another_tab_asked_differently_is_said(station: Station, two: tuple[Any, Any]) -> None:
    head, man = two
    press(head, "assign", assignee="ming")
    reply = head.post("/work-orders/1/assign", data={"version": "1", "assignee": "hua"})
    assert "changed meanwhile" in reply.text
    press(man, "accept")
    press(man, "arrive")
    seen = hidden(man.get("/work-orders/1"), "version")
    press(man, "tick", seal="S-1")
    assert man.post("/work-orders/1/tick", data={"version": seen, "seal": "S-1"}).status_code == 302
    reply = man.post("/work-orders/1/tick", data={"version": seen, "seal": "S-2"})
    assert reply.status_code == 422
    assert 'value="S-2"' in reply.text
    with db.reading(station.engine) as c:
        assert fieldwork.ticks(c, 1)["seal"]["value"] == "S-1"


def test_a_device_that_went_to_another_unit_tells_nothing_here(station: Station) -> None:
    with station.writing() as c:
        here, there = (org.add_unit(c, 1, "city", code, code) for code in "AB")
        devices.change(c, DEVICE, unit=here)
    head, man = person(station, "hua", "station_head", here), person(station, "ming", "field", here)
    none = head.post("/work-orders/new", data=NEW | {"kind": "commission", "unit": str(here), "device": ""})
    assert none.status_code == 422
    head.post("/work-orders/new", data=NEW | {"kind": "commission", "unit": str(here)})
    at_work(head, man)
    press(man, "tick", seal="S-1")
    assert "190.0 kW" in man.get("/work-orders/1").text
    with station.writing() as c:
        devices.change(c, DEVICE, unit=there)
    assert "190.0 kW" not in man.get("/work-orders/1").text
    assert press(man, "finish").status_code == 422
