"""Labels of freezes: month ends, billing days, zones, steps of the clock; what is kept of them."""

import os

import pytest

from firmware.metering import tally
from firmware.metering.backfill import BACKFILLED
from firmware.metering.tally import MEASURED, SUSPECT
from protocols.uplink.messages import BILLING, CURVE, DAILY, MONTHLY
from tests.unit.metering import recorder_bench
from tests.unit.metering.bench import PROFILE
from tests.unit.metering.meter_bench import (
    DAY_S,
    GOOD,
    MIDNIGHT_S,
    OFFSET_S,
    MeterBench,
    bcd,
    freeze_time,
)
from tests.unit.metering.recorder_bench import utc


@pytest.fixture
def bench_at(tmp_path):
    made = []

    def make(t_s, settings=(), **answers):
        made.append(MeterBench(tmp_path, t_s, answers, **dict(settings)))
        return made[-1]

    yield make
    for bench in made:
        bench.kv.close()


# ---- labels of month and billing day

BILLING_5_10 = {"billing_days": 1 << 4 | 1 << 9, "billing_hour": 7}
EVERY_DAY = {"billing_days": (1 << 31) - 1, "billing_hour": 0}


def _cross(bench, local_s):
    """Ten seconds before and after a local time."""
    bench.clock.set_ms((local_s - bench.offset_s - 10) * 1000)
    bench.run(20, GOOD)


@pytest.mark.parametrize(
    "date", [(2027, 1, 31), (2027, 2, 28), (2028, 2, 29), (2027, 4, 30), (2027, 12, 31), (2099, 12, 31)]
)
def test_a_monthly_freeze_at_the_end_of_every_kind_of_month(bench_at, date):
    bench = bench_at(utc(*date) - OFFSET_S)
    _cross(bench, utc(*date) + DAY_S)
    assert [body["day_s"] for body in bench.told(MONTHLY)] == [utc(*date) + DAY_S - OFFSET_S]
    assert bench.told(DAILY) == bench.told(MONTHLY)


@pytest.mark.parametrize("date", [(2028, 2, 28), (2027, 3, 30), (2027, 1, 15)])
def test_no_monthly_freeze_on_another_day(bench_at, date):
    bench = bench_at(utc(*date) - OFFSET_S)
    _cross(bench, utc(*date) + DAY_S)
    assert bench.told(MONTHLY) == []
    assert len(bench.told(DAILY)) == 1


def test_billing_days_are_frozen_at_their_hour(bench_at):
    bench = bench_at(utc(2027, 3, 1) - OFFSET_S, BILLING_5_10)
    for day in range(1, 32):
        for hour in (0, 6, 7, 8):
            _cross(bench, utc(2027, 3, day) + hour * 3600)
    assert [body["day_s"] for body in bench.told(BILLING)] == [
        utc(2027, 3, day, 7, offset_s=OFFSET_S) for day in (5, 10)
    ]


def test_the_31st_has_no_billing_in_a_month_without_it(bench_at):
    bench = bench_at(utc(2027, 4, 29) - OFFSET_S, {"billing_days": 1 << 30, "billing_hour": 0})
    for day in (30, 31, 32):
        _cross(bench, utc(2027, 4, 1) + (day - 1) * DAY_S)
    assert bench.told(BILLING) == []


def test_a_suspect_freeze_is_followed_by_the_right_one_and_by_no_other(bench_at):
    bench = bench_at(MIDNIGHT_S - 5)
    bench.clock.ok = False
    bench.run(10, GOOD)
    for ok in (False, True, True, False):
        bench.boot()
        bench.clock.set_ms((MIDNIGHT_S - 5) * 1000)
        bench.clock.ok = ok
        bench.run(10, GOOD)
    assert [body["quality"] for body in bench.told(DAILY)] == [SUSPECT, MEASURED]


def test_a_month_change_with_an_untrusted_clock_is_labelled_the_1st(bench_at):
    bench = bench_at(utc(2027, 2, 28, 23, 59, 50) - OFFSET_S, EVERY_DAY)
    bench.clock.ok = False
    bench.run(20, GOOD)
    first_s = utc(2027, 3, 1) - OFFSET_S
    for kind in (DAILY, MONTHLY, BILLING):
        assert [(body["day_s"], body["quality"]) for body in bench.told(kind)] == [(first_s, SUSPECT)]


def test_a_jump_into_the_1st_is_filled_from_the_meter(bench_at):
    first_s = utc(2027, 3, 1) - OFFSET_S
    answers = {"05060001": freeze_time(first_s), "05060101": bcd(50, 34, 12, 0)}
    bench = bench_at(first_s - 3 * DAY_S + 1000, EVERY_DAY, **answers)
    bench.run(5, GOOD)
    bench.clock.set_ms((first_s + 7000) * 1000)
    bench.run(5, GOOD)
    for kind in (DAILY, MONTHLY, BILLING):
        (body,) = bench.told(kind)
        assert (body["day_s"], body["quality"]) == (first_s, BACKFILLED)
    bench.clock.set_ms((first_s - 7000) * 1000)
    bench.run(5, GOOD)
    _cross(bench, first_s + OFFSET_S)
    assert len(bench.told(MONTHLY)) == 1


