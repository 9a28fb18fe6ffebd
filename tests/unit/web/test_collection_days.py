"""Pages of what came day by day, of what no task covers, and asking again for what is missing."""

import time
from typing import Any

import pytest
from sqlalchemy import update

from protocols.uplink.messages import CURVE, DAILY
from station.collection import counts
from station.store import audit, db, org
from station.store import collection as store
from station.store import collection_asks as queue
from station.store.area_schema import area_absents
from station.store.scope import ROOT
from station.web import heat
from tests.browser import seed_area
from tests.unit.web.conftest import Station
from tests.unit.web.test_collection import NEW
from tests.unit.web.test_rights import only

EAST_8, DAY_S = 28_800, 86_400
METERS = NEW | {"name": "Meters", "point_type": "meter", "last": 1000, "once": "two"}
METERS |= {"items": [str(seed_area.ENERGY)]}


@pytest.fixture
def counted(station: Station) -> Station:
    """The concentrator of the seed with a task over its meters, counted."""
    with station.writing() as c:
        seed_area.seed_area(c)
    begun = time.strftime("%Y-%m-%d", time.gmtime(time.time() + EAST_8 - 10 * DAY_S))
    assert station.desk().post("/collection", data=METERS | {"from_day": begun}).status_code == 302
    while counts.close(station.engine, int(time.time()), EAST_8):
        pass
    return station


def last_day(station: Station) -> str:
    with db.reading(station.engine) as c:
        day = store.every(c)[0]["counted_day"]
    return time.strftime("%Y-%m-%d", time.gmtime(day * DAY_S))


def test_the_days_and_their_holes_are_shown(counted: Station) -> None:
    page = counted.desk("en").get("/collection/1/days").text
    assert f'href="/collection/1?day={last_day(counted)}"' in page
    assert f"day={last_day(counted)}&amp;device={seed_area.DEVICE}" in page
    assert "119/120" in page
    assert "100/120" in page
    assert "99 %" in counted.desk("en").get("/collection").text


def test_what_is_missing_is_asked_for_once(counted: Station) -> None:
    desk, day = counted.desk("en"), last_day(counted)
    sent = {"day": day, "device": seed_area.DEVICE}
    assert desk.post("/collection/1/supplement", data=sent).status_code == 302
    page = desk.get(f"/collection/1?day={day}&device={seed_area.DEVICE}").text
    assert "1 slots are being asked for" in page
    assert "to be asked for" in page
    desk.post("/collection/1/supplement", data=sent)
    assert "Nothing of it can be asked for" in desk.get("/collection/1").text
    with db.reading(counted.engine) as c:
        (row,) = queue.covering(c, [seed_area.DEVICE], DAILY, 0)
        assert audit.recent(c, 1)[0]["action"] == "supplement_asked"
    assert (row["meter"], row["author"]) == (seed_area.MISSING, "admin")


def test_what_the_concentrator_said_is_shown(counted: Station) -> None:
    with counted.writing() as c:
        c.execute(update(area_absents).values(first_s=0))
    page = counted.desk("en").get(f"/collection/1?day={last_day(counted)}&device={seed_area.DEVICE}").text
    assert "No answer" in page


def test_of_terminals_nothing_can_be_asked(station: Station) -> None:
    desk = station.desk("en")
    desk.post("/collection", data=NEW)
    assert "cannot be asked again" in desk.get("/collection/1?day=2026-01-02").text
    desk.post("/collection/1/supplement", data={"day": "2026-01-02"})
    assert "Nothing of it can be asked for" in desk.get("/collection/1").text


def test_points_that_no_task_names_are_listed_by_kind(counted: Station) -> None:
    desk = counted.desk("en")
    daily = desk.get("/collection/uncovered").text
    assert seed_area.DEVICE not in daily
    assert "/terminals/DF-FOUNDRY-01" in daily
    assert f"/areas/{seed_area.DEVICE}" in desk.get(f"/collection/uncovered?kind={CURVE}").text
    assert desk.get("/collection/uncovered?kind=99").status_code == 400
    desk.post("/collection", data=NEW)
    assert "A task expects something" in desk.get("/collection/uncovered").text


def test_a_task_of_some_meters_leaves_the_others(station: Station) -> None:
    with station.writing() as c:
        seed_area.seed_area(c)
    station.desk().post("/collection", data=METERS | {"last": 100})
    with db.reading(station.engine) as c:
        found = store.uncovered(c, store.Scope((ROOT,)), DAILY, 0, 50, "TQ-0030")
    assert [(row["device"], row["points"]) for row in found if row["is_area"]] == [(seed_area.DEVICE, 20)]


def test_a_foreign_task_has_no_days(counted: Station) -> None:
    with counted.writing() as c:
        low = org.add_unit(c, ROOT, "station", "low", "下")
    only(counted, "branch", low)
    desk = counted.desk("en")
    for path in ("/collection/1/days", "/collection/1/days.csv"):
        assert desk.get(path).status_code == 404
    assert desk.post("/collection/1/supplement", data={"day": last_day(counted)}).status_code == 404
    assert seed_area.DEVICE not in desk.get(f"/collection/uncovered?kind={CURVE}").text


def test_a_viewer_asks_for_nothing(counted: Station) -> None:
    only(counted, "viewer")
    desk = counted.desk("en")
    assert desk.post("/collection/1/supplement", data={"day": last_day(counted)}).status_code == 403
    assert "Collect what is missing" not in desk.get(f"/collection/1?day={last_day(counted)}").text


def test_the_days_are_taken_out_by_unit(counted: Station) -> None:
    reply = counted.desk("en").get("/collection/1/days.csv")
    assert reply.mimetype == "text/csv"
    assert f"{last_day(counted)}," in reply.text
    with db.reading(counted.engine) as c:
        assert audit.recent(c, 1)[0]["action"] == "exported"


def test_a_cell_is_as_high_as_its_share() -> None:
    torn: dict[tuple[str, int], tuple[int, int]] = {("A", 1): (1, 2), ("A", 2): (0, 2)}
    (row,) = heat.draw_days(["A"], [1, 2, 3], torn)["rows"]
    cells: list[dict[str, Any]] = row["cells"]
    assert [(cell["tone"], cell["high"] / cell["full"], cell["torn"]) for cell in cells] == [
        ("part", 0.5, True),
        ("none", 0.0, True),
        ("full", 1.0, False),
    ]
