"""How urgent a change is for the journal: the flash wears, and a trip must never be forgotten."""

import pytest

from firmware.control import core
from protocols.uplink import messages
from protocols.uplink.codes import PERIOD, PURCHASE, REFRESH
from tests.unit.control.bench import (
    OFF,
    Terminal,
    down_float,
    fee_order,
    month,
    on,
    order,
    plan,
    refresh,
    released,
    rest,
    stop,
    with_order,
    with_plan,
)

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
        (messages.RELEASE, released(PERIOD)),
        (messages.PURCHASE, order(2, 5)),
        (messages.RELEASE, released(PURCHASE)),
        (messages.GUARANTEE, on()),
        (messages.PERIOD_ENABLE, {"periods": 1, "scheme": 0}),
        (messages.FACTORY_REST, rest()),
        (messages.BUSINESS_STOP, stop(1, 2)),
        (messages.DOWN_FLOAT, down_float()),
        (messages.MONTH_ENERGY, month(10)),
        (messages.FEE_ORDER, fee_order(2, 5, REFRESH)),
        (messages.EXCLUSION, {"on": 1}),
        (messages.PERIOD_PLAN, plan(group=5)),
    ],
)
def test_every_command_that_changes_something_goes_at_once(kind, params):
    terminal = with_plan()
    terminal.turn(price_e4=5000)
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


def test_month_energy_waits_for_the_hour_until_it_is_controlled():
    terminal = with_plan(power_w=1000)
    assert urgency(terminal, lambda t: t.run(1, energy_wh=5001)) == ""
    terminal.do(messages.MONTH_ENERGY, month(1000))
    terminal.step()
    assert urgency(terminal, lambda t: t.run(1, energy_wh=5002)) == "minute"
    assert urgency(terminal, lambda t: t.run(1, energy_wh=5900)) == "now", "alarm"
    assert urgency(terminal, lambda t: t.run(1, energy_wh=6001)) == "now", "trip"


def test_setpoint_and_power_of_a_down_float_go_at_once():
    terminal = Terminal()
    terminal.do(messages.DOWN_FLOAT, down_float())
    terminal.step()
    assert urgency(terminal, lambda t: t.run(299)) == ""
    assert urgency(terminal, lambda t: t.run(1)) == "now"
    terminal.turn(power_w=1000)
    terminal.run(200)
    assert urgency(terminal, lambda t: t.run(100)) == "now"


def test_what_was_heard_is_kept_now_and_then_where_a_lost_link_counts():
    terminal = Terminal(heard=1).configure(guarantee={"lost_link_s": 5000})
    assert urgency(terminal, lambda t: t.step()) == "minute", "the first word ever"
    assert urgency(terminal, lambda t: t.run(599)) == ""
    assert urgency(terminal, lambda t: t.run(600)) == "minute"
    terminal.configure(guarantee={"lost_link_s": 0})
    assert urgency(terminal, lambda t: t.run(600)) == ""


def test_automatic_guarantee_goes_at_once():
    terminal = Terminal().configure(guarantee={"lost_link_s": 100})
    terminal.step()
    assert urgency(terminal, lambda t: t.run(100)) == "now"
    assert urgency(terminal, lambda t: t.run(1, heard=1)) == "now"
