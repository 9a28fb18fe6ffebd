"""Pages of the archives: made once, two editors, foreign ones are not there, people's data is not for all."""

import re
from typing import Any

import pytest
from sqlalchemy import Connection, update

from station.archives import checks
from station.store import archives as store
from station.store import audit, db, org
from station.store.archives_schema import archive_records
from station.store.scope import EVERYWHERE, ROOT
from tests.unit.web.conftest import DEVICE, Station
from tests.unit.web.test_rights import only

DAY = "2026-01-02"
CUSTOMER = {"number": "C1", "name": "Mill <b>", "unit": ROOT, "from_day": DAY, "once": "one", "phone": "123"}
SWAP = {
    "number": "M2",
    "day": DAY,
    "reason": "periodic",
    "last_wh": "100",
    "final_wh": "120.5",
    "initial_wh": "0",
    "multiplier": "1",
    "once": "swap",
}


def put(station: Station, kind: str, number: str, state: str = "", **more: Any) -> str:
    """Address of a new record, in `state`."""
    desk = station.desk("en")
    sent = {"number": number, "unit": ROOT, "from_day": DAY, "once": kind + number} | more
    made = desk.post(f"/archives/{kind}", data=sent)
    assert made.status_code == 302, made.text
    if state:
        values = {"version": 1, "to": state, "from_day": DAY, "reason": "begin"}
        assert desk.post(f"{made.location}/move", data=values).status_code == 302
    return made.location


def row(station: Station, kind: str, number: str) -> dict[str, Any]:
    with db.reading(station.engine) as c:
        found = store.named(c, kind, number, EVERYWHERE)
    assert found
    return found


def row_in(c: Connection, kind: str, number: str) -> int:
    found = store.named(c, kind, number, EVERYWHERE)
    assert found
    return found["id"]


def today(page: str) -> str:
    found = re.search(r'name="from_day" type="date" value="([^"]+)"', page)
    assert found
    return found[1]


def actions(station: Station) -> list[tuple[str, str]]:
    with db.reading(station.engine) as c:
        return [(each["action"], each["subject"]) for each in audit.recent(c, 5)]


def test_a_record_is_made_once_and_its_words_are_escaped(station: Station) -> None:
    desk = station.desk("en")
    assert len({desk.post("/archives/customer", data=CUSTOMER).location for _ in range(2)}) == 1
    assert "Mill &lt;b&gt;" in desk.get("/archives/customer?q=mill").text
    assert "Mill" not in desk.get("/archives/customer?q=ill").text
    page = desk.get("/archives/record/1")
    assert "Mill &lt;b&gt;" in page.text
    assert "planned" in page.text
    assert "It was not there yet" in desk.get("/archives/record/1?day=2025-12-31").text


def test_what_was_typed_stays_when_it_is_refused(station: Station) -> None:
    reply = station.desk("en").post("/archives/customer", data=CUSTOMER | {"phone": "call me", "number": ""})
    assert reply.status_code == 422
    assert 'value="call me"' in reply.text
    assert "Mill &lt;b&gt;" in reply.text


def test_the_second_of_two_editors_is_refused_and_keeps_his_words(station: Station) -> None:
    desk, where = station.desk("en"), put(station, "customer", "C1", name="Mill")
    sent = {"unit": ROOT, "from_day": today(desk.get(f"{where}/edit").text), "version": 1}
    assert desk.post(f"{where}/edit", data=sent | {"name": "First"}).status_code == 302
    reply = desk.post(f"{where}/edit", data=sent | {"name": "Second"})
    assert reply.status_code == 422
    assert 'value="Second"' in reply.text
    assert row(station, "customer", "C1")["name"] == "First"


def test_a_link_to_what_one_may_not_see_is_neither_shown_nor_taken_away(station: Station) -> None:
    put(station, "area", "A1")
    where = put(station, "point", "P1", **{"@area": "A1"})
    with station.writing() as c:
        low = org.add_unit(c, ROOT, "station", "low", "下")
        c.execute(update(archive_records).where(archive_records.c.number == "P1").values(unit=low))
        store.add_change(
            c,
            record=row_in(c, "point", "P1"),
            from_day=20_455,
            recorded_s=0,
            author="x",
            reason="",
            changed={"unit": low},
            late=0,
        )
    only(station, "clerk", low)
    desk = station.desk("en")
    page = desk.get(f"{where}/edit").text
    assert 'name="@area"' not in page
    assert 'name="@customer"' in page
    sent = {"unit": low, "from_day": today(page), "version": 1, "name": "new"}
    assert desk.post(f"{where}/edit", data=sent).status_code == 302
    with db.reading(station.engine) as c:
        held = store.above(c, row_in(c, "point", "P1"), EVERYWHERE)
    assert [each["number"] for each in held] == ["A1"]


def test_two_forms_without_a_token_are_two(station: Station) -> None:
    desk, sent = station.desk("en"), {"unit": ROOT, "from_day": DAY}
    made = {desk.post("/archives/line", data=sent | {"number": number}).location for number in ("L1", "L2")}
    assert len(made) == 2


def test_a_device_must_be_there(station: Station) -> None:
    sent = {"number": "Z1", "unit": ROOT, "from_day": DAY, "device": "NOBODY"}
    assert station.desk("en").post("/archives/terminal", data=sent).status_code == 422


def test_a_foreign_record_is_not_there(station: Station) -> None:
    put(station, "customer", "C1", name="Mill")
    put(station, "meter", "M1")
    with station.writing() as c:
        low = org.add_unit(c, ROOT, "station", "low", "下")
    only(station, "branch", low)
    desk = station.desk("en")
    for path in ("1", "2", "1/edit", "2/swap", "99999999999999999999"):
        assert desk.get(f"/archives/record/{path}").status_code == 404, path
    for path in ("1/move", "1/edit", "2/swap"):
        assert desk.post(f"/archives/record/{path}", data={"version": 1}).status_code == 404, path
    assert "Mill" not in desk.get("/archives/customer").text + desk.get("/archives/customer.csv").text
    assert desk.get("/archives/nothing").status_code == 404
    assert desk.get("/archives/swaps/1").status_code == 404


