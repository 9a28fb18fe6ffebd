"""What the proof found in the core, mended since: each stays here as its own history."""

from protocols.uplink import codes, messages
from tests.proof.house import DAY_S, House


def test_hours_of_guarantee_are_in_doubt_while_the_clock_is_unset():
    """At 01:00 the customer is guaranteed; after an outage that began at 23:00 nobody knows the hour."""
    house = House(hours=0x00FFFF, offset_s=0, t_s=20_000 * DAY_S - 3600)
    house.restart(off_s=7200, ok=False)
    house.give(messages.TRIP, {"rounds": 3, "delay_s": 0, "limit_s": 0})
    assert house.now.outputs.tripped == 0


def test_an_order_is_not_applied_again_when_the_order_numbers_are_lost():
    order = {"order": 5, "flag": codes.APPEND, "value_wh": 1000, "alarm_wh": 10, "trip_wh": 0, "rounds": 3}
    house = House()
    house.give(messages.PURCHASE, order)
    house.restart(spoil=lambda entries: {**entries, "o1": None})
    assert house.give(messages.PURCHASE, order) != 0


def test_use_is_counted_from_the_first_order_of_a_group_over_a_power_cut():
    """Group 2 is not there before its order; what is used until the next commit is never taken off."""
    order = {"order": 1, "flag": codes.APPEND, "value_wh": 10**6, "alarm_wh": 10, "trip_wh": 0, "rounds": 3}
    house = House()
    house.give(messages.PURCHASE, {**order, "group": 2})
    house.restart(off_s=3600)
    house.settle()
