"""The decision core: (state, sample) -> (state, outputs, events). No clock, pin, log or flash in here.

Call `step` once a second, and once more right after an `apply` that changed something. Power controls
stand in order of priority down-float > business-stop > factory-rest > period, and only the first one
inside its window acts (`_power`); energy controls and remote trips run beside them and are ORed.
"""

from firmware.control import checks, guarantee, period, power, purchase, remote, rounds
from firmware.control.records import Outputs, Sample, State, evolve, shift
from firmware.control.saved import dump, durable, fresh, load
from protocols.uplink import messages
from protocols.uplink.codes import GUARANTEE_ON, IDLE, MONITOR, PERIOD, PURCHASE, REASON_NO, REMOTE

__all__ = ("Outputs", "Sample", "apply", "dump", "durable", "fresh", "load", "step")

UNKNOWN_KIND = REASON_NO["unknown_kind"]
NOTHING_TO_PERMIT = REASON_NO["nothing_to_permit"]
NOT_ENABLED = REASON_NO["not_enabled"]
INVALID_PLAN = REASON_NO["invalid_plan"]
GAP_S = 60  # after so long without a step the alarm may not have been heard: it starts again


def apply(state, kind, params, sample, command_id):
    """(state, reason, events); with a reason other than 0 the state is unchanged.

    A guaranteed terminal refuses what could trip (remote trip, period plan). It takes purchase orders:
    they are money, and they trip nothing while the guarantee lasts.
    """
    if type(kind) is not int or kind not in _ACTIONS:
        return state, UNKNOWN_KIND, []
    reason = checks.params(kind, params, state.rounds)
    if not reason and kind in (messages.TRIP, messages.PERIOD_PLAN):
        reason = guarantee.REASONS[state.guarantee.mode]
    if reason:
        return state, reason, []
    events = []
    after, reason = _ACTIONS[kind](_arrive(state, sample.run_s), params, sample, command_id, events)
    return (state, reason, []) if reason else (after, 0, events)


def step(state, sample):
    """(state, outputs, events) one second on."""
    events = []
    state = _arrive(state, sample.run_s)
    held = guarantee.step(state.guarantee, sample, events)
    account = purchase.count(state.account, sample)
    why = guarantee.REASONS[held.mode]
    if why:
        decided = _stand_down(state, why, sample, events)
    else:
        decided = _decide(state, account, sample, events)
    entries, loop, bought, alarm, setpoint_w, controls = decided
    tripped = rounds.arbitrate(held.mode, remote.masks(entries)[0], loop.tripped, bought.tripped)
    freed = state.tripped & ~tripped
    if freed:
        events.append(("close_permitted", {"rounds": freed}))
    lamps = rounds.permits(state.permits, state.tripped, tripped, sample.run_s)
    after = State(
        state.rounds, sample.run_s, held, entries, state.plan, loop, bought, account, tripped, lamps
    )
    return after, _outputs(after, sample, alarm, setpoint_w, controls), events


def _decide(state, account, sample, events):
    """(remote, loop, purchase, mask in alarm, setpoint_w, controls) of controls that may trip."""
    entries = remote.step(state.remote, sample, events)
    _tripped, remote_alarm, phase = remote.masks(entries)
    loop, period_phase, period_why, setpoint_w = _power(state, sample, events)
    bought, bought_phase, bought_why, bought_alarm = purchase.step(state.purchase, account, sample, events)
    controls = (
        (REMOTE, phase, 0 if entries else NOT_ENABLED),
        (PERIOD, period_phase, period_why),
        (PURCHASE, bought_phase, bought_why),
    )
    alarm = remote_alarm | power.alarm_mask(loop) | bought_alarm
    return entries, loop, bought, alarm, setpoint_w, controls


def _stand_down(state, why, sample, events):
    """The same while guaranteed: every round let go, every enabled control says why it does nothing."""
    entries, loop, bought = _let_go(state, sample, events)
    controls = (
        (REMOTE, IDLE, why),
        (PERIOD, IDLE, NOT_ENABLED) if state.plan is None else (PERIOD, MONITOR, why),
        (PURCHASE, MONITOR, why) if bought.enabled else (PURCHASE, IDLE, NOT_ENABLED),
    )
    return entries, loop, bought, 0, None, controls


