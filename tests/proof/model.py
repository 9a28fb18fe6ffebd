"""A second, simple-minded arbitration, written from the documents alone, to hold the core against.

It is a set of tables with one reading of them (`tick`) and knows one summation group. Nothing here was
taken from `firmware/control`: the rules are those of the product's control logic (closed loop, priority,
energy controls, remote trip, guarantee) and of `protocols/uplink`. Where the documents leave a word open, a
row lists every answer that they allow (`rows` of `Expected` are sets) instead of choosing one.

Times are seconds that are left, so that a world says nothing of dates.
"""

from functools import cache
from typing import NamedTuple

from protocols.uplink import codes
from protocols.uplink.codes import ALARM, IDLE, MEASURING, MONITOR, POST_TRIP, TRIPPED

REASON_NO = {word: no for no, word in codes.REASONS.items()}
# First of these that stands inside its own window drives the one closed loop; the others wait.
PRIORITY = (codes.DOWN_FLOAT, codes.BUSINESS_STOP, codes.FACTORY_REST, codes.PERIOD)
LAMP_S = 60  # "close permitted" is shown so long
REMOTE_RECORD_S = 120  # from a remote trip to its record

# What an enabled power control outside its window may give as its reason.
OUTSIDE_REASONS = {
    codes.DOWN_FLOAT: ("after_end",),
    codes.BUSINESS_STOP: ("before_start", "after_end"),
    codes.FACTORY_REST: ("not_rest_day", "before_start", "after_end"),
    codes.PERIOD: ("outside_period",),
}

ANY = (0, 1)
# The common closed loop, one row a second:
# phase, over the limit, time is up, a round is left -> next phase, what is done
LOOP_TABLE = (
    (MONITOR, (0,), ANY, ANY, MONITOR, ""),
    (MONITOR, (1,), ANY, (1,), ALARM, "warn"),
    (MONITOR, (1,), ANY, (0,), TRIPPED, ""),
    (ALARM, (0,), ANY, ANY, MONITOR, ""),
    (ALARM, (1,), (0,), ANY, ALARM, ""),
    (ALARM, (1,), (1,), ANY, POST_TRIP, "trip"),
    (POST_TRIP, ANY, (0,), ANY, POST_TRIP, ""),
    (POST_TRIP, (0,), (1,), (1,), MONITOR, ""),
    (POST_TRIP, (1,), (1,), (1,), ALARM, "warn"),
    (POST_TRIP, ANY, (1,), (0,), TRIPPED, ""),
    (TRIPPED, ANY, ANY, ANY, TRIPPED, ""),
)
LOOP = {
    (phase, over, up, left): (after, act)
    for phase, overs, ups, lefts, after, act in LOOP_TABLE
    for over in overs
    for up in ups
    for left in lefts
}


class Power(NamedTuple):
    """One power control that has parameters."""

    inside: bool
    setpoint_w: int | None  # None: still measured
    safety_w: int
    rounds: int
    alarm_s: tuple[int, ...]
    post_s: int
    measure_s: int = 0  # left
    float_pct: int = 0


class Loop(NamedTuple):
    """The closed loop; `control` 0: no power control stands inside its window."""

    control: int = 0
    phase: int = IDLE
    tripped: int = 0
    round: int = 0
    left_s: int = 0


class Energy(NamedTuple):
    """An energy control: month (counts up to its limits) or purchase (counts down to them)."""

    rounds: int
    left_wh: int  # until the rounds are tripped; 0 or less: tripped
    alarm_wh: int  # left_wh at or below which there is an alarm
    tripped: int = 0
    wait_s: int = 0  # until the next round may go


class Entry(NamedTuple):
    """A remote trip."""

    rounds: int
    phase: int
    left_s: int


class World(NamedTuple):
    rounds: int  # how many the terminal has
    power: tuple[Power | None, ...] = (None,) * len(PRIORITY)
    loop: Loop = Loop()
    month: Energy | None = None
    purchase: Energy | None = None
    remote: tuple[Entry, ...] = ()
    guarantee: int = codes.GUARANTEE_OFF
    excluded: bool = False
    tripped: int = 0  # as put out last
    lamps: tuple[int, ...] = (0,) * 8  # seconds left, by round
    energy_step_s: int = 60  # settings, as parameters.CONTROL has them
    strict_priority: int = 0
    after_guarantee: int = 0


class Expected(NamedTuple):
    """What the outputs must be. Rounds in `alarm_free` may be in alarm or not."""

    tripped: int
    alarm: int
    alarm_free: int
    permitted: int
    rows: dict[int, frozenset]  # control -> allowed (phase, reason), None among them: the row may be missing
    setpoint_w: int | None
    control: int
    guarantee: int


