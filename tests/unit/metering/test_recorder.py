"""Curve points and daily freezes: each once and fresh, a missed midnight from the meter's own."""

import asyncio
import calendar
import os
import time

import pytest

from firmware.metering.readings import Latest
from firmware.metering.recorder import BACKFILLED, DAY_S, MEASURED, SUSPECT, Recorder, is_midnight_of
from firmware.store.kv import Kv, StoreError
from protocols.meters.points import BY_ALIAS
from protocols.uplink.messages import CURVE, DAILY
from tests.unit.metering.bench import MUTE, PROFILE, REFUSED, Rig

POWER, ENERGY = PROFILE.power, PROFILE.energy
VOLTAGE = BY_ALIAS["voltage_a_dv"][0]
OFFSET_S = 28800
MIDNIGHT_S = 1_800_000_000 // DAY_S * DAY_S + DAY_S - OFFSET_S  # UTC second of a local 00:00
TIME_DI, ENERGY_DI = PROFILE.freeze


def _bcd(*numbers):
    return bytes(n // 10 << 4 | n % 10 for n in numbers)


def _freeze_time(utc_s, hour=0, minute=0):
    """mm hh DD MM YY of the local date of `utc_s`."""
    date = time.gmtime(utc_s + OFFSET_S)
    return _bcd(minute, hour, date.tm_mday, date.tm_mon, date.tm_year % 100)


class Bench(Rig):
    """A recorder over a meter, its readings and a journal in `folder`; `out` is what it added."""

    def __init__(self, folder, t_s, **answers):
        super().__init__(**answers)
        self.clock.set_ms(t_s * 1000)
        self.folder = str(folder)
        self.out = []
        self.latest = Latest(self.clock)
        self.kv = Kv(self.folder)
        self.boot()

    def boot(self, interval_s=900):
        self.kv.close()
        self.kv = Kv(self.folder)
        self.kv.open()
        assert not self.kv.damaged
        add = lambda *row: self.out.append(row) or len(self.out)  # noqa: E731
        self.recorder = Recorder(
            self.meter, PROFILE, self.latest, self.clock, self.kv, add, interval_s, OFFSET_S
        )

    def run(self, seconds, values=None):
        """A tick a second; `values` are read before each one, None: the meter is mute."""
        for _ in range(seconds):
            if values:
                self.latest.put(values)
            self.recorder.tick()
            if self.clock.ok:
                asyncio.run(self.recorder.backfill())  # as its own task does, only more often
            self.clock.advance(1000)

    def told(self, kind):
        return [body for _stream, got, _t_s, _t_ok, body in self.out if got == kind]


@pytest.fixture
def bench_at(tmp_path):
    made = []

    def make(t_s, **answers):
        made.append(Bench(tmp_path, t_s, **answers))
        return made[-1]

    yield make
    for bench in made:
        bench.kv.close()


GOOD = {POWER: 20_000, ENERGY: 123_450}


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
    assert {row[0] for row in bench.out} == {"da"}
    assert {row[3] for row in bench.out} == {1}


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
    """Of 15 s: a slot may be cut 3 s late, never 7 s, and never from values 11 s old."""
    bench = bench_at(MIDNIGHT_S + 4)
    bench.boot(15)
    bench.run(1, GOOD)
    bench.run(20)
    bench.run(15, GOOD)
    assert [body["slot_s"] for body in bench.told(CURVE)] == [MIDNIGHT_S + 30]


def test_an_unset_clock_makes_suspect_records(bench_at):
    bench = bench_at(MIDNIGHT_S - 10)
    bench.clock.ok = False
    bench.run(20, GOOD)
    assert [row[1] for row in bench.out] == [CURVE, DAILY]
    assert {row[3] for row in bench.out} == {0}
    assert {body["quality"] for *_head, body in bench.out} == {SUSPECT}
    assert bench.bus.asked == [], "nor is the meter's freeze compared with a date that may be wrong"


def test_the_daily_freeze_is_cut_at_local_midnight(bench_at):
    bench = bench_at(MIDNIGHT_S - 40)
    bench.kv.put({"day_s": MIDNIGHT_S + OFFSET_S - DAY_S})
    bench.boot()
    bench.run(100, {**GOOD, VOLTAGE: 2300})
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
    bench.bus.answers = {TIME_DI: _freeze_time(MIDNIGHT_S), ENERGY_DI: b"\x00\x01\x00\x00"}
    for _ in range(3):
        bench.boot()
        bench.run(10, GOOD)
    assert len(bench.told(DAILY)) == 1


def test_a_restart_with_an_old_clock_makes_no_second_freeze(bench_at):
    """A board without a clock of its own wakes in the past and is set right by the station."""
    bench = bench_at(MIDNIGHT_S - 5)
    bench.run(10, GOOD)
    bench.bus.answers = {TIME_DI: _freeze_time(MIDNIGHT_S), ENERGY_DI: b"\x00\x01\x00\x00"}
    bench.clock.set_ms((MIDNIGHT_S - 700 * DAY_S - 3600) * 1000)
    bench.clock.ok = False
    bench.boot()
    bench.run(5, GOOD)
    bench.clock.set_ms((MIDNIGHT_S + 3600) * 1000)
    bench.run(5, GOOD)
    assert len(bench.told(DAILY)) == 1


@pytest.mark.parametrize("clock_s", [MIDNIGHT_S + 31, MIDNIGHT_S + 40_000, MIDNIGHT_S + DAY_S - 40])
def test_a_missed_midnight_is_filled_from_the_meters_freeze(bench_at, clock_s):
    bench = bench_at(clock_s, **{"05060001": _freeze_time(MIDNIGHT_S), "05060101": _bcd(50, 34, 12, 0)})
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
        _freeze_time(MIDNIGHT_S - DAY_S),
        _freeze_time(MIDNIGHT_S, minute=1),
        _freeze_time(MIDNIGHT_S, hour=1),
        _freeze_time(MIDNIGHT_S + DAY_S),
        b"\xff" * 5,
        b"",
        b"\x00" * 4,
        REFUSED,
    ],
)
def test_another_freeze_is_not_todays(bench_at, freeze_time):
    bench = bench_at(MIDNIGHT_S + 600, **{"05060001": freeze_time, "05060101": _bcd(50, 34, 12, 0)})
    bench.run(20, GOOD)
    assert bench.told(DAILY) == []
    assert ENERGY_DI not in bench.bus.dis()
    assert bench.bus.dis().count(TIME_DI) <= 2, "asked once (a refusal twice), not each second"


