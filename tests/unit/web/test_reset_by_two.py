"""The password of a person with strong roles is reset only after a second person let it be, once."""

from typing import Any

import pytest

from station.access import accounts
from station.errors import Invalid
from station.store import db, leaves, org, users
from station.store.scope import ROOT
from tests.unit.web.conftest import Station
from tests.unit.web.test_approvals import approve, person
from tests.unit.web.test_rights import only
from tests.unit.web.test_staff import act, staff


def strong(station: Station) -> None:
    """li may trip."""
    staff(station)
    with station.writing() as c:
        org.grant(c, "li", "controller", ROOT, "t", from_s=0)


def session_of(station: Station) -> int:
    with db.reading(station.engine) as c:
        return users.get(c, "li")["session"]  # pyright: ignore[reportOptionalSubscript]


def ask(desk: Any, **data: str) -> Any:
    return act(desk, "li", "reset", **{"reason": "forgotten"} | data)


def test_the_password_is_shown_once_to_who_asked_after_the_second_word(station: Station) -> None:
    strong(station)
    desk, bob = station.desk("en"), person(station, "bob", "security")
    ann = person(station, "ann", "administrator")
    at = ask(desk, once="r1").location
    assert ask(desk, once="r1").location == at
    assert "A new password for" in bob.get(at).text
    approve(bob, at)
    assert session_of(station) == 1
    assert "<code>" not in desk.get(at).text
    assert "<code>" not in act(ann, "li", "reset", reason="me too", once="r2").text
    assert "A second person agreed" in desk.get("/people/li").text
    assert "<code>" in act(desk, "li", "reset").text
    assert session_of(station) == 2
    assert ask(desk).location.startswith("/approvals/")
    assert session_of(station) == 2


def test_a_leave_is_over_in_time_and_after_its_use(station: Station) -> None:
    strong(station)
    desk, bob = station.desk("en"), person(station, "bob", "security")
    approve(bob, ask(desk).location)
    with station.writing() as c:
        until_s = leaves.held(c, "li", "admin", db.now_s())
        assert until_s
        assert leaves.held(c, "li", "admin", until_s) is None
        assert leaves.held(c, "li", "bob", db.now_s()) is None
        assert leaves.held(c, "wang", "admin", db.now_s()) is None
        assert leaves.use(c, "li", "admin", db.now_s())
        assert not leaves.use(c, "li", "admin", db.now_s())


def test_the_room_itself_refuses_it_without_a_leave(station: Station) -> None:
    strong(station)
    with station.writing() as c, pytest.raises(Invalid, match="strong_reset"):
        accounts.reset(c, accounts.keeper(c, "admin"), "li")
    with station.writing() as c:
        assert accounts.reset(c, accounts.shell("shell:root"), "li")


def test_a_lone_chief_is_told_how_to_go_on(station: Station) -> None:
    strong(station)
    reply = ask(station.desk("en"))
    assert reply.status_code == 422
    assert "loadkeeper user reset li" in reply.text
    assert 'value="forgotten"' in reply.text
    assert session_of(station) == 1


def test_an_emergency_is_no_way_round_the_second_person(station: Station) -> None:
    strong(station)
    person(station, "bob", "security")
    desk = station.desk("en")
    ask(desk, emergency="1")
    act(desk, "wang", "give", role="controller", unit=ROOT, reason="x", emergency="1")
    assert "<code>" not in act(desk, "li", "reset", reason="again").text
    with db.reading(station.engine) as c:
        assert leaves.held(c, "li", "admin", db.now_s()) is None
        assert org.grants_of(c, "wang", db.now_s()) == []


def test_it_needs_a_reason_and_the_facts_that_were_seen(station: Station) -> None:
    strong(station)
    person(station, "bob", "security")
    desk = station.desk("en")
    assert ask(desk, reason=" ").status_code == 422
    assert ask(desk, seen="0").status_code == 422


def test_a_weak_person_is_reset_at_once_and_a_foreign_one_not_at_all(station: Station) -> None:
    strong(station)
    desk = station.desk("en")
    assert "<code>" in act(desk, "wang", "reset").text
    with db.reading(station.engine) as c:
        west = users.get(c, "sun")["unit"]  # pyright: ignore[reportOptionalSubscript]
    only(station, "administrator", west)
    assert desk.post("/people/li/reset", data={"reason": "x"}).status_code == 404
