"""The marketing system at the desk: files, conflicts and a word on them, for whom they are."""

import io
from typing import Any

import pytest
from sqlalchemy import Connection

from station.archives import records
from station.archives.records import Desk, Given
from station.store import archives, audit, db, org
from station.store import marketing as store
from station.store.scope import EVERYWHERE, ROOT
from tests.unit.web.conftest import Station
from tests.unit.web.test_approvals import hidden
from tests.unit.web.test_rights import only

TODAY = 20_500
FILE = "编号,名称,用电类别\nC1,Mill <b>,大工业\nC2,=1+1,\nC3,New <i>,\n"
ASKED = {"kind": "customer", "form": "change", "unit": ROOT}


def put(desk: Any, text: str = FILE, **more: Any) -> Any:
    file = (io.BytesIO(text.encode("gb18030")), "customers.csv")
    return desk.post("/marketing", data=ASKED | more | {"file": file})


def customer(station: Station, number: str, unit: int = ROOT, **values: str) -> None:
    with station.writing() as c:
        given = Given(values, unit, TODAY)
        records.add(c, Desk("admin", EVERYWHERE, TODAY), "customer", number, given, number)


def row(station: Station, number: str, kind: str = "customer") -> dict[str, Any]:
    with db.reading(station.engine) as c:
        return store.known(c, kind, [number])[number]


def ours(station: Station, number: str) -> dict[str, Any] | None:
    with db.reading(station.engine) as c:
        return archives.named(c, "customer", number, EVERYWHERE)


def word(desk: Any, at: str, act: str, **more: Any) -> Any:
    facts = {"act": act, "mark": hidden(desk.get(at), "mark"), "from_day": "2026-03-02", "reason": "checked"}
    return desk.post(at, data=facts | more)


@pytest.fixture
def desk(station: Station) -> Any:
    customer(station, "C1", name="Mill <b>", category="commerce")
    return station.desk("en")


def test_a_file_is_taken_and_what_differs_is_shown(station: Station, desk: Any) -> None:
    assert put(desk).location == "/marketing/files/1"
    page = desk.get("/marketing/files/1").text
    assert "is a formula" in page
    page = desk.get("/marketing/conflicts").text
    assert "Mill &lt;b&gt;" in page
    assert "→ <b>" in page
    assert "<i>" not in page
    assert 'href="/marketing/conflicts"' in desk.get("/").text
    assert put(desk).location == "/marketing/files/1"
    assert "taken before" in desk.get("/marketing").text


def test_a_form_that_is_wrong_keeps_what_was_typed(desk: Any) -> None:
    reply = put(desk, "what,is\nthis,?\n", form="full")
    assert reply.status_code == 422
    assert '<option value="full" selected>' in reply.text
    for more in ({"kind": "sim"}, {"form": "half"}, {"unit": "999"}):
        assert put(desk, **more).status_code == 422, more
    assert desk.post("/marketing", data=ASKED).status_code == 422


def test_theirs_is_taken_with_its_day_and_only_once(station: Station, desk: Any) -> None:
    put(desk)
    at = f"/marketing/conflicts/{row(station, 'C1')['id']}"
    mark = hidden(desk.get(at), "mark")
    assert word(desk, at, "take", fields="category", reason="").status_code == 422  # late
    assert word(desk, at, "take", fields="category").status_code == 302
    found = ours(station, "C1")
    assert found
    assert found["facts"]["category"] == "industry"
    again = {"act": "take", "mark": mark, "from_day": "2026-03-02", "fields": "category", "reason": "typed"}
    assert desk.post(at, data=again).status_code == 422
    with db.reading(station.engine) as c:
        assert len(archives.changes(c, found["id"])) == 2
        actions = [each["action"] for each in audit.recent(c, 9)]
    assert {"marketing_take", "archive_changed", "saw"} <= set(actions)


def test_who_comes_second_is_told_and_keeps_what_he_typed(station: Station, desk: Any) -> None:
    put(desk)
    at = f"/marketing/conflicts/{row(station, 'C1')['id']}"
    mark = hidden(desk.get(at), "mark")
    found = ours(station, "C1")
    assert found
    with station.writing() as c:
        given = Given({"category": "farming"}, ROOT, TODAY)
        records.change(c, Desk("li", EVERYWHERE, TODAY), found, found["version"], given)
    sent = {"act": "keep", "mark": mark, "fields": "category", "reason": "my own words"}
    reply = desk.post(at, data=sent)
    assert reply.status_code == 422
    assert "my own words" in reply.text
    assert row(station, "C1")["kept"] == {}


