"""Exclusion from commands to many; direct close; remote limits that count from the command."""

import pytest

from firmware.control import core
from protocols.uplink import messages
from protocols.uplink.codes import REMOTE
from tests.unit.control.bench import OFF, Terminal, on, order, refresh, with_plan

MANY = 1
ON_1 = {"on": 1}
TRIP = {"rounds": 1, "delay_s": 0, "limit_s": 0}
CLOSE = {"rounds": 1, "direct": 1}


def excluded(**control):
    terminal = Terminal().configure(control)
    assert terminal.do(messages.EXCLUSION, ON_1) == "none"
    assert terminal.step().excluded == 1
    return terminal


def test_commands_to_many_are_refused_and_addressed_ones_taken():
    terminal = excluded()
    before = terminal.state
    for kind, params in ((messages.TRIP, TRIP), (messages.PURCHASE, order(1, 5)), (messages.GUARANTEE, on())):
        assert terminal.do(kind, params, MANY) == "excluded"
    assert terminal.do(messages.EXCLUSION, {"on": 0}, MANY) == "excluded"
    assert terminal.state is before
    assert terminal.do(messages.TRIP, TRIP) == "none"
    assert terminal.step().tripped == 1


def test_strict_setting_refuses_addressed_ones_too_but_the_end_of_it():
    terminal = excluded(exclusion_strict=1)
    assert terminal.do(messages.TRIP, TRIP) == "excluded"
    assert terminal.do(messages.PURCHASE, order(1, 5)) == "excluded"
    assert terminal.do(messages.EXCLUSION, {"on": 0}) == "none"
    assert terminal.do(messages.TRIP, TRIP, MANY) == "none"


def test_it_survives_restarts_and_is_told_once():
    terminal = excluded()
    terminal.restart()
    assert terminal.step().excluded == 1
    assert terminal.do(messages.EXCLUSION, ON_1) == "none"
    terminal.do(messages.EXCLUSION, {"on": 0})
    terminal.do(messages.EXCLUSION, {"on": 0})
    assert terminal.step().excluded == 0
    assert terminal.told[0][1:] == ("exclusion_on", {"command": 1})
    assert terminal.names() == ["exclusion_on", "exclusion_off"]


def test_it_is_refused_while_guaranteed_and_may_end():
    terminal = excluded()
    terminal.do(messages.GUARANTEE, on())
    assert terminal.do(messages.EXCLUSION, {"on": 0}) == "none"
    assert terminal.do(messages.EXCLUSION, ON_1) == "guaranteed"


def test_what_is_tripped_stays_so():
    terminal = with_plan()
    terminal.run(130)
    terminal.do(messages.EXCLUSION, ON_1)
    assert terminal.step().tripped == 1


# ---- direct close


def closing(**changes):
    terminal = Terminal().configure({"direct_close": 1})
    terminal.step()
    assert terminal.do(messages.TRIP, {**TRIP, **changes}) == "none"
    terminal.step()
    return terminal


def test_permit_with_direct_closes_in_one_step_only():
    terminal = closing()
    assert terminal.do(messages.PERMIT_CLOSE, CLOSE) == "none"
    assert terminal.step().close == 1
    assert terminal.out.permitted == 1
    assert terminal.run(1).close == 0
    assert terminal.data("switch_close_driven") == [{"rounds": 1}]


def test_permit_without_direct_closes_nothing():
    terminal = closing()
    terminal.do(messages.PERMIT_CLOSE, {"rounds": 1})
    assert terminal.step().close == 0


def test_end_of_the_limit_closes_where_the_trip_said_so():
    for direct in (0, 1):
        terminal = closing(limit_s=600, direct=direct)
        terminal.run(599)
        assert terminal.out.tripped == 1
        assert terminal.run(1).close == direct


def test_end_of_the_limit_does_not_close_what_another_control_holds():
    terminal = closing(limit_s=600, direct=1)
    terminal.do(messages.PURCHASE, refresh(1, 0, rounds=0b01))
    terminal.run(600)
    assert (terminal.out.tripped, terminal.out.close) == (1, 0)
    assert "switch_close_driven" not in terminal.names()


