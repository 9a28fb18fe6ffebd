"""The inbox at the desk: filter, acknowledge, close; whom an alarm is hidden from; two at one alarm."""

import re
from typing import Any

import pytest

from station.alarms import life
from station.store import alarms, audit, db, devices, org, settings
from station.store.scope import EVERYWHERE
from station.web.outages import instant
from tests.browser.seed import hostile, put_event
from tests.unit.web.conftest import DEVICE, Station
from tests.unit.web.test_approvals import hidden, person


def raised(station: Station, name: str = "meter_cover_open", device: str = DEVICE) -> int:
    """Number of a fresh alarm of the device."""
    with station.writing() as c:
        while life.work(c, db.now_s()):
            pass  # what was seeded
        put_event(c, device, db.now_s(), name, {}, 700)
        life.work(c, db.now_s())
        found = alarms.page(c, alarms.Wanted(EVERYWHERE, "open", kind=name, device=device), 1)
    return found[0]["id"]


def test_the_inbox_lists_filters_and_exports(station: Station) -> None:
    number = raised(station)
    desk = station.desk("en")
    page = desk.get("/alarms?severity=1&kind=meter_cover_open&device=" + DEVICE)
    assert f'href="/alarms/{number}"' in page.text
    assert f'href="/alarms/{number}"' not in desk.get("/alarms?severity=2").text
    assert desk.get("/alarms?state=nonsense").status_code == 404
    told = desk.get("/alarms/alarms.csv?severity=1").text
    assert DEVICE in told
    assert "p-alarm-lists" in desk.get("/alarms/counts").json["panels"]
    with db.reading(station.engine) as c:
        assert audit.recent(c, 1)[0]["action"] == "exported"


def test_the_selected_are_acknowledged_and_one_is_closed(station: Station) -> None:
    number, desk = raised(station), station.desk("en")
    reply = desk.post(
        "/alarms/acknowledge", data={"chosen": [f"{number}:1", "4711:1"]}, follow_redirects=True
    )
    assert "Acknowledged: 1" in reply.text
    assert "1 were changed" in reply.text
    asked = {"version": "2", "text": "lid was shut", "once": "n1"}
    for _press in range(2):
        assert desk.post(f"/alarms/{number}/note", data=asked).status_code == 302
    page = desk.get(f"/alarms/{number}").text
    assert page.count("lid was shut") == 1
    assert desk.post(f"/alarms/{number}/close", data={"version": "2", "cause": ""}).status_code == 422
    assert desk.post(f"/alarms/{number}/close", data={"version": "2", "cause": "work"}).status_code == 302
    assert "work on site" in desk.get(f"/alarms/{number}").text


def test_who_saw_an_older_one_changes_nothing_and_keeps_what_he_typed(station: Station) -> None:
    number, desk = raised(station), station.desk("en")
    desk.post(f"/alarms/{number}/acknowledge", data={"version": "1"})
    reply = desk.post(f"/alarms/{number}/escalate", data={"version": "1", "text": "send <somebody>"})
    assert reply.status_code == 422
    assert "send &lt;somebody&gt;" in reply.text
    with db.reading(station.engine) as c:
        assert alarms.get(c, number, EVERYWHERE)["escalated_s"] is None


@pytest.mark.parametrize("path", ["", "/acknowledge", "/close"])
def test_an_alarm_of_another_unit_is_none(station: Station, path: str) -> None:
    number = raised(station)
    with station.writing() as c:
        unit = org.add_unit(c, 1, "city", "A", "City")
    eva = person(station, "eva", "duty", unit)
    ask = eva.post if path else eva.get
    assert ask(f"/alarms/{number}{path}", data={"version": "1", "cause": "work"}).status_code == 404
    assert f"/alarms/{number}" not in eva.get("/alarms").text
    with db.reading(station.engine) as c:
        assert alarms.get(c, number, EVERYWHERE)["state"] == "open"


def test_who_may_only_look_has_no_buttons(station: Station) -> None:
    number = raised(station)
    vic = person(station, "vic", "viewer")
    assert "<form" not in vic.get(f"/alarms/{number}").text.split("<main")[1]
    assert vic.post(f"/alarms/{number}/acknowledge", data={"version": "1"}).status_code == 403
    assert vic.get("/alarms/rules").status_code == 403
    assert vic.get("/outages").status_code == 403
    assert vic.get("/duty").status_code == 403


