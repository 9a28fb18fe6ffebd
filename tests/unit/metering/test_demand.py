"""Demand: the highest average power over a sliding window, exact, with the end of its window as its time."""

import random
from fractions import Fraction
from math import floor

import pytest

from firmware.metering.demand import Demand
from protocols.meters.statistics import BY_ALIAS
from protocols.uplink import parameters
from tests.unit.metering.recorder_bench import Bench, utc

MAX, TIME = BY_ALIAS["max_demand_dw"][0], BY_ALIAS["max_demand_time"][0]
GROUP_MAX, GROUP_TIME = BY_ALIAS["max_group_demand_w"][0], BY_ALIAS["max_group_demand_time"][0]


@pytest.fixture
def bench_at(tmp_path):
    made = []

    def make(t_s, **how):
        made.append(Bench(tmp_path / str(len(made)), t_s, curve_interval_s=0, **how))
        return made[-1]

    yield make
    for bench in made:
        bench.kv.close()


def averages(samples, window_min, slide_min, first_min):
    """{minute of its end: average, cut} of every whole window of a list of 60 samples a minute."""
    out = {}
    for end in range(first_min, first_min + len(samples) // 60 + 1):
        begin = end - window_min
        if end % slide_min == 0 and begin >= first_min:
            window = samples[(begin - first_min) * 60 : (end - first_min) * 60]
            out[end] = floor(sum(map(Fraction, window)) / len(window))
    return out


@pytest.mark.parametrize(
    ("window", "slide"), [(15, 1), (15, 5), (15, 15), (1, 1), (60, 1), (60, 60), (30, 10)]
)
def test_every_window_is_the_exact_average(window, slide):
    rng = random.Random(window * 100 + slide)
    samples = [rng.choice((0, -7, 33_001, rng.randrange(1 << 31))) for _ in range(60 * 180)]
    demand, got = Demand(window, slide), {}
    for minute in range(180):
        for power in samples[60 * minute : 60 * minute + 60]:
            demand.sample(power)
        average = demand.minute(minute + 1)
        if average is not None:
            got[minute + 1] = average
    assert got == averages(samples, window, slide, 0)


@pytest.mark.parametrize(("heard", "counts"), [(60, True), (50, True), (49, False), (0, False)])
def test_a_minute_that_was_not_heard_is_in_no_window(heard, counts):
    demand, ends = Demand(3, 1), []
    for minute in range(1, 13):
        for second in range(60):
            demand.sample(100 if minute != 6 or second < heard else None)
        if demand.minute(minute) is not None:
            ends.append(minute)
    assert ends == [3, 4, 5] + [6, 7, 8] * counts + [9, 10, 11, 12]


def test_a_restart_begins_a_window_anew():
    demand, ends = Demand(3, 1), []
    for minute in range(1, 9):
        for _ in range(60):
            demand.sample(100)
        if minute == 4:
            demand.restart()
        elif demand.minute(minute) is not None:
            ends.append(minute)
    assert ends == [3, 7, 8]


def run(bench, powers):
    """A tick a second."""
    for power in powers:
        bench.points.rows = ((power * 8, None),)
        bench.tick({8: power})


@pytest.mark.parametrize("offset_s", [0, 20700, -12600])
def test_highest_of_day_and_month_over_midnight(bench_at, offset_s):
    """A window counts where it ends, 24:00 in the old day. The maximum begins anew, the windows go on."""
    midnight_s = utc(2028, 3, 1, offset_s=offset_s)
    bench = bench_at(midnight_s - 1800, offset_s=offset_s)
    rng = random.Random(offset_s)
    powers = [rng.randrange(1000) + (20_000 if 1500 <= i < 2300 else 0) for i in range(3600)]
    run(bench, [*powers, 0])
    for numbers, factor, who in (
        ((MAX, TIME), 1, {"metering_point": 1}),
        ((GROUP_MAX, GROUP_TIME), 8, {"group": 1}),
    ):
        truth = averages([power * factor for power in powers], 15, 1, -30)
        old = highest({end: average for end, average in truth.items() if end <= 0}, midnight_s)
        new = highest({end: average for end, average in truth.items() if end > 0}, midnight_s)
        for period in (1, 2):
            (body,) = bench.stats(period, **who)
            assert tuple(body["values"][number] for number in numbers) == old
        today = bench.recorder.today(who.get("metering_point", 101))
        assert tuple(today[number] for number in numbers) == new


def highest(windows, midnight_s):
    """(average, UTC second of the end) of the first of the highest."""
    most = max(windows.values())
    return most, midnight_s + 60 * min(end for end, average in windows.items() if average == most)


def test_a_step_of_the_clock_and_other_parameters_begin_anew(bench_at):
    start_s = utc(2027, 1, 5, 3)
    bench = bench_at(start_s)
    run(bench, [500] * (14 * 60))
    bench.clock.set_ms((start_s + 7200) * 1000)
    run(bench, [900] * (14 * 60))
    assert MAX not in bench.recorder.today(1)
    bench.settings.change(parameters.METERING, demand_window_min=5, demand_slide_min=5)
    run(bench, [100] * (11 * 60))
    today = bench.recorder.today(1)
    assert today[MAX] == 100
    assert (today[TIME] - start_s) % 300 == 0


def test_many_points_each_have_their_own(bench_at):
    bench = bench_at(utc(2027, 1, 5, 3), numbers=tuple(range(1, 9)))
    bench.settings.change(parameters.METERING, demand_window_min=2, demand_slide_min=1)
    for _ in range(200):
        for point in bench.points.points:
            point.latest.put({8: 100 * point.no})
        bench.tick()
    for number in range(1, 9):
        assert bench.recorder.today(number)[MAX] == 100 * number
