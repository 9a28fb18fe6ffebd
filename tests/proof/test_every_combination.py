"""Model and core agree in every combination of what the controls may be in.

The cross product of: each of the four power controls (absent, outside its window, in it below the setpoint or
over it, down-float measuring too) x the closed loop at every moment until all rounds are tripped x month
control x purchase control (absent, above, alarm, one round tripped, all) x remote trip (none, alarm, tripped)
x the guarantee (off and each kind of on); over how the rounds are shared out; and every command in every
standing. Each state is reached by a real history, which a failure prints.
"""

import itertools
from collections.abc import Iterator
from functools import cache

import pytest

from firmware.control import core
from protocols.uplink import codes
from tests.proof import driver, model
from tests.proof.driver import (
    ABSENT,
    BELOW,
    MEASURED,
    OUTSIDE,
    OVER,
    UNSAFE,
    Pair,
    command,
    enable,
    give,
    start,
    step,
)
from tests.proof.model import Energy
from tests.proof.orders import Order

pytestmark = pytest.mark.timeout(600)  # seconds of work each, on a busy machine minutes

STANDINGS = {  # lowest priority first: each takes over from those before
    codes.PERIOD: (ABSENT, OUTSIDE, BELOW, OVER),
    codes.FACTORY_REST: (ABSENT, OUTSIDE, BELOW, OVER),
    codes.BUSINESS_STOP: (ABSENT, OUTSIDE, BELOW, OVER),
    codes.DOWN_FLOAT: (ABSENT, OUTSIDE, MEASURED, BELOW, OVER),
}
FEWER = {control: (ABSENT, OVER) for control in STANDINGS}
ABOVE, ALARMED, FIRST, ALL = "above", "alarmed", "first tripped", "all tripped"
ENERGIES = (ABSENT, ABOVE, ALARMED, FIRST, ALL)
SOME_ENERGIES = ((ABSENT, ABSENT), (ALARMED, ALL), (ALL, ALARMED), (FIRST, FIRST))
REMOTES = (ABSENT, ALARMED, ALL)
USE_WH, USE_S = 100, 60  # each of the two uses that bring the energy controls where they are to stand

# (rounds of the terminal, of power control, of month, of purchase, of remote trip)
SHARES = (
    (2, 0b11, 0b11, 0b11, 0b11),
    (2, 0b01, 0b11, 0b10, 0b10),
    (3, 0b110, 0b011, 0b101, 0b010),
    (3, 0b011, 0b100, 0b111, 0b101),
)


# ---- histories that lead to a standing ----------------------------------------------------------


def energy(standing: str, rounds: int, uses: int) -> Energy:
    """As it is to be ordered while `uses` uses are still to come."""
    left_wh, alarm_wh = {ABOVE: (2000, 400), ALARMED: (20, 50), FIRST: (0, 50), ALL: (0, 50)}[standing]
    return Energy(rounds, left_wh + uses * USE_WH, alarm_wh)


def with_energies(pair: Pair, month: str, purchase: str, rounds: tuple[int, ...]) -> Pair:
    """All rounds of those that are to be all tripped first, then the others."""
    wanted = ((codes.MONTH_ENERGY, month, rounds[0]), (codes.PURCHASE, purchase, rounds[1]))
    for control, standing, mask in wanted:
        if standing == ALL:
            pair = give(pair, Order("energy", control, energy=energy(standing, mask, 1)))
    pair = step(pair, USE_S, USE_WH)
    if ALL in (month, purchase):
        for _round in range(pair.world.rounds - 1):
            pair = step(pair, pair.world.energy_step_s)
    for control, standing, mask in wanted:
        if standing not in (ALL, ABSENT):
            pair = give(pair, Order("energy", control, energy=energy(standing, mask, 1)))
    return step(pair, USE_S, USE_WH)


def with_remote(pair: Pair, standing: str, rounds: int) -> Pair:
    if standing == ABSENT:
        return pair
    return give(pair, driver.trip(rounds, 900 if standing == ALARMED else 0))


def contexts(
    share: tuple[int, ...], down_float: str, energies: tuple, control: dict | None
) -> Iterator[Pair]:
    """Every combination of (month, purchase) and remote trip; a down-float whose time is over before them."""
    begun = start(share[0], control)
    if down_float == OUTSIDE:
        begun = driver.end_down_float(give(begun, enable(codes.DOWN_FLOAT, BELOW, share[1])))
    for month, purchase in energies:
        pair = with_energies(begun, month, purchase, share[2:4])
        for remote in REMOTES:
            yield with_remote(pair, remote, share[4])


def power_standings(pair: Pair, rounds: int, standings: dict) -> Iterator[Pair]:
    """Every combination of the four power controls, at every second until nothing moves any more."""
    pairs = [pair]
    for control, each_of in standings.items():
        pairs = [
            give(each, enable(control, standing, rounds)) if standing != ABSENT else each
            for each in pairs
            for standing in each_of
        ]
    for each in pairs:
        while True:
            yield each
            after = step(each)
            if after.world.loop == each.world.loop and not after.world.loop.left_s:
                break
            each = after


