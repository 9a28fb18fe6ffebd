"""Month energy control: counts always, warns, trips at the setpoint, lets go at the turn of the month."""

from datetime import UTC, date, datetime, timedelta

import pytest

from firmware.control.quota import month_number
from protocols.uplink import messages
from protocols.uplink.codes import MONTH_ENERGY
from tests.unit.control.bench import OFF, Terminal, month, on, released

END_S = int(datetime(2026, 9, 1, tzinfo=UTC).timestamp())  # the first second of September, local time
DAY_S = 86400


def test_every_month_of_two_centuries_has_its_own_number():
    day, before = date(1970, 1, 1), None
    while day.year < 2170:
        number = month_number((day - date(1970, 1, 1)).days * DAY_S)
        assert number == month_number((day - date(1970, 1, 1)).days * DAY_S + DAY_S - 1)
        assert before is None or number == before + (day.day == 1)
        before, day = number, day + timedelta(1)


def with_month(setpoint_wh=1000, local_s=END_S - 10000, **changes):
    terminal = Terminal(local_s=local_s)
    terminal.step()
    assert terminal.do(messages.MONTH_ENERGY, month(setpoint_wh, **changes)) == "none"
    terminal.step()
    return terminal


def use(terminal, wh, seconds=1):
    terminal.turn(energy_wh=terminal.energy_wh() + wh)
    return terminal.run(seconds)


def test_alarm_and_trip_at_their_figures():
    terminal = with_month()
    assert use(terminal, 799).alarm == 0
    assert terminal.control(MONTH_ENERGY) == ("monitor", "below_setpoint")
    assert use(terminal, 1).alarm == 0b11
    assert terminal.control(MONTH_ENERGY) == ("alarm", "none")
    assert terminal.data("energy_control_alarm") == [
        {
            "control": MONTH_ENERGY,
            "group": 1,
            "rounds": 0b11,
            "threshold_wh": 1000,
            "threshold_pct": 80,
            "energy_wh": 800,
        }
    ]
    assert use(terminal, 199).tripped == 0
    assert use(terminal, 1).tripped == 0b01
    assert terminal.data("energy_control_trip") == [
        {
            "control": MONTH_ENERGY,
            "group": 1,
            "rounds": 0b01,
            "threshold_wh": 1000,
            "energy_wh": 1000,
            "power_before_w": 120000,
        }
    ]
    assert terminal.run(59).tripped == 0b01
    assert terminal.run(1).tripped == 0b11
    assert terminal.control(MONTH_ENERGY) == ("tripped", "all_rounds_tripped")
    assert terminal.names().count("energy_control_alarm") == 1


@pytest.mark.parametrize(("step_s", "seconds"), [(0, 0), (1, 1), (3600, 3600)])
def test_rounds_go_in_the_step_that_is_set(step_s, seconds):
    terminal = with_month().configure({"energy_step_s": step_s})
    use(terminal, 1000)
    if seconds:
        assert terminal.out.tripped == 0b01
        assert terminal.run(seconds - 1).tripped == 0b01
        terminal.run(1)
    assert terminal.out.tripped == 0b11
    assert len(terminal.data("energy_control_trip")) == (2 if seconds else 1)


def test_setpoint_floats():
    terminal = with_month(float_pct=10)
    assert use(terminal, 1099).tripped == 0
    assert use(terminal, 1).tripped == 0b01


def test_setpoint_of_zero_is_none():
    terminal = with_month(0)
    assert use(terminal, 500).alarm == 0
    assert terminal.control(MONTH_ENERGY) == ("monitor", "no_setpoint")


def test_turn_of_the_month_lets_go_and_counts_anew():
    terminal = with_month(local_s=END_S - 200)
    use(terminal, 1000, 100)
    terminal.run(99)
    assert terminal.out.tripped == 0b11
    terminal.run(1)
    assert terminal.out.tripped == 0
    assert terminal.out.permitted == 0b11
    assert terminal.group().month_wh == 0
    use(terminal, 30)
    assert terminal.group().month_wh == 30


def test_use_between_two_readings_belongs_to_the_month_of_the_first():
    terminal = with_month(local_s=END_S - 200)
    terminal.run(150, energy_wh=None)
    terminal.run(100, energy_wh=6000)
    assert terminal.group().month_wh == 0
    assert terminal.out.tripped == 0


def test_higher_setpoint_lets_go():
    terminal = with_month()
    use(terminal, 1000)
    assert terminal.do(messages.MONTH_ENERGY, month(1200)) == "none"
    assert terminal.step().tripped == 0
    assert terminal.out.permitted == 0b01
    assert terminal.control(MONTH_ENERGY) == ("alarm", "none")