def _power(state, sample, events):
    """The power controls. A further one goes before period control, which then shows higher_priority."""
    return period.step(state.plan, state.loop, sample, events)


def _outputs(state, sample, alarm, setpoint_w, controls):
    plan = state.plan
    orders = state.purchase.orders
    return Outputs(
        state.tripped,
        alarm,
        rounds.lit(state.permits),
        setpoint_w,
        state.account.remaining_wh,
        controls,
        state.guarantee.mode,
        guarantee.until(state.guarantee, sample),
        0 if plan is None else plan.command,
        orders[-1] if orders else 0,
    )


def _arrive(state, run_s):
    """The state as it meets a new run_s: a counter that stepped back takes its timers along."""
    back_s = run_s - state.run_s
    if back_s > GAP_S:
        return evolve(state, loop=power.doubt(state.loop), remote=remote.doubt(state.remote, run_s))
    if back_s >= 0:
        return state
    return evolve(
        state,
        guarantee=shift(state.guarantee, back_s) if state.guarantee.mode == GUARANTEE_ON else state.guarantee,
        remote=tuple(shift(entry, back_s) for entry in state.remote),
        loop=shift(state.loop, back_s) if state.loop.key else state.loop,
        purchase=shift(state.purchase, back_s),
        account=shift(state.account, back_s),
        permits=tuple(None if on_s is None else on_s + back_s for on_s in state.permits),
    )


def _let_go(state, sample, events):
    """(remote, loop, purchase) with no round tripped; a trip whose record is due is told first."""
    entries, _freed = remote.permit(state.remote, -1, sample, events)
    return entries, period.rest(state.loop, sample, events), purchase.rest(state.purchase)


def _trip(state, params, sample, command_id, events):
    entries = remote.trip(state.remote, params, sample, command_id, events)
    return evolve(state, run_s=sample.run_s, remote=entries), 0


def _permit_close(state, params, sample, command_id, events):
    entries, freed = remote.permit(state.remote, params["rounds"], sample, events)
    return evolve(state, run_s=sample.run_s, remote=entries), 0 if freed else NOTHING_TO_PERMIT


def _period_plan(state, params, sample, command_id, events):
    plan = period.build(params, command_id)
    if plan is None:
        return state, INVALID_PLAN
    loop = period.replace(plan, state.loop, sample, events)
    events.append(("plan_set", {"control": PERIOD, "rounds": plan.rounds, "command": command_id}))
    return evolve(state, run_s=sample.run_s, plan=plan, loop=loop), 0


def _period_release(state, params, sample, command_id, events):
    loop = period.replace(None, state.loop, sample, events)
    return evolve(state, run_s=sample.run_s, plan=None, loop=loop), 0


def _purchase(state, params, sample, command_id, events):
    bought, account, reason = purchase.order(state.purchase, state.account, params, events)
    return evolve(state, run_s=sample.run_s, purchase=bought, account=account), reason


def _purchase_release(state, params, sample, command_id, events):
    return evolve(state, run_s=sample.run_s, purchase=purchase.release(state.purchase)), 0


def _guarantee(state, params, sample, command_id, events):
    held = guarantee.command(state.guarantee, params, sample, command_id, events)
    if guarantee.REASONS[held.mode]:
        entries, loop, bought = _let_go(state, sample, events)
        state = evolve(state, remote=entries, loop=loop, purchase=bought)
    return evolve(state, run_s=sample.run_s, guarantee=held), 0


_ACTIONS = {
    messages.TRIP: _trip,
    messages.PERMIT_CLOSE: _permit_close,
    messages.PERIOD_PLAN: _period_plan,
    messages.PERIOD_RELEASE: _period_release,
    messages.PURCHASE: _purchase,
    messages.PURCHASE_RELEASE: _purchase_release,
    messages.GUARANTEE: _guarantee,
}
