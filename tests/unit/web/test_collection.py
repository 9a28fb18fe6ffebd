"""Pages of collection tasks: made once, two editors, foreign ones are not there, what is missing."""

from typing import Any

from station.store import audit, db, org
from station.store import collection as store
from station.store.scope import EVERYWHERE, ROOT
from tests.unit.web.conftest import Station
from tests.unit.web.test_rights import only

NEW: dict[str, Any] = {
    "name": "Daily <b>",
    "unit": ROOT,
    "kind": 11,
    "point_type": "main",
    "first": 1,
    "last": 8,
    "every": 1,
    "items": ["256"],
    "from_day": "2026-01-01",
    "until_day": "",
    "priority": 2,
    "supplements": 3,
    "once": "one",
}


def test_a_task_is_made_once_and_shown_with_what_is_missing(station: Station) -> None:
    desk = station.desk("en")
    where = {desk.post("/collection", data=NEW).location for _ in range(2)}
    assert where == {"/collection/1"}
    assert "Daily &lt;b&gt;" in desk.get("/collection").text
    assert "slots are missing" in desk.get("/collection/1?day=2026-01-02").text
    assert "Nothing that is due" in desk.get("/collection/1?day=2025-12-31").text


def test_what_was_typed_stays_when_it_is_refused(station: Station) -> None:
    desk = station.desk("en")
    reply = desk.post("/collection", data=NEW | {"priority": "many", "from_day": "no", "items": ["x", "256"]})
    assert reply.status_code == 422
    assert "Daily &lt;b&gt;" in reply.text
    assert 'value="many"' in reply.text


def test_the_second_of_two_editors_is_refused_and_keeps_his_words(station: Station) -> None:
    desk = station.desk("en")
    desk.post("/collection", data=NEW)
    assert desk.post("/collection/1", data=NEW | {"version": 1, "name": "First"}).status_code == 302
    reply = desk.post("/collection/1", data=NEW | {"version": 1, "name": "Second"})
    assert reply.status_code == 422
    assert 'value="Second"' in reply.text
    with db.reading(station.engine) as c:
        assert store.get(c, 1, EVERYWHERE)["name"] == "First"


def test_a_foreign_task_is_not_there_and_a_viewer_makes_none(station: Station) -> None:
    station.desk().post("/collection", data=NEW)
    with station.writing() as c:
        low = org.add_unit(c, ROOT, "station", "low", "下")
    only(station, "branch", low)
    desk = station.desk("en")
    assert {desk.get(f"/collection/1{end}").status_code for end in ("", ".csv")} == {404}
    assert desk.post("/collection/1", data=NEW | {"version": 1}).status_code == 404
    assert desk.get("/collection/99999999999999999999").status_code == 404
    assert "Daily" not in desk.get("/collection").text
    only(station, "viewer")
    assert station.desk().post("/collection", data=NEW).status_code == 403


def test_who_takes_the_list_out_stands_in_the_audit(station: Station) -> None:
    desk = station.desk("en")
    desk.post("/collection", data=NEW)
    assert desk.get("/collection/1.csv?day=2026-01-02").mimetype == "text/csv"
    with db.reading(station.engine) as c:
        assert audit.recent(c)[0]["action"] == "exported"
