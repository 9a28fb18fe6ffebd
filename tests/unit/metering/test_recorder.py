"""Curve points and daily freezes: each once and fresh, a missed midnight from the meter's own."""

import pytest

from firmware.metering import tally
from firmware.metering.backfill import BACKFILLED
from firmware.metering.tally import MEASURED, SUSPECT
from firmware.store.kv import StoreError
from protocols.uplink import parameters
from protocols.uplink.messages import CURVE, DAILY
from tests.unit.metering.bench import MUTE, REFUSED
from tests.unit.metering.meter_bench import (
    DAY_S,
    ENERGY,
    ENERGY_DI,
    GOOD,
    MIDNIGHT_S,
    TIME_DI,
    VOLTAGE,
    MeterBench,
    bcd,
    freeze_time,
)
from tests.unit.metering.recorder_bench import Bench


@pytest.fixture
def bench_at(tmp_path):
    made = []

    def make(t_s, settings=(), **answers):
        made.append(MeterBench(tmp_path, t_s, answers, **dict(settings)))
        return made[-1]

    yield make
    for bench in made:
        bench.kv.close()


def test_a_curve_point_once_a_slot(bench_at):
    bench = bench_at(MIDNIGHT_S + 850)
    bench.run(2000, GOOD)
    curve = bench.told(CURVE)
    assert [body["slot_s"] for body in curve] == [MIDNIGHT_S + 900, MIDNIGHT_S + 1800, MIDNIGHT_S + 2700]
    assert curve[0] == {
        "slot_s": MIDNIGHT_S + 900,
        "interval_s": 900,
        "metering_point": 1,
        "quality": MEASURED,
        "values": GOOD,
    }
    assert {(row[0], row[3]) for row in bench.out} == {("cv", 1)}


def test_only_fresh_values_stand_for_a_slot(bench_at):
    bench = bench_at(MIDNIGHT_S + 838)
    bench.run(1, {VOLTAGE: 2300})  # 62 s old at the slot
    bench.run(10)
    bench.run(60, GOOD)
    (body,) = bench.told(CURVE)
    assert body["values"] == GOOD


def test_a_slot_of_a_mute_meter_stays_missing(bench_at):
    bench = bench_at(MIDNIGHT_S + 800)
    bench.run(50, GOOD)
    bench.run(50 + 31)  # mute from 50 s before the slot to 31 s after it
    bench.run(100, GOOD)
    assert bench.told(CURVE) == []


def test_a_short_interval_has_a_short_patience(bench_at):
    """Of 60 s: a slot may be cut 12 s late, never 13 s."""
    bench = bench_at(MIDNIGHT_S + 4, {"curve_interval_s": 60})
    bench.run(1, GOOD)
    bench.run(67)  # mute up to 12 s after the slot at 60 s
    bench.run(1, GOOD)
    bench.run(60)
    bench.run(20, GOOD)  # heard 13 s after the slot at 120 s, and up to that at 180 s
    assert [body["slot_s"] for body in bench.told(CURVE)] == [MIDNIGHT_S + 60]


