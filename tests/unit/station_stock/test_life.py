"""Stock: a ledger whose balances are never negative, lines that are all moved or none."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from station.errors import Invalid
from station.stock import life, moves
from station.store import audit, db, org, stock, users
from station.store.scope import EVERYWHERE, ROOT, Scope
from tests.unit.station.conftest import c, engine, settings, template

__all__ = ["c", "engine", "settings", "template"]
FORM: dict[str, Any] = {"move": "receive", "kind": "meter", "unit": ROOT, "model": "M1", "serials": ""}
FORM |= {"count": None, "person": "", "device": "", "work_order": None, "remark": ""}


def moved(c: Connection, token: str, scope: Scope = EVERYWHERE, **more: Any) -> int:
    return life.move(c, "ann", scope, FORM | more, token)


def keys(refused: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [error.key for error in refused.value.errors]


def spots(c: Connection) -> list[tuple[Any, ...]]:
    found = stock.listed(c, EVERYWHERE, stock.Filter(), 100)
    return [(each["serial"], each["place"], each["holder"], each["count"]) for each in found]


@pytest.fixture
def fitter(c: Connection) -> str:
    users.add(c, "fred", "-", must_change=False, t_s=0)
    org.grant(c, "fred", "field", ROOT, "test", from_s=0)
    return "fred"


def test_a_meter_goes_from_receipt_to_its_device_and_back(c: Connection, fitter: str) -> None:
    moved(c, "1", serials="a1\n\nA2")
    moved(c, "2", move="hand_out", serials="A1", person=fitter)
    moved(c, "3", move="install", serials="A1", person=fitter, device="T1")
    assert sorted(spots(c)) == [("A1", "device", "T1", 1), ("A2", "store", "", 1)]
    with pytest.raises(Invalid) as refused:
        moved(c, "4", serials="A1")
    assert keys(refused) == ["serial_there"]
    moved(c, "5", move="remove", serials="A1", person=fitter, device="T1")
    moved(c, "6", move="return", serials="A1", person=fitter)
    moved(c, "7", move="scrap", serials="A1")
    assert spots(c) == [("A2", "store", "", 1)]
    told = [row["move"] for row in stock.history(c, 1, EVERYWHERE, 10)]
    assert told == ["scrap", "return", "remove", "install", "hand_out", "receive"]
    assert audit.recent(c, 1)[0]["action"] == "stock_moved"


def test_the_same_form_moves_once(c: Connection) -> None:
    assert [moved(c, "1", count=5) for _press in range(2)] == [1, 1]
    assert spots(c) == [(None, "store", "", 5)]


def test_no_more_is_taken_than_there_is(c: Connection) -> None:
    moved(c, "1", count=5)
    with pytest.raises(Invalid) as refused:
        moved(c, "2", move="scrap", count=6)
    assert keys(refused) == ["stock_short"]
    assert spots(c) == [(None, "store", "", 5)]


def test_two_writers_never_take_the_same_piece(engine: Engine) -> None:
    with db.writing(engine) as c:
        moved(c, "0", count=3)

    def scrap(token: int) -> bool:
        try:
            with db.writing(engine) as c:
                return bool(moved(c, f"s{token}", move="scrap", count=1))
        except Invalid:
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(scrap, range(8))) == 3


def test_faults_are_told_by_line_and_nothing_is_moved(engine: Engine) -> None:
    with pytest.raises(Invalid) as refused, db.writing(engine) as c:
        moved(c, "1", serials="A1\n?\nA1")
    assert [(e.key, e.args["line"]) for e in refused.value.errors] == [("bad_serial", 2), ("serial_twice", 3)]
    with db.writing(engine) as c:
        moved(c, "2", serials="B1")
    with pytest.raises(Invalid) as refused, db.writing(engine) as c:
        moved(c, "3", move="scrap", serials="B1\nB2")
    assert [(e.key, e.args["line"]) for e in refused.value.errors] == [("serial_not_there", 2)]
    with db.reading(engine) as c:
        assert spots(c) == [("B1", "store", "", 1)]


def test_person_device_order_and_unit_must_be_of_the_scope(c: Connection, fitter: str) -> None:
    moved(c, "1", count=5)
    with pytest.raises(Invalid) as refused:
        moved(c, "2", move="install", count=1, person="nobody", device="XX", work_order=9)
    assert keys(refused) == ["work_person", "work_device", "no_such_order"]
    east = org.add_unit(c, ROOT, "station", "A1", "East")
    with pytest.raises(Invalid) as refused:
        moved(c, "3", Scope((east,)), count=1)
    assert keys(refused) == ["no_such_unit"]


def test_a_plan_is_set_beside_the_stock_and_two_editors_do_not_overwrite(c: Connection) -> None:
    moved(c, "1", count=5)
    life.plan(c, "ann", EVERYWHERE, ROOT, "meter", 8, 0)
    with pytest.raises(Invalid) as refused:
        life.plan(c, "bob", EVERYWHERE, ROOT, "meter", 9, 0)
    assert keys(refused) == ["changed_meanwhile"]
    found = stock.compared(c, EVERYWHERE)[ROOT, "meter"]
    assert (found["planned"], found["store"], found["device"]) == (8, 5, 0)


@given(st.text(max_size=200))
def test_whatever_is_pasted_gives_serials_or_faults(text: str) -> None:
    found, wrong = moves.serials(text)
    assert all(moves.SERIAL.fullmatch(serial) for _line, serial in found)
    assert len(found) + len(wrong) == sum(bool(line.strip()) for line in text.splitlines())
