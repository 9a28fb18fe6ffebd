"""How urgent a change is for the journal: the flash wears, and a trip must never be forgotten."""

import pytest

from firmware.control import core
from protocols.uplink import messages
from tests.unit.control.bench import OFF, Terminal, on, order, plan, refresh, with_order, with_plan

TRIP = {"rounds": 1, "delay_s": 0, "limit_s": 0}


def urgency(terminal, act):
    before = terminal.state
    act(terminal)
    return core.durable(before, terminal.state)


def test_quiet_second_is_not_worth_a_write():
    terminal = with_plan(power_w=1000)
    assert urgency(terminal, lambda t: t.run(600)) == ""
    assert core.durable(terminal.state, terminal.state) == ""


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        (messages.TRIP, TRIP),
        (messages.PERIOD_PLAN, plan(rounds=1)),
        (messages.PERIOD_RELEASE, {}),
        (messages.PURCHASE, order(2, 5)),
        (messages.PURCHASE_RELEASE, {}),
        (messages.GUARANTEE, on()),
    ],
)
def test_every_command_that_changes_something_goes_at_once(kind, params):
    terminal = with_plan()
    terminal.do(messages.PURCHASE, refresh(1, 1000))
    assert urgency(terminal, lambda t: t.do(kind, params)) == "now"


def test_command_that_changes_nothing_is_not_written():
    assert urgency(Terminal(), lambda t: t.do(messages.GUARANTEE, OFF)) == ""
    assert urgency(with_order(), lambda t: t.do(messages.PURCHASE, order(1, 5))) == ""


def test_alarm_waits_trip_and_record_and_release_go_at_once():
    terminal = with_plan(power_w=1000)
    assert urgency(terminal, lambda t: t.run(60, power_w=100000)) == "minute"
    terminal.run(119)
    assert urgency(terminal, lambda t: t.run(1)) == "now"
    terminal.run(118)
    assert urgency(terminal, lambda t: t.run(1)) == ""
    assert urgency(terminal, lambda t: t.run(1)) == "now"


def test_used_energy_waits_for_the_minute():
    terminal = with_order()
    assert urgency(terminal, lambda t: t.run(1, energy_wh=5001)) == "minute"


def test_energy_without_an_order_is_not_written():
    terminal = Terminal()
    terminal.step()
    assert urgency(terminal, lambda t: t.run(1, energy_wh=5001)) == ""


def test_energy_alarm_and_trip_go_at_once():
    terminal = with_order(1000)
    assert urgency(terminal, lambda t: t.run(1, energy_wh=5700)) == "now"
    assert urgency(terminal, lambda t: t.run(1, energy_wh=6000)) == "now"