def test_customers_are_for_who_keeps_the_archive_and_seeing_one_is_written_down(station: Station) -> None:
    where = put(station, "customer", "C1", name="Mill")
    put(station, "point", "P1", **{"@customer": "C1"})
    station.desk().get(where)
    assert actions(station)[0] == ("saw", "customer C1")
    only(station, "inspector")
    desk = station.desk("en")
    assert desk.get("/archives").location == "/archives/point"
    assert {desk.get(p).status_code for p in ("/archives/customer", where, "/archives/customer.csv")} == {403}
    assert "Mill" not in desk.get("/archives/record/2").text
    assert desk.get("/archives/point.csv").status_code == 200
    assert desk.post("/archives/point", data={}).status_code == 403
    assert desk.get("/archives/findings").status_code == 403
    only(station, "viewer")
    assert station.desk().get("/archives/point.csv").status_code == 403


def test_a_file_is_guarded_and_stands_in_the_audit(station: Station) -> None:
    put(station, "customer", "C1", name="=1+1")
    desk = station.desk("en")
    assert "'=1+1" in desk.get("/archives/customer.csv").text
    assert actions(station)[0] == ("exported", "archive customer")


def test_a_customer_is_seen_with_points_meters_and_terminal(station: Station) -> None:
    where = put(station, "customer", "C1", name="Mill")
    put(station, "point", "P1", **{"@customer": "C1"})
    put(station, "meter", "M1", **{"@point": "P1"})
    put(station, "terminal", "Z1", device=DEVICE, **{"@customer": "C1"})
    text = station.desk("en").get(where).text
    assert all(f">{number}</a>" in text for number in ("P1", "M1", "Z1"))
    assert f"/terminals/{DEVICE}" in station.desk("en").get("/archives/record/4").text


@pytest.fixture
def placed(station: Station) -> Station:
    put(station, "customer", "C1", name="Mill")
    put(station, "point", "P1", "open", **{"@customer": "C1"})
    put(station, "meter", "M1", "running", **{"@point": "P1"})
    put(station, "meter", "M2")
    return station


def test_a_swap_is_seen_confirmed_and_done_once(placed: Station) -> None:
    desk, where = placed.desk("en"), f"/archives/record/{row(placed, 'meter', 'M1')['id']}/swap"
    page = desk.post(where, data=SWAP)
    assert "20.50 kWh" in page.text
    assert row(placed, "meter", "M2")["state"] == "stored"
    shown = re.search(r'name="shown" value="(\w+)"', page.text)
    assert shown
    sent = SWAP | {"shown": shown[1], "confirm": "1"}
    assert {desk.post(where, data=sent).location for _ in range(2)} == {"/archives/swaps/1"}
    assert row(placed, "meter", "M2")["state"] == "running"
    assert "30.50 kWh" in desk.get("/archives/swaps/1?now=10").text
    assert "Not a register" in desk.get("/archives/swaps/1?now=x").text


def test_a_swap_that_was_shown_otherwise_is_refused_with_what_was_typed(placed: Station) -> None:
    desk, where = placed.desk("en"), f"/archives/record/{row(placed, 'meter', 'M1')['id']}/swap"
    reply = desk.post(where, data=SWAP | {"confirm": "1", "shown": "0" * 64})
    assert reply.status_code == 422
    assert 'value="periodic"' in reply.text
    assert row(placed, "meter", "M2")["state"] == "stored"
    customer = f"/archives/record/{row(placed, 'customer', 'C1')['id']}/swap"
    assert desk.get(customer).status_code == 404


def test_late_changes_are_listed_and_settled(placed: Station) -> None:
    desk = placed.desk("en")
    number = re.search(r'action="/archives/late/(\d+)"', desk.get("/archives/late").text)
    assert number
    assert desk.post(f"/archives/late/{number[1]}").status_code == 302
    assert f"/archives/late/{number[1]}" not in desk.get("/archives/late").text
    assert "settled before" in desk.post(f"/archives/late/{number[1]}", follow_redirects=True).text


def test_a_finding_is_known_with_a_reason(station: Station) -> None:
    put(station, "customer", "C1", name="Mill", phone="123")
    checks.work(station.engine, db.now_s())
    desk = station.desk("en")
    assert "cannot be dialled" in desk.get("/archives/findings?rule=phone_wrong").text
    assert desk.post("/archives/findings/1", data={"version": 1, "why": ""}).status_code == 422
    reply = desk.post("/archives/findings/1", data={"version": 9, "why": "a <foreigner>"})
    assert reply.status_code == 422
    assert "a &lt;foreigner&gt;" in reply.text
    assert desk.post("/archives/findings/1", data={"version": 1, "why": "a foreigner"}).status_code == 302
    assert "a foreigner" in desk.get("/archives/findings?list=known").text
    assert "a foreigner" in desk.get("/archives/record/1").text
    assert actions(station)[1] == ("archive_finding_known", "customer C1")


def test_big_customers_without_terminal_are_listed_and_taken_out(station: Station) -> None:
    put(station, "customer", "C1", name="Mill", capacity_kva="630")
    desk = station.desk("en")
    assert "Mill" in desk.get("/archives/coverage").text
    assert "C1,Mill" in desk.get("/archives/coverage.csv").text
    only(station, "clerk")
    assert station.desk().get("/archives/coverage.csv").status_code == 403
