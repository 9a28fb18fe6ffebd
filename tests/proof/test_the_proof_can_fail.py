"""The core is broken on purpose, one way at a time: the proof must see it, and by the right name.

Each mutant is a change of one function inside the core. `model` mutants must make core and model disagree in
what they put out or answer; the others must break the invariant that is named. The same runs pass with the
core as it is.
"""

import pytest

from firmware.control import (
    checks,
    core,
    energy,
    group,
    guarantee,
    power,
    quota,
    remote,
    restore,
    rounds,
    windows,
)
from firmware.control.records import PLANNED, evolve
from protocols.uplink import codes, messages
from tests.proof import driver
from tests.proof.driver import Disagreement, give
from tests.proof.house import House
from tests.proof.orders import Order
from tests.proof.test_every_combination import (
    ABSENT,
    ALARMED,
    FEWER,
    FIRST,
    SHARES,
    check_guarantees,
    check_orders,
    every_state,
)

PLAN = {
    "codes": b"\x55" * 12,
    "setpoints_w": [50_000],
    "float_pct": 0,
    "periods": 255,
    "rounds": 3,
    "alarm_s": [20, 30],
    "slide_s": 5,
    "safety_w": 40_000,
    "post_trip_s": 60,
}


# ---- what the mutants are run through -----------------------------------------------------------


def combinations():
    """A small part of the comparison with the model."""
    for at, pair in enumerate(every_state(SHARES[0], FEWER, ((ABSENT, ABSENT), (ALARMED, FIRST)))):
        check_guarantees(pair)
        if at % 9 == 0:
            check_orders(pair)
            check_orders(give(pair, Order("guarantee")))


def seconds(house, count):
    for _second in range(count):
        house.wait(1)


def overload():
    """Two rounds tripped one after the other, a long silence, the end of the plan, the lamps."""
    house = House()
    house.load_w[1] = 160_000
    house.give(messages.PERIOD_PLAN, PLAN)
    seconds(house, 10)
    house.wait(900)  # nobody heard the alarm
    seconds(house, 200)
    house.give(messages.RELEASE, {"control": codes.PERIOD})
    seconds(house, 70)
    return house


def low_load():
    """Over the setpoint, under the safety setpoint, and readings that come and go."""
    house = House()
    house.load_w[1] = 60_000
    house.give(messages.PERIOD_PLAN, {**PLAN, "safety_w": 70_000})
    seconds(house, 60)
    house.load_w[1] = 160_000
    seconds(house, 10)
    house.readable = False
    seconds(house, 60)
    return house


def guaranteed():
    """Tripped from all sides, then each guarantee."""
    house = House(lost_link_s=7200)
    house.load_w[1] = 160_000
    house.give(messages.PERIOD_PLAN, PLAN)
    house.give(messages.TRIP, {"rounds": 2, "delay_s": 0, "limit_s": 0})
    seconds(house, 40)
    house.give(messages.GUARANTEE, {"on": 1, "duration_s": 1800})
    for _minute in range(29):
        house.wait(60)
    seconds(house, 200)
    house.guarantee_becomes_unreadable()
    seconds(house, 60)
    house.give(messages.GUARANTEE, {"on": 0, "duration_s": 0})
    seconds(house, 60)
    for _minute in range(130):
        house.wait(60, heard=0)
    return house


def prepaid():
    """Bought, used up, tripped, restarted, topped up, and every order sent a second time."""
    house = House()
    order = {"flag": codes.APPEND, "alarm_wh": 500, "trip_wh": 0, "rounds": 3}
    for number, value_wh in ((1, 5000), (2, 3000)):
        house.give(messages.PURCHASE, {"order": number, "value_wh": value_wh, **order})
        house.settle()
        house.restart(off_s=30)
        assert house.give(messages.PURCHASE, {"order": number, "value_wh": value_wh, **order})
        house.settle()
    house.give(messages.RELEASE, {"control": codes.PURCHASE})
    house.settle()
    return house


RUNS = (combinations, overload, low_load, guaranteed, prepaid)


@pytest.mark.parametrize("run", RUNS)
def test_the_core_as_it_is_passes(run):
    run()


# ---- mutants: each returns {(module, name): instead} --------------------------------------------


