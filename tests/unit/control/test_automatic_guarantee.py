"""Guarantees that begin by themselves: lost link, power-up, hours of the day; and what follows their end."""

import pytest

from firmware.control import core
from protocols.uplink import messages
from protocols.uplink.codes import PERIOD
from tests.unit.control.bench import (
    MIDNIGHT_S,
    OFF,
    Terminal,
    month,
    on,
    plan,
    refresh,
    with_plan,
)

HOUR_S = 3600
LOST, POWER_UP, HOURS = 3, 4, 5
TRIP = {"rounds": 1, "delay_s": 0, "limit_s": 0}


def lost_link(seconds=24 * HOUR_S, control=(), **knobs):
    terminal = with_plan(**knobs).configure(control, {"lost_link_s": seconds})
    terminal.run(1, heard=1)
    return terminal.turn(heard=0)


def test_lost_link_lets_everything_go_at_its_second():
    terminal = lost_link()
    terminal.run(24 * HOUR_S - 60, every_s=30)
    assert terminal.out.tripped == 0b11
    terminal.run(59)
    assert (terminal.out.guarantee, terminal.out.tripped) == (0, 0b11)
    terminal.run(1)
    assert (terminal.out.guarantee, terminal.out.tripped, terminal.out.permitted) == (LOST, 0, 0b11)
    assert terminal.out.guarantee_until_s is None
    assert terminal.control(PERIOD) == ("monitor", "guaranteed")
    assert terminal.data("guarantee_on") == [{"kind": LOST}]


def test_first_message_ends_it_and_the_controls_begin_anew():
    terminal = lost_link(100)
    terminal.run(200)
    assert terminal.out.guarantee == LOST
    terminal.run(1, heard=1)
    assert (terminal.out.guarantee, terminal.out.tripped, terminal.out.alarm) == (0, 0, 0b01)
    assert terminal.data("guarantee_off") == [{"kind": LOST}]
    terminal.turn(heard=0)
    terminal.run(99)
    assert terminal.out.guarantee == 0
    assert terminal.run(1).guarantee == LOST


def test_messages_keep_it_off():
    terminal = lost_link(100)
    for _ in range(10):
        terminal.run(99, heard=0)
        terminal.run(1, heard=1)
    assert "guarantee_on" not in terminal.names()


def test_zero_is_never():
    terminal = with_plan()
    terminal.run(10 * 86400, every_s=600)
    assert terminal.out.guarantee == 0


@pytest.mark.parametrize("kind", [messages.AUTO_RELEASE, messages.TRIP])
def test_a_command_is_a_message_too(kind):
    terminal = lost_link(100)
    terminal.run(150)
    assert terminal.do(kind, TRIP if kind == messages.TRIP else {}) == "none"
    assert terminal.data("guarantee_off") == [{"kind": LOST}]
    terminal.step()
    assert terminal.out.guarantee == 0


def test_auto_release_of_nothing_is_done():
    assert Terminal().do(messages.AUTO_RELEASE) == "none"


def test_time_counts_on_over_restarts():
    terminal = lost_link(1000)
    for _ in range(3):
        terminal.run(100)
        terminal.restart()
        terminal.run(200, every_s=200)
    terminal.run(99)
    assert terminal.out.guarantee == 0
    assert terminal.run(1).guarantee == LOST
    terminal.restart()
    assert terminal.step().guarantee == LOST


def test_a_terminal_that_never_heard_anything_counts_from_its_first_step():
    terminal = Terminal().configure(guarantee={"lost_link_s": 100})
    terminal.run(100)
    assert terminal.out.guarantee == 0
    assert terminal.run(1).guarantee == LOST


def test_commanded_one_goes_before_and_leaves_the_lost_link_behind():
    terminal = lost_link(100)
    terminal.do(messages.GUARANTEE, on(1000))
    terminal.turn(heard=0)
    terminal.run(999)
    assert terminal.out.guarantee == 1
    terminal.run(1)
    assert terminal.out.guarantee == LOST
    assert terminal.names()[-2:] == ["guarantee_off", "guarantee_on"]


def test_release_of_the_commanded_one_ends_no_automatic_one():
    terminal = with_plan().configure(guarantee={"hours": (1 << 24) - 1})
    terminal.run(1)
    assert terminal.do(messages.GUARANTEE, OFF) == "none"
    assert terminal.step().guarantee == HOURS


# ---- power-up


def test_power_up_lasts_its_time_from_each_start():
    terminal = with_plan().configure(guarantee={"power_up_s": 300})
    terminal.run(1)
    assert terminal.out.guarantee == POWER_UP
    terminal.run(300)
    assert terminal.out.guarantee == 0
    terminal.told.clear()
    terminal.restart()
    terminal.step()
    assert (terminal.out.guarantee, terminal.out.alarm) == (POWER_UP, 0)
    terminal.run(299)
    assert terminal.do(messages.TRIP, TRIP) == "guaranteed"
    assert terminal.out.guarantee == POWER_UP
    assert terminal.run(1).guarantee == 0
    assert terminal.data("guarantee_off") == [{"kind": POWER_UP}]


@pytest.mark.parametrize("off_s", [5, 59, 61, 12 * HOUR_S])
@pytest.mark.parametrize("trusted", [0, 1])
def test_time_without_power_that_is_added_late_does_not_count(off_s, trusted):
    """run_s jumps when the clock becomes trusted, or a minute and more for any reason."""
    terminal = with_plan().configure(guarantee={"power_up_s": 300})
    if not trusted:
        terminal.turn(local_s=None)
    terminal.restart()
    terminal.step()
    terminal.run(100)
    now = terminal.now
    if trusted and off_s < 60:
        return  # a jump that small with a clock that was known all the time is time that passed
    terminal.turn(run_s=now.run_s + off_s, local_s=MIDNIGHT_S + 50000)
    terminal.step()
    terminal.run(199)
    assert terminal.out.guarantee == POWER_UP
    assert terminal.run(1).guarantee == 0