def test_kept_and_put_off_are_in_lists_of_their_own(station: Station, desk: Any) -> None:
    put(desk)
    one, new = (f"/marketing/conflicts/{row(station, number)['id']}" for number in ("C1", "C3"))
    assert word(desk, one, "keep", fields="category", reason="").status_code == 422
    assert word(desk, one, "keep", fields="category").status_code == 302
    assert word(desk, new, "later", days="0").status_code == 422
    assert word(desk, new, "later", days="3").status_code == 302
    lists = {show: desk.get(f"/marketing/conflicts?show={show}").text for show in ("open", "kept", "later")}
    assert [one in lists["kept"], new in lists["later"]] == [True, True]
    assert one not in lists["open"]
    assert new not in lists["open"]


def test_new_ones_are_taken_together_each_once(station: Station, desk: Any) -> None:
    put(desk, "编号,名称\nC5,a\nC6,b\n")
    marks = [each["value"] for each in _boxes(desk.get("/marketing/conflicts").text)]
    assert len(marks) == 2
    sent = {"chosen": marks, "from_day": "2026-03-02", "reason": "start"}
    assert desk.post("/marketing/conflicts", data=sent | {"chosen": []}).status_code == 422
    assert desk.post("/marketing/conflicts", data=sent).status_code == 302
    again = desk.post("/marketing/conflicts", data=sent)
    assert again.status_code == 422
    assert "changed" in again.text
    assert 'value="start"' not in again.text  # nothing is left to choose
    assert [bool(ours(station, number)) for number in ("C5", "C6")] == [True, True]


def _boxes(page: str) -> list[dict[str, str]]:
    return [{"value": part.split('"')[0]} for part in page.split('name="chosen" value="')[1:]]


def test_nothing_of_another_unit_is_there(station: Station, desk: Any) -> None:
    put(desk)
    number = row(station, "C1")["id"]
    with station.writing() as c:
        beside = org.add_unit(c, ROOT, "station", "there", "那里")
    only(station, "chief", beside)
    there = station.desk("en")
    for at in (f"/marketing/conflicts/{number}", "/marketing/files/1"):
        assert there.get(at).status_code == 404
    assert there.post(f"/marketing/conflicts/{number}", data={"act": "keep"}).status_code == 404
    assert there.post("/marketing/conflicts", data={"chosen": f"{number}-x"}).status_code == 404
    for at in ("/marketing", "/marketing/conflicts", "/marketing/conflicts.csv"):
        page = there.get(at).text
        assert "C1" not in page
        assert "customers.csv" not in page
    assert put(there).status_code == 422  # the root is not his
    put(there, unit=beside)
    with db.reading(station.engine) as c:
        faults = store.file(c, 2, EVERYWHERE)
    assert faults
    assert (2, "number_elsewhere") in [(each[0], each[3]) for each in faults["faults"]]


def test_who_keeps_no_archive_sees_nothing(station: Station, desk: Any) -> None:
    put(desk)
    only(station, "fee_control")  # may take data out, but not of the archive
    clerk = station.desk("en")
    assert clerk.get("/marketing").status_code == 403
    assert clerk.get("/marketing/conflicts").status_code == 403
    assert clerk.get("/marketing/conflicts.csv").status_code == 403
    assert clerk.get("/marketing/template/customer.csv").status_code == 403


def test_the_conflicts_come_as_a_guarded_file(station: Station, desk: Any) -> None:
    with station.writing() as c:
        _tell(c)
    told = desk.get("/marketing/conflicts.csv?kind=point").text.splitlines()
    assert told[0].startswith("\ufeffKind,Number,Name,Unit,State,Field")
    assert any("'=cmd" in line for line in told[1:])
    with db.reading(station.engine) as c:
        assert audit.recent(c, 1)[0]["action"] == "exported"


def _tell(c: Connection) -> None:
    from station.marketing import receive

    desk = Desk("admin", EVERYWHERE, TODAY)
    records.add(c, desk, "point", "P1", Given({"name": "x"}, ROOT, TODAY), "P1")
    receive.receive(c, desk, "point", [receive.Said("P1", {"name": "=cmd"}, ROOT)], 5, whole=False)


def test_a_template_is_read_back(desk: Any) -> None:
    heads = desk.get("/marketing/template/ct.csv").text
    assert put(desk, heads.strip("\ufeff") + "T1,,,CT,200,5,,,P1\n", kind="ct").status_code == 302
    assert desk.get("/marketing/template/sim.csv").status_code == 404
