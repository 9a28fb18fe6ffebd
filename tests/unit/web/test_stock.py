"""Pages of stock: moved once, faults stay in the form, foreign items are not there, two editors."""

from typing import Any

from station.store import org
from tests.unit.web.conftest import Station
from tests.unit.web.test_rights import only

FORM: dict[str, Any] = {"move": "receive", "kind": "sim", "unit": 1, "model": "<b>=2G", "once": "t1"}
FORM |= {"serials": "S1\nS2", "count": "", "person": "", "device": "", "work_order": "", "remark": ""}


def test_stock_is_received_once_and_listed_escaped(station: Station) -> None:
    desk = station.desk("en")
    assert [desk.post("/stock/move", data=FORM).status_code for _press in range(2)] == [302, 302]
    page = desk.get("/stock?kind=sim&q=S1").text
    assert "&lt;b&gt;=2G" in page
    assert ">S1<" in page
    assert ">S2<" not in page
    assert "Receive" in desk.get("/stock/1").text
    assert desk.get("/stock/99").status_code == 404


def test_a_fault_is_told_and_what_was_typed_stays(station: Station) -> None:
    reply = station.desk("en").post("/stock/move", data=FORM | {"serials": "S1\n??"})
    assert reply.status_code == 422
    assert "Line 2" in reply.text
    assert "S1\n??" in reply.text.replace("\r", "")


def test_the_file_guards_formulas(station: Station) -> None:
    desk = station.desk("en")
    desk.post("/stock/move", data=FORM | {"model": "=1+1"})
    assert "'=1+1" in desk.get("/stock/stock.csv").text


def test_stock_of_another_unit_is_not_there(station: Station) -> None:
    station.desk().post("/stock/move", data=FORM)
    with station.writing() as c:
        east = org.add_unit(c, 1, "station", "A1", "East")
    only(station, "station_head", east)
    head = station.desk()
    assert ">S1<" not in head.get("/stock").text
    assert head.get("/stock/1").status_code == 404
    assert head.get("/stock/plan/one?unit=1&kind=sim").status_code == 404
    assert head.post("/stock/move", data=FORM | {"once": "t2"}).status_code == 422


def test_who_does_not_keep_stock_sees_none(station: Station) -> None:
    only(station, "viewer")
    assert station.desk().get("/stock").status_code == 403


def test_a_plan_changed_meanwhile_is_refused(station: Station) -> None:
    desk, at = station.desk("en"), "/stock/plan/one?unit=1&kind=sim"
    assert desk.post(at, data={"planned": "7", "version": "0"}).status_code == 302
    reply = desk.post(at, data={"planned": "9", "version": "0"})
    assert reply.status_code == 422
    assert 'value="9"' in reply.text
    assert ">7<" in desk.get("/stock/plan").text
