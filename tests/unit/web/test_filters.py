"""Filters that a person keeps: theirs alone, twenty, and no way round a right."""

from typing import Any

import pytest

from station.access import saved_filters as rules
from station.errors import Invalid
from station.store import audit, db, org, users
from station.store import filters as store
from station.store.scope import ROOT
from tests.unit.web.conftest import Station
from tests.unit.web.test_rights import only

FORM = {"page": "overview.page", "name": "离线的厂", "of_queue": "offline", "of_q": "厂"}
ADDRESS = "/?queue=offline&q=%E5%8E%82"


def kept(station: Station, person: str = "admin") -> list[tuple[str, str]]:
    with db.reading(station.engine) as c:
        return [(each["name"], each["query"]) for each in store.of(c, person)]


def actions(station: Station) -> list[str]:
    with db.reading(station.engine) as c:
        return [each["action"] for each in audit.recent(c) if each["action"].startswith("filter_")]


def test_a_filter_is_saved_opened_and_deleted(station: Station) -> None:
    desk = station.desk("en")
    assert "Save this filter" not in desk.get("/").text  # the whole list is no filter
    assert "Save this filter" in desk.get(ADDRESS).text
    answer = desk.post("/filters", data=FORM)
    assert answer.location == ADDRESS
    page = desk.get("/").text
    assert '<a href="/?queue=offline&amp;q=%E5%8E%82">离线的厂</a>' in page
    assert "离线的厂" not in desk.get("/alarms").text
    with db.reading(station.engine) as c:
        (number,) = (each["id"] for each in store.of(c, "admin"))
    assert desk.post(f"/filters/{number}/delete").location == "/filters"
    assert kept(station) == []
    assert actions(station) == ["filter_deleted", "filter_saved"]


def test_a_second_press_saves_once(station: Station) -> None:
    desk = station.desk()
    assert [desk.post("/filters", data=FORM).status_code for _ in range(2)] == [302, 302]
    assert len(kept(station)) == 1
    assert actions(station) == ["filter_saved"]


def test_a_taken_name_overwrites_nothing_and_the_form_stays(station: Station) -> None:
    desk = station.desk("en")
    desk.post("/filters", data=FORM)
    answer = desk.post("/filters", data=FORM | {"of_queue": "alarm"})
    assert answer.status_code == 422
    assert 'value="离线的厂"' in answer.text
    assert '<input type="hidden" name="of_queue" value="alarm">' in answer.text
    assert "taken" in answer.text
    assert kept(station) == [("离线的厂", "queue=offline&q=%E5%8E%82")]


@pytest.mark.parametrize("name", ["", "  ", "x" * 41])
def test_a_name_is_short_and_there(station: Station, name: str) -> None:
    assert station.desk().post("/filters", data=FORM | {"name": name}).status_code == 422
    assert kept(station) == []


def test_only_what_the_list_knows_is_kept(station: Station) -> None:
    more = {"of_after": "X", "of_evil": "1", "of_unit": "1", "of_q": "y" * 300}
    station.desk().post("/filters", data=FORM | more)
    assert kept(station) == [("离线的厂", f"queue=offline&q={'y' * 64}&unit=1")]


@pytest.mark.parametrize("page", ["", "units.page", "nowhere", "static"])
def test_another_page_has_no_filters(station: Station, page: str) -> None:
    assert station.desk().post("/filters", data=FORM | {"page": page}).status_code == 404


def test_who_may_not_open_the_list_saves_no_filter_of_it(station: Station) -> None:
    only(station, "administrator")
    assert station.desk().post("/filters", data=FORM).status_code == 403


@pytest.mark.parametrize(("unit", "status"), [("there", 404), ("99999", 404), ("x", 400)])
def test_a_foreign_unit_is_not_kept(station: Station, unit: str, status: int) -> None:
    with station.writing() as c:
        here, there = (org.add_unit(c, ROOT, "station", code, code) for code in ("here", "there"))
    only(station, "viewer", here)
    wanted = str(there) if unit == "there" else unit
    assert station.desk().post("/filters", data=FORM | {"of_unit": wanted}).status_code == status
    assert kept(station) == []


def test_a_colleagues_filter_is_not_there(station: Station) -> None:
    with station.writing() as c:
        users.add(c, "li.hua", "x", must_change=False, t_s=0)
        rules.save(c, "li.hua", "overview.page", "李华的", "queue=offline")
        (theirs,) = store.of(c, "li.hua")
    desk = station.desk()
    assert desk.post(f"/filters/{theirs['id']}/delete").status_code == 404
    assert "李华的" not in desk.get("/").text
    assert "李华的" not in desk.get("/filters").text
    assert len(kept(station, "li.hua")) == 1


def test_twenty_are_enough(station: Station) -> None:
    with station.writing() as c:
        for n in range(rules.MOST):
            rules.save(c, "admin", "alarms.page", f"f{n:02d}", "state=open")
        with pytest.raises(Invalid) as refused:
            rules.save(c, "admin", "alarms.page", "more", "state=open")
    assert [each.key for each in refused.value.errors] == ["filters_full"]
    answer = station.desk("en").post("/filters", data=FORM)
    assert answer.status_code == 422
    assert "At most 20" in answer.text


def test_a_form_from_elsewhere_is_refused(make: Any) -> None:
    station = make(WTF_CSRF_ENABLED=True)
    assert station.desk().post("/filters", data=FORM).status_code == 400
    assert kept(station) == []


def test_a_name_is_text(station: Station) -> None:
    desk = station.desk()
    desk.post("/filters", data=FORM | {"name": "<b>x"})
    for path in ("/", "/filters"):
        assert "<b>x" not in desk.get(path).text
        assert "&lt;b&gt;x" in desk.get(path).text


def test_alarms_have_filters_too(station: Station) -> None:
    desk = station.desk()
    form = {"page": "alarms.page", "name": "紧急", "of_state": "open", "of_severity": "1"}
    assert desk.post("/filters", data=form).location == "/alarms?state=open&severity=1"
    assert ">紧急</a>" in desk.get("/alarms").text
