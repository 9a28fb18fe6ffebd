"""The closed loop that every power control runs (domain: power setpoint closed loop, Q/GDW 376.1 ERC6).

                 over limit at a slide tick           alarm time over, still over limit
    MONITOR ------------------------------> ALARM -------------------------------------> POST_TRIP
       ^  ^      not over, or no reading      |            one round trips                    |
       |  +-----------------------------------+                                               |
       +--------------------- post_trip_s later: the trip is recorded ------------------------+

Over limit: the average of the slide and the newest reading both reach the setpoint and the safety
setpoint. The average keeps a short peak from tripping anyone; the newest reading keeps a customer who
has already reduced from being tripped for the past. Tripped rounds stay tripped until the control ends.
"""

from firmware.control.records import Loop, evolve
from protocols.uplink.codes import ALARM, MONITOR, POST_TRIP, REASON_NO, TRIPPED

NO_READING = REASON_NO["no_reading"]
BELOW_SAFETY = REASON_NO["below_safety_setpoint"]
BELOW_SETPOINT = REASON_NO["below_setpoint"]
ALL_TRIPPED = REASON_NO["all_rounds_tripped"]

REST = Loop(0, MONITOR, 0, 0, 0, 0, 0, 0, 0, None, 0)


def doubt(loop):
    """No reading to judge by: an alarm is dropped and the slide starts again; tripped rounds stay."""
    if loop.phase == ALARM:
        loop = evolve(loop, phase=MONITOR, round=0)
    elif loop.tick_s is None:
        return loop
    return evolve(loop, sum_w=0, count=0, tick_s=None)


def end(control, loop, sample, events):
    """The control's window is over: every round is let go and the end is told."""
    loop = settle(control, loop, sample, events)
    if loop.key:
        events.append(("power_control_end", {"control": control, "rounds": loop.tripped}))
    return REST


def settle(control, loop, sample, events):
    """Record a trip whose record is still due, then monitor: no trip goes unrecorded."""
    if loop.phase != POST_TRIP:
        return loop
    data = {"control": control, "rounds": loop.round, "setpoint_w": loop.setpoint_w}
    data["ago_s"] = sample.run_s - loop.since_s
    if loop.power_w is not None:
        data["power_before_w"] = loop.power_w
    if sample.power_w is not None:
        data["power_after_w"] = sample.power_w
    events.append(("power_control_trip", data))
    return evolve(loop, phase=MONITOR, round=0)


def step(control, loop, limits, sample, events):
    """One second of the loop inside its window."""
    if loop.phase == POST_TRIP and sample.run_s - loop.since_s >= limits.post_trip_s:
        loop = settle(control, loop, sample, events)
    if sample.power_w is None:
        return doubt(loop)
    loop, tick, over = _average(loop, limits, sample)
    if loop.phase == ALARM:
        return _alarm(loop, limits, sample, tick, over)
    if loop.phase == MONITOR and tick and over:
        return _warn(control, loop, limits, sample, events)
    return loop


def state_of(loop, limits, power_w):
    """(phase, reason) to show."""
    if loop.phase != MONITOR:
        return loop.phase, 0
    if loop.tripped == limits.rounds:
        return TRIPPED, ALL_TRIPPED
    if power_w is None:
        return MONITOR, NO_READING
    if abs(power_w) < limits.safety_w:
        return MONITOR, BELOW_SAFETY
    return MONITOR, BELOW_SETPOINT if abs(power_w) < limits.setpoint_w else 0


def alarm_mask(loop) -> int:
    return loop.round if loop.phase == ALARM else 0


def _average(loop, limits, sample):
    sum_w = loop.sum_w + sample.power_w
    count = loop.count + 1
    least_w = min(abs(sample.power_w), abs(sum_w) // count)
    over = least_w >= limits.setpoint_w and least_w >= limits.safety_w
    if loop.tick_s is None or sample.run_s - loop.tick_s >= limits.slide_s:
        return evolve(loop, sum_w=0, count=0, tick_s=sample.run_s), True, over
    return evolve(loop, sum_w=sum_w, count=count), False, over


def _warn(control, loop, limits, sample, events):
    free = limits.rounds & ~loop.tripped
    if not free:
        return loop
    one = free & -free
    data = {
        "control": control,
        "rounds": one,
        "alarm_s": alarm_time(limits.alarm_s, one),
        "power_before_w": sample.power_w,
        "setpoint_w": limits.setpoint_w,
    }
    events.append(("power_control_alarm", data))
    return evolve(loop, phase=ALARM, round=one, since_s=sample.run_s)


def _alarm(loop, limits, sample, tick, over):
    done = sample.run_s - loop.since_s >= alarm_time(limits.alarm_s, loop.round)
    if not over and (tick or done):
        return evolve(loop, phase=MONITOR, round=0)
    if not done:
        return loop
    return evolve(
        loop,
        phase=POST_TRIP,
        tripped=loop.tripped | loop.round,
        since_s=sample.run_s,
        setpoint_w=limits.setpoint_w,
        power_w=sample.power_w,
    )


def alarm_time(alarm_s, one) -> int:
    """Seconds of alarm of the round with mask `one`; the last value counts for further rounds."""
    index = 0
    while one > 1:
        one >>= 1
        index += 1
    return alarm_s[min(index, len(alarm_s) - 1)]
