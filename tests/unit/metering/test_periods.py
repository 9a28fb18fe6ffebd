"""The open day and month over restarts, cuts and steps of the clock: each minute once, each end told once."""

import pytest

from firmware.metering.tally import MEASURED, SUSPECT
from protocols.meters.statistics import BY_ALIAS
from protocols.uplink import parameters
from protocols.uplink.messages import STATS
from tests.unit.metering.recorder_bench import DAY_S, Bench, utc

GOOD = {1: {1: 2200, 8: 1000}}


@pytest.fixture
def bench_at(tmp_path):
    made = []

    def make(t_s, **how):
        made.append(Bench(tmp_path / str(len(made)), t_s, curve_interval_s=0, **how))
        return made[-1]

    yield make
    for bench in made:
        bench.kv.close()


def no(alias):
    return BY_ALIAS[alias][0]


MINUTES, ON, OUT, OUTS = map(no, ("voltage_a_assessed_min", "power_on_min", "outage_min", "outage_count"))
RESETS, TRAFFIC, ENERGY = map(no, ("resets", "traffic_bytes", "group_energy_wh"))
NOON = utc(2027, 6, 15, 12)
MIDNIGHT = utc(2027, 6, 16)


def minutes(bench, count):
    for _ in range(count):
        bench.minute(GOOD)


def off(bench, count, warned=True):
    """A power cut of so many minutes; `warned`: the board could still save."""
    if warned:
        bench.recorder.save()
    bench.clock.advance(60_000 * count)
    bench.boot()