def test_names_from_outside_stay_text(station: Station) -> None:
    hostile(station.home)
    number = raised(station)
    for path in ("/alarms", f"/alarms/{number}"):
        assert '<script>alert("x")' not in station.desk().get(path).text


def test_the_numbers_are_changed_by_one_editor_at_a_time(station: Station) -> None:
    desk = station.desk("en")
    page = desk.get("/alarms/rules")
    asked = dict(re.findall(r'name="(\w+)"[^>]*value="(\w*)"', page.text))
    asked |= {"version": hidden(page, "version"), "silent_min": "20"}
    assert desk.post("/alarms/rules", data=asked | {"down_percent": "0"}).status_code == 422
    assert desk.post("/alarms/rules", data=asked).status_code == 302
    assert desk.post("/alarms/rules", data=asked | {"silent_min": "30"}).status_code == 422
    with db.reading(station.engine) as c:
        assert settings.get(c, "alarms")["silent_min"] == 20


def plan(desk: Any, **more: str) -> Any:
    asked = {"unit": "1", "from": "2026-01-01T08:00", "until": "2026-01-02T08:00", "reason": "line 3"}
    return desk.post("/outages", data=asked | {"once": "o1"} | more)


def test_an_outage_is_planned_once_moved_and_not_by_two(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("station.alarms.outages.now_s", lambda: 1_767_200_000)
    monkeypatch.setattr("station.web.outages.now_s", lambda: 1_767_200_000)
    desk = station.desk("en")
    wrong = plan(desk, until="soon")
    assert wrong.status_code == 422
    assert "line 3" in wrong.text
    for _press in range(2):
        assert plan(desk).status_code == 302
    assert desk.get("/outages").text.count("line 3") == 1
    moved = {"until": "2026-01-02T10:00", "version": "1"}
    assert desk.post("/outages/1", data=moved).status_code == 302
    assert desk.post("/outages/1", data=moved).status_code == 422
    with station.writing() as c:
        unit = org.add_unit(c, 1, "city", "A", "City")
    eva = person(station, "eva", "duty", unit)
    assert eva.post("/outages/1", data=moved | {"version": "2"}).status_code == 404
    assert "line 3" not in eva.get("/outages").text


@pytest.mark.parametrize(
    "text", ["", "2026-02-30T10:00", "2026-01-01", "2026-01-01T25:00", "٢٠٢٦-01-01T10:00"]
)
def test_what_is_no_instant_is_none(text: str) -> None:
    assert instant(text, 0) is None


def test_an_instant_is_of_the_local_clock() -> None:
    assert instant("2026-01-01T08:00", 8 * 3600) == 1_767_225_600


def test_two_people_keep_the_duty_log(station: Station) -> None:
    raised(station)
    ann, bob = person(station, "ann", "duty"), person(station, "bob", "duty")
    at = ann.post("/duty", data={"unit": "1"}).location
    for _press in range(2):
        assert (
            ann.post(f"{at}/write", data={"text": "<b>call</b>", "todo": "1", "once": "d1"}).status_code
            == 302
        )
    assert bob.post(f"{at}/write", data={"text": "mine?", "once": "d2"}).status_code == 422
    ann.post(f"{at}/hand-over")
    next_at = bob.post(f"{at}/take-over").location
    page = bob.get(next_at).text
    assert "Meter cover open" in page or "cover" in page
    assert "&lt;b&gt;call&lt;/b&gt;" in page
    with station.writing() as c:
        unit = org.add_unit(c, 1, "city", "A", "City")
    assert person(station, "eva", "duty", unit).get(next_at).status_code == 404


def test_a_device_that_is_elsewhere_now_is_seen_there(station: Station) -> None:
    number = raised(station)
    with station.writing() as c:
        unit = org.add_unit(c, 1, "city", "A", "City")
        devices.change(c, DEVICE, unit=unit)
    assert person(station, "eva", "duty", unit).get(f"/alarms/{number}").status_code == 200
