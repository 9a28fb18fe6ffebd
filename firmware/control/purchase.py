"""Purchase control (购电控): orders of energy, the remaining energy, alarm and trip when it is used up.

remaining = start - (total now - total then), kept as (remaining_wh, base_wh) that are true together, so
that any restart goes on from the pair it finds. Counting goes on while the control is released.
"""

from firmware.control.checks import BAD_PARAMS, MAX_ENERGY_WH, OK
from firmware.control.records import Account, Purchase, evolve
from protocols.uplink.codes import ALARM, APPEND, IDLE, MONITOR, PURCHASE, REASON_NO, TRIPPED

ALREADY = REASON_NO["order_already_applied"]
OLD = REASON_NO["order_number_old"]
NOT_ENABLED = REASON_NO["not_enabled"]
NO_READING = REASON_NO["no_reading"]
ABOVE = REASON_NO["above_threshold"]
ALL_TRIPPED = REASON_NO["all_rounds_tripped"]

KEPT_ORDERS = 64
FALLS_IGNORED = 3  # readings; a falling total is first taken for a bad reading, then for a new meter
FALL_APART_S = 20  # a sample repeats the last reading: only after so long is it surely another one
DOUBT_SAMPLES = 900  # so long after a re-base the old total may come back, then the new meter is believed
STEP_S = 60  # from one round to the next

NOTHING = Purchase((), 0, 0, 0, 0, 0, 0, 0)
EMPTY = Account(None, None, 0, 0, None, 0)


def order(purchase, account, params, events):
    """Apply one purchase order. Returns (purchase, account, reason); a refused one changes nothing."""
    number = params["order"]
    if number in purchase.orders:
        return purchase, account, ALREADY
    if purchase.orders and number < purchase.orders[-1]:
        return purchase, account, OLD
    before_wh = account.remaining_wh
    value_wh = params["value_wh"]
    append = params["flag"] == APPEND
    after_wh = (before_wh or 0) + value_wh if append else value_wh
    if abs(after_wh) > MAX_ENERGY_WH or (append and value_wh < 0 and after_wh <= params["trip_wh"]):
        return purchase, account, BAD_PARAMS  # a refund must not trip its customer
    data = {"order": number, "remaining_after_wh": after_wh, "rounds": params["rounds"]}
    if before_wh is not None:
        data["remaining_before_wh"] = before_wh
    events.append(("purchase_applied", data))
    purchase = evolve(
        purchase,
        orders=(purchase.orders + (number,))[-KEPT_ORDERS:],
        enabled=1,
        alarm_wh=params["alarm_wh"],
        trip_wh=params["trip_wh"],
        rounds=params["rounds"],
        tripped=purchase.tripped & params["rounds"],
    )
    return purchase, evolve(account, remaining_wh=after_wh), OK


def release(purchase):
    """Not enabled any more; the numbers and thresholds stay known."""
    return rest(evolve(purchase, enabled=0))


def rest(purchase):
    """No round tripped, no alarm told."""
    if not (purchase.tripped or purchase.alarmed):
        return purchase
    return evolve(purchase, tripped=0, alarmed=0)


def count(account, sample):
    """Deduct what was used since the last reading."""
    energy_wh = sample.energy_wh
    base_wh = account.base_wh
    if energy_wh is None:
        return account
    if base_wh is None:
        return evolve(account, base_wh=energy_wh)
    if energy_wh < base_wh:
        return _fall(account, energy_wh, sample.run_s)
    if energy_wh == base_wh and not account.falls and account.old_wh is None:
        return account
    return _rise(account, energy_wh)


def _fall(account, energy_wh, now_s):
    if account.falls and now_s - account.since_s < FALL_APART_S:
        return account
    if account.falls < FALLS_IGNORED:
        return evolve(account, falls=account.falls + 1, since_s=now_s)
    old_wh = account.base_wh if account.old_wh is None else max(account.old_wh, account.base_wh)
    return evolve(account, base_wh=energy_wh, falls=0, since_s=0, old_wh=old_wh, doubts=0)


def _rise(account, energy_wh):
    """A jump back over the old total means that the re-base was wrong: only what is above it was used."""
    from_wh = account.base_wh
    old_wh = account.old_wh
    doubts = account.doubts
    if old_wh is not None:
        doubts += 1
        if energy_wh >= old_wh:
            from_wh = old_wh
        if energy_wh >= old_wh or doubts >= DOUBT_SAMPLES:
            old_wh = None
            doubts = 0
    left_wh = account.remaining_wh
    if left_wh is not None:
        left_wh = max(left_wh - (energy_wh - from_wh), -MAX_ENERGY_WH)
    return Account(left_wh, energy_wh, 0, 0, old_wh, doubts)


def step(purchase, account, sample, events):
    """(purchase, phase, reason, mask in alarm)."""
    left_wh = account.remaining_wh
    if not purchase.enabled:
        return rest(purchase), IDLE, NOT_ENABLED, 0
    if left_wh is None:
        return purchase, MONITOR, NO_READING, 0
    if left_wh > purchase.alarm_wh:
        return rest(purchase), MONITOR, NO_READING if sample.energy_wh is None else ABOVE, 0
    if not purchase.alarmed:
        purchase = evolve(purchase, alarmed=1)
        events.append(("energy_control_alarm", _facts(purchase.rounds, purchase.alarm_wh, left_wh)))
    if left_wh > purchase.trip_wh:
        if purchase.tripped:
            purchase = evolve(purchase, tripped=0)
        return purchase, ALARM, OK, purchase.rounds
    purchase = _trip(purchase, left_wh, sample, events)
    free = purchase.rounds & ~purchase.tripped
    return purchase, TRIPPED, OK if free else ALL_TRIPPED, free


def _trip(purchase, left_wh, sample, events):
    free = purchase.rounds & ~purchase.tripped
    if not free or (purchase.tripped and sample.run_s - purchase.since_s < STEP_S):
        return purchase
    one = free & -free
    data = _facts(one, purchase.trip_wh, left_wh)
    if purchase.orders:
        data["order"] = purchase.orders[-1]
    if sample.power_w is not None:
        data["power_before_w"] = sample.power_w
    events.append(("energy_control_trip", data))
    return evolve(purchase, tripped=purchase.tripped | one, since_s=sample.run_s)


def _facts(rounds, threshold_wh, left_wh):
    return {
        "control": PURCHASE,
        "rounds": rounds,
        "threshold_wh": threshold_wh,
        "remaining_after_wh": left_wh,
    }
