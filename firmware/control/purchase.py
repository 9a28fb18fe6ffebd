"""Purchase control (购电控): orders of energy, the remaining energy, alarm and trip when it is used up.

remaining = start - (total now - total then), kept as (remaining_wh, base_wh) that are true together, so
that any restart goes on from the pair it finds. Counting goes on while the control is released.
"""

from firmware.control.checks import BAD_PARAMS, MAX_ENERGY_WH, MAX_POWER_W, OK
from firmware.control.records import Account, Purchase, evolve
from protocols.uplink.codes import ALARM, APPEND, IDLE, MONITOR, PURCHASE, REASON_NO, TRIPPED

ALREADY = REASON_NO["order_already_applied"]
OLD = REASON_NO["order_number_old"]
NOT_ENABLED = REASON_NO["not_enabled"]
NO_READING = REASON_NO["no_reading"]
ABOVE = REASON_NO["above_threshold"]
ALL_TRIPPED = REASON_NO["all_rounds_tripped"]

KEPT_ORDERS = 64
STRAYS_IGNORED = 3  # readings: first a bad reading, then a new meter
STRAY_APART_S = 20  # a sample repeats the last reading: only after so long is it surely another one
OLD_S = 900  # so long after a re-base the old total may come back, then the new meter is believed
READ_S = 3600  # a total that stands is noted as read this often, for the wear of the flash
# A rise is believed at once up to 20 times the power of now (a load seldom falls to a 20th between two
# readings), or 1 MW where the power says little; SPARE_S is for registers that move in coarse steps.
LIKELY_TIMES = 20
LIKELY_W = 1000000
SPARE_S = 60
STEP_S = 60  # from one round to the next

NOTHING = Purchase((), 0, 0, 0, 0, 0, 0, 0)
EMPTY = Account(None, None, 0, 0, None, 0, 0)


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
    """Deduct what was used since the last reading that was believed."""
    energy_wh = sample.energy_wh
    if energy_wh is None:
        return account
    now_s = sample.run_s
    if account.base_wh is None:
        return evolve(account, base_wh=energy_wh, read_s=now_s)
    if energy_wh == account.base_wh and not account.strays and now_s - account.read_s < READ_S:
        return account
    from_wh, since_s = _start(account, energy_wh, now_s)
    used_wh = energy_wh - from_wh
    run_s = now_s - since_s + SPARE_S
    if 0 <= used_wh <= _most(max(LIKELY_TIMES * abs(sample.power_w or 0), LIKELY_W), run_s):
        return _deduct(account, energy_wh, used_wh, now_s)
    return _stray(account, energy_wh, used_wh, now_s, _most(MAX_POWER_W, run_s))


def _most(power_w, seconds):
    return power_w * seconds // 3600


def _start(account, energy_wh, now_s):
    """(total, run_s) to count from: a total back over the old one tells that the re-base was wrong."""
    old_wh = account.old_wh
    if old_wh is None or energy_wh < old_wh or now_s - account.old_s >= OLD_S:
        return account.base_wh, account.read_s
    return old_wh, account.old_s


def _deduct(account, energy_wh, used_wh, now_s):
    left_wh = account.remaining_wh
    if left_wh is not None:
        left_wh = max(left_wh - used_wh, -MAX_ENERGY_WH)
    old_wh = account.old_wh
    if old_wh is not None and (energy_wh >= old_wh or now_s - account.old_s >= OLD_S):
        old_wh = None
    return Account(left_wh, energy_wh, 0, 0, old_wh, account.old_s, now_s)


def _stray(account, energy_wh, used_wh, now_s, most_wh):
    """A total that does not follow the last one: ignored at first, then it is what the meter says.

    What somebody can have used is then deducted: it was, while nobody read. Any other is a new meter.
    """
    if account.strays and now_s - account.since_s < STRAY_APART_S:
        return account
    if account.strays < STRAYS_IGNORED:
        return evolve(account, strays=account.strays + 1, since_s=now_s)
    if 0 <= used_wh <= most_wh:
        return _deduct(account, energy_wh, used_wh, now_s)
    old_wh = None
    if used_wh < 0:
        old_wh = account.base_wh if account.old_wh is None else max(account.old_wh, account.base_wh)
    return Account(account.remaining_wh, energy_wh, 0, 0, old_wh, now_s, now_s)


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
