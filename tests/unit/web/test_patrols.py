"""Pages of batch patrols: begun once, counted first, foreign ones not there, stopped, repeated, live."""

import json
from typing import Any

import pytest

from protocols.uplink import area
from station.collection import patrols as room
from station.store import audit, commands, db, devices, org
from station.store import patrols as store
from station.store.scope import EVERYWHERE, ROOT
from tests.browser import seed_area
from tests.unit.web.conftest import DEVICE, Station
from tests.unit.web.test_rights import only

CONCENTRATOR = seed_area.DEVICE
NEW: dict[str, Any] = {"unit": ROOT, "items": ["256"], "within_min": "60", "act": "begin", "once": "one"}
NEW |= {"way": "filter", "kind": "meters", "q": "", "first": 1, "last": 1000, "state": "all", "list": ""}


@pytest.fixture
def full(station: Station) -> Station:
    """With a concentrator of 120 meters."""
    with station.writing() as c:
        seed_area.seed_area(c)
    return station


def listed(text: str, **more: Any) -> dict[str, Any]:
    return NEW | {"way": "list", "list": text} | more


def row(station: Station, number: int = 1) -> dict[str, Any]:
    with db.reading(station.engine) as c:
        found = store.get(c, number, EVERYWHERE)
    assert found
    return found


def over(station: Station) -> None:
    """The patrol passes its end: all has failed."""
    room.work(station.engine, db.now_s() + 3601)


def test_it_is_begun_once_and_the_dispatcher_sends_its_commands(full: Station) -> None:
    desk = full.desk("en")
    assert {desk.post("/patrols/new", data=NEW).location for _ in range(2)} == {"/patrols/1"}
    assert "120 points" in desk.get("/patrols/1").text
    room.work(full.engine, db.now_s())
    with db.reading(full.engine) as c:
        (sent,) = commands.of_kinds(c, [CONCENTRATOR], [area.PATROL])
        assert sent["params"]["last"] == room.patrol_choice.MOST // 10
        assert commands.recent(c, CONCENTRATOR, 1)[0]["kind"] != area.PATROL, "it stands in the patrol"
    text = desk.get("/patrols").text
    assert "/patrols/1" in text
    assert "120" in text


def test_points_are_counted_before_anything_is_sent(full: Station) -> None:
    reply = full.desk("en").post("/patrols/new", data=NEW | {"act": "count", "items": ["256", "1"]})
    assert "240 points: 120 meters or terminals × 2 items, of 1 devices" in reply.text
    with db.reading(full.engine) as c:
        assert store.listed(c, EVERYWHERE, 1) == []


def test_wrong_lines_are_named_and_what_was_pasted_stays(full: Station) -> None:
    desk, text = full.desk("en"), f"{CONCENTRATOR} 5\n<b>x\nNONE 3"
    reply = desk.post("/patrols/new", data=listed(text))
    assert reply.status_code == 422
    assert "Line 2: a device" in reply.text
    assert "Line 3: there is no NONE" in reply.text
    assert f"{CONCENTRATOR} 5\n&lt;b&gt;x" in reply.text
    assert desk.post("/patrols/new", data=listed(text, without_wrong="1")).status_code == 302
    assert "Wrong lines left out" in desk.get("/patrols/1").text


def test_a_form_of_junk_is_refused_not_failed(full: Station) -> None:
    junk = {"unit": "x", "items": ["x"], "within_min": "x", "first": "", "last": "-", "way": "?", "kind": "?"}
    assert full.desk().post("/patrols/new", data=NEW | junk).status_code == 422


@pytest.mark.parametrize("device", [DEVICE, CONCENTRATOR])
def test_a_device_page_leads_to_the_form_filled_in(full: Station, device: str) -> None:
    desk = full.desk("en")
    page = "/terminals/" if device == DEVICE else "/areas/"
    assert f'href="/patrols/new?device={device}"' in desk.get(page + device).text
    text = desk.get(f"/patrols/new?device={device}").text
    assert f">{device}</textarea>" in text
    assert 'value="list" checked' in text
    assert desk.get("/patrols/new?device=NONE").status_code == 404


def test_a_foreign_patrol_is_not_there_and_a_viewer_begins_none(full: Station) -> None:
    full.desk().post("/patrols/new", data=NEW)
    with full.writing() as c:
        low = org.add_unit(c, ROOT, "station", "low", "下")
    only(full, "chief", low)
    desk = full.desk("en")
    ways = ("/patrols/1", "/patrols/1.csv", "/live/patrol?number=1", "/api/panels/patrol?number=1")
    assert {desk.get(each).status_code for each in ways} == {404}
    assert {desk.post(f"/patrols/1/{act}", data={"version": 1}).status_code for act in room.ACTS} == {404}
    assert desk.get("/patrols/99999999999999999999").status_code == 404
    assert "/patrols/1" not in desk.get("/patrols").text
    reply = desk.post("/patrols/new", data=listed(f"{CONCENTRATOR} 1", unit=low, once="two"))
    assert "there is no" in reply.text
    assert desk.get(f"/patrols/new?device={CONCENTRATOR}").status_code == 403
    only(full, "viewer")
    desk = full.desk("en")
    assert desk.get("/patrols/1").status_code == 200
    assert "Stop it now" not in desk.get("/patrols/1").text
    assert {desk.get("/patrols/new").status_code, desk.post("/patrols/new", data=NEW).status_code} == {403}


