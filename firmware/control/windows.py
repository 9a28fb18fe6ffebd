"""When each power control acts, and its setpoint: period, factory-rest, business-stop, down-float.

A window has a key that is not 0; another key is another window. Local time only picks windows; without a
trusted clock the window that drives the loop is held for a day, and no other begins.
"""

from firmware.control import period, reasons
from protocols.uplink.codes import BUSINESS_STOP, DOWN_FLOAT, PERIOD

DAY_S = 86400
HELD_S = DAY_S
MONDAY = 3  # 1970-01-01 was a Thursday: day 0 has index 3 from Monday


def now(control, plan, group, sample, known_s):
    """(key, reason) of a power control that has a plan; outside its windows key 0 and why."""
    if control == DOWN_FLOAT:  # its end removes the plan
        return (0, reasons.NO_SETPOINT) if group.float.setpoint_w == 0 else (1, 0)
    if sample.local_s is None:
        held = group.loop.control == control and sample.run_s - known_s < HELD_S
        return group.loop.key if held else 0, reasons.CLOCK_UNSET
    if control == PERIOD:
        return period.window(plan, sample.local_s)
    inside = _stop if control == BUSINESS_STOP else _rest
    reason = inside(plan.params, sample.local_s)
    if reason:
        return 0, reason
    return (1, 0) if plan.params["setpoint_w"] else (0, reasons.NO_SETPOINT)


def setpoint_w(control, plan, group, key):
    """Watts; None while a down-float is still measuring."""
    if control == DOWN_FLOAT:
        return group.float.setpoint_w
    return period.setpoint_w(plan, key) if control == PERIOD else plan.params["setpoint_w"]


def _stop(params, local_s):
    day = local_s // DAY_S
    if day < params["from_day"]:
        return reasons.BEFORE_START
    return reasons.AFTER_END if day >= params["until_day"] else 0


def _rest(params, local_s):
    """A window may cross midnight into a day that is no rest day."""
    day = local_s // DAY_S
    since_s = local_s % DAY_S - params["start_min"] * 60
    if _rests(params, day - 1) and since_s + DAY_S < params["duration_s"]:
        return 0
    if not _rests(params, day):
        return reasons.NOT_REST_DAY
    if since_s < 0:
        return reasons.BEFORE_START
    return reasons.AFTER_END if since_s >= params["duration_s"] else 0


def _rests(params, day):
    return params["days"] >> (day + MONDAY) % 7 & 1
