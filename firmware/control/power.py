"""The closed loop of a group that its power controls share (domain: power setpoint closed loop, ERC6).

                 over limit at a slide tick           alarm time over, still over limit
    MONITOR ------------------------------> ALARM -------------------------------------> POST_TRIP
       ^  ^      not over, or no reading      |            one round trips                    |
       |  +-----------------------------------+                                               |
       +--------------------- post_trip_s later: the trip is recorded ------------------------+

Over limit: the average of the slide and the newest reading both reach the setpoint and the safety
setpoint. The average keeps a short peak from tripping anyone; the newest reading keeps a customer who
has already reduced from being tripped for the past. Tripped rounds stay tripped until the control ends.

The highest control inside its window drives the loop. A down-float begins in MEASURING: its setpoint is made
of the average power of one slide without a gap.
"""

from firmware.control import period, reasons, windows
from firmware.control.records import PLANNED, Loop, evolve, reading
from protocols.uplink.codes import (
    ALARM,
    DOWN_FLOAT,
    IDLE,
    MEASURING,
    MONITOR,
    MONTH_ENERGY,
    PERIOD,
    POST_TRIP,
    TRIPPED,
)

REST = Loop(0, 0, MONITOR, 0, 0, 0, 0, None, 0, 0, None)


def step(group, no, state, sample, why, rows, events):
    """(group, control that acts or 0, its setpoint_w): one second of the loop; `why`: nothing may trip."""
    control, key, plan, row = _choose(group, no, state, sample, rows)
    if why:
        group = rest(group, no, sample, events)
        if row:
            row[1], row[2] = MONITOR, why
        return group, 0, None
    group = _drive(group, no, control, key, plan, sample, events)
    if not control:
        return group, 0, None
    power_w = reading(sample, no)[0]
    if sample.local_s is None and control != DOWN_FLOAT:
        power_w = None  # whether its window goes on is not known: nothing new trips
    if control == DOWN_FLOAT and group.float.setpoint_w is None:
        group = _measure(group, plan.params, sample, power_w)
    setpoint_w = windows.setpoint_w(control, plan, group, key)
    if setpoint_w is None:
        row[1], row[2] = MEASURING, reasons.MEASURING
    elif setpoint_w:
        loop = _second(group.loop, no, plan.params, setpoint_w, sample, power_w, events)
        group = group if loop == group.loop else evolve(group, loop=loop)
        row[1], row[2] = _state_of(loop, plan.params, setpoint_w, power_w)
        if sample.local_s is None and row[2] and control != DOWN_FLOAT:
            row[2] = reasons.CLOCK_UNSET
    else:
        row[2] = reasons.NO_SETPOINT
    return group, control, setpoint_w


def _choose(group, no, state, sample, rows) -> tuple:
    """(control, key, plan, row) of the one that drives, zeros and None if none does; a row for each."""
    chosen = 0, 0, None, None
    blocked = 0
    for control, plan in zip(PLANNED, group.plans):
        if plan is None or control == MONTH_ENERGY:
            continue
        key, why = windows.now(control, plan, group, sample, state.known_s)
        row = [control, IDLE, why, no]
        rows.append(row)
        if key and blocked:
            row[2] = reasons.HIGHER_PRIORITY
        elif key:
            chosen = control, key, plan, row
        blocked = blocked or key or state.settings["strict_priority"]
    return chosen


def _drive(group, no, control, key, plan, sample, events):
    """The loop in the hands of this control and window. Whatever held it before lets go of its rounds."""
    loop = group.loop
    if loop.control == control and loop.key == key:
        return group
    if loop.control == control == PERIOD and period.goes_on(plan, loop.key, key):
        return evolve(group, loop=evolve(loop, key=key))
    group = end(group, no, sample, events)
    return evolve(group, loop=evolve(REST, control=control, key=key)) if control else group


def end(group, no, sample, events):
    """The control that drives the loop is over: every round is let go and the end is told."""
    loop = group.loop
    if not loop.control:
        return group
    loop = settle(loop, no, sample, events)
    events.append(("power_control_end", {"control": loop.control, "group": no, "rounds": loop.tripped}))
    return evolve(group, loop=REST)


def rest(group, no, sample, events):
    """The group while guaranteed: no round tripped, nothing running, no end of the control told."""
    if not group.loop.control:
        return group
    settle(group.loop, no, sample, events)
    return evolve(group, loop=REST)


def doubt(loop):
    """No reading to judge by: an alarm is dropped and the slide starts again; tripped rounds stay."""
    if loop.phase == ALARM:
        loop = evolve(loop, phase=MONITOR, round=0)
    elif loop.tick_s is None:
        return loop
    return evolve(loop, sum_w=0, count=0, tick_s=None)