def test_a_board_that_may_not_close_refuses():
    terminal = Terminal()
    assert terminal.do(messages.PERMIT_CLOSE, CLOSE) == "close_not_allowed"
    assert terminal.do(messages.TRIP, {**TRIP, "direct": 1}) == "close_not_allowed"


def test_rounds_another_control_holds_are_not_closed():
    terminal = with_plan().configure({"direct_close": 1})
    terminal.run(130)
    terminal.do(messages.TRIP, {**TRIP, "rounds": 0b11})
    terminal.step()
    assert terminal.do(messages.PERMIT_CLOSE, {"rounds": 0b11, "direct": 1}) == "none"
    terminal.step()
    assert (terminal.out.tripped, terminal.out.close) == (0b01, 0b10)
    assert terminal.do(messages.PERMIT_CLOSE, CLOSE) == "nothing_to_permit"


def test_a_round_that_was_let_go_before_may_be_closed_later():
    terminal = Terminal().configure({"direct_close": 1})
    terminal.do(messages.PURCHASE, refresh(1, 0))
    assert terminal.step().tripped == 1
    terminal.do(messages.PURCHASE, refresh(2, 1000))
    terminal.run(100)
    assert terminal.do(messages.PERMIT_CLOSE, CLOSE) == "none"
    assert terminal.step().close == 1


def test_power_cut_between_command_and_step_closes_nothing_by_itself():
    terminal = closing()
    terminal.do(messages.PERMIT_CLOSE, CLOSE)
    terminal.restart()
    assert (terminal.step().close, terminal.out.tripped, terminal.out.permitted) == (0, 0, 1)


def test_guarantee_lets_go_without_closing():
    terminal = closing(direct=1, limit_s=600)
    terminal.do(messages.GUARANTEE, on())
    assert (terminal.step().close, terminal.out.permitted) == (0, 1)
    terminal.do(messages.GUARANTEE, OFF)
    assert terminal.run(1000).close == 0


def test_trip_after_the_permit_takes_the_close_back():
    terminal = closing()
    terminal.do(messages.PERMIT_CLOSE, CLOSE)
    terminal.do(messages.TRIP, TRIP)
    assert (terminal.step().close, terminal.out.tripped) == (0, 1)


# ---- what the limit counts from


@pytest.mark.parametrize(("from_command", "end_s"), [(0, 3900), (1, 3600)])
def test_limit_counts_from_the_trip_or_the_command(from_command, end_s):
    terminal = Terminal().configure({"limit_from_command": from_command})
    terminal.do(messages.TRIP, {"rounds": 1, "delay_s": 300, "limit_s": 3600})
    terminal.step()
    assert terminal.run(299).tripped == 0
    assert terminal.run(1).tripped == 1
    terminal.restart()
    assert terminal.run(end_s - 301).tripped == 1
    assert terminal.run(1).tripped == 0


def test_limit_that_ends_before_the_trip_leaves_it_out():
    terminal = Terminal().configure({"limit_from_command": 1, "direct_close": 1})
    terminal.do(messages.TRIP, {"rounds": 1, "delay_s": 300, "limit_s": 200, "direct": 1})
    terminal.step()
    terminal.run(199)
    assert terminal.control(REMOTE) == ("alarm", "none")
    terminal.run(1)
    assert (terminal.control(REMOTE), terminal.out.close) == (None, 0)
    assert "remote_trip" not in terminal.names()


def test_trip_that_is_silenced_by_a_power_cut_keeps_its_limit_from_the_command():
    terminal = Terminal().configure({"limit_from_command": 1})
    terminal.do(messages.TRIP, {"rounds": 1, "delay_s": 300, "limit_s": 3600})
    terminal.step()
    terminal.run(200)
    terminal.restart()
    terminal.run(600, every_s=600)
    assert terminal.out.alarm == 1
    terminal.run(300)
    assert terminal.out.tripped == 1
    assert terminal.run(3600 - 1100 - 1).tripped == 1
    assert terminal.run(1).tripped == 0


def test_direct_close_that_a_cut_swallowed_is_not_in_the_dump():
    terminal = closing()
    terminal.do(messages.PERMIT_CLOSE, CLOSE)
    assert terminal.state.closing == 1
    assert core.load(core.dump(terminal.state), 2).closing == 0
