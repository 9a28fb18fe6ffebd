"""The core's memory as plain values for the journal: dump, load, and how urgent a change is.

A dump is a map of parts; each part is checked by itself, so damage in one never costs another. A part
may grow at its end in later versions: readers take the fields they know, so that a rolled back firmware
still finds the balance. A guarantee that cannot be read counts as on.
"""

from firmware.control import checks, guarantee, period, power, purchase
from firmware.control.records import (
    ACCOUNT,
    ENTRY,
    GUARANTEE,
    LOOP,
    PLAN,
    PURCHASE,
    TIMERS,
    Account,
    Entry,
    Guarantee,
    Loop,
    Purchase,
    State,
    evolve,
)
from protocols.uplink import codes, messages

VERSION = 1
TOP = 1 << 62  # of any instant, count or command id

# How a field is checked on the way in; a field named nowhere here is a non-negative integer below TOP.
_MASKS = ("rounds", "tripped", "round")
_SIGNED = TIMERS + ("alarm_wh", "trip_wh", "remaining_wh", "base_wh", "old_wh", "power_w", "sum_w")
_OR_NONE = ("tick_s", "remaining_wh", "base_wh", "old_wh", "power_w")
_LOOP_PHASES = (codes.MONITOR, codes.ALARM, codes.POST_TRIP)
_LATER = ("known_s", "read_s")  # not in the first dumps: 0, long ago
_ENTRY_PHASES = (codes.ALARM, codes.POST_TRIP, codes.TRIPPED)


def fresh(rounds) -> State:
    """A terminal with `rounds` trip rounds that has never been told anything."""
    lamps = (None,) * rounds
    return State(rounds, 0, guarantee.OFF, (), None, power.REST, purchase.NOTHING, purchase.EMPTY, 0, lamps)


def dump(state) -> dict:
    """Values that protocols.cbor can encode."""
    held = state.guarantee
    plan = state.plan
    return {
        "version": VERSION,
        "run_s": state.run_s,
        "guarantee": None if held.mode == codes.GUARANTEE_UNREADABLE else list(held),
        "remote": [list(entry) for entry in state.remote],
        "plan": None if plan is None else list(plan)[: len(PLAN)],
        "loop": list(state.loop),
        "orders": list(state.purchase.orders),
        "purchase": list(state.purchase)[1:],
        "account": list(state.account),
        "lamps": [state.tripped, list(state.permits)],
    }


def load(dumped, rounds) -> State:
    """State of a dump; None is a device that never stored one. For a store known to be damaged pass {}."""
    state = fresh(rounds)
    if dumped is None:
        return state
    if not isinstance(dumped, dict) or dumped.get("version") != VERSION:
        return evolve(state, guarantee=guarantee.UNREADABLE)
    run_s = dumped.get("run_s")
    known = checks.within(run_s, 0, TOP)
    take = _Reader(rounds, run_s if known else TOP)
    plan = take.plan(dumped.get("plan"))
    tripped, permits = take.lamps(dumped.get("lamps"))
    state = State(
        rounds,
        run_s,
        take.guarantee(dumped.get("guarantee")),
        take.remote(dumped.get("remote")),
        plan,
        take.loop(dumped.get("loop"), plan),
        take.purchase(dumped.get("purchase"), dumped.get("orders")),
        take.account(dumped.get("account")),
        tripped,
        permits,
    )
    return state if known else evolve(state, run_s=_newest(state))


