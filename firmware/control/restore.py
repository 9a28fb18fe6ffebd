"""Reads the core's memory out of the journal; needed at a start only. The shape is that of `saved`.

Each part is checked by itself, so damage in one never costs another. A guarantee that cannot be read counts
as on; a plan is read as the command that set it would be; no instant lies after the last run_s.
"""

from firmware.control import checks, energy, group, guarantee, period, power, quota
from firmware.control.records import (
    ACCOUNT,
    COUNT,
    ENTRY,
    FIELDS,
    FLOAT,
    GUARANTEE,
    LATCH,
    LOOP,
    PLANNED,
    TERMS,
    TIMERS,
    Account,
    Count,
    Entry,
    Float,
    Guarantee,
    Latch,
    Loop,
    Plan,
    Terms,
    evolve,
)
from firmware.control.saved import KEYS, PLAN_KINDS, VERSION
from protocols.uplink import codes, messages

TOP = 1 << 62  # of any instant, count or command id

# How a field is checked on the way in; a field named nowhere here is a non-negative integer below TOP.
_MASKS = ("rounds", "tripped", "round")
_FLAGS = ("fee", "enabled", "alarmed", "frozen", "direct")
_SIGNED = TIMERS + ("alarm", "trip", "left", "base_wh", "old_wh", "power_w", "sum_w")
_OR_NONE = ("tick_s", "start_s", "heard_s", "left", "base_wh", "old_wh", "power_w", "price_e4", "setpoint_w")
_LOOP_PHASES = (codes.MONITOR, codes.ALARM, codes.POST_TRIP)
_ENTRY_PHASES = (codes.ALARM, codes.POST_TRIP, codes.TRIPPED)


def load(fresh, entries):
    """The state of {key: what was found, None for nothing}; `fresh`: of a device that never stored one.

    For a store known to be damaged pass `control` as {}.
    """
    found = [entries.get(key) for key in KEYS.split()]
    if found == [None] * len(found):
        return fresh
    control: dict = found[0] if isinstance(found[0], dict) else {}
    known = checks.within(control.get("run_s"), 0, TOP)
    run_s = control["run_s"] if known else TOP
    take = _Reader(fresh.rounds, run_s)
    groups = [take.group(found[at], found[at + 1], found[at + 2]) for at in range(1, len(found), 3)]
    tripped, permits = take.lamps(control.get("lamps"))
    state = evolve(
        fresh,
        run_s=run_s,
        known_s=min(control["known_s"], run_s) if take.fits("known_s", control.get("known_s")) else 0,
        guarantee=take.guarantee(control.get("guarantee")),
        excluded=control["excluded"] if checks.within(control.get("excluded"), 0, 1) else 0,
        remote=take.remote(control.get("remote")),
        groups=tuple([groups[0] or group.NEW] + groups[1:]),
        tripped=tripped,
        permits=permits,
    )
    if control.get("version") != VERSION:
        state = evolve(state, guarantee=guarantee.UNREADABLE)
    return state if known else evolve(state, run_s=max(_instants(state)))


