"""Remote trip with its delay and limit; the guarantee that stands above every control."""

import pytest

from firmware.control import core
from protocols.uplink import messages
from protocols.uplink.codes import PERIOD, PURCHASE, REMOTE
from tests.unit.control.bench import OFF, Terminal, on, order, plan, refresh, released, with_plan

TRIP, PERMIT, GUARANTEE = messages.TRIP, messages.PERMIT_CLOSE, messages.GUARANTEE


def params(rounds=0b01, delay_s=0, limit_s=0):
    return {"rounds": rounds, "delay_s": delay_s, "limit_s": limit_s}


def tripped(**changes):
    terminal = Terminal()
    terminal.step()
    assert terminal.do(TRIP, params(**changes)) == "none"
    terminal.step()
    return terminal


def test_trip_without_delay_acts_in_the_next_step_without_an_alarm():
    terminal = tripped()
    assert (terminal.out.tripped, terminal.out.alarm) == (0b01, 0)
    assert "remote_trip_alarm" not in terminal.names()


def test_record_two_minutes_later_has_both_powers():
    terminal = tripped()
    terminal.run(119)
    assert "remote_trip" not in terminal.names()
    terminal.run(1, power_w=100000)
    assert terminal.data("remote_trip") == [
        {"rounds": 0b01, "ago_s": 120, "power_before_w": 120000, "power_after_w": 100000}
    ]
    assert terminal.control(REMOTE) == ("tripped", "none")


def test_trip_needs_no_reading():
    terminal = Terminal(power_w=None)
    terminal.do(TRIP, params())
    assert terminal.step().tripped == 0b01
    terminal.run(120)
    assert terminal.data("remote_trip") == [{"rounds": 0b01, "ago_s": 120}]


def test_limit_shorter_than_the_record_still_records():
    terminal = tripped(limit_s=30)
    terminal.run(30)
    assert terminal.out.tripped == 0
    assert terminal.names()[-2:] == ["remote_trip", "close_permitted"]


def test_trip_again_keeps_the_round_and_counts_the_new_limit_from_now():
    terminal = tripped(limit_s=600)
    terminal.run(300)
    assert terminal.do(TRIP, params(delay_s=900, limit_s=1000)) == "none"
    assert terminal.step().tripped == 0b01
    assert terminal.run(999).tripped == 0b01
    assert terminal.run(1).tripped == 0
    assert terminal.names().count("remote_trip") == 1
    assert "remote_trip_alarm" not in terminal.names()


def test_trip_again_before_the_record_counts_the_new_limit_from_now():
    terminal = tripped(limit_s=600)
    terminal.run(60)
    terminal.do(TRIP, params(limit_s=100))
    assert terminal.run(99).tripped == 0b01
    assert terminal.run(1).tripped == 0


def test_trip_again_in_the_alarm_takes_the_new_delay():
    terminal = tripped(delay_s=100)
    terminal.run(50)
    terminal.do(TRIP, params(delay_s=100))
    assert terminal.run(99).tripped == 0
    assert terminal.run(1).tripped == 0b01


@pytest.mark.parametrize(("off_s", "left_s"), [(10, 39), (600, 99)])
def test_alarm_that_a_power_cut_silenced_starts_anew(off_s, left_s):
    terminal = tripped(delay_s=100)
    terminal.run(50)
    terminal.restart()
    terminal.run(off_s, every_s=off_s)
    assert (terminal.out.tripped, terminal.out.alarm) == (0, 0b01)
    assert terminal.run(left_s).tripped == 0
    assert terminal.run(1).tripped == 0b01


def test_trip_goes_on_over_a_power_cut():
    terminal = tripped(limit_s=1000)
    terminal.run(600, every_s=600)
    assert terminal.run(400).tripped == 0


def test_trip_of_more_rounds_warns_only_the_new_one():
    terminal = tripped()
    terminal.do(TRIP, params(rounds=0b11, delay_s=60))
    terminal.step()
    assert (terminal.out.tripped, terminal.out.alarm) == (0b01, 0b10)
    assert terminal.run(60).tripped == 0b11


def test_permit_of_one_round_leaves_the_other():
    terminal = tripped(rounds=0b11)
    assert terminal.do(PERMIT, {"rounds": 0b10}) == "none"
    assert terminal.step().tripped == 0b01
    assert terminal.out.permitted == 0b10
    assert terminal.data("remote_trip")[0]["rounds"] == 0b10


