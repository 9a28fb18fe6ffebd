"""Anyone asks, who keeps accounts solves, and what helped is found again."""

from typing import Any

from station.store import db, tickets
from station.store.scope import EVERYWHERE
from tests.unit.web.conftest import Station
from tests.unit.web.test_approvals import hidden, person
from tests.unit.web.test_rights import only
from tests.unit.web.test_staff import staff

ASKED = {"kind": "permission", "text": "召测没有了 <b>", "once": "t1"}


def solve(desk: Any, at: str, text: str) -> Any:
    return desk.post(f"{at}/solve", data={"seen": hidden(desk.get(at), "seen"), "solution": text})


def test_a_ticket_is_written_once_taken_solved_and_found(station: Station) -> None:
    ann, desk = person(station, "ann", "viewer"), station.desk("en")
    at = ann.post("/help-desk", data=ASKED).location
    assert ann.post("/help-desk", data=ASKED).location == at
    assert at in desk.get("/help-desk").text
    assert "召测没有了 &lt;b&gt;" in desk.get(at).text
    with db.reading(station.engine) as c:
        assert tickets.waiting(c, EVERYWHERE, 0) == 1
    assert desk.post(f"{at}/take").status_code == 302
    assert desk.post(f"{at}/take").status_code == 422
    assert solve(desk, at, " ").status_code == 422
    assert solve(desk, at, "role clerk given anew").status_code == 302
    assert "role clerk given anew" in ann.get(at).text
    assert at in desk.get("/help-desk?list=solved&q=anew").text
    assert at not in desk.get("/help-desk?list=solved&q=other").text
    again = ann.post("/help-desk", data=ASKED | {"once": "t2"}).location
    assert "role clerk given anew" in desk.get(again).text
    with db.reading(station.engine) as c:
        row = tickets.get(c, 1)
        assert tickets.waiting(c, EVERYWHERE, 0) == 1
    assert row
    assert row["opened_s"] <= row["taken_s"] <= row["solved_s"]


def test_who_solved_it_meanwhile_is_not_overwritten(station: Station) -> None:
    desk = station.desk("en")
    at = desk.post("/help-desk", data=ASKED).location
    seen = hidden(desk.get(at), "seen")
    solve(desk, at, "first")
    late = desk.post(f"{at}/solve", data={"seen": seen, "solution": "second"})
    assert late.status_code == 422
    assert "second" not in desk.get(at).text
    assert "first" in desk.get(at).text


def test_what_was_typed_stays_when_it_is_refused(station: Station) -> None:
    desk = station.desk("en")
    reply = desk.post("/help-desk", data=ASKED | {"kind": "nonsense"})
    assert reply.status_code == 422
    assert "召测没有了" in reply.text


def test_strangers_neither_see_nor_solve_it(station: Station) -> None:
    units = staff(station)
    at = person(station, "li", "viewer").post("/help-desk", data=ASKED).location
    assert person(station, "eve", "viewer").get(at).status_code == 404
    only(station, "administrator", units["west"])
    desk = station.desk()
    assert desk.get(at).status_code == 404
    assert desk.post(f"{at}/take").status_code == 404
    assert at not in desk.get("/help-desk").text
    assert person(station, "eve", "viewer").get("/help-desk?list=open").status_code == 404
    assert person(station, "eve", "viewer").post(f"{at}/take").status_code == 403
