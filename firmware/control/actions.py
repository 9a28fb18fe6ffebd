"""What each command does to the state. Needed when a command comes only: `core.apply` imports it then."""

from firmware.control import checks, core, energy, group, guarantee, period, power, quota, remote, windows
from firmware.control.records import PLANNED, Entry, Float, Plan, Terms, evolve, reading
from firmware.control.saved import PLAN_KINDS
from protocols.uplink import messages
from protocols.uplink.codes import (
    ADDRESSED,
    ALARM,
    APPEND,
    DOWN_FLOAT,
    GUARANTEE_OFF,
    GUARANTEE_ON,
    MONTH_ENERGY,
    PERIOD,
    PURCHASE,
    REASON_NO,
)


def apply(state, kind, params, sample, command_id, scope):
    """(state, reason, events); with a reason other than 0 the state is unchanged.

    A command is a word of the station: it ends a guarantee for a lost link before it is judged.
    """
    act = _ACTIONS.get(kind) if type(kind) is int else None
    if act is None:
        return state, REASON_NO["unknown_kind"], []
    events = []
    reason = checks.params(kind, params, state.rounds) or _excluded(state, kind, scope)
    if not reason:
        params = _known(kind, params)
        after = core.settle(state, sample, 1, events)
        if checks.could_trip(kind, params):
            reason = guarantee.reason(after.guarantee)
    if not reason:
        after, reason = act(after, kind, params, sample, command_id, events)
    return (state, reason, []) if reason else (after, 0, events)


def _excluded(state, kind, scope):
    """An excluded terminal hears no command to many; in the strict setting only the end of the exclusion."""
    if not state.excluded:
        return 0
    strict = state.settings["exclusion_strict"] and kind != messages.EXCLUSION
    return REASON_NO["excluded"] if strict or scope != ADDRESSED else 0


def _known(kind, params):
    """The fields of the contract alone: what a newer station adds is ignored."""
    rows = messages.rows(messages.COMMANDS[kind])
    return {row[1]: params[row[1]] for row in rows if row[1] in params}


def _put(state, no, changed):
    groups = list(state.groups)
    groups[no - 1] = changed
    return evolve(state, groups=tuple(groups))


def _of(state, params, sample):
    """(number, group): one that never had a control begins now, and with it the counting of its energy."""
    no = params.get("group", 1)
    one = state.groups[no - 1]
    if one is None:
        power_w, energy_wh = reading(sample, no)
        one = evolve(
            group.NEW, count=energy.used(energy.NOTHING, no, power_w, energy_wh, sample.run_s, [])[0]
        )
    return no, one


# ---- remote trip, guarantee, exclusion


def _trip(state, kind, params, sample, command_id, events):
    if params.get("direct") and not state.settings["direct_close"]:
        return state, REASON_NO["close_not_allowed"]
    from_command = state.settings["limit_from_command"]
    entries = _trip_entries(state.remote, params, from_command, sample, command_id, events)
    return evolve(state, remote=entries, closing=state.closing & ~params["rounds"]), 0


def _trip_entries(entries, params, from_command, sample, command_id, events):
    """Rounds already tripped stay so, their new limit counts from now; no second alarm, no second record."""
    now_s = sample.run_s
    mask = params["rounds"]
    terms = {
        "limit_s": params["limit_s"],
        "direct": params.get("direct", 0),
        "start_s": now_s,
    }
    kept = []
    for entry in entries:
        both = entry.rounds & mask
        apart = entry.rounds & ~mask
        if apart:
            kept.append(evolve(entry, rounds=apart))
        if both and entry.phase != ALARM:
            kept.append(evolve(entry, rounds=both, **terms))
            mask &= ~both
    if mask:
        if not from_command:
            terms["start_s"] = None  # it counts from the trip
        entry = Entry(mask, ALARM, now_s, params["delay_s"], 0, None, 0, None)
        kept.append(evolve(entry, **terms))
        if params["delay_s"]:
            data = {"rounds": mask, "alarm_s": params["delay_s"], "command": command_id}
            events.append(("remote_trip_alarm", data))
    return tuple(kept)