@pytest.mark.parametrize("interval_s", [60, 300, 900, 1800, 3600])
def test_every_interval_gives_all_its_points_once(bench_at, interval_s):
    bench = bench_at(MIDNIGHT_S - 50, {"curve_interval_s": interval_s})
    for _ in range(7300 // 10):
        bench.tick(GOOD)
        bench.clock.advance(9000)
    slots = [body["slot_s"] for body in bench.told(CURVE)]
    assert slots == list(range(MIDNIGHT_S, MIDNIGHT_S + 7201, interval_s))
    assert {body["interval_s"] for body in bench.told(CURVE)} == {interval_s}


def test_no_interval_no_curve(bench_at):
    bench = bench_at(MIDNIGHT_S - 5, {"curve_interval_s": 0})
    bench.run(10, GOOD)
    assert [row[1] for row in bench.out] == [DAILY]


def test_a_new_interval_counts_from_the_next_slot_on(bench_at):
    bench = bench_at(MIDNIGHT_S + 895)
    bench.run(10, GOOD)
    bench.settings.change(parameters.METERING, curve_interval_s=60)
    bench.run(60, GOOD)
    assert [(body["slot_s"] - MIDNIGHT_S, body["interval_s"]) for body in bench.told(CURVE)] == [
        (900, 900),
        (960, 60),
    ]


def test_no_curve_point_twice_after_a_restart_or_a_backward_step(bench_at):
    bench = bench_at(MIDNIGHT_S + 890)
    bench.run(20, GOOD)
    for _ in range(3):
        bench.boot()
        bench.run(5, GOOD)
    bench.clock.set_ms((MIDNIGHT_S + 895) * 1000)
    bench.run(30, GOOD)
    assert [body["slot_s"] for body in bench.told(CURVE)] == [MIDNIGHT_S + 900]


def test_an_unset_clock_makes_suspect_records(bench_at):
    bench = bench_at(MIDNIGHT_S - 10)
    bench.clock.ok = False
    bench.run(20, GOOD)
    assert sorted(row[1] for row in bench.out) == [CURVE, DAILY]
    assert {row[3] for row in bench.out} == {0}
    assert {body["quality"] for *_head, body in bench.out} == {SUSPECT}
    assert bench.bus.asked == [], "nor is the meter's freeze compared with a date that may be wrong"


def test_the_daily_freeze_is_cut_at_local_midnight(bench_at):
    bench = bench_at(MIDNIGHT_S - 40)
    bench.run(39, {**GOOD, VOLTAGE: 2300})
    bench.bus.asked.clear()
    bench.run(60, {**GOOD, VOLTAGE: 2300})
    (row,) = [row for row in bench.out if row[1] == DAILY]
    assert row == (
        "da",
        DAILY,
        MIDNIGHT_S,
        1,
        {"day_s": MIDNIGHT_S, "metering_point": 1, "quality": MEASURED, "values": {ENERGY: 123_450}},
    )
    assert bench.bus.asked == []


def test_never_twice_over_a_restart(bench_at):
    bench = bench_at(MIDNIGHT_S - 5)
    bench.run(10, GOOD)
    bench.bus.answers = {TIME_DI: freeze_time(MIDNIGHT_S), ENERGY_DI: b"\x00\x01\x00\x00"}
    for _ in range(3):
        bench.boot()
        bench.run(10, GOOD)
    assert len(bench.told(DAILY)) == 1


def test_a_restart_with_an_old_clock_makes_no_second_freeze(bench_at):
    """A board without a clock of its own wakes in the past and is set right by the station."""
    bench = bench_at(MIDNIGHT_S - 5)
    bench.run(10, GOOD)
    bench.bus.answers = {TIME_DI: freeze_time(MIDNIGHT_S), ENERGY_DI: b"\x00\x01\x00\x00"}
    bench.clock.set_ms((MIDNIGHT_S - 700 * DAY_S - 3600) * 1000)
    bench.clock.ok = False
    bench.boot()
    bench.run(5, GOOD)
    bench.clock.set_ms((MIDNIGHT_S + 3600) * 1000)
    bench.run(5, GOOD)
    assert len(bench.told(DAILY)) == 1


@pytest.mark.parametrize("clock_s", [MIDNIGHT_S + 31, MIDNIGHT_S + 40_000, MIDNIGHT_S + DAY_S - 40])
def test_a_missed_midnight_is_filled_from_the_meters_freeze(bench_at, clock_s):
    bench = bench_at(clock_s, **{"05060001": freeze_time(MIDNIGHT_S), "05060101": bcd(50, 34, 12, 0)})
    bench.run(5, GOOD)
    (body,) = bench.told(DAILY)
    assert body == {
        "day_s": MIDNIGHT_S,
        "metering_point": 1,
        "quality": BACKFILLED,
        "values": {ENERGY: 1_234_500},
    }
    bench.boot()
    bench.run(5, GOOD)
    assert len(bench.told(DAILY)) == 1
    assert {priority for priority, _di, _seq in bench.bus.asked} == {3}


@pytest.mark.parametrize(
    "freeze_time",
    [
        freeze_time(MIDNIGHT_S - DAY_S),
        freeze_time(MIDNIGHT_S, minute=1),
        freeze_time(MIDNIGHT_S, hour=1),
        freeze_time(MIDNIGHT_S + DAY_S),
        b"\xff" * 5,
        b"",
        b"\x00" * 4,
        REFUSED,
    ],
)
def test_another_freeze_is_not_todays(bench_at, freeze_time):
    bench = bench_at(MIDNIGHT_S + 600, **{"05060001": freeze_time, "05060101": bcd(50, 34, 12, 0)})
    bench.run(20, GOOD)
    assert bench.told(DAILY) == []
    assert ENERGY_DI not in bench.bus.dis()
    assert bench.bus.dis().count(TIME_DI) <= 2, "asked once (a refusal twice), not each second"


@pytest.mark.parametrize("mute_di", [TIME_DI, ENERGY_DI])
def test_a_mute_meter_is_asked_again(bench_at, mute_di):
    answers = {"05060001": freeze_time(MIDNIGHT_S), "05060101": bcd(50, 34, 12, 0)}
    bench = bench_at(MIDNIGHT_S + 600, **answers)
    bench.bus.script = {mute_di: [MUTE, MUTE, MUTE]}
    bench.run(3, GOOD)
    assert bench.told(DAILY) == []
    bench.run(5, GOOD)
    assert [body["quality"] for body in bench.told(DAILY)] == [BACKFILLED]


def test_a_meter_mute_at_midnight_and_long_after_is_still_asked(bench_at):
    answers = {"05060001": freeze_time(MIDNIGHT_S), "05060101": bcd(50, 34, 12, 0)}
    bench = bench_at(MIDNIGHT_S - 100, **answers)
    bench.run(50, GOOD)
    bench.run(200)
    assert bench.told(DAILY) == []
    bench.run(2, GOOD)
    assert [body["quality"] for body in bench.told(DAILY)] == [BACKFILLED]


def test_a_refusing_flash_costs_neither_the_freeze_nor_the_next_tick(bench_at, monkeypatch):
    bench = bench_at(MIDNIGHT_S - 2)

    def refuse(_values):
        raise StoreError("full")

    monkeypatch.setattr(bench.kv, "put", refuse)
    bench.run(1200, GOOD)
    assert len(bench.told(DAILY)) == 1
    assert len(bench.told(CURVE)) == 2
    assert bench.recorder.store_errors > 0


def test_a_refusing_outbox_is_asked_again_while_the_slot_lasts(bench_at):
    bench = bench_at(MIDNIGHT_S - 2)
    bench.refuse = True
    bench.run(20, GOOD)
    bench.refuse = False
    bench.run(5, GOOD)
    assert [len(bench.told(kind)) for kind in (DAILY, CURVE)] == [1, 1]


def test_a_point_whose_records_fail_keeps_nobody_from_his_turn(tmp_path):
    """Its curve cannot be made; the other point's, the group's and the terminal's statistics are."""
    bench = Bench(tmp_path, MIDNIGHT_S + 890, (1, 2))
    bench.points.rows = ((100, 1000),)
    put_curve = bench.recorder._put_curve

    def failing(kept, *rest):
        if kept.key == 1:
            raise ValueError("record too large")
        put_curve(kept, *rest)

    bench.recorder._put_curve = failing  # pyright: ignore[reportAttributeAccessIssue]
    failed = 0
    for _ in range(200):
        try:
            bench.tick(GOOD)
        except ValueError:
            failed += 1
            bench.clock.advance(1000)
    assert failed >= 10
    assert {row[3 + 1]["metering_point"] for row in bench.out} == {2, 100}
    for key in (2, 101, 0):
        assert bench.recorder._tallies[key].state[tally.LAST] >= MIDNIGHT_S // 60 + 16
    bench.kv.close()
