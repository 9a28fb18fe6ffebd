"""Small errors in the code, one at a time: a named test, or the model's table, must see each."""

import random
import struct
import sys

import pytest

from firmware.area import ledger, ledger_belief, ledger_orders, ledger_state, switching, tariffs
from protocols.uplink.codes import APPEND
from tests.unit.area_prepaid import test_against_the_model as table
from tests.unit.area_prepaid import test_switching as switch
from tests.unit.area_prepaid import test_what_is_charged as charged
from tests.unit.area_prepaid import test_who_is_cut_off as cut
from tests.unit.area_prepaid.house import DAY_S, House, config


def moves(dice):
    """One thing that happens, and how."""
    seconds = dice.choice((dice.randint(60, 10800), dice.randint(3600, 144000)))
    return dice.choice(
        (
            ("live", seconds, dice.randint(0, 9000)),
            ("live", seconds, dice.randint(0, 9000)),
            ("read", dice.random() < 0.5),
            ("read", True),
            ("buy", dice.randint(1, 5_000_000), dice.random() < 0.3),
            ("repeat", dice.randint(0, 20), 77),
            ("garbage", dice.random() < 0.5),
            ("garbage", False),
            ("old", dice.randint(0, 3)),
            ("replace", seconds, dice.random() < 0.5),
        )
    )


def histories():
    """The comparison with the model, over histories that are the same each time."""
    dice = random.Random(5)
    for at, versions in enumerate(table.VERSIONS * 6):
        told = config(
            versions(dice.choice((1800, 14 * 3600, 3 * DAY_S))),
            by_rate=at & 1,
            wait_s=dice.choice((0, 3 * DAY_S)),
        )
        rolls = told.by_rate and at // 2 & 1
        house = House(told, (999_990_000 if rolls else 50_000_000, 20_000_000, 30_000_000, 40_000_000))
        history = table.History(house)
        history.read(True)
        history.buy(3_000_000, False)
        for _op in range(40):
            name, *values = moves(dice)
            getattr(history, name)(*values)
            house.check()


def guarantee_that_cannot_be_read():
    cut.test_a_guaranteed_meter_is_never_cut(None)


def guarantee():
    cut.test_a_guaranteed_meter_is_never_cut(1)


def refund():
    cut.test_an_order_that_is_not_in_order_changes_nothing((2, APPEND, -10_100_000, 1), "bad_params")


def mixed():
    cut.test_an_order_that_is_not_in_order_changes_nothing((2, APPEND, 10, 0), "bad_params")