def _permit_close(state, kind, params, sample, command_id, events):
    """Ends remote trips. A direct close is for every round that no other control holds."""
    direct = params.get("direct", 0)
    if direct and not state.settings["direct_close"]:
        return state, REASON_NO["close_not_allowed"]
    entries, freed = remote.permit(state.remote, params["rounds"], sample, events)
    close = 0
    if direct:
        close = params["rounds"]
        for each in state.groups:
            close &= ~group.tripped(each) if each else -1
    if not freed and not close:
        return state, REASON_NO["nothing_to_permit"]
    return evolve(state, remote=entries, closing=state.closing | close), 0


def _guarantee(state, kind, params, sample, command_id, events):
    held = _commanded(state.guarantee, params, sample, command_id, events)
    return core.settle(evolve(state, guarantee=held), sample, 1, events), 0


def _commanded(before, params, sample, command_id, events):
    """Switch the commanded one; also the only way out of unreadable."""
    data = {"command": command_id}
    if not params["on"]:
        if before.mode != GUARANTEE_OFF:
            events.append(("guarantee_off", data))
        return evolve(before, mode=GUARANTEE_OFF, since_s=0, duration_s=0)
    if params["duration_s"]:
        data["until_s"] = sample.t_s + params["duration_s"]
    events.append(("guarantee_on", data))
    return evolve(before, mode=GUARANTEE_ON, since_s=sample.run_s, duration_s=params["duration_s"])


def _auto_release(state, kind, params, sample, command_id, events):
    """That it was heard has ended the guarantee for a lost link."""
    return state, 0


def _exclusion(state, kind, params, sample, command_id, events):
    if params["on"] != state.excluded:
        name = "exclusion_on" if params["on"] else "exclusion_off"
        events.append((name, {"command": command_id}))
    return evolve(state, excluded=params["on"]), 0


# ---- plans


def _plan(state, kind, params, sample, command_id, events):
    """Set the plan of the control that this kind is for; what it has tripped stays if it still acts."""
    control = PLANNED[PLAN_KINDS.index(kind)]
    no, one = _of(state, params, sample)
    plan = Plan(command_id, params, b"")
    if control == PERIOD:
        plan = period.build(params, command_id)
        if plan is None:
            return state, REASON_NO["invalid_plan"]
    if control == DOWN_FLOAT:
        if one.float is not None and not state.settings["float_restart"]:
            return state, REASON_NO["already_active"]
        one = evolve(one, float=Float(sample.run_s, None, 0))
    one = _planned(state, one, no, control, plan, sample, events)
    data = {"control": control, "group": no, "rounds": params["rounds"], "command": command_id}
    events.append(("plan_set", data))
    return _put(state, no, one), 0


def _planned(state, one, no, control, plan, sample, events):
    if control == MONTH_ENERGY:
        tripped = one.month.tripped & plan.params["rounds"] if plan else 0
        one = evolve(one, month=evolve(one.month, tripped=tripped)) if plan else quota.let_go(one, month=1)
    else:
        one = _replan(one, no, control, plan, state, sample, events)
    return group.with_plan(one, control, plan)


def _replan(one, no, control, plan, state, sample, events):
    """The group as `control` gets another plan or None: in a window before and after, trips stay."""
    loop = one.loop
    if loop.control != control:
        return one
    key = 0
    if plan is not None and sample.local_s is not None and control != DOWN_FLOAT:
        key = windows.now(control, plan, one, sample, state.known_s)[0]
    if plan is None or not key:
        return power.end(one, no, sample, events)
    loop = power.settle(loop, no, sample, events)
    loop = evolve(power.REST, control=control, key=key, tripped=loop.tripped & plan.params["rounds"])
    return evolve(one, loop=loop)