def both(*standings: str) -> tuple[tuple[str, str], ...]:
    """Every pair of (month, purchase)."""
    return tuple(itertools.product(standings, standings))


def every_state(
    share: tuple[int, ...], standings: dict, energies: tuple, control: dict | None = None
) -> Iterator[Pair]:
    for ended in (False, True):
        down_float = [each for each in standings[codes.DOWN_FLOAT] if (each == OUTSIDE) == ended]
        chosen = {**standings, codes.DOWN_FLOAT: (ABSENT,) if ended else down_float}
        if down_float:
            for context in contexts(share, down_float[0], energies, control):
                yield from power_standings(context, share[1], chosen)


# ---- guarantees ---------------------------------------------------------------------------------


def unreadable(pair: Pair) -> Pair:
    """Restarted with a journal in which the guarantee cannot be read."""
    state = core.load(driver.spoil_guarantee(core.dump(pair.state)), pair.world.rounds)
    return guaranteed_by(pair, codes.GUARANTEE_UNREADABLE, state)


def guaranteed_by(pair: Pair, mode: int, state: object, guarantee: dict | None = None) -> Pair:
    state = core.configure(state, *driver.settings(pair.control, guarantee))
    history = driver.done(pair, ("guarantee of mode", mode))
    return pair._replace(state=state, world=pair.world._replace(guarantee=mode), history=history)


def check_guarantees(pair: Pair) -> None:
    """In whatever state: each kind of guarantee lets everything go at once, and no reading trips nobody."""
    step(pair, power_w=None)
    give(pair, Order("guarantee"))
    step(unreadable(pair), 0)
    lost_link = guaranteed_by(pair, codes.GUARANTEE_LOST_LINK, pair.state, {"lost_link_s": 2})
    step(lost_link, 2, heard=0)
    step(guaranteed_by(pair, codes.GUARANTEE_HOURS, pair.state, {"hours": 0xFFFFFF}), 0)
    restarted = core.load(core.dump(pair.state), pair.world.rounds)
    step(guaranteed_by(pair, codes.GUARANTEE_POWER_UP, restarted, {"power_up_s": 60}), 0)


@pytest.mark.parametrize("month", ENERGIES)
def test_every_combination_of_controls_and_guarantees(month, covered):
    for pair in every_state(SHARES[0], STANDINGS, tuple((month, purchase) for purchase in ENERGIES)):
        check_guarantees(pair)
    covered.say(f"controls x guarantees, month control {month}")


@pytest.mark.parametrize("share", SHARES[1:])
def test_every_combination_with_rounds_shared_out_unevenly(share, covered):
    for pair in every_state(share, FEWER, both(*ENERGIES)):
        check_guarantees(pair)
    covered.say(f"controls x guarantees, rounds {share}")


# ---- commands -----------------------------------------------------------------------------------

POWER_CONTROLS = tuple(STANDINGS)
FEW = {control: (ABSENT, OUTSIDE, OVER) for control in POWER_CONTROLS}
ORDERS = (
    *(enable(c, standing, 0b11) for c in POWER_CONTROLS[:3] for standing in (OUTSIDE, BELOW, UNSAFE, OVER)),
    *(enable(codes.DOWN_FLOAT, standing, 0b11) for standing in (BELOW, UNSAFE, OVER)),
    *(
        Order("energy", c, energy=energy(s, 0b11, 0))
        for c in (codes.MONTH_ENERGY, codes.PURCHASE)
        for s in (ABOVE, ALARMED, FIRST)
    ),
    *(Order("release", c) for c in (*POWER_CONTROLS, codes.MONTH_ENERGY, codes.PURCHASE)),
    *(driver.trip(rounds, delay_s) for rounds in (0b01, 0b10, 0b11) for delay_s in (0, 60)),
    *(Order("permit", rounds=rounds) for rounds in (0b01, 0b10, 0b11)),
    *(Order(kind, on=on) for kind in ("guarantee", "exclusion") for on in (True, False)),
    Order("auto_release"),
)
WHAT_IS_OPEN = ("tripped", "permitted", "guarantee", "close")


def order_and_what_follows(pair: Pair, asked: Order) -> Pair:
    """A control that gets new parameters while it acts may warn anew: then only the rounds are compared."""
    again = asked.kind == "enable" and pair.world.power[model.PRIORITY.index(asked.control)] is not None
    after = give(pair, asked, WHAT_IS_OPEN if again else ())
    return after if again else step(after)


def check_orders(pair: Pair) -> None:
    for asked in ORDERS:
        order_and_what_follows(pair, asked)


def test_every_command_in_every_standing(covered):
    for pair in every_state(SHARES[0], FEWER, SOME_ENERGIES):
        check_orders(pair)
    covered.say("commands x controls")


def test_every_command_under_each_guarantee(covered):
    for pair in every_state(SHARES[0], FEWER, ((ABSENT, ABSENT), (FIRST, ALARMED))):
        check_orders(give(pair, Order("guarantee")))
        check_orders(step(unreadable(pair), 0))
    covered.say("commands x guarantees")