def test_days_ahead_by_a_wrong_clock_do_not_block_the_right_days(bench_at):
    bench = bench_at(MIDNIGHT_S - 5)
    bench.run(10, GOOD)
    for day in (400, 401, 1, 2, 400, 0):
        _cross(bench, MIDNIGHT_S + OFFSET_S + day * DAY_S)
    days = [(body["day_s"] - MIDNIGHT_S) // DAY_S for body in bench.told(DAILY)]
    assert days == [0, 400, 401, 1, 2]


@pytest.mark.parametrize("offset_s", [0, 28800, -12600, 19800, -43200, 50400])
def test_labels_are_local_midnights_of_any_zone(tmp_path, offset_s):
    midnight_s = utc(2027, 1, 1, offset_s=offset_s)
    bench = recorder_bench.Bench(tmp_path, midnight_s - 5, offset_s=offset_s)
    bench.run(10, {8: 1000, 320: 5})
    assert [body["day_s"] for body in bench.told(DAILY)] == [midnight_s]
    assert [body["day_s"] for body in bench.told(MONTHLY)] == [midnight_s]
    bench.kv.close()


def test_points_without_a_profile_and_groups_have_curves_too(tmp_path):
    bench = recorder_bench.Bench(tmp_path, utc(2027, 1, 1) - 20, numbers=(1, 5))
    bench.points.rows = ((7000, 123), (None, None), (None, 9))
    bench.run(40, {8: 1000, 320: 5, 999: 1})
    values = {body["metering_point"]: body["values"] for body in bench.told(CURVE)}
    assert values == {
        1: {8: 1000, 320: 5},
        5: {8: 1000, 320: 5},
        100: {20111: 7000, 20121: 123, 20123: 9},
    }
    bench.kv.close()


def test_a_point_that_is_mute_at_midnight_does_not_take_the_others_freeze(tmp_path):
    bench = recorder_bench.Bench(tmp_path, utc(2027, 1, 5) - 20, numbers=(1, 2, 3))
    for _ in range(60):
        for point in bench.points.points[:2]:
            point.latest.put({8: 1, 320: 2})
        bench.tick()
    assert sorted(body["metering_point"] for body in bench.told(DAILY)) == [1, 2]
    bench.kv.close()


def test_a_record_of_labels_that_is_malformed_counts_for_nothing(tmp_path):
    bench = recorder_bench.Bench(tmp_path, utc(2027, 1, 5) - 60)
    for kept in (None, 7, [], [[1], [2]], ["x"] * 2, {"a": 1}, [[0] * 123, [3, 4]], [[1 << 40] * 123, []]):
        bench.kv.put({"t1": kept})
        bench.boot()
        bench.run(1, {8: 1, 320: 2})
    bench.run(60, {8: 1, 320: 2})
    assert len(bench.told(DAILY)) == 1
    bench.kv.close()


def test_labels_are_ranges_and_bounded():
    kept = tally.Tally(1, b"", "q", None, None)
    for label in (5, 6, 7, 9, 20, 21, 8):
        assert kept.fits(tally.DAILY, label, True)
        kept.mark(tally.DAILY, label, True)
        kept.mark(tally.DAY, 100 + label, False)
        assert not kept.fits(tally.DAILY, label, True)
        assert kept.fits(tally.MONTHLY, label, True)
    unsure = tally.UNSURE + tally.DAY
    assert kept.made == [3, 5, 7, 3, 9, 9, 3, 20, 21, 3, 8, 8, unsure, 108, 108]
    assert kept.fits(tally.DAY, 108, True)
    assert not kept.fits(tally.DAY, 108, False)
    for label in range(100, 200, 2):
        kept.mark(tally.DAILY, label, True)
    assert len(kept.made) == 3 * (tally.RANGES + 1)
    assert not kept.fits(tally.DAILY, 198, True)


MARCH_7 = utc(2026, 3, 7)


def test_midnight_is_told_by_all_five_fields():
    assert PROFILE.freeze_s(bcd(0, 0, 7, 3, 26)) == MARCH_7
    assert PROFILE.freeze_s(bcd(0, 0, 8, 3, 26)) != MARCH_7
    assert PROFILE.freeze_s(bcd(0, 0, 7, 3, 25)) != MARCH_7
    assert PROFILE.freeze_s(bcd(0, 12, 7, 3, 26)) != MARCH_7
    assert not any(PROFILE.freeze_s(os.urandom(n)) for n in (0, 4, 6))