# ---- hours of the day


def test_hours_begin_and_end_at_their_edges():
    terminal = with_plan(local_s=MIDNIGHT_S).configure(guarantee={"hours": 0b110})
    terminal.run(HOUR_S - 1)
    assert terminal.out.tripped == 0b11
    terminal.run(1)
    assert (terminal.out.guarantee, terminal.out.tripped) == (HOURS, 0)
    terminal.run(2 * HOUR_S - 1)
    assert terminal.out.guarantee == HOURS
    terminal.run(1)
    assert (terminal.out.guarantee, terminal.out.alarm) == (0, 0b01)


def test_while_the_clock_is_unset_any_hour_may_be_one_of_the_guarantee():
    terminal = with_plan(local_s=None).configure(guarantee={"hours": 0b110})
    terminal.run(2 * 86400, every_s=3600)
    assert terminal.out.guarantee == HOURS
    assert terminal.run(1, local_s=MIDNIGHT_S + 3 * HOUR_S).guarantee == 0
    terminal.run(60, every_s=60, local_s=None)
    terminal.restart()
    assert terminal.step().guarantee == HOURS, "doubt is a guarantee"
    assert with_plan(local_s=None).step().guarantee == 0, "without hours there is no doubt"


def test_every_hour_needs_no_clock():
    terminal = with_plan(local_s=None).configure(guarantee={"hours": (1 << 24) - 1})
    terminal.run(5 * 86400, every_s=3600)
    assert terminal.out.guarantee == HOURS


# ---- what follows the end


def enabled_everything(control):
    terminal = with_plan().configure(control)
    terminal.do(messages.PURCHASE, refresh(7, 1000))
    terminal.do(messages.MONTH_ENERGY, month(500))
    terminal.run(130)
    assert terminal.out.tripped
    return terminal


def test_after_a_guarantee_controls_are_released_where_the_setting_says_so():
    terminal = enabled_everything({"after_guarantee": 1})
    terminal.do(messages.GUARANTEE, on(1800))
    terminal.run(1799)
    assert len(terminal.out.controls) == 3
    terminal.run(1)
    assert [row[:2] for row in terminal.out.controls] == [(3, 0)]
    told = [data["control"] for data in terminal.data("control_released")]
    assert sorted(told) == [PERIOD, 3, 7]
    assert terminal.group().remaining_wh == 1000
    assert terminal.group().last_order == 7
    assert terminal.run(300).tripped == 0
    terminal.restart()
    assert terminal.run(300).alarm == 0


def test_after_a_guarantee_controls_go_on_by_default():
    terminal = enabled_everything({})
    terminal.do(messages.GUARANTEE, on(1800))
    terminal.run(1800)
    assert terminal.out.alarm == 0b01
    assert "control_released" not in terminal.names()


def test_one_guarantee_that_follows_another_is_no_end():
    terminal = enabled_everything({"after_guarantee": 1})
    terminal.configure({"after_guarantee": 1}, {"hours": (1 << 24) - 1})
    terminal.do(messages.GUARANTEE, on(60))
    terminal.run(200)
    assert terminal.out.guarantee == HOURS
    assert "control_released" not in terminal.names()
    terminal.configure({"after_guarantee": 1}, {"hours": 0})
    terminal.step()
    assert len(terminal.data("control_released")) == 3


def test_command_that_ends_a_lost_link_is_not_cleared_with_the_old_ones():
    terminal = lost_link(100, {"after_guarantee": 1})
    terminal.run(150)
    assert terminal.do(messages.PERIOD_PLAN, plan(setpoints_w=[70000])) == "none"
    assert terminal.names()[-3:] == ["guarantee_off", "control_released", "plan_set"]
    terminal.step()
    assert terminal.group().setpoint_w == 70000


def test_refused_command_changes_nothing_even_then():
    terminal = lost_link(100)
    terminal.run(150)
    before = terminal.state
    assert terminal.do(messages.RELEASE, {"control": 3}) == "nothing_to_release"
    assert terminal.state is before


COULD_TRIP = [
    (messages.TRIP, TRIP),
    (messages.PERIOD_PLAN, plan()),
    (messages.PERIOD_ENABLE, {"periods": 1, "scheme": 0}),
    (messages.MONTH_ENERGY, month(1)),
    (messages.EXCLUSION, {"on": 1}),
]


@pytest.mark.parametrize(("kind", "params"), COULD_TRIP)
@pytest.mark.parametrize("guarantee", [{"power_up_s": 60}, {"hours": (1 << 24) - 1}])
def test_what_could_trip_is_refused_under_automatic_ones_too(kind, params, guarantee):
    terminal = with_plan().configure(guarantee=guarantee)
    terminal.restart()
    terminal.step()
    assert terminal.do(kind, params) == "guaranteed"
    assert terminal.do(messages.EXCLUSION, {"on": 0}) == "none"


def test_journal_that_lost_the_guarantee_counts_as_on_beside_automatic_ones():
    terminal = lost_link(100)
    terminal.run(150)
    dumped = core.dump(terminal.state)
    dumped["control"]["guarantee"][3] = "?"
    terminal.state = core.configure(core.load(dumped, 2), {}, {"lost_link_s": 100})
    terminal.run(1, heard=1)
    assert terminal.out.guarantee == 2
    terminal.do(messages.GUARANTEE, OFF)
    assert terminal.step().guarantee == 0