def test_commands_to_many_while_excluded_do_nothing(covered):
    for pair in every_state(SHARES[0], FEWER, both(ABSENT, FIRST)):
        excluded = give(pair, Order("exclusion"))
        for asked in ORDERS:
            after = command(excluded, asked._replace(to_many=True))
            assert after.state == excluded.state


def test_every_command_by_address_while_excluded(covered):
    for pair in every_state(SHARES[0], FEW, both(ABSENT)):
        check_orders(give(pair, Order("exclusion")))
    covered.say("commands x exclusion")


def test_every_order_of_four_commands(covered):
    """In whatever order they come; a control is not given new parameters while it has some."""
    asked = (
        *(enable(control, OVER, 0b11) for control in POWER_CONTROLS),
        Order("energy", codes.MONTH_ENERGY, energy=energy(FIRST, 0b11, 0)),
        Order("energy", codes.PURCHASE, energy=energy(ALARMED, 0b10, 0)),
        *(Order("release", control) for control in (codes.BUSINESS_STOP, codes.PERIOD, codes.PURCHASE)),
        driver.trip(0b01),
        Order("permit", rounds=0b11),
        *(Order("guarantee", on=on) for on in (True, False)),
    )
    pairs = [step(step(start(2), USE_S, USE_WH))]
    for _length in range(4):
        pairs = [order_and_what_follows(pair, each) for pair in pairs for each in asked if is_new(pair, each)]
    covered.say("orders of four commands")


def is_new(pair: Pair, asked: Order) -> bool:
    return asked.kind != "enable" or pair.world.power[model.PRIORITY.index(asked.control)] is None


# ---- settings and groups ------------------------------------------------------------------------


def test_strict_priority_blocks_lower_controls_at_any_time(covered):
    for pair in every_state(SHARES[0], FEW, both(ABSENT), {"strict_priority": 1}):
        check_guarantees(pair)
    covered.say("strict priority x guarantees")


def test_the_setting_that_a_guarantee_ends_all_controls(covered):
    for pair in every_state(SHARES[0], FEWER, ((ABSENT, ABSENT), (FIRST, ALARMED)), {"after_guarantee": 1}):
        after = give(give(pair, Order("guarantee")), Order("guarantee", on=False))
        assert step(after).world.tripped == 0
    covered.say("controls ended by a guarantee")


@pytest.mark.parametrize("standing", [OVER, BELOW])
def test_groups_are_ored(standing):
    """What two groups do together is what each does alone, put together."""
    for masks in itertools.product((0b001, 0b011, 0b110), repeat=2):
        for ours in itertools.product(STANDINGS, repeat=2):
            together = start(3).state
            alone = [together, together]
            for group, (control, mask) in enumerate(zip(ours, masks, strict=True), 1):
                kind, params = driver.wire(start(3), enable(control, standing, mask))
                params = {**params, "group": group}
                together = core.apply(together, kind, params, groups_sample(0), group)[0]
                alone[group - 1] = core.apply(alone[group - 1], kind, params, groups_sample(0), group)[0]
            for seconds in range(9):
                both_out = core.step(together, groups_sample(seconds))
                outs = [core.step(state, groups_sample(seconds)) for state in alone]
                together, alone = both_out[0], [out[0] for out in outs]
                tripped = outs[0][1].tripped | outs[1][1].tripped
                assert both_out[1].tripped == tripped
                assert both_out[1].alarm & ~tripped == (outs[0][1].alarm | outs[1][1].alarm) & ~tripped
            assert bool(tripped) == (standing == OVER)


def groups_sample(seconds):
    one = driver.sample(start_pair()._replace(now_s=seconds))
    return core.Sample(one.t_s, one.local_s, one.run_s, one.groups * 2, one.price_e4, one.heard)


@cache
def start_pair() -> Pair:
    return start(3)


# ---- who holds which round ----------------------------------------------------------------------

HOLDERS = (
    Order("release", codes.PERIOD),
    Order("release", codes.MONTH_ENERGY),
    Order("release", codes.PURCHASE),
)


@pytest.mark.parametrize("rounds", [2, 3])
def test_a_round_is_open_while_anyone_holds_it(rounds, covered):
    """Every sharing out of the rounds among four holders; each of them lets go first and last."""
    masks = range(1, 1 << rounds)
    for power, month, purchase, remote in itertools.product(masks, repeat=4):
        pair = start(rounds, {"energy_step_s": 0})
        pair = give(pair, Order("energy", codes.PURCHASE, energy=energy(FIRST, purchase, 1)))
        pair = step(pair, USE_S, USE_WH)
        pair = give(pair, Order("energy", codes.MONTH_ENERGY, energy=energy(FIRST, month, 0)))
        pair = give(pair, driver.trip(remote))
        pair = give(pair, enable(codes.PERIOD, OVER, power, (1,)))
        pair = step(pair)
        permit = Order("permit", rounds=(1 << rounds) - 1)
        holders = (*HOLDERS, permit)
        for first in range(len(holders)):
            after = pair
            for holder in holders[first:] + holders[:first]:
                after = give(after, holder)
    covered.say(f"who holds which of {rounds} rounds")
