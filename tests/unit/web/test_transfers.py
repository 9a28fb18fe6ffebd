"""A person moves to another unit: to-dos first, two separate words, old rights end."""

from datetime import UTC, datetime
from typing import Any

import pytest

from station.access import transfers as rules
from station.store import db, org, transfers, users
from station.store.scope import EVERYWHERE, ROOT, Scope
from tests.unit.web.conftest import Station
from tests.unit.web.test_approvals import PASSWORD, person, propose
from tests.unit.web.test_rights import only
from tests.unit.web.test_staff import held, staff

HOUR_S = 3600


def ask(desk: Any, name: str, unit: int, once: str = "t1") -> Any:
    return desk.post("/transfers/new", data={"name": name, "unit": unit, "reason": "调岗 <b>", "once": once})


def say(desk: Any, at: str, what: str, **data: str) -> Any:
    return desk.post(f"{at}/{what}", data={"password": PASSWORD} | data)


def works_in(station: Station, name: str) -> int:
    with db.reading(station.engine) as c:
        return users.get(c, name)["unit"]  # pyright: ignore[reportOptionalSubscript]


def test_two_words_move_a_person_and_end_the_old_rights(station: Station) -> None:
    units = staff(station)
    with station.writing() as c:
        for unit in units.values():
            org.grant(c, "li", "viewer", unit, "t", from_s=0)
    city, top = person(station, "ce", "security", units["east"]), person(station, "bob", "security")
    desk = station.desk("en")
    at = ask(desk, "li", units["west"]).location
    assert ask(desk, "li", units["west"]).location == at
    assert ask(desk, "li", units["west"], once="t2").status_code == 422
    assert say(desk, at, "above").status_code == 422
    assert say(city, at, "above").status_code == 422
    assert say(city, at, "left", password="guess").status_code == 422
    assert say(city, at, "left").status_code == 302
    assert works_in(station, "li") == units["east"]
    assert say(top, at, "above").status_code == 302
    assert works_in(station, "li") == units["west"]
    assert held(station, "li") == [("viewer", units["west"])]
    assert "&lt;b&gt;" in desk.get(at).text
    assert at in desk.get("/transfers?state=done").text


def test_one_person_does_not_give_both_words(station: Station) -> None:
    units, top = staff(station), person(station, "bob", "security")
    at = ask(station.desk(), "li", units["west"]).location
    assert say(top, at, "left").status_code == 302
    assert say(top, at, "above").status_code == 422
    assert works_in(station, "li") == units["east"]


def test_what_is_not_finished_blocks_it(station: Station) -> None:
    units, bob = staff(station), person(station, "bob", "security")
    propose(person(station, "ann", "controller"))
    at = ask(station.desk(), "ann", units["west"]).location
    assert "Proposals not at their end" in bob.get(at).text
    assert "1 things to finish" in say(bob, at, "left").text
    assert works_in(station, "ann") == ROOT


def test_it_is_refused_with_a_reason_or_withdrawn_by_who_asked(station: Station) -> None:
    units, bob, desk = staff(station), person(station, "bob", "security"), station.desk("en")
    first = ask(desk, "li", units["west"]).location
    assert say(bob, first, "refuse").status_code == 422
    assert say(bob, first, "refuse", remark="not now").status_code == 302
    assert "not now" in desk.get(first).text
    second = ask(desk, "li", units["west"], once="t2").location
    assert say(bob, second, "withdraw").status_code == 422
    assert say(desk, second, "withdraw").status_code == 302
    assert say(bob, second, "left").status_code == 422


def test_a_stranger_sees_and_moves_nothing(station: Station) -> None:
    units = staff(station)
    with station.writing() as c:
        north = org.add_unit(c, ROOT, "city", "N", "North")
    at = ask(station.desk(), "li", units["west"]).location
    only(station, "administrator", north)
    desk = station.desk("en")
    assert desk.get(at).status_code == 404
    assert say(desk, at, "withdraw").status_code == 404
    assert at not in desk.get("/transfers").text
    assert ask(desk, "li", north, once="t3").status_code == 422
    only(station, "viewer")
    assert desk.get("/transfers").status_code == 403


def test_what_waits_is_counted_for_those_who_may_decide(station: Station) -> None:
    units = staff(station)
    ask(station.desk(), "li", units["west"])
    with db.reading(station.engine) as c:
        assert transfers.waiting(c, EVERYWHERE, 0) == 1
        assert transfers.waiting(c, Scope((units["east"],)), 0) == 1
        assert transfers.waiting(c, Scope((units["west"],)), 0) == 0


@pytest.mark.parametrize(
    ("opened", "due"),
    [
        ("2026-11-23 10:00", "2026-11-23 14:00"),
        ("2026-11-23 07:00", "2026-11-23 13:00"),
        ("2026-11-23 15:00", "2026-11-24 11:00"),
        ("2026-11-27 16:00", "2026-11-30 12:00"),
        ("2026-11-28 12:00", "2026-11-30 13:00"),
    ],
)
def test_half_a_working_day_skips_nights_and_weekends(opened: str, due: str) -> None:
    def at(text: str) -> int:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) - 8 * HOUR_S

    assert rules.due_s(at(opened), 8 * HOUR_S) == at(due)
