"""The commands as the model sees them: what each may be answered, and the world after it."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from protocols.uplink import codes
from protocols.uplink.codes import ALARM
from tests.proof.model import PRIORITY, REASON_NO, Energy, Entry, Power, World, guaranteed


class Order(NamedTuple):
    """A command as the model sees it. `control`, `power`, `energy`, `entry`: what it is about, if it is."""

    kind: str  # enable, energy, release, trip, permit, guarantee, exclusion, auto_release
    control: int = 0
    power: Power | None = None
    energy: Energy | None = None
    entry: Entry | None = None
    rounds: int = 0
    on: bool = True
    to_many: bool = False


Answer = tuple[World, set[int]]
FIELD = {codes.MONTH_ENERGY: "month", codes.PURCHASE: "purchase"}

# A guarantee denies these; all others are on the customer's side or about his money.
DENIED_WHILE_GUARANTEED = ("enable", "trip", "month", "exclude")


def order(world: World, asked: Order) -> Answer:
    """The world after a command and the reasons that may answer it (0 in them: it was done)."""
    word = "month" if asked.control == codes.MONTH_ENERGY and asked.kind == "energy" else asked.kind
    word = "exclude" if word == "exclusion" and asked.on else word
    if world.excluded and asked.to_many:
        return world, {REASON_NO["excluded"]}
    if world.guarantee != codes.GUARANTEE_OFF and word in DENIED_WHILE_GUARANTEED:
        return world, {REASON_NO[guaranteed(world)]}
    return EFFECT[asked.kind](world, asked)


def rounds_of(entries: Iterable[Entry]) -> int:
    mask = 0
    for entry in entries:
        mask |= entry.rounds
    return mask


def _enable(world: World, asked: Order) -> Answer:
    at = PRIORITY.index(asked.control)
    there = world.power[at]
    if asked.control == codes.DOWN_FLOAT and there is not None and there.inside:
        return world, {REASON_NO["already_active"]}
    # A plan that is sent again goes on from where it stands; rounds that it does not name are let go.
    power = (*world.power[:at], asked.power, *world.power[at + 1 :])
    return world._replace(power=power), {0}


def _set_energy(world: World, asked: Order) -> Answer:
    """Rounds that are tripped stay so while the new limit is reached too and names them."""
    assert asked.energy is not None
    there = world.month if asked.control == codes.MONTH_ENERGY else world.purchase
    energy = asked.energy
    if there is not None:
        energy = energy._replace(tripped=there.tripped & energy.rounds, wait_s=there.wait_s)
    return world._replace(**{FIELD[asked.control]: energy}), {0}


def _release(world: World, asked: Order) -> Answer:
    nothing = {0, REASON_NO["nothing_to_release"]}
    if asked.control in PRIORITY:
        at = PRIORITY.index(asked.control)
        there = world.power[at]
        done = there is None or (asked.control == codes.DOWN_FLOAT and not there.inside)
        return world._replace(power=(*world.power[:at], None, *world.power[at + 1 :])), nothing if done else {
            0
        }
    there = world.month if asked.control == codes.MONTH_ENERGY else world.purchase
    return world._replace(**{FIELD[asked.control]: None}), nothing if there is None else {0}


def _trip(world: World, asked: Order) -> Answer:
    """Rounds in the alarm of an earlier trip take the new delay; a round that is tripped already stays so."""
    assert asked.entry is not None
    held = rounds_of(entry for entry in world.remote if entry.phase != ALARM)
    kept = [
        entry._replace(rounds=entry.rounds & ~asked.entry.rounds) if entry.phase == ALARM else entry
        for entry in world.remote
    ]
    added = asked.entry._replace(rounds=asked.entry.rounds & ~held)
    return world._replace(remote=tuple(entry for entry in (*kept, added) if entry.rounds)), {0}


def _permit(world: World, asked: Order) -> Answer:
    """Ends remote trips and their alarms; what other controls hold stays."""
    there = rounds_of(world.remote)
    if not there & asked.rounds:
        return world, {REASON_NO["nothing_to_permit"]}
    remote = tuple(
        entry._replace(rounds=entry.rounds & ~asked.rounds)
        for entry in world.remote
        if entry.rounds & ~asked.rounds
    )
    return world._replace(remote=remote), {0}


def _guarantee(world: World, asked: Order) -> Answer:
    if asked.on:
        return world._replace(guarantee=codes.GUARANTEE_ON), {0}
    if world.guarantee != codes.GUARANTEE_OFF and world.after_guarantee:
        world = world._replace(power=(None,) * len(PRIORITY), month=None, purchase=None)
    return world._replace(guarantee=codes.GUARANTEE_OFF), {0}


def _exclusion(world: World, asked: Order) -> Answer:
    return world._replace(excluded=asked.on), {0}


def _auto_release(world: World, _asked: Order) -> Answer:
    if world.guarantee == codes.GUARANTEE_LOST_LINK:
        return world._replace(guarantee=codes.GUARANTEE_OFF), {0}
    return world, {0, REASON_NO["nothing_to_release"]}


EFFECT: dict[str, Callable[[World, Order], Answer]] = {
    "enable": _enable,
    "energy": _set_energy,
    "release": _release,
    "trip": _trip,
    "permit": _permit,
    "guarantee": _guarantee,
    "exclusion": _exclusion,
    "auto_release": _auto_release,
}