def lowest(mask: int) -> int:
    return mask & -mask


def number(round_mask: int) -> int:
    """Round of a mask with one bit, from 0."""
    return round_mask.bit_length() - 1


def acting(world: World) -> int:
    """The control that drives the loop: first in `PRIORITY` inside its window.

    In the strict setting it is the first that is enabled; a down-float that is over is not enabled any more.
    """
    for control, power in zip(PRIORITY, world.power, strict=True):
        if power is not None and power.inside:
            return control
        if power is not None and world.strict_priority and control != codes.DOWN_FLOAT:
            return 0
    return 0


def power_of(world: World, control: int) -> Power | None:
    return world.power[PRIORITY.index(control)] if control else None


def over_limit(power: Power, power_w: int | None) -> bool:
    """Only at or above both setpoints; without a reading nothing is."""
    return (
        power_w is not None
        and power.setpoint_w is not None
        and abs(power_w) >= power.safety_w
        and abs(power_w) >= power.setpoint_w
    )


def tick(world: World, power_w: int | None, used_wh: int = 0, seconds: int = 1) -> tuple[World, Expected]:
    """`seconds` pass, `used_wh` are used, and the decision is taken on `power_w`."""
    world = world._replace(
        power=tuple(power and _measured(power, power_w, seconds) for power in world.power),
        month=_used(world.month, used_wh, seconds),
        purchase=_used(world.purchase, used_wh, seconds),
        remote=tuple(_remote(entry, seconds) for entry in world.remote),
        lamps=tuple(max(0, left_s - seconds) for left_s in world.lamps),
    )
    if world.guarantee != codes.GUARANTEE_OFF:
        world = _let_everything_go(world)
    else:
        world = world._replace(
            loop=_loop(world, power_w, seconds),
            month=_energy(world.month, world.energy_step_s),
            purchase=_energy(world.purchase, world.energy_step_s),
        )
    return _put_out(world, power_w)


