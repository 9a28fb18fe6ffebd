"""The way of an archive into a concentrator: over lost answers, refusals; and orders of meters."""

from typing import Any

import pytest
from sqlalchemy import Engine

from protocols.uplink import area
from protocols.uplink.codes import APPEND, REASON_NO
from station.area import life, rows
from station.area import load as way
from station.errors import Invalid
from station.store import area as store
from station.store import commands, db
from tests.unit.station_area.conftest import DEVICE, Concentrator, row

TABLE = [row(n) for n in (*range(1, 100), 1000)]


def begun(engine: Engine, table: list[dict[str, Any]] = TABLE) -> int:
    with db.writing(engine) as c:
        life.take(c, DEVICE, table, "test")
        return life.begin(c, DEVICE, "test")


def load(engine: Engine, number: int) -> dict[str, Any]:
    with db.reading(engine) as c:
        return store.load(c, number) or {}


def run(concentrator: Concentrator, most: int = 60) -> None:
    for _n in range(most):
        concentrator.work()
        if not concentrator.queued():
            return
        concentrator.answer()
        concentrator.tell()


def test_an_archive_is_loaded_piece_by_piece(engine: Engine, concentrator: Concentrator) -> None:
    number = begun(engine)
    with db.reading(engine) as c:
        assert life.drift(c, DEVICE) is True
    run(concentrator)
    assert load(engine, number)["state"] == way.LOADED
    assert [meter for meter, _row in concentrator.runs.rows()] == [each["meter"] for each in TABLE]
    with db.reading(engine) as c:
        assert life.drift(c, DEVICE) is False
        assert [each["params"]["op"] for each in commands.recent(c, DEVICE)] == []  # parts of a whole


def test_lost_answers_send_the_same_step_again(engine: Engine, concentrator: Concentrator) -> None:
    number = begun(engine)
    for _step in range(6):  # begin, four pieces, activate
        concentrator.work()
        first = concentrator.answer("unknown")
        concentrator.tell()
        concentrator.work()
        if first["params"]["op"] == area.ACTIVATE:
            break
        assert concentrator.answer()["params"] == first["params"]
        concentrator.tell()
    assert load(engine, number)["state"] == way.LOADED  # read back from the hash that runs
    assert concentrator.queued() == []


def test_an_activation_that_did_not_come_begins_anew(engine: Engine, concentrator: Concentrator) -> None:
    number = begun(engine)
    for _step in range(5):
        concentrator.work()
        concentrator.answer()
    concentrator.work()
    concentrator.answer("unknown", acts=False)
    concentrator.work()
    concentrator.at += way.DOUBT_S + 1
    concentrator.tell()
    run(concentrator)
    found = load(engine, number)
    assert (found["state"], found["anew"]) == (way.LOADED, 1)


def test_a_refused_row_is_not_sent_for_ever(engine: Engine, concentrator: Concentrator) -> None:
    number = begun(engine)
    for _n in range(20):
        concentrator.work()
        for command in concentrator.queued():
            refuses = command["params"]["op"] == area.ROWS
            reason = {"reason": REASON_NO["bad_params"]} if refuses else {}
            concentrator.answer("refused" if refuses else "executed", acts=False, **reason)
    found = load(engine, number)
    assert (found["state"], found["anew"], found["why"]) == (way.REFUSED, way.MOST_ANEW, "bad_params")


def test_what_runs_already_is_not_sent(engine: Engine, concentrator: Concentrator) -> None:
    concentrator.runs.put(1, rows.packed(TABLE))
    number = begun(engine)
    concentrator.at += 1
    concentrator.tell()
    concentrator.work()
    assert (load(engine, number)["state"], concentrator.queued()) == (way.LOADED, [])


def test_nothing_is_sent_past_the_deadline(engine: Engine, concentrator: Concentrator) -> None:
    number = begun(engine)
    concentrator.at += life.LOAD_S + 10
    concentrator.work()
    assert (load(engine, number)["state"], concentrator.queued()) == (way.GIVEN_UP, [])


def test_a_stop_discards(engine: Engine, concentrator: Concentrator) -> None:
    number = begun(engine)
    with db.writing(engine) as c:
        life.stop(c, DEVICE, "test")
    assert load(engine, number)["state"] == way.STOPPED
    assert [each["params"]["op"] for each in concentrator.queued()] == [area.DISCARD]
    with db.writing(engine) as c, pytest.raises(Invalid):
        life.stop(c, DEVICE, "test")


def test_orders_of_a_meter_are_numbered_and_wait_for_each_other(engine: Engine) -> None:
    begun(engine)
    with db.writing(engine) as c:
        first = life.order(c, DEVICE, 3, APPEND, 500_000, 1, "test")
        life.order(c, DEVICE, 4, APPEND, 1000, 0, "test")  # another meter
    with db.writing(engine) as c, pytest.raises(Invalid) as refused:
        life.order(c, DEVICE, 3, APPEND, 500_000, 1, "test")
    assert [each.key for each in refused.value.errors] == ["order_open"]
    with db.writing(engine) as c:
        assert commands.move(c, DEVICE, first, "executed")
        life.order(c, DEVICE, 3, APPEND, 1, 1, "test")
        assert [each["order"] for each in store.orders(c, DEVICE, 3)] == [2, 1]
        params = (commands.get(c, DEVICE, first) or {})["params"]
    assert params == {
        "meter": 3,
        "address": bytes.fromhex("030026200000"),
        "order": 1,
        "flag": APPEND,
        "value": 500_000,
        "fee": 1,
    }


def test_an_order_that_fails_leaves_no_command(engine: Engine) -> None:
    begun(engine)
    for value, meter in ((0, 3), (-5, 3), (5, 500)):
        with pytest.raises(Invalid), db.writing(engine) as c:
            life.order(c, DEVICE, meter, APPEND, value, 1, "test")
    with db.reading(engine) as c:
        assert commands.of_kind(c, DEVICE, area.METER_ORDER) == []


def test_a_meter_that_moved_gets_no_command_of_another(engine: Engine) -> None:
    begun(engine)
    with db.reading(engine) as c:
        params = life.named(life.meter(c, DEVICE, 3)) | {"want": 1}
    with db.writing(engine) as c:
        life.take(c, DEVICE, [row(3, address="000000004711")], "test")
    with db.writing(engine) as c, pytest.raises(Invalid) as refused:
        life.send(c, DEVICE, area.METER_SWITCH, params, "test")
    assert [each.key for each in refused.value.errors] == ["meter_moved"]


def test_a_terminal_is_no_concentrator(engine: Engine) -> None:
    with db.writing(engine) as c, pytest.raises(Invalid):
        life.begin(c, "T1", "test")