class _Reader:
    """Reads the parts of one dump for a terminal with `rounds` rounds; no instant lies after `last_s`."""

    def __init__(self, rounds, last_s):
        self.rounds = rounds
        self.all = (1 << rounds) - 1
        self.last_s = last_s

    def _row(self, part, names):
        """Checked values of the fields `names`, or None when the part is damaged."""
        if not isinstance(part, (list, tuple)):
            return None
        row = []
        for i, name in enumerate(names):
            if i >= len(part) and name not in _LATER:
                return None
            value = part[i] if i < len(part) else 0
            if not self._fits(name, value):
                return None
            row.append(self._trim(name, value))
        return row

    def _trim(self, name, value):
        if name in _MASKS:
            return value & self.all
        if name in TIMERS and value is not None:
            return min(value, self.last_s)  # an instant of the future starts to run now
        return value

    def _fits(self, name, value):
        if value is None:
            return name in _OR_NONE
        return checks.within(value, -TOP if name in _SIGNED else 0, TOP)

    def guarantee(self, part):
        row = self._row(part, GUARANTEE)
        if row is None or row[0] not in (codes.GUARANTEE_OFF, codes.GUARANTEE_ON):
            return guarantee.UNREADABLE
        if part[1] > self.last_s or row[2] > checks.MAX_GUARANTEE_S:
            return guarantee.UNREADABLE  # any doubt means "do not trip"
        return Guarantee(*row)

    def remote(self, part):
        kept = []
        taken = 0
        for item in part if isinstance(part, (list, tuple)) else ():
            row = self._row(item, ENTRY)
            if row is None:
                continue
            entry = Entry(*row)
            if entry.phase in _ENTRY_PHASES and entry.rounds and not entry.rounds & taken:
                taken |= entry.rounds
                kept.append(entry)
        return tuple(kept)

    def plan(self, part):
        if not isinstance(part, (list, tuple)) or len(part) < len(PLAN):
            return None
        params = dict(zip(PLAN, part))
        if checks.params(messages.PERIOD_PLAN, params, self.rounds):
            return None
        return period.build(params, params["command"]) if self._fits("command", params["command"]) else None

    def loop(self, part, plan):
        row = self._row(part, LOOP)
        if row is None or plan is None:
            return power.REST
        loop = Loop(*row)
        acts = 0 < loop.key < 256 and loop.key in plan.day and plan.limits[loop.key & 15] is not None
        if not acts or loop.phase not in _LOOP_PHASES or loop.tripped & ~plan.rounds:
            return power.REST
        return loop if loop.round or loop.phase == codes.MONITOR else power.REST

    def purchase(self, part, orders):
        row = self._row(part, PURCHASE[1:])
        bought = purchase.NOTHING if row is None else Purchase((), *row)
        if bought.trip_wh > bought.alarm_wh or bought.tripped & ~bought.rounds:
            bought = purchase.NOTHING
        return evolve(bought, orders=_orders(orders))

    def account(self, part):
        row = self._row(part, ACCOUNT)
        return purchase.EMPTY if row is None else Account(*row)

    def lamps(self, part):
        nothing = (0, (None,) * self.rounds)
        if not isinstance(part, (list, tuple)) or len(part) < 2 or not self._fits("tripped", part[0]):
            return nothing
        lamps = part[1]
        if not isinstance(lamps, (list, tuple)) or len(lamps) != self.rounds:
            return nothing
        for on_s in lamps:
            if not self._fits("tick_s", on_s):
                return nothing
        return part[0] & self.all, tuple(self._trim("tick_s", on_s) for on_s in lamps)


def _orders(part):
    """Ascending order numbers; () when damaged."""
    if not isinstance(part, (list, tuple)):
        return ()
    last = 0
    for number in part:
        if not checks.within(number, last + 1, checks.MAX_ORDER):
            return ()
        last = number
    return tuple(part[-purchase.KEPT_ORDERS :])


def _newest(state):
    """The newest instant in the state: stands in for a run_s that could not be read."""
    seen = [0, state.guarantee.since_s, state.purchase.since_s, state.loop.since_s, state.loop.tick_s]
    seen.extend((state.account.since_s, state.account.read_s, state.loop.known_s))
    seen.extend(entry.since_s for entry in state.remote)
    seen.extend(state.permits)
    return max(value for value in seen if value is not None)


def durable(before, after) -> str:
    """ "now": journal this change at once; "minute": with the next minute's commit; "": not worth a write."""
    if before is after:
        return ""
    if _firm(before) != _firm(after):
        return "now"
    if before.account != after.account and after.account.remaining_wh is not None:
        return "minute"
    old, new = before.loop, after.loop
    return "minute" if (old.key, old.phase) != (new.key, new.phase) else ""


def _firm(state):
    """What must never be lost. A running power alarm is not in it: it starts again, in full."""
    loop = state.loop
    trip = (loop.tripped, loop.phase == codes.POST_TRIP and loop.since_s)
    return state.guarantee, state.remote, state.plan, state.purchase, state.tripped, trip