def _measured(power: Power, power_w: int | None, seconds: int) -> Power:
    if power.setpoint_w is not None or power_w is None:
        return power
    left_s = power.measure_s - seconds
    if left_s > 0:
        return power._replace(measure_s=left_s)
    return power._replace(measure_s=0, setpoint_w=power_w * (100 + power.float_pct) // 100)


def _used(energy: Energy | None, used_wh: int, seconds: int) -> Energy | None:
    if energy is None:
        return None
    return energy._replace(left_wh=energy.left_wh - used_wh, wait_s=max(0, energy.wait_s - seconds))


def _energy(energy: Energy | None, step_s: int) -> Energy | None:
    """One round at a time, the first at once; above the threshold all are let go."""
    if energy is None or energy.left_wh > 0:
        return energy and energy._replace(tripped=0, wait_s=0)
    while energy.rounds & ~energy.tripped and not energy.wait_s:
        tripped = energy.tripped | lowest(energy.rounds & ~energy.tripped)
        energy = energy._replace(tripped=tripped, wait_s=step_s)
    return energy


def _remote(entry: Entry, seconds: int) -> Entry:
    left_s = entry.left_s - seconds
    if left_s > 0 or entry.phase == TRIPPED:
        return entry._replace(left_s=max(0, left_s))
    if entry.phase == ALARM:
        return entry._replace(phase=POST_TRIP, left_s=REMOTE_RECORD_S)
    return entry._replace(phase=TRIPPED, left_s=0)


def _loop(world: World, power_w: int | None, seconds: int) -> Loop:
    control = acting(world)
    power = power_of(world, control)
    if power is None:
        return Loop()
    loop = world.loop
    if loop.control != control:
        loop = Loop(control, MONITOR)  # another control takes over: the rounds of the old one are let go
    loop = loop._replace(tripped=loop.tripped & power.rounds)
    if power.setpoint_w is None:
        return loop._replace(phase=MEASURING)
    phase = MONITOR if loop.phase == MEASURING else loop.phase
    left_s = max(0, loop.left_s - seconds)
    left = power.rounds & ~loop.tripped
    after, act = LOOP[phase, over_limit(power, power_w), left_s == 0, left != 0]
    if act == "warn":
        warned = lowest(left)
        alarm_s = power.alarm_s[min(number(warned), len(power.alarm_s) - 1)]
        return loop._replace(phase=after, round=warned, left_s=alarm_s)
    if act == "trip":
        return loop._replace(phase=after, tripped=loop.tripped | loop.round, left_s=power.post_s)
    return loop._replace(phase=after, left_s=left_s, round=loop.round if after in (ALARM, POST_TRIP) else 0)


def _let_everything_go(world: World) -> World:
    """A guarantee: nothing is tripped, remote trips are gone, the controls wait from their beginning."""
    control = acting(world)
    return world._replace(
        loop=Loop(control, MONITOR if control else IDLE),
        month=world.month and world.month._replace(tripped=0, wait_s=0),
        purchase=world.purchase and world.purchase._replace(tripped=0, wait_s=0),
        remote=(),
    )


def _put_out(world: World, power_w: int | None) -> tuple[World, Expected]:
    energies = [energy for energy in (world.month, world.purchase) if energy is not None]
    tripped = world.loop.tripped
    for each in (*energies, *(entry for entry in world.remote if entry.phase != ALARM)):
        tripped |= each.rounds if isinstance(each, Entry) else each.tripped
    alarm = world.loop.round if world.loop.phase == ALARM else 0
    for entry in world.remote:
        alarm |= entry.rounds if entry.phase == ALARM else 0
    warned = 0
    for energy in energies:
        warned |= energy.rounds & ~energy.tripped if energy.left_wh <= energy.alarm_wh else 0
    guaranteed = world.guarantee != codes.GUARANTEE_OFF
    let_go = world.tripped & ~tripped
    lamps = tuple(
        LAMP_S if let_go >> i & 1 else 0 if tripped >> i & 1 else left_s
        for i, left_s in enumerate(world.lamps)
    )
    world = world._replace(tripped=tripped, lamps=lamps)
    power = power_of(world, world.loop.control)
    return world, Expected(
        tripped,
        (alarm | (0 if guaranteed else warned)) & ~tripped,
        tripped | (warned if guaranteed else 0),  # the lamp of a round that is open says nothing new
        sum(1 << i for i, left_s in enumerate(lamps) if left_s),
        rows(world, power_w),
        power.setpoint_w if power else None,
        world.loop.control,
        world.guarantee,
    )


def rows(world: World, power_w: int | None) -> dict[int, frozenset]:
    """What each control that has parameters or is in force must say of itself."""
    out = {}
    for control, power in zip(PRIORITY, world.power, strict=True):
        if power is not None:
            out[control] = _power_row(world, control, power, power_w)
    for control, energy, reasons in (
        (codes.MONTH_ENERGY, world.month, ("above_threshold", "below_setpoint")),
        (codes.PURCHASE, world.purchase, ("above_threshold",)),
    ):
        if energy is not None:
            out[control] = _energy_row(world, energy, reasons)
    if world.remote:
        out[codes.REMOTE] = frozenset((entry.phase, 0) for entry in world.remote)
    return out


@cache
def says(phases: int | tuple[int, ...], *reasons: str) -> frozenset:
    phases = phases if isinstance(phases, tuple) else (phases,)
    return frozenset((phase, REASON_NO[reason]) for phase in phases for reason in reasons)


def guaranteed(world: World) -> str:
    """The reason that a guarantee gives."""
    unreadable = world.guarantee == codes.GUARANTEE_UNREADABLE
    return "guarantee_unreadable" if unreadable else "guaranteed"


def _power_row(world: World, control: int, power: Power, power_w: int | None) -> frozenset:
    waits = world.guarantee != codes.GUARANTEE_OFF
    if not power.inside:
        outside = says(IDLE, *OUTSIDE_REASONS[control], *((guaranteed(world),) if waits else ()))
        return outside | {None} if control == codes.DOWN_FLOAT else outside  # its time over, it is done
    if control != acting(world):
        return says(IDLE, "higher_priority", *((guaranteed(world),) if waits else ()))
    if waits:
        return says((MONITOR, MEASURING) if power.setpoint_w is None else MONITOR, guaranteed(world))
    if world.loop.phase == MEASURING:
        return says(MEASURING, "measuring")
    if world.loop.phase in (ALARM, POST_TRIP):
        return says(world.loop.phase, "none")
    if world.loop.phase == TRIPPED:
        return says(TRIPPED, "all_rounds_tripped")
    if power_w is None:
        return says(MONITOR, "no_reading")
    return says(MONITOR, "below_safety_setpoint" if abs(power_w) < power.safety_w else "below_setpoint")


def _energy_row(world: World, energy: Energy, reasons: tuple[str, ...]) -> frozenset:
    if world.guarantee != codes.GUARANTEE_OFF:
        return says((IDLE, MONITOR, ALARM), guaranteed(world))
    if energy.left_wh > energy.alarm_wh:
        return says(MONITOR, *reasons)
    if energy.left_wh > 0:
        return says(ALARM, "none", *reasons)
    if energy.rounds & ~energy.tripped:
        return says((ALARM, POST_TRIP, TRIPPED), "none")
    return says(TRIPPED, "none", "all_rounds_tripped")
