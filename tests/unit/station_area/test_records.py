"""What a concentrator tells: each record once, wrong ones kept as flaws, nothing of them in the tables."""

from typing import Any

import pytest
from sqlalchemy import Engine

from protocols.uplink import area, messages, topics
from protocols.uplink.codes import OUTCOMES
from station.area import life
from station.ingest.handler import Handler
from station.settings import Settings
from station.store import area as store
from station.store import db
from station.store.schema import metadata
from tests.unit.station.double import T0, Double, result
from tests.unit.station_area.conftest import DEVICE, row

EXECUTED, REFUSED = (
    next(no for no, name in OUTCOMES.items() if name == end) for end in ("executed", "refused")
)
BODIES: dict[int, dict[str, Any]] = {
    area.ABSENT: {"duty": 1, "first_s": T0, "last_s": T0 + 900, "meter": 3, "read": 1, "reason": 1},
    area.FOUND: {"line": 2, "address": bytes.fromhex("112233445566"), "state": 1, "phase": 0},
    area.REPLY: {"command": 7, "data": b"\x68", "took_ms": 120},
    area.READ: {"command": 7, "meter": 3, "reason": 0, "values": {1: 5}},
    area.LEDGER: {
        "meter": 3,
        "day_s": T0,
        "fee": 1,
        "remaining": -5,
        "tier_wh": 0,
        "charged_wh": 10,
        "differs_wh": None,
        "order": 4,
        "cut": 0,
    },
    area.ROUTE: {"meter": 3, "phase": 2, "hops": 1, "success_e3": 970, "signal": 12},
}

MODULE = {1: 2, 2: "LK SM 0100", 3: 20, 4: 19, 5: 1, 6: 18, 7: 960, 8: 3}  # area.MODULE_NOW


def record(kind: int, **facts: Any) -> list[Any]:
    return [kind, T0, 1, messages.pack(area.RECORDS[kind], BODIES[kind] | facts)]


def table(engine: Engine, name: str) -> list[dict[str, Any]]:
    with db.reading(engine) as c:
        return db.rows(c.execute(metadata.tables[name].select()))


@pytest.mark.parametrize("kind", BODIES)
def test_a_record_told_twice_stands_once(settings: Settings, engine: Engine, kind: int) -> None:
    handler, device = Handler(settings, engine), Double(DEVICE)
    for _n in range(2):
        handler.take([device.batch(topics.DA, 1, [record(kind), record(kind)])])
    found = table(engine, store.TABLES[kind].name)
    assert [row["seq"] for row in found] == [1, 2]
    assert table(engine, "counters") == []


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        (area.FOUND, {"address": b"12345"}),
        (area.FOUND, {"state": 9}),
        (area.LEDGER, {"meter": 1001}),
        (area.LEDGER, {"remaining": 1 << 63}),
        (area.READ, {"values": {1: [2]}}),
        (area.ROUTE, {"phase": 4}),
        (area.ROUTE, {"success_e3": 1001}),
    ],
)
def test_a_wrong_one_is_a_flaw(settings: Settings, engine: Engine, kind: int, facts: dict[str, Any]) -> None:
    Handler(settings, engine).take(
        [Double(DEVICE).batch(topics.DA, 1, [record(kind, **facts), record(kind)])]
    )
    assert [row["seq"] for row in table(engine, store.TABLES[kind].name)] == [2]
    assert [row["reason"] for row in table(engine, "counters")] == ["poisoned"]


def test_the_newest_balance_and_the_unknown_meters_are_found(settings: Settings, engine: Engine) -> None:
    many = [
        record(area.LEDGER, day_s=T0 + 1, remaining=7),
        record(area.LEDGER),
        record(area.FOUND),
        record(area.FOUND, line=1),
    ]
    Handler(settings, engine).take([Double(DEVICE).batch(topics.DA, 1, many)])
    with db.reading(engine) as c:
        newest = store.ledger(c, DEVICE, 3)
        assert newest
        assert newest["remaining"] == 7
        assert [each["line"] for each in store.unknown(c, DEVICE)] == [1, 2]


def test_the_newest_word_on_each_way_through_the_module_is_found(settings: Settings, engine: Engine) -> None:
    many = [record(area.ROUTE), record(area.ROUTE, hops=4), record(area.ROUTE, meter=5)]
    Handler(settings, engine).take([Double(DEVICE).batch(topics.DA, 1, many)])
    with db.reading(engine) as c:
        assert {meter: each["hops"] for meter, each in store.routes(c, DEVICE).items()} == {3: 4, 5: 1}


def test_a_meter_that_was_replaced_has_its_new_address_here(settings: Settings, engine: Engine) -> None:
    handler, device = Handler(settings, engine), Double(DEVICE)
    with db.writing(engine) as c:
        life.take(c, DEVICE, [row(1), row(2)], "test")
        params = life.named(row(1)) | {"new_address": bytes(5) + b"\x77", "old_wh": 5, "new_wh": 0}
        refused = life.send(c, DEVICE, area.METER_REPLACED, params, "test")
        done = life.send(c, DEVICE, area.METER_REPLACED, params, "test")
    handler.take([device.batch(topics.EV, 1, [result(refused, REFUSED, 20)])])
    with db.reading(engine) as c:
        assert store.archive(c, DEVICE) == [row(1), row(2)]
        assert store.exchanges(c, DEVICE, 1) == []
    handler.take([device.batch(topics.EV, 2, [result(done, EXECUTED)])])
    with db.reading(engine) as c:
        assert store.archive(c, DEVICE) == [row(1, address="770000000000"), row(2)]
        assert (store.exchanges(c, DEVICE, 1), store.exchanges(c, DEVICE, 2)) == ([(5, 0)], [])


def test_the_live_state_of_the_area_is_kept(settings: Settings, engine: Engine) -> None:
    told = dict(enumerate((b"12345678", 5, 1, 0, 0, [[1, T0, 3, 1, 5]], [[1, 2, 3, 4]], []), 1))
    handler = Handler(settings, engine)
    handler.take([Double(DEVICE).now(area=told)])
    handler.take([Double(DEVICE).now(area={**told, 6: [[1, 2]]})])  # refused: the first stands
    handler.take([Double(DEVICE).now(area={**told, 9: {**MODULE, 1: 3}})])  # so is this one
    with db.reading(engine) as c:
        now = store.now(c, DEVICE)
    assert now
    assert (now["meters"], now["duties"]) == (5, [[1, T0, 3, 1, 5]])
    assert now["module"] is None
    assert [(row["reason"], row["n"]) for row in table(engine, "counters")] == [("malformed", 2)]


def test_the_state_of_its_module_is_kept_by_name(settings: Settings, engine: Engine) -> None:
    told = dict(enumerate((b"12345678", 5, 1, 0, 0, [], [], [], MODULE), 1))
    Handler(settings, engine).take([Double(DEVICE).now(area=told)])
    with db.reading(engine) as c:
        now = store.now(c, DEVICE)
    assert now
    assert (now["module"]["maker"], now["module"]["told"]) == ("LK SM 0100", 19)