def arbitration_ignores_the_guarantee():
    return {
        (rounds, "arbitrate"): lambda _mode, asked: asked,
        (guarantee, "reason"): lambda _guarantee: 0,
    }


def unreadable_guarantee_counts_as_off():
    honest = restore._Reader.guarantee

    def reads(reader, part):
        held = honest(reader, part)
        return guarantee.OFF if held == guarantee.UNREADABLE else held

    return {(restore._Reader, "guarantee"): reads}


def timed_guarantee_ends_halfway():
    honest = guarantee._left

    def left(held, sample):
        left_s = honest(held, sample)
        return left_s and left_s - held.duration_s // 2

    return {(guarantee, "_left"): left}


def lost_link_is_not_noticed():
    honest = guarantee.settle
    return {(guarantee, "settle"): lambda state, sample, _heard, events: honest(state, sample, 1, events)}


def commands_are_not_denied_while_guaranteed():
    return {(checks, "COULD_TRIP"): ()}


def remote_trip_outlives_the_guarantee():
    honest = remote.permit

    def permit(entries, mask, sample, events):
        return (entries, 0) if mask == -1 else honest(entries, mask, sample, events)

    return {(remote, "permit"): permit}


def safety_setpoint_is_ignored():
    honest = power._second

    def second(loop, no, params, *rest):
        return honest(loop, no, {**params, "safety_w": 0}, *rest)

    return {(power, "_second"): second}


def missing_reading_counts_as_much():
    honest = power.reading

    def reads(sample, no):
        power_w, energy_wh = honest(sample, no)
        return (999_999 if power_w is None else power_w), energy_wh

    return {(power, "reading"): reads}


def alarm_is_cut_short():
    return {(power, "alarm_time"): lambda _alarm_s, _one: 1}


def alarm_time_is_not_waited_for():
    """The event still tells the full time."""
    honest = power._alarm

    def alarm(loop, params, *rest):
        return honest(loop, {**params, "alarm_s": [1]}, *rest)

    return {(power, "_alarm"): alarm}


def silence_counts_as_alarm():
    return {(core, "GAP_S"): 1 << 29}


def one_alarm_trips_all_rounds():
    honest = power._alarm

    def alarm(loop, params, *rest):
        after = honest(loop, params, *rest)
        return evolve(after, tripped=params["rounds"]) if after.phase == codes.POST_TRIP else after

    return {(power, "_alarm"): alarm}


def second_round_needs_no_alarm():
    """After a trip the next one follows at once."""
    honest = power._warn

    def warn(loop, no, params, setpoint_w, sample, power_w, events):
        if not loop.tripped:
            return honest(loop, no, params, setpoint_w, sample, power_w, events)
        after = honest(loop, no, params, setpoint_w, sample, power_w, [])
        return evolve(after, phase=codes.POST_TRIP, tripped=loop.tripped | after.round, power_w=power_w)

    return {(power, "_warn"): warn}


def trip_is_recorded_again_and_again():
    honest = power.settle

    def settle(loop, no, sample, events):
        after = honest(loop, no, sample, events)
        if after is not loop:
            honest(loop, no, sample, events)
        return after

    return {(power, "settle"): settle}


def lower_priority_wins():
    honest = power._choose

    def choose(one, no, state, sample, rows):
        chosen = honest(one, no, state, sample, rows)
        for control in reversed(PLANNED[:-1]):
            plan = group.plan_of(one, control)
            key = plan and windows.now(control, plan, one, sample, state.known_s)[0]
            if key:
                return control, key, plan, next(row for row in rows if row[0] == control)
        return chosen

    return {(power, "_choose"): choose}


def released_control_keeps_its_rounds():
    return {(power, "end"): lambda one, _no, _sample, _events: one}


def released_purchase_keeps_its_rounds():
    honest = quota.let_go
    return {(quota, "let_go"): lambda one, month=0: honest(one, month) if month else one}


def lamp_burns_a_second_longer():
    return {(rounds, "LAMP_S"): 61}


def order_numbers_are_forgotten_on_restart():
    """Both copies: the list, and the last number beside the balance."""
    honest = restore._Reader.account

    def account(reader, part):
        return honest(reader, part)._replace(last=0)

    return {(restore, "_orders"): lambda _part: (), (restore._Reader, "account"): account}


