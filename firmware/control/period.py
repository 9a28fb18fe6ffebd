"""Period control (时段控): a power control whose windows are half hours of the local day.

48 codes of 2 bits (Q/GDW 376.1 F18): 0 none, 1 and 2 control, 3 reserved. Control periods are numbered
from 00:00, one more at each change of code to a code that is not 0; more than 8 make the plan invalid.
A window's key is code << 4 | period number.
"""

from firmware.control import reasons
from firmware.control.records import Plan

HALF_HOURS = 48
MAX_PERIODS = 8  # control periods of a day


def number_periods(codes):
    """48 window keys of 12 code bytes, or None when the day has more than 8 control periods."""
    day = bytearray(HALF_HOURS)
    number = before = 0
    for i in range(HALF_HOURS):
        code = codes[i >> 2] >> ((i & 3) * 2) & 3
        if code and code != before:
            number += 1
        before = code
        if code:
            day[i] = code << 4 | number
        if number > MAX_PERIODS:
            return None
    return bytes(day)


def build(params, command_id):
    """Plan of checked PERIOD_PLAN params, or None when its periods are too many."""
    day = number_periods(params["codes"])
    return None if day is None else Plan(command_id, params, day)


def window(plan, local_s):
    """(key, reason): the window of the plan at this local time, key 0 with the reason when there is none."""
    key = plan.day[local_s // 1800 % HALF_HOURS]
    number = key & 15
    if not number or not plan.params["periods"] >> (number - 1) & 1:
        return 0, reasons.OUTSIDE_PERIOD
    return (key, 0) if setpoint_w(plan, key) else (0, reasons.NO_SETPOINT)


def scheme(params, number):
    """Setpoints of scheme 0..2 by control period; () when the plan does not have it."""
    if not number:
        return params["setpoints_w"]
    schemes = params.get("schemes", ())
    return schemes[number - 1] if number <= len(schemes) else ()


def setpoint_w(plan, key) -> int:
    """Of the window with that key, 0: none."""
    params = plan.params
    setpoints_w = scheme(params, params.get("scheme", 0))
    number = key & 15
    if not 0 < number <= len(setpoints_w):
        return 0
    return setpoints_w[number - 1] * (100 + params["float_pct"]) // 100


def goes_on(plan, before, key) -> bool:
    """At 00:00 the number changes though the code goes on: the control goes on too."""
    return before >> 4 == key >> 4 and key == plan.day[0] and before == plan.day[HALF_HOURS - 1]