def _period_enable(state, kind, params, sample, command_id, events):
    no, one = _of(state, params, sample)
    plan = group.plan_of(one, PERIOD)
    if plan is None or not period.scheme(plan.params, params["scheme"]):
        return state, REASON_NO["no_setpoint"]
    values = dict(plan.params)
    values.update({"periods": params["periods"], "scheme": params["scheme"]})
    plan = evolve(plan, params=values)
    return _put(state, no, _planned(state, one, no, PERIOD, plan, sample, events)), 0


def _release(state, kind, params, sample, command_id, events):
    control = params["control"]
    no, one = _of(state, params, sample)
    if control == PURCHASE:
        there = one.terms.enabled
        one = quota.let_go(evolve(one, terms=evolve(one.terms, enabled=0)))
    else:
        there = group.plan_of(one, control)
        if there and control == DOWN_FLOAT:
            one = group.end_float(one, no, sample, events)
        elif there:
            one = _planned(state, one, no, control, None, sample, events)
    if not there:
        return state, REASON_NO["nothing_to_release"]
    events.append(("control_released", {"control": control, "group": no, "command": command_id}))
    return _put(state, no, one), 0


# ---- orders


def _order(state, kind, params, sample, command_id, events):
    """One purchase order, of energy or money; applying it enables purchase control.

    A group has one balance: an order in the other unit must refresh it. A refund must not trip its customer.
    """
    fee = int(kind == messages.FEE_ORDER)
    unit = "_yuan_e4" if fee else "_wh"
    no, one = _of(state, params, sample)
    account = one.account
    number = params["order"]
    price_e4 = sample.price_e4
    if price_e4 is None:  # the last one known; group 1 is there from the beginning
        price_e4 = state.groups[0].account.price_e4
    append = params["flag"] == APPEND
    value, trip = params["value" + unit], params["trip" + unit]
    left = value
    if append and account.left is not None:
        left += account.left
    if number in one.orders or number == account.last:
        return state, REASON_NO["order_already_applied"]
    if number < max(account.last, one.orders[-1] if one.orders else 0):
        return state, REASON_NO["order_number_old"]
    if fee and price_e4 is None:
        return state, REASON_NO["no_tariff"]
    refund = append and value < 0 and left <= trip
    mixed = append and account.left is not None and account.fee != fee
    if refund or mixed or abs(left) > quota.BOUND:
        return state, REASON_NO["bad_params"]
    data = {"group": no, "order": number, "remaining_after" + unit: left, "rounds": params["rounds"]}
    if account.left is not None:
        data["remaining_before" + ("_yuan_e4" if account.fee else "_wh")] = account.left
    events.append(("purchase_applied", data))
    rest = account.rest if append else 0
    one = evolve(
        one,
        account=evolve(account, fee=fee, left=left, rest=rest, price_e4=price_e4, last=number),
        orders=(one.orders + (number,))[-checks.KEPT_ORDERS :],
        terms=Terms(1, params["alarm" + unit], trip, params["rounds"]),
        bought=evolve(one.bought, tripped=one.bought.tripped & params["rounds"]),
    )
    return _put(state, no, one), 0


_ACTIONS = {
    messages.TRIP: _trip,
    messages.PERMIT_CLOSE: _permit_close,
    messages.PERIOD_PLAN: _plan,
    messages.PERIOD_ENABLE: _period_enable,
    messages.FACTORY_REST: _plan,
    messages.BUSINESS_STOP: _plan,
    messages.DOWN_FLOAT: _plan,
    messages.MONTH_ENERGY: _plan,
    messages.RELEASE: _release,
    messages.PURCHASE: _order,
    messages.FEE_ORDER: _order,
    messages.GUARANTEE: _guarantee,
    messages.AUTO_RELEASE: _auto_release,
    messages.EXCLUSION: _exclusion,
}