MUTANTS = {  # who must see it: module, the code, what stands there instead
    guarantee_that_cannot_be_read: ((ledger, "config.guaranteed != 0 or", "config.guaranteed == 1 or"),),
    guarantee: ((ledger, "config.guaranteed != 0 or", ""),),
    cut.test_doubt_never_cuts: ((ledger, "if strays(state) or now_s", "if now_s"),),
    cut.test_exactly_at_the_trip_threshold_is_cut_off: (
        (ledger, "left_milli > config.trip", "left_milli >= config.trip"),
    ),
    cut.test_no_cut_off_in_blocked_hours_or_on_holidays: (
        (ledger, "// DAY_S in config", "// DAY_S + 1 in config"),
        (ledger, "// 3600 % 24 & 1", "// 3600 % 23 & 1"),
        (ledger, "config, now_s + config.offset_s", "config, now_s"),
    ),
    cut.test_without_a_trusted_clock_nobody_is_cut_off: (
        (ledger, "or now_s is None or _blocked(config, now_s +", "or _blocked(config, (now_s or 0) +"),
    ),
    cut.test_what_the_station_switched_is_left_to_the_station: ((ledger, "OPEN or config.held:", "OPEN:"),),
    cut.test_a_meter_without_an_order_is_left_alone: (
        (ledger, "not state.flags & OPEN or config.held", "config.held"),
    ),
    histories: (
        (ledger, "owed = [wh - gone for", "owed = [wh for"),
        (ledger, "// (to_s - at_s)", "// max(to_s - from_s, 1)"),
        (ledger, "to_s - 1 + config.offset_s", "to_s + config.offset_s - 3600"),
        (ledger, "to_s - 1 + config.offset_s", "to_s - 1"),
        (ledger_belief, "strays(state) < STRAYS_IGNORED", "strays(state) < 1"),
        (ledger_belief, "[wh % config.roll_wh for", "[wh for"),
        (ledger_belief, "sum(rolled) <= most", "0 <= most"),
        (ledger_belief, "same = config.by_rate == (state.flags & BY_RATE > 0)", "same = True"),
        (ledger_belief, "BROKEN, (0, 0, 0, 0)", "BROKEN, used"),
        (tariffs, "return Tier(first, 0) if tier.since_day < first else tier", "return tier"),
        (tariffs, "or before[3:5] != tariff[3:5]", ""),
        (tariffs, " * (end - tier.since_day) // (end - first)", ""),
        (tariffs, "            below = add", "            pass"),
        (tariffs, "each.from_s <= t_s", "each.from_s < t_s"),
        (tariffs, "(half_hour & 1) * 4", "(~half_hour & 1) * 4"),
        (tariffs, "    if tariff.months:\n        end_s", "    if 0:\n        end_s"),
        (tariffs, "(number + 2) % 12", "number % 12"),
    ),
    charged.test_a_multiplier_counts_for_price_and_tiers: (
        (ledger, "registers_wh=shown, ", ""),
        (ledger, "* config.multiplier", ""),
    ),
    charged.test_a_price_change_at_midnight_waits_for_the_freeze: (
        (ledger, "change_s < t_s <", "t_s < change_s <"),
    ),
    charged.test_without_the_freeze_it_is_split_by_time_and_told: (
        (ledger, "< change_s + config.wait_s", ""),
        (ledger, "if parts > 1", "if parts > 2"),
    ),
    charged.test_a_meter_change_told_before_and_after_it_was_seen: (
        (ledger, "old_wh - new_wh if found", "0 if found"),
        (ledger_orders, "gap_wh=0", "gap_wh=state.gap_wh"),
        (ledger_orders, "new_wh + state.gap_wh", "new_wh"),
        (ledger_orders, "not (before or state.gap_wh) or", ""),
    ),
    charged.test_answers_that_do_not_agree_are_never_believed: (
        (ledger, "if found.kind == AGREED", "if 1"),
        (ledger_belief, "state) or not 0 <= sum(shown) - state.doubt_wh <= likely_wh", "state)"),
    ),
    charged.test_day_end_names_what_the_total_shows_beyond_the_charged: (
        (ledger, "differs_wh) > ROUNDING_WH", "differs_wh) >= ROUNDING_WH"),
    ),
    charged.test_an_older_reading_says_nothing: ((ledger_belief, "if span_s <= 0 and", "if 0 and"),),
    cut.test_one_wrong_reading_never_cuts: ((ledger_belief, "LIKELY_DW = 100000", "LIKELY_DW = 10**10"),),
    charged.test_the_old_meter_that_comes_back_is_charged_once: (
        (ledger_belief, "sum(used) - state.gap_wh", "sum(used) + state.gap_wh"),
        (ledger_belief, "if state.gap_wh and", "if 0 and"),
    ),
    charged.test_what_no_fuse_lets_through_is_not_charged_but_named: (
        (ledger_belief, "rises and sum(used) <= largest_wh", "rises"),
    ),
    cut.test_an_order_is_applied_exactly_once: (
        (ledger_orders, "if back == 0 or (", "if ("),
        (ledger_orders, "    if back > 0:", "    if 0:"),
        (ledger_orders, "EARLIER + 1) - 1 &", "EARLIER + 1) &"),
        (ledger_orders, "order=order.number,", ""),
        (ledger_orders, "if order.flag == APPEND else 0", ""),
    ),
    refund: ((ledger_orders, "if mixed or refund or", "if mixed or"),),
    mixed: ((ledger_orders, "if mixed or refund or", "if refund or"),),
    charged.test_a_change_that_does_not_fit_is_refused: (
        (ledger_orders, "not -ROUNDING_WH <= lacks_wh", "not lacks_wh"),
    ),
    charged.test_what_is_below_a_unit_is_not_lost: (
        (ledger_state, "values[0], values[1:5]", "values[0] // 1000 * 1000, values[1:5]"),
        (ledger_state, "-(-state.left_milli // 1000)", "state.left_milli // 1000"),
    ),
    charged.test_thresholds_are_told_once_a_crossing: (
        (ledger_state, "if not state.flags & flag:", "if 1:"),
        (ledger_state, "<= threshold * 1000", "< threshold * 1000"),
    ),
    switch.test_a_lost_control_is_sent_again_only_when_it_can_no_longer_arrive: (
        (
            switching,
            "if state.phase == SENT:\n        return state, LOOK_NOW",
            "if 0:\n        return state, LOOK_NOW",
        ),
        (switching, "if state.phase == SENT and 0 <=", "if 0 and 0 <="),
    ),
    switch.test_histories: (
        (switching, "return evolve(state, phase=LOOK), LOOK_NOW", "return evolve(state, phase=SENT), want"),
    ),
    switch.test_a_mute_meter_is_left_in_peace_but_not_forgotten: (
        (switching, "_rest(state, state.phase,", "_rest(state, IDLE,"),
        (switching, "state.misses + 1 < LOOKS", "1"),
    ),
    switch.test_a_refusal_is_final_for_now: (
        (switching, "evolve(state, tries=TRIES, sent_s=0, due_s=t_s)", "evolve(state, sent_s=0, due_s=t_s)"),
    ),
    switch.test_tries_are_bounded_then_an_event_and_a_rest: (
        (switching, "if state.tries < TRIES:", "if 1:"),
    ),
    switch.test_a_stale_read_back_is_read_again: ((switching, "FRESH_S = 60", "FRESH_S = 10**6"),),
    switch.test_a_relay_that_hangs_is_no_success: ((switching, "seen == CUT if", "seen & TOLD_OPEN if"),),
    switch.test_a_meter_that_is_cut_is_left_alone_in_blocked_hours: (
        (switching, "if want == LEAVE or _is", "if _is"),
    ),
    switch.test_a_clock_set_back_does_not_stop_a_rest_for_ever: (
        (switching, "due_s <= t_s + REST_S", "due_s"),
    ),
    switch.test_a_cut_off_is_looked_at_sent_once_and_read_back: (
        (switching, "return evolve(NEW, seen=seen), events", "return evolve(NEW), events"),
    ),
}


