"""One summation group (总加组): its energy is counted, then its power, month and purchase controls decide."""

from firmware.control import energy, power, quota
from firmware.control.records import PLANNED, Group, GroupOut, evolve, reading
from protocols.uplink.codes import DOWN_FLOAT, PERIOD, PURCHASE

NEW = Group(
    (None,) * len(PLANNED),
    power.REST,
    None,
    energy.NOTHING,
    quota.NO_ACCOUNT,
    (),
    quota.NO_TERMS,
    quota.OPEN,
    0,
    0,
    quota.OPEN,
)


def plan_of(group, control):
    return group.plans[PLANNED.index(control)]


def with_plan(group, control, plan):
    plans = list(group.plans)
    plans[PLANNED.index(control)] = plan
    return evolve(group, plans=tuple(plans))


def step(group, no, state, sample, label, why, rows, events):
    """(group, GroupOut, mask tripped, mask in alarm) one second on.

    `why` 0, or the reason why nothing may trip: then every round is let go. `label` of quota.month_number.
    """
    power_w, energy_wh = reading(sample, no)
    count, used_wh = energy.used(group.count, no, power_w, energy_wh, sample.run_s, events)
    if count is not group.count:
        group = evolve(group, count=count)
    group = quota.count_month(group, used_wh, label)
    group = quota.deduct(group, used_wh, sample.price_e4, state.settings)
    if group.float is not None:
        group = _run_float(group, no, sample, events)
    group, control, setpoint_w = power.step(group, no, state, sample, why, rows, events)
    group, month_alarm = quota.month(group, no, state, sample, why, rows, events)
    group, alarm = quota.purchase(group, no, state, sample, why, rows, events)
    alarm |= month_alarm | power.alarm_mask(group.loop)
    out = _out(group, no, power_w, control, setpoint_w)
    return group, out, tripped(group), alarm


def tripped(group):
    """Mask of rounds that the group's controls hold."""
    return group.loop.tripped | group.month.tripped | group.bought.tripped


def _out(group, no, power_w, control, setpoint_w):
    account = group.account
    plan = plan_of(group, PERIOD)
    return GroupOut(
        no,
        power_w,
        setpoint_w,
        control,
        None if account.fee else account.left,
        account.left if account.fee else None,
        group.month_wh if group.label else None,
        plan.command if plan else 0,
        max(account.last, group.orders[-1] if group.orders else 0),
    )


def _run_float(group, no, sample, events):
    """A down-float's clock: its power is told once, freeze_s after the command, and it ends by itself.

    Without a reading the power is told with the next one, at the latest at the end.
    """
    params = plan_of(group, DOWN_FLOAT).params
    power_w = reading(sample, no)[0]
    ran_s = sample.run_s - group.float.since_s
    over = ran_s >= params["duration_s"]
    if not group.float.frozen and (over or (ran_s >= params["freeze_s"] and power_w is not None)):
        data = {"control": DOWN_FLOAT, "group": no}
        if power_w is not None:
            data["power_w"] = power_w
        events.append(("group_power_frozen", data))
        group = evolve(group, float=evolve(group.float, frozen=1))
    return end_float(group, no, sample, events) if over else group


def end_float(group, no, sample, events):
    if group.loop.control == DOWN_FLOAT:
        group = power.end(group, no, sample, events)
    else:  # it was held back by a guarantee
        events.append(("power_control_end", {"control": DOWN_FLOAT, "group": no, "rounds": 0}))
    return evolve(with_plan(group, DOWN_FLOAT, None), float=None)


def clear(group, no, sample, events):
    """The setting after_guarantee: no control is enabled any more, each is told. Balance and orders stay."""
    if group.loop.control:
        group = power.rest(group, no, sample, events)
    for control, plan in zip(PLANNED, group.plans):
        if plan is not None:
            events.append(("control_released", {"control": control, "group": no}))
    if group.terms.enabled:
        events.append(("control_released", {"control": PURCHASE, "group": no}))
        group = evolve(group, terms=evolve(group.terms, enabled=0))
    return evolve(group, plans=NEW.plans, float=None)
