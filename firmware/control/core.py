"""The decision core: (state, sample) -> (state, outputs, events). No clock, pin, log or flash in here.

Call `step` once a second, and once more right after an `apply` that changed something. In a group the highest
power control inside its window acts (down-float > business-stop > factory-rest > period); energy controls and
remote trips run beside it, and all are ORed over all groups: `rounds.arbitrate`.
"""

from firmware.control import group as one
from firmware.control import guarantee, power, quota, remote, rounds
from firmware.control.records import FIELDS, GroupOut, Outputs, Sample, State, evolve, shift
from firmware.control.saved import KEYS, dump, durable
from protocols.uplink import parameters
from protocols.uplink.codes import REMOTE

__all__ = (
    "KEYS",
    "GroupOut",
    "Outputs",
    "Sample",
    "apply",
    "configure",
    "dump",
    "durable",
    "fresh",
    "load",
    "step",
)

GROUPS = 8
GAP_S = 60  # after so long without a step the alarm may not have been heard: it starts again


def fresh(count) -> State:
    """A terminal with `count` trip rounds that has never been told anything."""
    settings = parameters.read(parameters.CONTROL, {})
    settings.update(parameters.read(parameters.GUARANTEE, {}))
    settings["direct_close"] = 0
    groups = (one.NEW,) + (None,) * (GROUPS - 1)
    lamps = (None,) * count
    return State(count, settings, 0, 0, None, guarantee.OFF, 0, (), groups, 0, 0, lamps)


def configure(state, control, guaranteed) -> State:
    """The state under these parameters, dicts of parameters.read: call it before the first step.

    `direct_close` in `control`: 1 where the board may close a switch by itself.
    """
    settings = dict(state.settings)
    settings.update(control)
    settings.update(guaranteed)
    return evolve(state, settings=settings)


def load(entries, count) -> State:
    """A start of the device: state of what the journal holds under KEYS, for `count` trip rounds."""
    from firmware.control import restore

    return restore.load(fresh(count), entries)


def apply(state, kind, params, sample, command_id, scope=0):
    """(state, reason, events); with a reason other than 0 the state is unchanged. `scope` of codes."""
    from firmware.control import actions

    return actions.apply(state, kind, params, sample, command_id, scope)


def step(state, sample):
    """(state, outputs, events) one second on."""
    events = []
    state = settle(state, sample, sample.heard, events)
    why = guarantee.reason(state.guarantee)
    rows = []
    close = 0
    entries = state.remote
    if entries:
        entries, close = remote.step(entries, sample, events)
    tripped, alarm, phase = remote.masks(entries)
    if entries:
        rows.append((REMOTE, phase, 0, 0))
    label = 0 if sample.local_s is None else quota.month_number(sample.local_s)
    groups, outs = list(state.groups), []
    for index, group in enumerate(state.groups):
        if group is not None:
            result = one.step(group, index + 1, state, sample, label, why, rows, events)
            groups[index] = result[0]
            outs.append(result[1])
            tripped |= result[2]
            alarm |= result[3]
    tripped = rounds.arbitrate(state.guarantee.shown, tripped)
    freed = state.tripped & ~tripped
    if freed:
        events.append(("close_permitted", {"rounds": freed}))
    close = (close | state.closing) & ~tripped
    if close:
        events.append(("switch_close_driven", {"rounds": close}))
    after = evolve(
        state,
        known_s=state.known_s if sample.local_s is None else sample.run_s,
        remote=entries,
        groups=tuple(groups),
        closing=0,
        tripped=tripped,
        permits=rounds.permits(state.permits, state.tripped, tripped, sample.run_s),
    )
    return after, _outputs(after, sample, alarm, close, rows, outs), events


def _outputs(state, sample, alarm, close, rows, outs):
    return Outputs(
        state.tripped,
        alarm,
        rounds.lit(state.permits),
        close,
        tuple([tuple(row) for row in rows]),
        state.guarantee.shown,
        guarantee.until(state.guarantee, sample),
        state.excluded,
        tuple(outs),
    )


def settle(state, sample, heard, events):
    """The state as it meets this moment: its timers fit run_s, its guarantee is the one of now."""
    state = _arrive(state, sample)
    before, held = state.guarantee, guarantee.settle(state, sample, heard, events)
    up_s = sample.run_s if state.up_s is None else state.up_s
    state = evolve(state, run_s=sample.run_s, up_s=up_s, guarantee=held)
    if guarantee.reason(held) and state.remote:
        state = evolve(state, remote=remote.permit(state.remote, -1, sample, events)[0])
    if guarantee.reason(before) and not guarantee.reason(held) and state.settings["after_guarantee"]:
        groups = enumerate(state.groups, 1)
        cleared = [group and one.clear(group, no, sample, events) for no, group in groups]
        state = evolve(state, groups=tuple(cleared))
    return state


def _arrive(state, sample):
    """The state at a new run_s: a counter that stepped back takes its timers along, a gap is a doubt."""
    ahead_s = sample.run_s - state.run_s
    if ahead_s < 0:
        return _turn_back(state, ahead_s)
    gap = ahead_s > GAP_S
    if gap:
        groups = [group and evolve(group, loop=power.doubt(group.loop)) for group in state.groups]
        state = evolve(state, remote=remote.doubt(state.remote, sample.run_s), groups=tuple(groups))
    # The time without power is added when the clock becomes known: it is no time since the start.
    if state.up_s is not None and (gap or (sample.local_s is not None and state.known_s < state.run_s)):
        state = evolve(state, up_s=state.up_s + ahead_s)
    return state


def _turn_back(state, back_s):
    held = state.guarantee
    groups = []
    for group in state.groups:
        group = group and one.Group(
            *[shift(part, back_s) if type(part) in FIELDS else part for part in group]
        )
        groups.append(group if not group or group.loop.control else evolve(group, loop=power.REST))
    return evolve(
        shift(state, back_s),
        guarantee=held if held == guarantee.UNREADABLE else shift(held, back_s),
        remote=tuple([shift(entry, back_s) for entry in state.remote]),
        groups=tuple(groups),
        permits=tuple([None if on_s is None else on_s + back_s for on_s in state.permits]),
    )
