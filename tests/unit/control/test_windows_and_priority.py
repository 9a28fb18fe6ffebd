"""Factory rest, business stop, schemes of period control: when they act, and which of them does."""

import pytest

from protocols.uplink import messages
from protocols.uplink.codes import BUSINESS_STOP, DOWN_FLOAT, FACTORY_REST, PERIOD
from tests.unit.control.bench import (
    MIDNIGHT_S,
    NO_HOUR,
    Terminal,
    down_float,
    plan,
    released,
    rest,
    stop,
    with_plan,
)

DAY_S = 86400
DAY = MIDNIGHT_S // DAY_S
MONDAY_S = MIDNIGHT_S - (DAY + 3) % 7 * DAY_S  # 1970-01-01 was a Thursday
SUNDAY_S = MONDAY_S - DAY_S
HOUR_S = 3600


def reason_at(local_s, kind, params, control):
    terminal = Terminal(local_s=local_s)
    assert terminal.do(kind, params) == "none"
    terminal.step()
    return terminal.control(control)


@pytest.mark.parametrize(
    ("after_s", "shown"),
    [
        (-1, ("idle", "not_rest_day")),
        (0, ("idle", "before_start")),
        (22 * HOUR_S - 1, ("idle", "before_start")),
        (22 * HOUR_S, ("alarm", "none")),
        (24 * HOUR_S - 1, ("alarm", "none")),
        (24 * HOUR_S, ("alarm", "none")),  # Monday is no rest day
        (26 * HOUR_S - 1, ("alarm", "none")),
        (26 * HOUR_S, ("idle", "not_rest_day")),
    ],
)
def test_factory_rest_runs_over_midnight_into_a_working_day(after_s, shown):
    assert reason_at(SUNDAY_S + after_s, messages.FACTORY_REST, rest(), FACTORY_REST) == shown


@pytest.mark.parametrize(
    ("hour", "shown"),
    [
        (7, ("idle", "before_start")),
        (8, ("alarm", "none")),
        (9, ("alarm", "none")),
        (10, ("idle", "after_end")),
    ],
)
def test_factory_rest_within_a_day(hour, shown):
    params = rest(start_min=480, duration_s=2 * HOUR_S)
    assert reason_at(SUNDAY_S + hour * HOUR_S, messages.FACTORY_REST, params, FACTORY_REST) == shown


def test_factory_rest_of_24_hours_meets_the_next_rest_day_without_an_end():
    terminal = Terminal(local_s=SUNDAY_S - HOUR_S)
    terminal.do(messages.FACTORY_REST, rest(days=0b1100000, start_min=0, duration_s=DAY_S))
    terminal.run(2 * HOUR_S, every_s=30)
    assert terminal.out.tripped
    assert "power_control_end" not in terminal.names()


def test_end_of_factory_rest_lets_go():
    terminal = Terminal(local_s=SUNDAY_S + 25 * HOUR_S)
    terminal.do(messages.FACTORY_REST, rest())
    terminal.step()
    terminal.run(HOUR_S - 1)
    assert terminal.out.tripped == 0b11
    terminal.run(1)
    assert (terminal.out.tripped, terminal.out.permitted) == (0, 0b11)
    end = {"control": FACTORY_REST, "group": 1, "rounds": 0b11}
    assert terminal.told[-2:] == [
        (terminal.now.run_s, "power_control_end", end),
        (terminal.now.run_s, "close_permitted", {"rounds": 0b11}),
    ]


@pytest.mark.parametrize(
    ("day", "shown"),
    [
        (-1, ("idle", "before_start")),
        (0, ("alarm", "none")),
        (9, ("alarm", "none")),
        (10, ("idle", "after_end")),
    ],
)
def test_business_stop_of_the_first_to_the_tenth(day, shown):
    local_s = MIDNIGHT_S + day * DAY_S
    for at_s in (local_s, local_s + DAY_S - 1):
        assert reason_at(at_s, messages.BUSINESS_STOP, stop(DAY, DAY + 10), BUSINESS_STOP) == shown


@pytest.mark.parametrize(
    ("kind", "params", "control"),
    [
        (messages.BUSINESS_STOP, stop(DAY, DAY + 1, setpoint_w=0), BUSINESS_STOP),
        (messages.FACTORY_REST, rest(days=127, start_min=0, setpoint_w=0), FACTORY_REST),
    ],
)
def test_setpoint_of_zero_is_none_and_leaves_the_loop_to_lower_ones(kind, params, control):
    terminal = with_plan()
    assert terminal.do(kind, params) == "none"
    terminal.step()
    assert terminal.control(control) == ("idle", "no_setpoint")
    assert terminal.control(PERIOD) == ("alarm", "none")


# ---- schemes


def test_enable_picks_another_scheme_and_other_periods():
    terminal = with_plan(setpoints_w=[90000], schemes=[[70000], [60000]])
    assert terminal.group().setpoint_w == 90000
    assert terminal.do(messages.PERIOD_ENABLE, {"periods": 1, "scheme": 2}) == "none"
    terminal.step()
    assert terminal.group().setpoint_w == 60000
    assert terminal.group().plan_id == 1
    terminal.restart()
    terminal.step()
    assert terminal.group().setpoint_w == 60000
    assert terminal.do(messages.PERIOD_ENABLE, {"periods": 0b10, "scheme": 0}) == "none"
    terminal.step()
    assert terminal.control(PERIOD) == ("idle", "outside_period")


def test_enable_without_the_plan_or_the_scheme_is_refused():
    assert Terminal().do(messages.PERIOD_ENABLE, {"periods": 1, "scheme": 0}) == "no_setpoint"
    assert with_plan(schemes=[[1]]).do(messages.PERIOD_ENABLE, {"periods": 1, "scheme": 2}) == "no_setpoint"


