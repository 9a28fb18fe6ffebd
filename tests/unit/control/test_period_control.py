"""Control periods of the day, their setpoints and what happens at their edges."""

import pytest

from firmware.control.period import number_periods
from protocols.uplink import messages
from protocols.uplink.codes import PERIOD
from tests.unit.control.bench import MIDNIGHT_S, NO_HOUR, Terminal, codes, plan, released, with_plan

HALF_S = 1800


def numbers(text):
    day = number_periods(codes(text))
    return None if day is None else "".join(str(key & 15) for key in day[: len(text)])


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("0000", "0000"),
        ("1111", "1111"),
        ("0110", "0110"),
        ("1122", "1122"),
        ("1121", "1123"),
        ("1010", "1020"),
        ("1001", "1002"),
        ("10101010101010100", "10203040506070800"),
        ("1010101010101010" + "1", None),
        ("121212121", None),
    ],
)
def test_periods_are_numbered_at_each_change_to_a_code(day, expected):
    assert numbers(day) == expected


def test_more_than_8_periods_are_refused_with_their_reason():
    assert Terminal().do(messages.PERIOD_PLAN, plan(codes=codes("10101010101010101"))) == "invalid_plan"


@pytest.mark.parametrize(
    ("base_w", "float_pct", "setpoint_w"),
    [(100000, -10, 90000), (100000, 79, 179000), (100001, -79, 21000), (1, -79, None), (0, 79, None)],
)
def test_setpoint_floats_in_whole_watts(base_w, float_pct, setpoint_w):
    terminal = with_plan(setpoints_w=[base_w], float_pct=float_pct)
    assert terminal.out.groups[0].setpoint_w == setpoint_w


def test_period_without_a_setpoint_does_nothing_and_says_so():
    terminal = with_plan(codes=codes("102"), setpoints_w=[90000], local_s=MIDNIGHT_S + 2 * HALF_S)
    assert terminal.control(PERIOD) == ("idle", "no_setpoint")
    assert terminal.run(600).alarm == 0


def test_period_outside_the_mask_does_nothing():
    terminal = with_plan(codes=codes("12"), setpoints_w=[1000, 1000], periods=0b10)
    assert terminal.control(PERIOD) == ("idle", "outside_period")
    terminal.run(HALF_S, every_s=60)
    assert terminal.out.alarm == 0b01


def test_plan_without_hours_is_outside():
    assert with_plan(codes=NO_HOUR).control(PERIOD) == ("idle", "outside_period")


def test_a_terminal_without_a_plan_has_no_row_for_it():
    terminal = Terminal()
    assert terminal.step().controls == ()


def trip_one(**changes):
    terminal = with_plan(**changes)
    terminal.run(130)
    assert terminal.out.tripped == 0b01
    return terminal


def test_end_of_the_period_lets_go_and_shows_close_permitted_for_a_minute():
    terminal = trip_one(codes=codes("1"))
    terminal.run(HALF_S - 130)
    assert (terminal.out.tripped, terminal.out.permitted) == (0, 0b11)
    assert terminal.names()[-2:] == ["power_control_end", "close_permitted"]
    assert terminal.run(59).permitted == 0b11
    assert terminal.run(1).permitted == 0


def test_change_of_code_starts_anew():
    terminal = trip_one(codes=codes("12"), setpoints_w=[90000, 100000], alarm_s=[120, 3600])
    terminal.run(HALF_S - 130)
    assert terminal.out.tripped == 0
    assert terminal.out.groups[0].setpoint_w == 100000
    assert terminal.out.alarm == 0b01


def test_midnight_does_not_end_a_period_whose_code_goes_on():
    night = "1" + "0" * 46 + "1"
    start_s = MIDNIGHT_S + 47 * HALF_S
    terminal = trip_one(codes=codes(night), setpoints_w=[80000, 90000], local_s=start_s, alarm_s=[120, 3600])
    assert terminal.out.groups[0].setpoint_w == 90000
    terminal.run(HALF_S - 131)
    assert terminal.out.groups[0].setpoint_w == 90000
    terminal.run(1)
    assert terminal.out.groups[0].setpoint_w == 80000
    assert terminal.out.tripped == 0b01
    assert "power_control_end" not in terminal.names()


def test_release_lets_go_and_ends():
    terminal = trip_one()
    assert terminal.do(messages.RELEASE, released(PERIOD)) == "none"
    assert terminal.step().tripped == 0
    assert terminal.out.groups[0].plan_id == 0
    assert terminal.names()[-4:] == [
        "power_control_trip",
        "power_control_end",
        "control_released",
        "close_permitted",
    ]
    assert terminal.control(PERIOD) is None


def test_release_of_nothing_is_refused_without_a_word():
    terminal = Terminal()
    assert terminal.do(messages.RELEASE, released(PERIOD)) == "nothing_to_release"
    assert terminal.told == []


def test_unset_clock_holds_what_is_tripped_and_trips_nothing_new():
    terminal = trip_one()
    terminal.run(1000, local_s=None)
    assert terminal.out.tripped == 0b01
    assert terminal.control(PERIOD) == ("monitor", "clock_unset")
    fresh = with_plan(local_s=None)
    assert fresh.run(1000).tripped == 0
    assert fresh.control(PERIOD) == ("idle", "clock_unset")


def test_without_a_clock_what_is_tripped_is_let_go_after_a_day():
    terminal = trip_one()
    terminal.run(86400 * 3, every_s=30)
    assert terminal.out.tripped
    terminal.restart()
    terminal.run(86400 - 60, every_s=60, local_s=None)
    assert terminal.out.tripped
    terminal.run(60)
    assert terminal.out.tripped == 0
    assert terminal.names()[-2:] == ["power_control_end", "close_permitted"]
    assert terminal.control(PERIOD) == ("idle", "clock_unset")


def test_plan_id_is_the_command_that_set_it():
    terminal = with_plan()
    assert terminal.out.groups[0].plan_id == terminal.command
    assert terminal.data("plan_set") == [{"command": 1, "control": PERIOD, "group": 1, "rounds": 0b11}]