class _Reader:
    """Reads parts for a terminal with `rounds` rounds; no instant lies after `last_s`."""

    def __init__(self, rounds, last_s):
        self.rounds = rounds
        self.all = (1 << rounds) - 1
        self.last_s = last_s

    def row(self, part, names, record):
        """A record of the checked values of the fields `names`, or None when the part is damaged."""
        if not isinstance(part, (list, tuple)) or len(part) < len(names):
            return None
        row = []
        for name, value in zip(names, part):
            if not self.fits(name, value):
                return None
            if name in _MASKS:
                value &= self.all
            elif name in TIMERS and value is not None:
                value = min(value, self.last_s)  # an instant of the future starts to run now
            row.append(value)
        return record(*row)

    def fits(self, name, value):
        if value is None:
            return name in _OR_NONE
        if name in _FLAGS:
            return checks.within(value, 0, 1)
        return checks.within(value, -TOP if name in _SIGNED else 0, TOP)

    def guarantee(self, part):
        held = self.row(part, GUARANTEE, Guarantee)
        if held is None or held.mode > codes.GUARANTEE_ON or held.shown > codes.GUARANTEE_HOURS:
            return guarantee.UNREADABLE
        if part[1] > self.last_s or (part[4] or 0) > self.last_s or held.duration_s > checks.MAX_GUARANTEE_S:
            return guarantee.UNREADABLE  # any doubt means "do not trip"
        return held

    def remote(self, part):
        kept = []
        taken = 0
        for item in part if isinstance(part, (list, tuple)) else ():
            entry = self.row(item, ENTRY, Entry)
            if entry is None or entry.phase not in _ENTRY_PHASES:
                continue
            if entry.rounds and not entry.rounds & taken:
                taken |= entry.rounds
                kept.append(entry)
        return tuple(kept)

    def lamps(self, part):
        nothing = (0, (None,) * self.rounds)
        if not isinstance(part, (list, tuple)) or len(part) < 2 or not self.fits("tripped", part[0]):
            return nothing
        lamps = part[1]
        if not isinstance(lamps, (list, tuple)) or len(lamps) != self.rounds:
            return nothing
        for on_s in lamps:
            if not self.fits("tick_s", on_s):
                return nothing
        kept = tuple([None if on_s is None else min(on_s, self.last_s) for on_s in lamps])
        return part[0] & self.all, kept

    # ---- a group

    def group(self, moving, plans, orders):
        """The group of its three values, or None when it has none."""
        if moving is plans is orders is None:
            return None
        parts = list(moving[:6]) if isinstance(moving, (list, tuple)) else []
        parts.extend([None] * (6 - len(parts)))
        kept = plans if isinstance(plans, (list, tuple)) else ()
        read = [self.plan(control, item) for control, item in zip(PLANNED, kept)]
        read.extend([None] * (len(PLANNED) - len(read)))
        running = self.row(parts[1], FLOAT, Float) if read[0] is not None else None
        if running is None:
            read[0] = None  # when it began is not known: it has ended
        numbers, terms = orders[:2] if isinstance(orders, (list, tuple)) and len(orders) > 1 else ((), None)
        label, month_wh, month = self.month(parts[5])
        out = group.Group(
            tuple(read),
            power.REST,
            running,
            self.row(parts[2], COUNT, Count) or energy.NOTHING,
            self.account(parts[3]),
            _orders(numbers),
            self.terms(terms),
            self.row(parts[4], LATCH, Latch) or quota.OPEN,
            label,
            month_wh,
            month,
        )
        return evolve(out, loop=self.loop(parts[0], out))

    def plan(self, control, part):
        if not isinstance(part, (list, tuple)) or len(part) < 2 or not self.fits("command", part[0]):
            return None
        kind = PLAN_KINDS[PLANNED.index(control)]
        try:
            params = messages.unpack(messages.COMMANDS[kind], part[1])
        except messages.MessageError:
            return None
        if checks.params(kind, params, self.rounds):
            return None
        return period.build(params, part[0]) if control == codes.PERIOD else Plan(part[0], params, b"")

    def loop(self, part, read):
        loop = self.row(part, LOOP, Loop)
        if loop is None or loop.control not in PLANNED[:-1]:
            return power.REST
        plan = group.plan_of(read, loop.control)
        if plan is None or loop.setpoint_w is None or loop.tripped & ~plan.params["rounds"]:
            return power.REST
        keys = plan.day if loop.control == codes.PERIOD else (1,)
        if not 0 < loop.key < 256 or loop.key not in keys or loop.phase not in _LOOP_PHASES:
            return power.REST
        return loop if loop.round or loop.phase == codes.MONITOR else power.REST

    def account(self, part):
        account = self.row(part, ACCOUNT, Account)
        if account is None or account.rest > 999 or (account.fee and account.price_e4 is None):
            return quota.NO_ACCOUNT
        return account

    def terms(self, part):
        terms = self.row(part, TERMS, Terms)
        return quota.NO_TERMS if terms is None or terms.trip > terms.alarm else terms

    def month(self, part):
        """(label, month_wh, latch)."""
        if not isinstance(part, (list, tuple)) or len(part) < 5:
            return 0, 0, quota.OPEN
        latch = self.row(part[2:], LATCH, Latch)
        if latch is None or not checks.within(part[0], 0, TOP) or not checks.within(part[1], 0, quota.BOUND):
            return 0, 0, quota.OPEN
        return part[0], part[1], latch


def _orders(part):
    """Ascending order numbers; () when damaged."""
    if not isinstance(part, (list, tuple)):
        return ()
    last = 0
    for number in part:
        if not checks.within(number, last + 1, checks.MAX_ORDER):
            return ()
        last = number
    return tuple(part[-checks.KEPT_ORDERS :])


def _instants(record):
    """The instants in a state: the newest stands in for a run_s that could not be read."""
    yield 0
    names = FIELDS.get(type(record), ())
    for at, value in enumerate(record):
        if isinstance(value, tuple):
            for instant in _instants(value):
                yield instant
        elif value is not None and at < len(names) and names[at] in TIMERS:
            yield value