def test_enable_of_another_scheme_keeps_what_is_tripped():
    terminal = with_plan(schemes=[[80000]])
    terminal.run(130)
    terminal.do(messages.PERIOD_ENABLE, {"periods": 255, "scheme": 1})
    assert terminal.step().tripped == 0b01
    assert "power_control_end" not in terminal.names()


def test_plan_may_name_its_scheme():
    assert with_plan(schemes=[[70000]], scheme=1).group().setpoint_w == 70000


def test_scheme_shorter_than_the_periods_has_no_setpoint_there():
    terminal = with_plan(setpoints_w=[90000, 90000], schemes=[[70000]], scheme=1, codes=b"\x09" + bytes(11))
    assert terminal.control(PERIOD) == ("alarm", "none")
    terminal.run(1800, every_s=60)
    assert terminal.control(PERIOD) == ("idle", "no_setpoint")


# ---- priority


def four_controls(**knobs):
    terminal = Terminal(**knobs)
    assert terminal.do(messages.PERIOD_PLAN, plan()) == "none"
    assert terminal.do(messages.FACTORY_REST, rest(days=127, start_min=0, duration_s=DAY_S)) == "none"
    assert terminal.do(messages.BUSINESS_STOP, stop(DAY, DAY + 1)) == "none"
    assert terminal.do(messages.DOWN_FLOAT, down_float(slide_s=1)) == "none"
    terminal.run(2)
    return terminal


def test_only_the_highest_acts_and_the_others_say_why_not():
    terminal = four_controls()
    for control in (DOWN_FLOAT, BUSINESS_STOP, FACTORY_REST, PERIOD):
        rows = {row[0]: terminal.control(row[0]) for row in terminal.out.controls}
        assert rows.pop(control) == ("alarm", "none")
        assert set(rows.values()) <= {("idle", "higher_priority")}
        assert terminal.group().control == control
        assert terminal.do(messages.RELEASE, released(control)) == "none"
        terminal.step()
    assert terminal.out.controls == ()


def test_taking_over_lets_go_of_the_rounds_of_the_old_one_and_tells_its_end():
    terminal = with_plan()
    terminal.run(130)
    assert terminal.out.tripped == 0b01
    terminal.do(messages.DOWN_FLOAT, down_float())
    terminal.step()
    assert (terminal.out.tripped, terminal.out.permitted) == (0, 0b01)
    assert terminal.data("power_control_end") == [{"control": PERIOD, "group": 1, "rounds": 0b01}]
    assert terminal.names().count("power_control_trip") == 1
    assert terminal.control(DOWN_FLOAT) == ("measuring", "measuring")
    assert terminal.control(PERIOD) == ("idle", "higher_priority")


def test_lower_one_acts_after_the_higher_one_is_over():
    terminal = with_plan()
    terminal.do(messages.DOWN_FLOAT, down_float(float_pct=20))
    terminal.run(1799)
    assert terminal.control(PERIOD) == ("idle", "higher_priority")
    terminal.run(1)
    assert terminal.control(DOWN_FLOAT) is None
    assert terminal.control(PERIOD) == ("alarm", "none")


@pytest.mark.parametrize("strict", [0, 1])
def test_higher_one_outside_its_window_blocks_only_in_the_strict_setting(strict):
    terminal = with_plan().configure({"strict_priority": strict})
    terminal.do(messages.BUSINESS_STOP, stop(DAY + 1, DAY + 2))
    terminal.run(130)
    assert terminal.control(BUSINESS_STOP) == ("idle", "before_start")
    assert terminal.control(PERIOD) == (("idle", "higher_priority") if strict else ("post_trip", "none"))
    assert terminal.out.tripped == (0 if strict else 1)


def test_blocked_one_outside_its_own_window_says_so():
    terminal = four_controls()
    terminal.do(messages.PERIOD_PLAN, plan(codes=NO_HOUR))
    terminal.step()
    assert terminal.control(PERIOD) == ("idle", "outside_period")


@pytest.mark.parametrize(
    ("kind", "params", "control"),
    [
        (messages.BUSINESS_STOP, stop(DAY, DAY + 1), BUSINESS_STOP),
        (messages.FACTORY_REST, rest(days=127, start_min=0), FACTORY_REST),
    ],
)
def test_new_parameters_keep_trips_and_unset_clock_holds_them(kind, params, control):
    terminal = Terminal()
    terminal.do(kind, params)
    terminal.step()
    terminal.run(130)
    assert terminal.do(kind, {**params, "setpoint_w": 80000}) == "none"
    assert terminal.step().tripped == 0b01
    assert terminal.group().setpoint_w == 80000
    terminal.run(1000, local_s=None)
    assert terminal.out.tripped == 0b01
    assert terminal.control(control) == ("monitor", "clock_unset")
    terminal.run(DAY_S, every_s=60)
    assert terminal.out.tripped == 0
    assert terminal.control(control) == ("idle", "clock_unset")


def test_power_cut_keeps_trips_of_every_control():
    for kind, params in (
        (messages.BUSINESS_STOP, stop(DAY, DAY + 1)),
        (messages.FACTORY_REST, rest(days=127, start_min=0)),
        (messages.PERIOD_PLAN, plan()),
        (messages.DOWN_FLOAT, down_float(slide_s=1)),
    ):
        terminal = Terminal()
        terminal.do(kind, params)
        terminal.step()
        terminal.run(125)
        assert terminal.out.tripped == 0b01
        terminal.restart()
        terminal.run(600, every_s=600)
        assert terminal.out.tripped == 0b01
        terminal.run(60)
        assert terminal.names().count("power_control_trip") == 1