@pytest.mark.parametrize("mute_di", [TIME_DI, ENERGY_DI])
def test_a_mute_meter_is_asked_again(bench_at, mute_di):
    answers = {"05060001": _freeze_time(MIDNIGHT_S), "05060101": _bcd(50, 34, 12, 0)}
    bench = bench_at(MIDNIGHT_S + 600, **answers)
    bench.bus.script = {mute_di: [MUTE, MUTE, MUTE]}
    bench.run(3, GOOD)
    assert bench.told(DAILY) == []
    bench.run(5, GOOD)
    assert [body["quality"] for body in bench.told(DAILY)] == [BACKFILLED]


def test_a_meter_mute_at_midnight_and_long_after_is_still_asked(bench_at):
    answers = {"05060001": _freeze_time(MIDNIGHT_S), "05060101": _bcd(50, 34, 12, 0)}
    bench = bench_at(MIDNIGHT_S - 100, **answers)
    bench.kv.put({"day_s": MIDNIGHT_S + OFFSET_S - DAY_S})
    bench.boot()
    bench.run(50, GOOD)
    bench.run(200)
    assert bench.out == []
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
    assert bench.recorder.store_errors == 1


MARCH_7 = calendar.timegm((2026, 3, 7, 0, 0, 0))


def test_midnight_is_told_by_all_five_fields():
    assert is_midnight_of(_bcd(0, 0, 7, 3, 26), MARCH_7)
    assert not is_midnight_of(_bcd(0, 0, 8, 3, 26), MARCH_7)
    assert not is_midnight_of(_bcd(0, 0, 7, 3, 25), MARCH_7)
    assert not is_midnight_of(_bcd(0, 12, 7, 3, 26), MARCH_7)
    assert not any(is_midnight_of(os.urandom(n), MARCH_7) for n in (0, 4, 6))
