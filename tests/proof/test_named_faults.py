"""The faults of docs/safety.md that the core must bear by itself, each with every invariant watching."""

import pytest

from protocols.uplink import codes, messages
from tests.proof.house import DAY_S, House
from tests.proof.test_the_proof_can_fail import PLAN, guaranteed, low_load, overload, prepaid, seconds

YEAR_2000_S = 946_684_800
YEAR_2026_MS = 1_790_000_000_000
ORDER = {"flag": codes.APPEND, "alarm_wh": 500, "trip_wh": 0, "rounds": 3}


def overloaded(**own):
    """In the alarm of round 1, which would be tripped at 20 s."""
    house = House(**own)
    house.load_w[1] = 160_000
    house.give(messages.PERIOD_PLAN, PLAN)
    seconds(house, 10)
    assert house.now.outputs.alarm == 1
    return house


def test_meter_silent_in_an_alarm_trips_nobody_and_then_warns_anew():
    house = overloaded()
    house.readable = False
    seconds(house, 300)
    assert (house.now.outputs.tripped, house.now.outputs.alarm) == (0, 0)
    house.readable = True
    seconds(house, 19)
    assert house.now.outputs.tripped == 0
    seconds(house, 10)
    assert house.now.outputs.tripped == 1


def test_meter_silent_after_a_trip_lets_nothing_go():
    house = overloaded()
    seconds(house, 20)
    house.readable = False
    seconds(house, 3600)
    assert house.now.outputs.tripped == 1


@pytest.mark.parametrize("off_wh", [-6_000_000, -1, 50_000_000])
def test_register_that_falls_or_jumps_for_a_moment_takes_no_money_and_trips_nobody(off_wh):
    house = House()
    house.give(messages.PURCHASE, {"order": 1, "value_wh": 9_000_000, **ORDER})
    house.settle()
    house.shown_off_wh = off_wh
    seconds(house, 2)
    house.shown_off_wh = 0
    house.settle()
    assert house.now.outputs.tripped == 0


def test_clock_at_year_2000_counts_every_second_once_and_its_correction_trips_nobody():
    house = overloaded(t_s=YEAR_2000_S, offset_s=0)
    house.clock.set_ms(YEAR_2026_MS)
    house.decide()
    assert house.now.outputs.tripped == 0
    house = overloaded(t_s=YEAR_2000_S, offset_s=0)
    house.clock.ok = False
    house.decide()
    seconds(house, 100)
    assert house.now.outputs.tripped == 0, "without a trusted clock nobody knows whether it is controlled now"


def test_link_cut_changes_no_control():
    def tripped_at(heard):
        house = overloaded()
        out = []
        for _second in range(200):
            house.wait(1, heard)
            out.append((house.now.outputs.tripped, house.now.outputs.alarm))
        return out

    assert tripped_at(0) == tripped_at(1)
    assert tripped_at(0)[-1][0] == 3


def test_lost_link_lets_everything_go_at_its_hour_and_the_first_message_ends_it():
    house = House(lost_link_s=DAY_S)
    house.load_w[1] = 160_000
    house.give(messages.PERIOD_PLAN, PLAN)
    for _minute in range(24 * 60 - 1):
        house.wait(60, heard=0)
    assert house.now.outputs.tripped == 3
    house.wait(60, heard=0)
    assert house.now.outputs.guarantee == codes.GUARANTEE_LOST_LINK
    assert (house.now.outputs.tripped, house.now.outputs.permitted) == (0, 3)
    house.wait(60, heard=1)
    assert house.now.outputs.guarantee == codes.GUARANTEE_OFF
    assert house.now.outputs.tripped == 0, "each round is warned of anew"


def test_a_terminal_that_stood_still_warns_anew():
    house = overloaded()
    house.wait(3600)
    assert house.now.outputs.tripped == 0
    seconds(house, 19)
    assert house.now.outputs.tripped == 0
    seconds(house, 5)
    assert house.now.outputs.tripped == 1


@pytest.mark.parametrize("off_s", [0, 600])
@pytest.mark.parametrize("story", [overload, low_load, guaranteed, prepaid])
def test_power_cut_after_every_decision(story, off_s, monkeypatch):
    """Vector 10, at every moment: what is tripped, bought or guaranteed goes on, nothing is told twice."""
    decide = House.decide

    def decide_and_cut(house, restarted=False, **told):
        decide(house, restarted, **told)
        if not restarted:
            house.restart(off_s)

    monkeypatch.setattr(House, "decide", decide_and_cut)
    story()
