"""Clocks that are unset, wrong, jump or wrap: durations run on, nobody is tripped by a date."""

import pytest

from firmware.hal import fake
from protocols.uplink import codes, messages
from tests.unit.terminal.site import ALARM_S, GUARANTEE_OFF, LOAD_W, ORDER, PLAN, TRIP_1

YEAR_2000_MS = 946_684_800_000
DAY_MS = 86_400_000


def step(site, ms):
    """The station sets the clock, as the session does it."""
    site.terminal.controller.clock_set(site.board.clock.set_ms(site.board.clock.now_ms() + ms))


def planned(site):
    site.boot().run(5)
    assert site.do(messages.PERIOD_PLAN, PLAN) == "executed"


def test_a_clock_at_year_2000_that_is_not_trusted_trips_nothing_by_the_hour(site):
    planned(site)
    site.cut()
    site.factory.load_w = LOAD_W
    site.boot(clock_ok=False, t_ms=YEAR_2000_MS).run(600)
    assert (site.trips, site.outputs.alarm, site.gaps) == ([], 0, [])
    assert site.do(messages.TRIP, TRIP_1) == "clock_unset"
    step(site, site.true_ms - YEAR_2000_MS - 600_000)
    assert ALARM_S - 3 <= site.run_until(site.tripped) <= ALARM_S + 8, "the whole alarm from now on"


def test_rounds_that_are_open_stay_open_while_the_clock_is_at_year_2000(site):
    site.boot().run(5)
    site.overload()
    site.run_until(site.tripped)
    site.run(5)
    site.cut()
    site.boot(clock_ok=False, t_ms=YEAR_2000_MS).run(900)
    assert (site.tripped(), len(site.trips)) == (1, 2), "driven again after the cut, nothing more"


def test_what_is_held_by_the_hour_is_let_go_after_a_day_without_a_clock(site):
    site.boot().run(5)
    site.overload()
    site.run_until(site.tripped)
    site.run(5)
    site.cut()
    site.boot(clock_ok=False, t_ms=YEAR_2000_MS)
    for _ in range(23 * 6):
        skip_ten_minutes(site)
    assert site.tripped() == 1
    for _ in range(2 * 6):
        skip_ten_minutes(site)
    assert site.tripped() == 0


def skip_ten_minutes(site):
    """The board stands still for most of them: a whole day would take a test a minute."""
    site._pass_ms(597_000)
    site.run(3)


def test_a_trusted_clock_at_year_2000_keeps_money_and_guarantee(site):
    """A clock chip whose battery is empty. A hold in seconds must not end, nor a timed guarantee."""
    site.boot().run(5)
    before = site.used_wh()
    assert site.do(messages.PURCHASE, ORDER) == "executed"
    assert site.do(messages.GUARANTEE, {"on": 1, "duration_s": 7200}) == "executed"
    site.cut()
    site.boot(t_ms=YEAR_2000_MS).run(600)
    assert site.outputs.guarantee == codes.GUARANTEE_ON
    step(site, site.true_ms - YEAR_2000_MS - 600_000)
    site.run(600)
    assert site.outputs.guarantee == codes.GUARANTEE_ON
    assert abs(site.remaining_wh() - (ORDER["value_wh"] - site.used_wh() + before)) <= 2000
    assert site.trips == []


@pytest.mark.parametrize("ms", [-30 * DAY_MS, -3600_000, -90_000, 90_000, 3600_000, 30 * DAY_MS])
def test_a_jump_of_the_clock_fires_no_timer_early_or_twice(site, ms):
    """The alarm runs on in run seconds. (Seconds around the jump belong to no half hour boundary here.)"""
    site.boot().run(5)
    before = site.used_wh()
    assert site.do(messages.PURCHASE, ORDER) == "executed"
    site.overload()
    site.run(ALARM_S // 2)
    step(site, ms)
    waited = site.run_until(site.tripped)
    assert ALARM_S // 2 - 3 <= waited <= ALARM_S // 2 + 3
    step(site, -ms)
    site.run(320)  # the second step is told when the duplicate filter lets it through
    assert (site.tripped(), len(site.trips), site.gaps) == (1, 1, [])
    assert len(site.told("power_control_alarm")) == len(site.told("power_control_trip")) == 1
    assert [fields["step_ms"] for fields in site.told("clock_set")] == [ms, -ms]
    assert abs(site.remaining_wh() - (ORDER["value_wh"] - site.used_wh() + before)) <= 2000


@pytest.mark.parametrize("ms", [-30 * DAY_MS, 30 * DAY_MS])
def test_a_jump_of_the_clock_ends_no_timed_guarantee(site, ms):
    site.boot().run(5)
    assert site.do(messages.GUARANTEE, {"on": 1, "duration_s": 1800}) == "executed"
    site.factory.load_w = LOAD_W
    step(site, ms)
    site.run(1700)
    assert site.outputs.guarantee == codes.GUARANTEE_ON
    site.run(120)
    assert site.outputs.guarantee == codes.GUARANTEE_OFF


@pytest.mark.parametrize("wrap_s", range(1, ALARM_S + 14, 3))
def test_ticks_that_wrap_lose_no_second_of_an_alarm(site, wrap_s):
    """Nor does a reading stay young behind it."""
    planned(site)
    site.cut()
    site.boot(before_wrap_ms=wrap_s * 1000 + 500)
    began = site.terminal.controller.run_s(), site.true_s
    site.run(5)
    site.factory.load_w = LOAD_W
    site.run_until(lambda: site.outputs.alarm, 30)
    assert ALARM_S - 1 <= site.run_until(site.tripped) <= ALARM_S + 1
    site.line.spoil = lambda _reply: b""
    site.run(12)
    assert site.read_w() is None
    assert site.board.clock.ticks_ms() < fake.WRAP // 2
    assert site.terminal.controller.run_s() - began[0] == site.true_s - began[1]
    assert site.gaps == []


def test_a_standstill_warns_anew(site):
    """More than 60 s that nobody heard the alarm."""
    site.boot().run(5)
    site.overload()
    site.run(ALARM_S - 8)
    site._pass_ms(300_000)
    assert site.run_until(site.tripped) >= ALARM_S - 3
    assert site.do(messages.GUARANTEE, GUARANTEE_OFF) == "executed"
