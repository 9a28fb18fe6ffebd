"""Files into the archives at the desk: what they would change is shown, confirmed, approved, undone."""

import io
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from station.imports import life
from station.store import db, devices, org
from station.store import imports as store
from station.store.schema import audit
from station.store.scope import EVERYWHERE
from tests.unit.web.conftest import DEVICE, Station
from tests.unit.web.test_approvals import approve, hidden, person

FILE = f"终端编号,终端名称,倍率\n{DEVICE},<b>新名</b>,80\nLJ-STEEL-06,龙江特钢,0\nNOBODY,=1+1,1\n"
ASKED = {"target": "devices", "unit": "1", "once": "i1"}


def put(desk: Any, text: str | bytes = FILE, **more: str) -> Any:
    data = text.encode("gb18030") if isinstance(text, str) else text
    return desk.post("/imports", data=ASKED | more | {"file": (io.BytesIO(data), "a.csv")})


def act(desk: Any, name: str, at: str = "/imports/1", **more: str) -> Any:
    page = desk.get(at)
    return desk.post(f"{at}/{name}", data={"seen": hidden(page, "seen"), "once": hidden(page, "once")} | more)


def name_of(station: Station, device: str = DEVICE) -> str:
    with db.reading(station.engine) as c:
        return (devices.get(c, device) or {})["name"]


@pytest.fixture
def clerk(station: Station) -> Any:
    return person(station, "li", "clerk")


def test_a_file_is_compared_taken_and_undone(station: Station, clerk: Any) -> None:
    before = name_of(station)
    assert put(clerk).location == "/imports/1"
    page = clerk.get("/imports/1?list=changed").text
    assert "&lt;b&gt;新名&lt;/b&gt;" in page
    assert "CSV, GB18030" in page
    assert name_of(station) == before
    assert act(clerk, "take").status_code == 302
    assert name_of(station) == "<b>新名</b>"
    assert "Done" in clerk.get("/imports/1").text
    assert act(clerk, "undo").status_code == 302
    assert name_of(station) == before


def test_the_errors_come_as_a_file_with_what_to_do(clerk: Any) -> None:
    put(clerk)
    told = clerk.get("/imports/1/errors.csv").text.splitlines()
    assert told[0] == "\ufeffLine of the file,Column,In the file,What to do"
    assert [line.split(",")[:3] for line in told[1:]] == [["3", "multiplier", "0"], ["4", "name", "'=1+1"]]


def test_a_second_press_reads_once_and_writes_once(station: Station, clerk: Any) -> None:
    assert [put(clerk).location for _press in "12"] == ["/imports/1", "/imports/1"]
    page = clerk.get("/imports/1")
    asked = {"seen": hidden(page, "seen"), "once": hidden(page, "once")}
    assert [clerk.post("/imports/1/take", data=asked).status_code for _press in "12"] == [302, 302]
    with db.reading(station.engine) as c:
        acts = [each.action for each in c.execute(select(audit)) if each.subject == "import 1"]
    assert acts == ["import_take", "import_done"]
    again = put(clerk, once="i2")
    assert again.location == "/imports/1"
    assert "taken before" in clerk.get("/imports/1").text


def test_of_two_who_look_the_second_is_told(clerk: Any, station: Station) -> None:
    other = person(station, "wang", "clerk")
    put(clerk)
    seen = hidden(other.get("/imports/1"), "seen")
    act(clerk, "drop")
    reply = other.post("/imports/1/take", data={"seen": seen, "once": "x"})
    assert reply.status_code == 422
    assert "is not so any more" in reply.text
    put(clerk, once="i3")
    assert clerk.post("/imports/2/take", data={"seen": "other", "once": "x"}).status_code == 422


def test_it_is_done_in_the_name_of_who_confirmed(station: Station, clerk: Any) -> None:
    other = person(station, "wang", "clerk")
    put(clerk)
    act(other, "take")
    with db.reading(station.engine) as c:
        told = [each for each in c.execute(select(audit)) if each.action in ("imported", "import_done")]
    assert {each.author for each in told} == {"wang"}


def test_another_unit_has_no_such_import(station: Station, clerk: Any) -> None:
    put(clerk)
    with station.writing() as c:
        unit = org.add_unit(c, 1, "city", "A", "City")
    eva = person(station, "eva", "clerk", unit)
    seen = hidden(clerk.get("/imports/1"), "seen")
    for at in ("/imports/1", "/imports/1/errors.csv", "/imports/1/live"):
        assert eva.get(at).status_code == 404
    assert eva.post("/imports/1/take", data={"seen": seen}).status_code == 404
    assert "/imports/1" not in eva.get("/imports").text
    assert put(eva, once="e1").status_code == 404  # of a unit that is not hers
    assert put(eva, once="e2", unit=str(unit)).location == "/imports/2"
    assert "no such terminal in this unit" in eva.get("/imports/2").text