def test_meters_that_went_to_another_unit_are_seen_there_only(full: Station) -> None:
    with full.writing() as c:
        low, beside = (org.add_unit(c, ROOT, "station", code, code) for code in ("low", "beside"))
        devices.change(c, CONCENTRATOR, unit=low)
    full.desk().post("/patrols/new", data=NEW | {"unit": low})
    with full.writing() as c:
        devices.change(c, CONCENTRATOR, unit=beside)
    only(full, "chief", low)
    desk = full.desk("en")
    assert CONCENTRATOR not in desk.get("/patrols/1").text
    assert CONCENTRATOR not in desk.get("/patrols/1.csv").text


def test_a_stop_and_a_second_try_go_by_what_was_seen(full: Station) -> None:
    desk = full.desk("en")
    desk.post("/patrols/new", data=NEW)
    for version in ("9", "x", ""):
        reply = desk.post("/patrols/1/stop", data={"version": version})
        assert (reply.status_code, "changed meanwhile" in reply.text) == (422, True)
    assert {desk.post("/patrols/1/stop", data={"version": 1}).status_code for _ in range(2)} == {302}
    room.work(full.engine, db.now_s())
    version = row(full)["version"]
    assert f'name="version" value="{version}"' in desk.get("/patrols/1").text
    assert desk.post("/patrols/1/retry", data={"version": version - 1}).status_code == 422
    assert {desk.post("/patrols/1/retry", data={"version": version}).status_code for _ in range(2)} == {302}
    assert row(full)["round"] == 2
    assert desk.post("/patrols/1/burn", data={"version": version}).status_code == 404


def test_failed_ones_stand_first_with_their_reason_and_by_pages(full: Station) -> None:
    desk = full.desk("en")
    desk.post("/patrols/new", data=NEW)
    over(full)
    with full.writing() as c:
        done = {"state": "ok", "reason": "", "value": 12_345, "quality": 4, "value_s": 1_700_000_000}
        store.put(c, 1, [{"no": no} | done for no in (1, 2)])
    text = desk.get("/patrols/1").text
    assert "Device offline" in text
    assert "12.345 kWh" not in text
    assert "state=ok" in text
    after = text.split("after=")[-1].split('"')[0]
    second = desk.get(f"/patrols/1?after={after}").text
    assert second.count("<tr>") == 51
    shown = desk.get("/patrols/1?state=ok").text
    assert "12.345 kWh" in shown
    assert "suspect" in shown
    assert desk.get("/patrols/1?state=none").status_code == 400
    assert desk.get("/patrols/1?after=x").status_code == 400


def test_its_author_is_reminded_until_he_looked(full: Station) -> None:
    desk = full.desk("en")
    desk.post("/patrols/new", data=NEW)
    over(full)
    assert "Patrols with failures" in desk.get("/").text
    desk.get("/patrols/1")
    assert "Patrols with failures" not in desk.get("/").text


def test_the_panels_follow_the_patrol(full: Station) -> None:
    desk = full.desk("en")
    desk.post("/patrols/new", data=NEW)
    before = desk.get("/api/panels/patrol?number=1").json["panels"]
    assert set(before) == {"p-patrol_head", "p-patrol_acts", "p-patrol_points"}
    assert "Stop it now" in before["p-patrol_acts"]
    over(full)
    after = desk.get("/api/panels/patrol?number=1").json["panels"]
    assert "Ask the 120 failed again" in after["p-patrol_acts"]
    snapshot = full.app.extensions["hub"]._snapshot
    told = snapshot(("patrol", "en", ((ROOT,), frozenset({"view", "collect"}), ROOT), ("number", "1")))
    assert "Ask the 120 failed again" in json.loads(told["p-patrol_acts"])


def test_the_file_has_all_and_stands_in_the_audit(full: Station) -> None:
    desk = full.desk("en")
    with full.writing() as c:
        c.exec_driver_sql("UPDATE area_rows SET name = '=cmd()' WHERE meter = 1")
    desk.post("/patrols/new", data=NEW)
    text = desk.get("/patrols/1.csv").text
    assert len(text.splitlines()) == 121
    assert "'=cmd()" in text
    assert len(desk.get("/patrols/1.csv?state=failed").text.splitlines()) == 1
    assert desk.get("/patrols/1.csv?state=none").status_code == 400
    with db.reading(full.engine) as c:
        assert audit.recent(c, 1)[0]["action"] == "exported"