SEEN = (AssertionError, ExceptionGroup, ValueError, TypeError, struct.error)  # also by what cannot go on


@pytest.fixture
def broken():
    """`broken(module, code, instead)` puts the change in, wherever the module's functions are known."""
    kept = {}

    def change(module, code, instead):
        with open(module.__file__, encoding="utf-8") as file:
            text = file.read()
        assert text.count(code) == 1, "the code that this mutant changes is not there once"
        before = dict(vars(module))
        kept[module] = before
        exec(compile(text.replace(code, instead), module.__file__, "exec"), vars(module))
        for name, value in before.items():
            if callable(value) and value is not vars(module)[name]:
                replace(value, vars(module)[name])

    def replace(old, new):
        for module in [
            m for n, m in sys.modules.items() if n.startswith(("firmware.area", "tests.unit.area"))
        ]:
            for name, value in list(vars(module).items()):
                if value is old:
                    kept.setdefault(module, dict(vars(module)))
                    setattr(module, name, new)

    yield change
    for module, before in kept.items():
        vars(module).clear()
        vars(module).update(before)


def test_the_code_as_it_is_passes():
    for run in MUTANTS:
        run()


@pytest.mark.parametrize(
    ("seen_by", "module", "code", "instead"),
    [(seen_by, *mutant) for seen_by, mutants in MUTANTS.items() for mutant in mutants],
    ids=lambda value: getattr(value, "__name__", None) or value,
)
def test_broken_code_is_seen(seen_by, module, code, instead, broken):
    broken(module, code, instead)
    with pytest.raises(SEEN):
        seen_by()