def balance_is_forgotten_on_restart():
    return {(restore._Reader, "account"): lambda _reader, _part: quota.NO_ACCOUNT}


def use_is_taken_off_twice():
    honest = quota.deduct

    def deduct(one, used_wh, price_e4, settings):
        return honest(one, 2 * used_wh, price_e4, settings)

    return {(quota, "deduct"): deduct}


def use_without_power_is_forgotten():
    honest = energy.used
    last = [0]

    def used(count, no, power_w, energy_wh, now_s, events):
        gone_s, last[0] = now_s - last[0], now_s
        count, used_wh = honest(count, no, power_w, energy_wh, now_s, events)
        return count, used_wh if gone_s < 20 else 0

    return {(energy, "used"): used}


def energy_control_trips_all_rounds_at_once():
    honest = core.configure

    def configure(state, control, guaranteed):
        return honest(state, {**control, "energy_step_s": 0}, guaranteed)

    return {(core, "configure"): configure}


MODEL = "expected"  # as every disagreement says
MUTANTS = (  # mutant, the run that must catch it, how
    (arbitration_ignores_the_guarantee, combinations, MODEL),
    (arbitration_ignores_the_guarantee, guaranteed, "guaranteed_customer_is_never_tripped"),
    (unreadable_guarantee_counts_as_off, combinations, MODEL),
    (unreadable_guarantee_counts_as_off, guaranteed, "guaranteed_customer_is_never_tripped"),
    (timed_guarantee_ends_halfway, guaranteed, "guaranteed_customer_is_never_tripped"),
    (lost_link_is_not_noticed, combinations, MODEL),
    (lost_link_is_not_noticed, guaranteed, "guaranteed_customer_is_never_tripped"),
    (commands_are_not_denied_while_guaranteed, combinations, MODEL),
    (remote_trip_outlives_the_guarantee, combinations, MODEL),
    (safety_setpoint_is_ignored, low_load, "never_below_safety_setpoint"),
    (missing_reading_counts_as_much, combinations, MODEL),
    (missing_reading_counts_as_much, low_load, "never_below_safety_setpoint"),
    (alarm_is_cut_short, combinations, MODEL),
    (alarm_time_is_not_waited_for, overload, "trip_needs_its_full_alarm"),
    (silence_counts_as_alarm, overload, "never_two_trips_for_one_alarm"),
    (one_alarm_trips_all_rounds, combinations, MODEL),
    (second_round_needs_no_alarm, overload, "never_two_trips_for_one_alarm"),
    (trip_is_recorded_again_and_again, overload, "one_trip_record_for_a_trip"),
    (lower_priority_wins, combinations, MODEL),
    (released_control_keeps_its_rounds, combinations, MODEL),
    (released_control_keeps_its_rounds, overload, "released_control_lets_go_of_its_rounds"),
    (released_purchase_keeps_its_rounds, combinations, MODEL),
    (lamp_burns_a_second_longer, overload, "close_permitted_is_shown_for_exactly_60_s"),
    (order_numbers_are_forgotten_on_restart, prepaid, "purchase_never_applied_twice"),
    (balance_is_forgotten_on_restart, prepaid, "purchase_never_lost"),
    (use_is_taken_off_twice, prepaid, "purchase_never_lost"),
    (use_without_power_is_forgotten, prepaid, "purchase_never_lost"),
    (energy_control_trips_all_rounds_at_once, combinations, MODEL),
)


@pytest.mark.parametrize(
    ("mutant", "run", "caught_by"), MUTANTS, ids=lambda value: getattr(value, "__name__", None) or value
)
def test_broken_core_is_caught(mutant, run, caught_by, monkeypatch):
    driver.guarantee_place()  # of the core as it is
    for (owner, name), instead in mutant().items():
        monkeypatch.setattr(owner, name, instead)
    with pytest.raises(AssertionError, match=caught_by) as caught:
        run()
    assert isinstance(caught.value, Disagreement) == (caught_by == MODEL)


def test_over_is_over():
    """The runs above do trip: a proof over idle controls would see nothing."""
    assert any(pair.world.loop.tripped == 3 for pair in every_state(SHARES[0], FEWER, ((ABSENT, ABSENT),)))
    assert any(outputs[1] == 3 for outputs in overload().told if len(outputs) == 5)