def settle(loop, no, sample, events):
    """Record a trip whose record is still due, then monitor: no trip goes unrecorded."""
    if loop.phase != POST_TRIP:
        return loop
    data = {"control": loop.control, "group": no, "rounds": loop.round, "setpoint_w": loop.setpoint_w}
    data["ago_s"] = sample.run_s - loop.since_s
    power_w = reading(sample, no)[0]
    if loop.power_w is not None:
        data["power_before_w"] = loop.power_w
    if power_w is not None:
        data["power_after_w"] = power_w
    events.append(("power_control_trip", data))
    return evolve(loop, phase=MONITOR, round=0)


def _measure(group, params, sample, power_w):
    """A slide of readings since the command, or since the last gap, makes the setpoint of a down-float."""
    loop = group.loop
    if power_w is None:
        return evolve(group, loop=doubt(loop))
    tick_s = sample.run_s if loop.tick_s is None else loop.tick_s
    sum_w, count = loop.sum_w + power_w, loop.count + 1
    if sample.run_s - tick_s < params["slide_s"]:
        return evolve(group, loop=evolve(loop, sum_w=sum_w, count=count, tick_s=tick_s))
    setpoint_w = abs(sum_w) // count * (100 + params["float_pct"]) // 100
    loop = evolve(loop, sum_w=0, count=0, tick_s=None)
    return evolve(group, loop=loop, float=evolve(group.float, setpoint_w=setpoint_w))


def _second(loop, no, params, setpoint_w, sample, power_w, events):
    """One second of the loop inside its window."""
    if loop.phase == POST_TRIP and sample.run_s - loop.since_s >= params["post_trip_s"]:
        loop = settle(loop, no, sample, events)
    if power_w is None:
        return doubt(loop)
    sum_w = loop.sum_w + power_w
    count = loop.count + 1
    least_w = min(abs(power_w), abs(sum_w) // count)
    over = least_w >= setpoint_w and least_w >= params["safety_w"]
    tick = loop.tick_s is None or sample.run_s - loop.tick_s >= params["slide_s"]
    if tick:
        loop = evolve(loop, sum_w=0, count=0, tick_s=sample.run_s)
    else:
        loop = evolve(loop, sum_w=sum_w, count=count)
    if loop.phase == ALARM:
        return _alarm(loop, params, setpoint_w, sample, power_w, tick, over)
    if loop.phase == MONITOR and tick and over:
        return _warn(loop, no, params, setpoint_w, sample, power_w, events)
    return loop


def _warn(loop, no, params, setpoint_w, sample, power_w, events):
    free = params["rounds"] & ~loop.tripped
    if not free:
        return loop
    one = free & -free
    data = {
        "control": loop.control,
        "group": no,
        "rounds": one,
        "alarm_s": alarm_time(params["alarm_s"], one),
        "power_before_w": power_w,
        "setpoint_w": setpoint_w,
    }
    events.append(("power_control_alarm", data))
    return evolve(loop, phase=ALARM, round=one, since_s=sample.run_s)


def _alarm(loop, params, setpoint_w, sample, power_w, tick, over):
    done = sample.run_s - loop.since_s >= alarm_time(params["alarm_s"], loop.round)
    if not over and (tick or done):
        return evolve(loop, phase=MONITOR, round=0)
    if not done:
        return loop
    tripped = loop.tripped | loop.round
    return evolve(
        loop, phase=POST_TRIP, tripped=tripped, since_s=sample.run_s, setpoint_w=setpoint_w, power_w=power_w
    )


def _state_of(loop, params, setpoint_w, power_w):
    """(phase, reason) to show."""
    if loop.phase != MONITOR:
        return loop.phase, 0
    if loop.tripped == params["rounds"]:
        return TRIPPED, reasons.ALL_ROUNDS_TRIPPED
    if power_w is None:
        return MONITOR, reasons.NO_READING
    if abs(power_w) < params["safety_w"]:
        return MONITOR, reasons.BELOW_SAFETY_SETPOINT
    return MONITOR, reasons.BELOW_SETPOINT if abs(power_w) < setpoint_w else 0


def alarm_time(alarm_s, one) -> int:
    """Seconds of alarm of the round with mask `one`; the last value counts for further rounds."""
    index = 0
    while one > 1:
        one >>= 1
        index += 1
    return alarm_s[min(index, len(alarm_s) - 1)]


def alarm_mask(loop) -> int:
    return loop.round if loop.phase == ALARM else 0