def test_who_may_not_keep_archives_sees_none(station: Station, clerk: Any) -> None:
    put(clerk)
    viewer = person(station, "vera", "viewer")
    for at in ("/imports", "/imports/1", "/imports/templates/devices.csv", "/imports/export?target=devices"):
        assert viewer.get(at).status_code == 403
    assert put(viewer).status_code == 403
    assert clerk.get("/imports/export?target=devices").status_code == 403  # a clerk takes nothing out


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no line in it"),
        (b"\xff\xfe\x00", "Line 1 is neither"),
        (b"x,device\n", "There is no column"),
        (b"name\na", "is missing"),
        (b"PK\x03\x04xx", "no whole workbook"),
    ],
)
def test_what_is_no_table_is_said_at_the_file(clerk: Any, data: bytes, words: str) -> None:
    reply = put(clerk, data)
    assert reply.status_code == 422
    assert words in reply.text
    assert 'id="file-error"' in reply.text


def test_a_form_without_a_file_or_unit_is_refused(clerk: Any) -> None:
    assert clerk.post("/imports", data=ASKED).status_code == 422
    assert clerk.post("/imports", data=ASKED | {"target": "x"}).status_code == 422


def large(station: Station) -> str:
    """A file of more records than one person may change."""
    with station.writing() as c:
        c.execute(
            devices.devices.update().where(devices.devices.c.device == DEVICE).values(area={"lines": {}})
        )
    rows = (f"{DEVICE},{n},{n:012},1" for n in range(1, 502))
    return "集中器编号,序号,表地址,端口\n" + "\n".join(rows)


def test_many_records_wait_for_a_second_person(station: Station, clerk: Any) -> None:
    boss = person(station, "zhao", "approver")
    put(clerk, large(station), target="area_meters")
    assert "A second person must approve" in clerk.get("/imports/1").text
    reply = act(clerk, "take", reason="采集建设")
    assert reply.location == "/approvals/1"
    assert "A second person is asked" in clerk.get("/imports/1").text
    assert '/imports/1"' in boss.get("/approvals/1").text
    assert "<dd>Meters of areas</dd>" in boss.get("/approvals/1").text
    assert approve(boss, "/approvals/1").status_code == 302
    life.work(station.engine, db.now_s())
    with db.reading(station.engine) as c:
        assert (store.get(c, EVERYWHERE, 1) or {})["done"] == 501
    panel = clerk.get("/imports/1/live").json["panels"]["p-import"]
    assert "501 of 501" in panel
    assert "Show the result" in panel


def test_a_proposal_for_an_import_that_was_dropped_does_nothing(station: Station, clerk: Any) -> None:
    boss = person(station, "zhao", "approver")
    put(clerk, large(station), target="area_meters")
    page = clerk.get("/imports/1")
    seen = hidden(page, "seen")
    act(clerk, "take", reason="x")
    clerk.post("/imports/1/drop", data={"seen": seen})
    assert approve(boss, "/approvals/1").status_code == 302
    with db.reading(station.engine) as c:
        assert (store.get(c, EVERYWHERE, 1) or {})["state"] == "dropped"


def test_exports_guard_formulas_and_come_back(station: Station) -> None:
    chief = person(station, "chief", "chief")
    with station.writing() as c:
        devices.change(c, DEVICE, name="=cmd()")
    told = chief.get(f"/imports/export?target=devices&q={DEVICE}")
    assert told.text.splitlines()[1].startswith(f"{DEVICE},'=cmd()")
    book = chief.get(f"/imports/export?target=devices&q={DEVICE}&form=xlsx").data
    rows = list(load_workbook(io.BytesIO(book)).worksheets[0].iter_rows(values_only=True))
    assert rows[1][:2] == (DEVICE, "'=cmd()")
    put(chief, book)
    assert "Unchanged 1" in chief.get("/imports/1").text
    assert chief.get("/imports/export?target=x").status_code == 404


def test_exports_hold_only_what_one_may_take_out(station: Station) -> None:
    with station.writing() as c:
        unit = org.add_unit(c, 1, "city", "A", "City")
        devices.change(c, DEVICE, unit=unit)
    fee = person(station, "fee", "branch", unit)
    for form in ("csv", "xlsx"):
        reply = fee.get(f"/imports/export?target=devices&form={form}&unit=1")
        assert reply.status_code == 200
    assert fee.get("/imports/export?target=devices").text.count("\n") == 2
    with db.reading(station.engine) as c:
        told = [each for each in c.execute(select(audit)) if each.action == "exported"]
    assert told[-1].detail == {"q": "", "unit": 0, "records": 1}


def test_templates_have_the_heads_of_a_file(clerk: Any, station: Station) -> None:
    assert clerk.get("/imports/templates/devices.csv").text.startswith("\ufeffdevice,name,unit")
    clerk.set_cookie("lang", "zh_CN")
    assert clerk.get("/imports/templates/area_meters.csv").text.startswith("\ufeff集中器编号,序号,表地址")
    assert clerk.get("/imports/templates/x.csv").status_code == 404