def test_new_setpoint_for_other_rounds_lets_the_others_go():
    terminal = with_month()
    use(terminal, 1000)
    terminal.do(messages.MONTH_ENERGY, month(1000, rounds=0b10))
    terminal.run(60)
    assert terminal.out.tripped == 0b10


def test_release_lets_go_and_counting_goes_on():
    terminal = with_month()
    use(terminal, 1000)
    assert terminal.do(messages.RELEASE, released(MONTH_ENERGY)) == "none"
    assert terminal.step().tripped == 0
    assert terminal.control(MONTH_ENERGY) is None
    use(terminal, 5)
    assert terminal.group().month_wh == 1005
    assert terminal.do(messages.RELEASE, released(MONTH_ENERGY)) == "nothing_to_release"


def test_energy_counts_before_the_control_is_ever_set_and_over_restarts():
    terminal = Terminal(local_s=END_S - 10000)
    terminal.step()
    use(terminal, 900)
    terminal.restart()
    use(terminal, 50)
    assert terminal.group().month_wh == 950
    terminal.do(messages.MONTH_ENERGY, month(950))
    assert terminal.step().tripped == 0b01


def test_falling_register_takes_nothing_off():
    terminal = with_month()
    use(terminal, 500)
    for _ in range(5):
        terminal.run(20, energy_wh=7)
    use(terminal, 3)
    assert terminal.group().month_wh == 503


# ---- no clock, no month


def test_unset_clock_holds_what_is_tripped_and_trips_nothing_new():
    terminal = with_month()
    use(terminal, 900)
    terminal.turn(local_s=None)
    use(terminal, 200, 200)
    assert terminal.out.tripped == 0
    assert terminal.control(MONTH_ENERGY) == ("monitor", "clock_unset")
    terminal.turn(local_s=END_S - 5000)
    terminal.step()
    assert terminal.out.tripped == 0b01
    terminal.run(200, local_s=None)
    assert terminal.out.tripped == 0b01, "one more round would be a new trip"
    assert terminal.control(MONTH_ENERGY) == ("tripped", "clock_unset")


def test_without_a_clock_a_trip_is_let_go_after_the_longest_month():
    terminal = with_month()
    use(terminal, 1000)
    terminal.run(31 * DAY_S - 600, every_s=600, local_s=None)
    assert terminal.out.tripped == 0b01
    terminal.run(600, every_s=600)
    assert terminal.out.tripped == 0


def test_a_clock_that_was_never_known_knows_no_month():
    terminal = Terminal(local_s=None)
    terminal.step()
    terminal.do(messages.MONTH_ENERGY, month(10))
    use(terminal, 500)
    assert terminal.group().month_wh is None
    assert terminal.control(MONTH_ENERGY) == ("monitor", "clock_unset")
    terminal.turn(local_s=END_S)
    terminal.step()
    assert (terminal.group().month_wh, terminal.out.tripped) == (0, 0)


def test_clock_that_steps_over_the_turn_and_back_trips_nobody_anew():
    terminal = with_month(local_s=END_S - 5)
    use(terminal, 1000)
    assert terminal.out.tripped
    terminal.run(10)
    assert terminal.out.tripped == 0
    terminal.turn(local_s=END_S - 5)
    terminal.run(2)
    assert terminal.out.tripped == 0
    terminal.run(10)
    assert terminal.out.tripped == 0


def test_guarantee_suspends_it():
    terminal = with_month()
    use(terminal, 1000)
    assert terminal.do(messages.GUARANTEE, on()) == "none"
    assert terminal.step().tripped == 0
    assert terminal.control(MONTH_ENERGY) == ("monitor", "guaranteed")
    assert terminal.do(messages.MONTH_ENERGY, month(1)) == "guaranteed"
    use(terminal, 100)
    terminal.do(messages.GUARANTEE, OFF)
    assert terminal.step().tripped == 0b01
    assert terminal.group().month_wh == 1100


def test_two_energy_controls_are_ored():
    terminal = with_month(rounds=0b01)
    order = {"order": 1, "flag": 0xAA, "value_wh": 1500, "alarm_wh": 0, "trip_wh": 0, "rounds": 0b10}
    terminal.do(messages.PURCHASE, order)
    use(terminal, 1000)
    assert terminal.out.tripped == 0b01
    use(terminal, 500)
    assert terminal.out.tripped == 0b11
    terminal.do(messages.RELEASE, released(MONTH_ENERGY))
    assert terminal.step().tripped == 0b10
