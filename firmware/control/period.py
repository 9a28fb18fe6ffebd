"""Period control (时段控): a power control whose windows are half hours of the local day.

48 codes of 2 bits (Q/GDW 376.1 F18): 0 none, 1 and 2 control, 3 reserved. Control periods are numbered
from 00:00, one more at each change of code to a code that is not 0; more than 8 make the plan invalid.
A window's key is code << 4 | period number.
"""

from firmware.control import power
from firmware.control.checks import MAX_PERIODS, OK
from firmware.control.records import PLAN, Limits, Plan, Sample, evolve
from protocols.uplink.codes import IDLE, PERIOD, REASON_NO

INVALID_PLAN = REASON_NO["invalid_plan"]
NOT_ENABLED = REASON_NO["not_enabled"]
OUTSIDE = REASON_NO["outside_period"]
NO_SETPOINT = REASON_NO["no_setpoint"]
CLOCK_UNSET = REASON_NO["clock_unset"]

HALF_HOURS = 48
HELD_S = 24 * 3600  # so long a window is held without a clock: none is longer
KNOWN_S = 60  # the clock is noted as known this often


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
    if day is None:
        return None
    values = [command_id]
    for name in PLAN[1:]:
        value = params[name]
        values.append(tuple(value) if isinstance(value, list) else value)
    return Plan(*values, day=day, limits=_limits(params))


def _limits(params):
    """By period number (index 0 unused): Limits, or None where the period has no setpoint."""
    rows: list = [None] * (1 + MAX_PERIODS)
    shared = (params["rounds"], tuple(params["alarm_s"]), params["slide_s"], params["post_trip_s"])
    for number, base_w in enumerate(params["setpoints_w"], 1):
        setpoint_w = base_w * (100 + params["float_pct"]) // 100
        if setpoint_w:
            rows[number] = Limits(setpoint_w, params["safety_w"], *shared)
    return tuple(rows)


def window(plan, local_s):
    """(key, reason): the window of the plan at this local time, key 0 with the reason when there is none."""
    key = plan.day[local_s // 1800 % HALF_HOURS]
    number = key & 15
    if not number or not plan.periods >> (number - 1) & 1:
        return 0, OUTSIDE
    if plan.limits[number] is None:
        return 0, NO_SETPOINT
    return key, OK


def replace(new, loop, sample, events):
    """The loop under a new plan, or None. In a window before and after: tripped rounds stay, else it ends."""
    if not loop.key:
        return loop
    key = 0 if new is None or sample.local_s is None else window(new, sample.local_s)[0]
    if new is None or not key:
        return power.end(PERIOD, loop, sample, events)
    loop = power.settle(PERIOD, loop, sample, events)
    return evolve(power.REST, key=key, tripped=loop.tripped & new.rounds, known_s=sample.run_s)


def rest(loop, sample, events):
    """The loop while guaranteed: no round tripped, nothing running, no end of the control told."""
    power.settle(PERIOD, loop, sample, events)
    return power.REST


def step(plan, loop, sample, events):
    """(loop, phase, reason, setpoint_w or None)."""
    if plan is None:
        return power.REST, IDLE, NOT_ENABLED, None
    if sample.local_s is None:
        return _hold(plan, loop, sample, events)
    key, reason = window(plan, sample.local_s)
    if key != loop.key:
        loop = _move(plan, loop, key, sample, events)
    if not key:
        return loop, IDLE, reason, None
    if sample.run_s - loop.known_s >= KNOWN_S:
        loop = evolve(loop, known_s=sample.run_s)
    limits = plan.limits[key & 15]
    loop = power.step(PERIOD, loop, limits, sample, events)
    phase, reason = power.state_of(loop, limits, sample.power_w)
    return loop, phase, reason, limits.setpoint_w


def _move(plan, loop, key, sample, events):
    """Into another window. At 00:00 the number changes though the code goes on: the control goes on too."""
    if key and loop.key >> 4 == key >> 4 and key == plan.day[0] and loop.key == plan.day[HALF_HOURS - 1]:
        return evolve(loop, key=key)
    if loop.key:
        loop = power.end(PERIOD, loop, sample, events)
    return evolve(loop, key=key, known_s=sample.run_s if key else 0)


def _hold(plan, loop, sample, events):
    """No trusted clock: the window is not known, so nothing new trips, and nothing is let go for a day."""
    if loop.key and sample.run_s - loop.known_s >= HELD_S:
        loop = power.end(PERIOD, loop, sample, events)
    if not loop.key:
        return loop, IDLE, CLOCK_UNSET, None
    limits = plan.limits[loop.key & 15]
    blind = Sample(sample.t_s, None, sample.run_s, None, sample.energy_wh)
    loop = power.step(PERIOD, loop, limits, blind, events)
    phase, reason = power.state_of(loop, limits, None)
    return loop, phase, reason and CLOCK_UNSET, limits.setpoint_w