def days(bench, number=MINUTES, period=1, **who):
    """[(days since NOON's day, value, quality)]"""
    who = who or {"metering_point": 1}
    first = NOON - DAY_S // 2
    return [
        ((body["from_s"] - first) // DAY_S, body["values"].get(number), body["quality"])
        for body in bench.stats(period, **who)
    ]


# ---- restarts


@pytest.mark.parametrize("warned", [True, False])
def test_a_cut_at_every_minute_of_a_short_day(bench_at, warned):
    """An hour of a day, cut once at each of its minutes, for 0, 1 and 7 minutes."""
    for length in (0, 1, 7):
        for at in range(2, 60):
            bench = bench_at(MIDNIGHT - 3600)
            minutes(bench, at)
            off(bench, length, warned)
            minutes(bench, 62 - at)
            ((day, counted, quality),) = days(bench)
            terminal = bench.stats(1)[0]["values"]
            assert (day, quality) == (0, MEASURED)
            assert terminal[ON] + terminal[OUT] == 60, (at, length)
            assert terminal[OUTS] == int(terminal[OUT] > 0)
            assert terminal[RESETS] == 1 + (at + length < 60)
            if warned:
                passed = min(60, at + length) - at
                assert terminal[OUT] == (passed + 1 if length else 0), "the minute of the cut was not whole"
                assert counted in (terminal[ON], terminal[ON] - 1)
            else:
                assert terminal[OUT] <= length + 16
            bench.kv.close()


def test_a_cut_costs_at_most_15_minutes_of_counts(bench_at):
    bench = bench_at(NOON)
    seconds = 3 * 3600
    bench.run(seconds, GOOD[1])
    before = bench.recorder.today(1)[MINUTES]
    bench.boot()
    bench.run(200, GOOD[1])
    assert before - 15 <= bench.recorder.today(1)[MINUTES] - 2 <= before


def test_counts_reach_flash_every_15_minutes_only(bench_at, monkeypatch):
    """The wear budget: commits and bytes of a quiet day of one point, one group and the terminal."""
    bench = bench_at(MIDNIGHT)
    bench.points.rows = ((8000, 123),)
    written = []
    put = bench.kv.put

    def counted(entries):
        written.append(len(repr(entries)))
        put(entries)

    monkeypatch.setattr(bench.kv, "put", counted)
    for second in range(6 * 3600):
        bench.points.rows = ((8000, second),)
        bench.tick(GOOD[1])
    assert 3 * 24 - 3 <= len(written) <= 3 * 24 + 3


def test_a_flash_that_refuses_costs_no_minute_while_power_lasts(bench_at, monkeypatch):
    from firmware.store.kv import StoreError

    bench = bench_at(NOON)

    def refuse(_entries):
        raise StoreError("full")

    monkeypatch.setattr(bench.kv, "put", refuse)
    bench.run(3700, GOOD[1])
    assert bench.recorder.today(1)[MINUTES] == 61
    assert bench.recorder.store_errors >= 8


def test_a_day_that_the_outbox_refuses_is_told_later(bench_at):
    bench = bench_at(MIDNIGHT - 3600)
    minutes(bench, 30)
    bench.refuse = True
    minutes(bench, 60)
    bench.refuse = False
    minutes(bench, 1440)
    assert days(bench)[0] == (0, 60, MEASURED)
    assert days(bench)[1] == (1, 1440 - 29, MEASURED)


# ---- outages


def test_minutes_without_power_are_outage_and_not_low_voltage(bench_at):
    bench = bench_at(NOON)
    minutes(bench, 100)
    off(bench, 50)
    minutes(bench, 101)
    terminal, point = bench.recorder.today(0), bench.recorder.today(1)
    assert (terminal[ON], terminal[OUT], terminal[OUTS], terminal[RESETS]) == (199, 51, 1, 2)
    assert point[no("voltage_a_below_min")] == 0
    assert point[MINUTES] == 199


def test_an_outage_over_days_and_a_month_end_is_told_by_day(bench_at):
    bench = bench_at(utc(2027, 6, 28, 18))
    minutes(bench, 61)
    off(bench, 4 * 1440)
    minutes(bench, 10)
    told = [(body["from_s"], body["values"][OUT], body["values"][OUTS]) for body in bench.stats(1)]
    assert told == [
        (utc(2027, 6, 28), 1440 - 18 * 60 - 60, 1),
        (utc(2027, 6, 29), 1440, 0),
        (utc(2027, 6, 30), 1440, 0),
        (utc(2027, 7, 1), 1440, 0),
    ]
    (june,) = bench.stats(2)
    assert june["values"][OUT] == 300 + 2880
    assert bench.recorder.today(0)[OUT] == 19 * 60 + 1


def test_a_year_without_power_is_not_told_day_by_day(bench_at):
    bench = bench_at(NOON)
    minutes(bench, 5)
    off(bench, 366 * 1440)
    minutes(bench, 60)
    assert len(bench.stats(1)) <= 33


def test_the_outage_waits_for_a_trusted_clock(bench_at):
    bench = bench_at(NOON)
    minutes(bench, 60)
    off(bench, 30)
    bench.clock.ok = False
    bench.clock.set_ms((NOON - 900 * DAY_S) * 1000)
    bench.clock.ok = False
    minutes(bench, 11)
    assert bench.recorder.today(0)[ON] == 59
    bench.clock.set_ms((NOON + 101 * 60) * 1000)
    minutes(bench, 10)
    terminal = bench.recorder.today(0)
    assert terminal[ON] + terminal[OUT] == 110
    assert 30 <= terminal[OUT] <= 32
    assert bench.recorder.today(1)[MINUTES] == 59 + 9, "minutes without a time are in no statistic of a point"
    assert bench.stats(1) == []


# ---- steps of the clock


def step(bench, seconds, ok=True):
    bench.clock.set_ms((bench.clock.now_s() + seconds) * 1000)
    bench.clock.ok = ok


def test_forward_over_midnight_ends_the_day_once(bench_at):
    bench = bench_at(NOON)
    minutes(bench, 61)
    step(bench, 20 * 3600)
    minutes(bench, 100)
    bench.boot()
    minutes(bench, 100)
    assert days(bench) == [(0, 60, MEASURED)]


def test_backward_over_midnight_never_opens_the_old_day_again(bench_at):
    bench = bench_at(MIDNIGHT - 3600)
    minutes(bench, 70)
    step(bench, -1200)
    minutes(bench, 10 + 1440 + 5)
    assert days(bench) == [(0, 60, MEASURED), (1, 1440, MEASURED)]


def test_backward_never_opens_a_suspect_day_again_either(bench_at):
    """Ten whole minutes of doubt are worth more than the last five in good quality."""
    bench = bench_at(MIDNIGHT - 600)
    bench.clock.ok = False
    minutes(bench, 20)
    step(bench, -900)
    minutes(bench, 5 + 1440 + 5)
    assert days(bench) == [(0, 10, SUSPECT), (1, 1440, SUSPECT)]


@pytest.mark.parametrize("restart", [False, True])
def test_a_minute_that_comes_again_counts_once(bench_at, restart):
    bench = bench_at(NOON)
    minutes(bench, 61)
    step(bench, -1800)
    if restart:
        off(bench, 0)
    minutes(bench, 61)
    assert bench.recorder.today(1)[MINUTES] in (90, 91)
    assert bench.recorder.today(0)[ON] in (90, 91)


def test_a_clock_wrong_by_months_costs_no_later_day(bench_at):
    """Set ahead, run there over a midnight, set right: the day of the step ends there, the rest counts."""
    bench = bench_at(NOON)
    minutes(bench, 61)
    step(bench, 100 * DAY_S)
    minutes(bench, 1440)
    step(bench, -100 * DAY_S)
    minutes(bench, 3 * 1440)
    told = days(bench)
    assert told[0] == (0, 60, MEASURED)
    assert told[1][0::2] == (100, MEASURED)
    assert told[2] == (101, told[2][1], SUSPECT)
    assert told[3:] == [(1, 659, MEASURED), (2, 1440, MEASURED), (3, 1440, MEASURED)]
    assert len(set(row[0] for row in told)) == len(told)


def test_an_untrusted_clock_far_away_counts_and_ends_nothing(bench_at):
    bench = bench_at(NOON)
    minutes(bench, 61)
    for away in (-9000 * DAY_S, 5 * DAY_S, -3 * 3600):
        step(bench, away, ok=False)
        minutes(bench, 30)
    bench.clock.set_ms((NOON + 12 * 3600 - 600) * 1000)
    minutes(bench, 20)
    assert days(bench) == [(0, 70, MEASURED)]


def test_an_untrusted_midnight_is_suspect_and_the_next_days_are_not(bench_at):
    bench = bench_at(MIDNIGHT - 3600)
    minutes(bench, 50)
    bench.clock.ok = False
    minutes(bench, 30)
    bench.clock.ok = True
    minutes(bench, 2 * 1440)
    assert days(bench) == [(0, 60, SUSPECT), (1, 1440, SUSPECT), (2, 1440, MEASURED)]


def test_time_before_the_first_trust_has_no_day(bench_at):
    """A board that wakes at 1970 and is set right by the station tells nothing of 1970."""
    bench = bench_at(100)
    bench.clock.ok = False
    minutes(bench, 30)
    bench.clock.set_ms((MIDNIGHT - 3600) * 1000)
    minutes(bench, 65)
    assert days(bench) == [(0, 60, MEASURED)]
    assert [body["from_s"] for body in bench.told(STATS)] == [utc(2027, 6, 15)] * 2


@pytest.mark.parametrize("date", [(2027, 1), (2027, 2), (2028, 2), (2027, 4), (2027, 12)])
@pytest.mark.parametrize("offset_s", [28800, -12600])
def test_a_month_ends_once_over_restarts_and_steps(bench_at, date, offset_s):
    year, month = date
    first_s = utc(year, month, 1, offset_s=offset_s)
    after_s = utc(year + month // 12, month % 12 + 1, 1, offset_s=offset_s)
    bench = bench_at(after_s - 1800, offset_s=offset_s)
    minutes(bench, 35)
    step(bench, -900)
    off(bench, 1)
    minutes(bench, 40)
    (body,) = bench.stats(2, metering_point=1)
    assert (body["from_s"], body["values"][MINUTES], body["quality"]) == (first_s, 30, MEASURED)
    assert [row["from_s"] for row in bench.stats(1, metering_point=1)] == [after_s - DAY_S]


# ---- groups and the terminal


def energy(bench, *totals):
    for total in totals:
        bench.points.rows = ((100, total),)
        bench.minute(GOOD)


def test_group_energy_is_what_its_total_moved(bench_at):
    bench = bench_at(MIDNIGHT - 300)
    big = (1 << 33) + 1
    energy(bench, 7, 17, None, None, 57, big, big, big + 3)
    assert days(bench, ENERGY, group=1) == [(0, big - 7, MEASURED)]
    assert bench.recorder.today(101)[ENERGY] == 3


def test_a_group_that_gives_back_counts_below_zero(bench_at):
    bench = bench_at(NOON)
    energy(bench, 100, 90, 60)
    assert bench.recorder.today(101)[ENERGY] == -40


def test_energy_of_a_cut_is_in_the_day_and_over_midnight_in_none(bench_at):
    bench = bench_at(NOON)
    energy(bench, 0, 10, 20)
    off(bench, 30)
    energy(bench, 50, 60)
    assert bench.recorder.today(101)[ENERGY] == 60
    off(bench, 1000)
    energy(bench, 500, 600, 700)
    assert days(bench, ENERGY, group=1) == [(0, 60, MEASURED)]
    assert bench.recorder.today(101)[ENERGY] == 100
    bench.clock.set_ms((MIDNIGHT + DAY_S - 60) * 1000)
    energy(bench, 700, 700, 700, 700)
    assert days(bench, ENERGY, group=1)[1] == (1, 100, SUSPECT)


def test_energy_behind_a_mute_midnight_is_in_no_day(bench_at):
    bench = bench_at(MIDNIGHT - 300)
    energy(bench, 0, 1, 2, None, None, None, None, 50, 51, 53)
    assert days(bench, ENERGY, group=1) == [(0, 2, SUSPECT)]
    energy(bench, *[53] * 1440)
    assert days(bench, ENERGY, group=1)[1:] == [(1, 3, SUSPECT)]


def test_another_group_of_points_begins_its_energy_anew(bench_at):
    bench = bench_at(NOON)
    energy(bench, 0, 10)
    bench.settings.change(parameters.GROUPS, members=[[1, 2, 1, 0]])
    energy(bench, 9000, 9001)
    assert bench.recorder.today(101)[ENERGY] == 11


def test_traffic_is_counted_once_and_in_its_day(bench_at):
    bench = bench_at(MIDNIGHT - 120)
    bench.recorder.traffic(5)
    minutes(bench, 2)
    bench.recorder.traffic(1 << 32)
    minutes(bench, 3)
    assert bench.stats(1)[0]["values"][TRAFFIC] == 5 + (1 << 32)
    assert bench.recorder.today(0)[TRAFFIC] == 0


def test_many_points_and_groups_each_end_their_day(bench_at):
    bench = bench_at(MIDNIGHT - 200, numbers=tuple(range(1, 9)))
    bench.points.rows = tuple((group, group) for group in range(1, 9))
    for second in range(400):
        bench.points.rows = tuple((group, group * second) for group in range(1, 9))
        bench.tick({1: 2200, 8: 5, 320: second})
    who = sorted(str(body.get("metering_point", body.get("group"))) for body in bench.told(STATS))
    assert who == sorted([*map(str, range(1, 9)), *map(str, range(1, 9)), "None"])


def test_today_of_nobody_is_empty(bench_at):
    assert bench_at(NOON).recorder.today(7) == {}
