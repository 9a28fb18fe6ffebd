"""The two energy controls (电量定值控制): month energy (月电控) and purchase (购电控).

Both warn at one threshold and trip at another, round by round, and let go by themselves when the figure is
on the good side again. Month energy counts whether it is controlled or not; the remaining energy or money too
while purchase control is released (parameter count_released). Money: an increment costs its Wh times the
price of that moment; what is below 10^-4 yuan is kept and never lost.
"""

from firmware.control import reasons
from firmware.control.records import Account, Latch, Terms, evolve, reading
from protocols.uplink.codes import ALARM, IDLE, MONITOR, MONTH_ENERGY, PURCHASE, TRIPPED

BOUND = 10**12  # of what remains, either side of zero: Wh or 10^-4 yuan
MONTH_S = 31 * 86400  # so long a trip is held without a clock: no month is longer
FINE, WARN, TRIP = 0, 1, 2

OPEN = Latch(0, 0, 0)
NO_TERMS = Terms(0, 0, 0, 0)
NO_ACCOUNT = Account(0, None, 0, None, 0)


def month_number(local_s) -> int:
    """A number that grows by one at each first of the month, local time (Gregorian, March first)."""
    day = local_s // 86400 + 719468  # from 0000-03-01
    era = day // 146097
    day -= era * 146097
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    return (era * 400 + year) * 12 + (5 * day + 2) // 153


def deduct(group, used_wh, price_e4, settings):
    """The group after so much use; `price_e4` None: the last one known counts."""
    account = group.account
    if price_e4 is not None and price_e4 != account.price_e4:
        account = evolve(account, price_e4=price_e4)
    counts = group.terms.enabled or settings["count_released"]
    if used_wh and account.left is not None and counts:
        owed, rest = used_wh, 0
        if account.fee:
            owed, rest = divmod(used_wh * account.price_e4 + account.rest, 1000)
        account = evolve(account, left=max(account.left - owed, -BOUND), rest=rest)
    return group if account is group.account else evolve(group, account=account)


def count_month(group, used_wh, label):
    """What is used between two readings belongs to the month of the first; `label` 0: the clock is unset."""
    month_wh = min(group.month_wh + used_wh, BOUND)
    if label and label != group.label:
        return evolve(group, label=label, month_wh=0)
    return group if month_wh == group.month_wh else evolve(group, month_wh=month_wh)


def limit_wh(params):
    return params["setpoint_wh"] * (100 + params["float_pct"]) // 100


def month(group, no, state, sample, why, rows, events):
    """(group, mask in alarm) of month energy control."""
    plan = group.plans[-1]
    if plan is None or why:
        if plan is not None:
            rows.append((MONTH_ENERGY, MONITOR, why, no))
        return let_go(group, month=1), 0
    limit = limit_wh(plan.params)
    reach = FINE
    if limit and group.month_wh * 100 >= limit * plan.params["alarm_pct"]:
        reach = TRIP if group.month_wh >= limit else WARN
    latch = group.month
    if not limit or not group.label:
        rows.append((MONTH_ENERGY, MONITOR, reasons.NO_SETPOINT if not limit else reasons.CLOCK_UNSET, no))
        return let_go(group, month=1), 0
    if sample.local_s is None:  # which month it is is not known: nothing new trips
        if latch.tripped and (reach < TRIP or sample.run_s - state.known_s >= MONTH_S):
            latch = evolve(latch, tripped=0)
        rows.append((MONTH_ENERGY, TRIPPED if latch.tripped else MONITOR, reasons.CLOCK_UNSET, no))
        return (group if latch == group.month else evolve(group, month=latch)), 0
    return _follow(MONTH_ENERGY, group, no, reach, state, sample, rows, events)


def purchase(group, no, state, sample, why, rows, events):
    """(group, mask in alarm) of purchase control."""
    terms, left = group.terms, group.account.left
    if terms.enabled and (why or left is None):
        rows.append((PURCHASE, MONITOR, why or reasons.NO_READING, no))
        return (let_go(group) if why else group), 0
    if not terms.enabled:
        if group.orders:
            rows.append((PURCHASE, IDLE, reasons.NOT_ENABLED, no))
        return let_go(group), 0
    reach = TRIP if left <= terms.trip else WARN if left <= terms.alarm else FINE
    return _follow(PURCHASE, group, no, reach, state, sample, rows, events)


def let_go(group, month=0):
    """No round tripped, no alarm told."""
    latch = group.month if month else group.bought
    if not (latch.tripped or latch.alarmed):
        return group
    return evolve(group, month=OPEN) if month else evolve(group, bought=OPEN)


def _follow(control, group, no, reach, state, sample, rows, events):
    """(group, mask in alarm): alarm once a crossing, one round every energy_step_s, 0 all at once."""
    month = control == MONTH_ENERGY
    power_w, energy_wh = reading(sample, no)
    if reach == FINE:
        why = reasons.BELOW_SETPOINT if month else reasons.ABOVE_THRESHOLD
        rows.append((control, MONITOR, reasons.NO_READING if energy_wh is None else why, no))
        return let_go(group, month), 0
    rounds = group.plans[-1].params["rounds"] if month else group.terms.rounds
    before = latch = group.month if month else group.bought
    if not latch.alarmed:
        latch = evolve(latch, alarmed=1)
        events.append(("energy_control_alarm", _facts(control, group, no, rounds, WARN)))
    free = rounds
    if reach == WARN:
        rows.append((control, ALARM, 0, no))
        if latch.tripped:
            latch = evolve(latch, tripped=0)
    else:
        step_s = state.settings["energy_step_s"]
        free &= ~latch.tripped
        if free and (not latch.tripped or sample.run_s - latch.since_s >= step_s):
            new = free & -free if step_s else free
            data = _facts(control, group, no, new, TRIP)
            if power_w is not None:
                data["power_before_w"] = power_w
            events.append(("energy_control_trip", data))
            latch = evolve(latch, tripped=latch.tripped | new, since_s=sample.run_s)
            free &= ~new
        rows.append((control, TRIPPED, 0 if free else reasons.ALL_ROUNDS_TRIPPED, no))
    if latch is not before:
        group = evolve(group, month=latch) if month else evolve(group, bought=latch)
    return group, free


def _facts(control, group, no, rounds, reach):
    data = {"control": control, "group": no, "rounds": rounds}
    if control == MONTH_ENERGY:
        params = group.plans[-1].params
        data["threshold_wh"] = limit_wh(params)
        data["energy_wh"] = group.month_wh
        if reach == WARN:
            data["threshold_pct"] = params["alarm_pct"]
        return data
    unit = "_yuan_e4" if group.account.fee else "_wh"
    data["threshold" + unit] = group.terms.trip if reach == TRIP else group.terms.alarm
    data["remaining_after" + unit] = group.account.left
    if reach == TRIP and group.orders:
        data["order"] = group.orders[-1]
    return data