def test_permit_ends_a_running_alarm():
    terminal = tripped(delay_s=100)
    assert terminal.do(PERMIT, {"rounds": 0b01}) == "none"
    assert terminal.run(200).tripped == 0


def test_permit_does_not_touch_other_controls():
    terminal = with_plan()
    terminal.run(130)
    assert terminal.out.tripped == 0b01
    assert terminal.do(PERMIT, {"rounds": 0b01}) == "nothing_to_permit"
    assert terminal.step().tripped == 0b01


def test_trip_again_puts_the_close_permitted_lamp_out():
    terminal = tripped()
    terminal.do(PERMIT, {"rounds": 0b01})
    assert terminal.step().permitted == 0b01
    terminal.do(TRIP, params())
    assert terminal.step().permitted == 0


@pytest.mark.parametrize("state", ["on", "unreadable"])
def test_guarantee_lets_everything_go_and_refuses_control(state):
    terminal = with_plan(alarm_s=[10], slide_s=1, post_trip_s=1)
    terminal.do(messages.PURCHASE, refresh(1, 0))
    terminal.do(TRIP, params(rounds=0b10))
    terminal.run(100)
    assert terminal.out.tripped == 0b11
    if state == "on":
        assert terminal.do(GUARANTEE, on()) == "none"
    else:
        dumped = core.dump(terminal.state)
        dumped["control"]["guarantee"] = "?"
        terminal.state = core.load(dumped, 2)
    reason = {"on": "guaranteed", "unreadable": "guarantee_unreadable"}[state]
    assert terminal.step().tripped == 0
    assert terminal.out.permitted == 0b11
    assert terminal.out.groups[0].setpoint_w is None
    assert terminal.do(TRIP, params()) == reason
    assert terminal.do(messages.PERIOD_PLAN, plan()) == reason
    assert terminal.control(PERIOD) == ("monitor", reason)
    assert terminal.control(PURCHASE) == ("monitor", reason)
    assert terminal.control(REMOTE) is None
    terminal.restart()
    assert terminal.run(1000).tripped == 0
    assert terminal.out.guarantee == {"on": 1, "unreadable": 2}[state]


@pytest.mark.parametrize("command", [on(60), OFF])
def test_only_a_guarantee_command_ends_unreadable(command):
    terminal = Terminal()
    terminal.state = core.load({"control": {}}, 2)
    assert terminal.step().guarantee == 2
    for control in (PERIOD, PURCHASE):
        terminal.do(messages.RELEASE, released(control))
    terminal.do(messages.PURCHASE, order(1, 5))
    assert terminal.do(GUARANTEE, {"on": 2, "duration_s": 0}) == "bad_params"
    assert terminal.run(100000, every_s=1000).guarantee == 2
    assert terminal.do(GUARANTEE, command) == "none"
    assert terminal.step().guarantee == command["on"]


def test_timed_guarantee_ends_by_itself_and_tells_when():
    terminal = Terminal()
    terminal.do(GUARANTEE, on(1800))
    terminal.step()
    until_s = terminal.now.t_s + 1800
    assert terminal.out.guarantee_until_s == until_s
    terminal.run(1799)
    assert (terminal.out.guarantee, terminal.out.guarantee_until_s) == (1, until_s)
    terminal.run(1)
    assert (terminal.out.guarantee, terminal.out.guarantee_until_s) == (0, None)
    assert terminal.names() == ["guarantee_on", "guarantee_off"]


def test_permanent_guarantee_does_not_end():
    terminal = Terminal()
    terminal.do(GUARANTEE, on())
    assert terminal.run(10**8, every_s=10**7).guarantee == 1


def test_trip_just_before_the_guarantee_is_still_recorded():
    terminal = tripped()
    terminal.run(10)
    terminal.do(GUARANTEE, on())
    assert terminal.names() == ["guarantee_on", "remote_trip"]


def test_remote_trip_does_not_come_back_after_the_guarantee():
    terminal = tripped(delay_s=100)
    terminal.do(GUARANTEE, on())
    terminal.step()
    terminal.do(GUARANTEE, OFF)
    assert terminal.run(1000).tripped == 0


def test_guarantee_off_that_was_off_tells_nothing():
    terminal = Terminal()
    assert terminal.do(GUARANTEE, OFF) == "none"
    assert terminal.told == []
