"""A unit that people or terminals stand in is moved or closed by two, who see whom that concerns."""

import re
from typing import Any

import pytest

from station.access import units as rules
from station.store import approvals, db, devices, org, settings
from station.store.scope import ROOT
from tests.unit.web.conftest import DEVICE, Station
from tests.unit.web.test_approvals import approve, hidden, person
from tests.unit.web.test_rights import only
from tests.unit.web.test_staff import actions, staff


def tree(station: Station) -> dict[str, int]:
    """A county of the east, where li and wang work; eve sees the east, west the west, and both see it all."""
    units = staff(station)
    with station.writing() as c:
        units["county"] = org.add_unit(c, units["east"], "county", "E1", "County")
        devices.change(c, DEVICE, unit=units["county"])
    person(station, "eve", "viewer", units["east"])
    person(station, "wei", "viewer", units["west"])
    person(station, "all", "viewer")
    return units


def ask(desk: Any, unit: int, act: str, **data: Any) -> Any:
    page = desk.get(f"/units/{unit}")
    form = {"seen": hidden(page, "seen"), "once": hidden(page, "once"), "reason": "调整 <b>"}
    return desk.post(f"/units/{unit}/{act}", data=form | data)


def parent(station: Station, unit: int) -> int:
    with db.reading(station.engine) as c:
        return org.unit(c, unit)["parent"]  # pyright: ignore[reportOptionalSubscript]


def affected(station: Station, at: str) -> dict[str, str]:
    with db.reading(station.engine) as c:
        return {
            f"{each['target']} {each['unit']}": each["flags"]
            for each in approvals.targets(c, int(at.rsplit("/", 1)[1]), 99)
        }


def test_a_unit_moves_after_a_second_person_saw_who_gains_and_loses(station: Station) -> None:
    units, desk, bob = tree(station), station.desk("en"), person(station, "bob", "security")
    county, west = units["county"], units["west"]
    form = {"seen": hidden(desk.get(f"/units/{county}"), "seen"), "once": "u1", "reason": "r", "parent": west}
    at = desk.post(f"/units/{county}/move", data=form).location
    assert desk.post(f"/units/{county}/move", data=form).location == at
    assert parent(station, county) == units["east"]
    assert affected(station, at) == {
        f"unit:E1 {units['east']}": "out",
        f"unit:E1 {west}": "in",
        f"person:eve {county}": "loses",
        f"person:wei {county}": "gains",
        f"terminals:1 {county}": "",
    }
    page = bob.get(at).text
    assert "Person wei" in page
    assert "Sees it no more" in page
    assert "Terminals 1" in bob.get(at).text
    assert "Person wei" in desk.get(f"{at}.csv").text
    approve(bob, at)
    assert parent(station, county) == west
    assert actions(station).count("unit_moved") == 1


def test_people_of_a_unit_move_along_and_do_not_decide(station: Station) -> None:
    units = tree(station)
    with station.writing() as c:
        country = org.add_unit(c, ROOT, "province", "P", "Province")
    desk = station.desk("en")
    person(station, "bob", "security")
    li = person(station, "li", "security")
    at = ask(desk, units["east"], "move", parent=country).location
    told = affected(station, at)
    assert told[f"person:li {units['east']}"] == "moves"
    assert "password" not in li.get(at).text.split("<main")[1]
    with db.reading(station.engine) as c:
        row = approvals.get(c, int(at.rsplit("/", 1)[1]))
    li.post(f"{at}/approve", data={"shown": row["hash"], "password": "Second-person-26"})  # pyright: ignore[reportOptionalSubscript]
    assert parent(station, units["east"]) == ROOT


def test_a_second_person_needs_his_right_at_both_places(station: Station) -> None:
    units, desk = tree(station), station.desk("en")
    half = person(station, "half", "security", units["east"])
    refused = ask(desk, units["county"], "move", parent=units["west"])
    assert refused.status_code == 422
    assert "Nobody else" in refused.text
    person(station, "bob", "security")
    at = ask(desk, units["county"], "move", parent=units["west"]).location
    assert half.get(at).status_code == 404


def test_what_changed_since_the_proposal_is_not_moved(station: Station) -> None:
    units, desk, bob = tree(station), station.desk("en"), person(station, "bob", "security")
    at = ask(desk, units["county"], "move", parent=units["west"]).location
    with station.writing() as c:
        org.grant(c, "sun", "viewer", units["west"], "t", from_s=0)
    approve(bob, at)
    assert parent(station, units["county"]) == units["east"]
    with db.reading(station.engine) as c:
        assert approvals.get(c, int(at.rsplit("/", 1)[1]))["state"] == "expired"  # pyright: ignore[reportOptionalSubscript]


def test_a_filled_unit_is_closed_by_two_and_keeps_what_it_has(station: Station) -> None:
    units, desk, bob = tree(station), station.desk("en"), person(station, "bob", "security")
    assert "1 units" in ask(desk, units["east"], "close").text
    at = ask(desk, units["county"], "close").location
    assert affected(station, at) == {f"unit:E1 {units['county']}": "", f"terminals:1 {units['county']}": ""}
    approve(bob, at)
    with db.reading(station.engine) as c:
        assert org.unit(c, units["county"])["closed_s"] is not None  # pyright: ignore[reportOptionalSubscript]
        assert devices.get(c, DEVICE)["unit"] == units["county"]  # pyright: ignore[reportOptionalSubscript]


def test_an_empty_unit_or_a_house_without_the_rule_asks_nobody(station: Station) -> None:
    units, desk = tree(station), station.desk("en")
    with station.writing() as c:
        empty = org.add_unit(c, units["east"], "county", "E2", "Empty")
    assert ask(desk, empty, "move", parent=units["west"]).location.startswith("/units/")
    assert parent(station, empty) == units["west"]
    with station.writing() as c:
        settings.put(c, "approvals", {"unit_move": {"on": False}})
    at = ask(desk, units["county"], "move", parent=units["west"]).location
    assert re.match(r"/approvals/\d+", at)
    assert parent(station, units["county"]) == units["west"]


@pytest.mark.parametrize("act", ["move", "close"])
def test_it_is_refused_with_words_and_what_was_typed_stays(station: Station, act: str) -> None:
    units, desk = tree(station), station.desk("en")
    person(station, "bob", "security")
    stale = ask(desk, units["county"], act, parent=units["west"], seen="0")
    assert stale.status_code == 422
    assert 'value="调整 &lt;b&gt;"' in stale.text
    assert ask(desk, units["county"], act, parent=units["west"], reason="").status_code == 422
    only(station, "administrator", units["west"])
    assert desk.post(f"/units/{units['county']}/{act}", data={}).status_code == 404


def test_who_sees_the_same_from_above_both_is_not_concerned(station: Station) -> None:
    units = tree(station)
    with station.writing() as c:
        org.grant(c, "eve", "viewer", units["west"], "t", from_s=0)
        org.grant(c, "wei", "duty", units["east"], "t", from_s=0)
        org.grant(c, "wei", "viewer", ROOT, "t", from_s=0)
    with db.reading(station.engine) as c:
        assert rules.sight(c, units["county"], units["west"]) == {"wei": ["loses"]}
