"""Remote trip (遥控跳闸, 376.1 AFN05 F1): alarm, trip, a time limit, permit to close or direct close.

State: a tuple of Entry, one for each command still in force; entries never share a round.
"""

from firmware.control.records import evolve, reading
from protocols.uplink.codes import ALARM, IDLE, POST_TRIP, TRIPPED

RECORD_S = 120  # ERC5 holds the power at the trip and two minutes later


def permit(entries, mask, sample, events):
    """Let go of the rounds in `mask`, tripped or in alarm. Returns (entries, mask let go)."""
    kept = []
    freed = 0
    for entry in entries:
        both = entry.rounds & mask
        if not both:
            kept.append(entry)
            continue
        freed |= both
        _record(evolve(entry, rounds=both), sample, events)
        if entry.rounds & ~mask:
            kept.append(evolve(entry, rounds=entry.rounds & ~mask))
    return tuple(kept), freed


def doubt(entries, run_s):
    """The entries after a gap in which an alarm may not have been heard: it starts anew, in full."""
    return tuple(evolve(entry, since_s=run_s) if entry.phase == ALARM else entry for entry in entries)


def step(entries, sample, events):
    """(entries, mask to close directly) one second on: the same tuple when nothing changed."""
    kept = []
    close = 0
    changed = False
    for entry in entries:
        after = _advance(entry, sample, events)
        changed = changed or after is not entry
        if after is not None:
            kept.append(after)
        elif entry.direct and entry.phase != ALARM:
            close |= entry.rounds
    return (tuple(kept) if changed else entries), close


def _advance(entry, sample, events):
    """The entry a second later, None when its limit is over (before the trip too, if it counts so early)."""
    if entry.limit_s and entry.start_s is not None and sample.run_s - entry.start_s >= entry.limit_s:
        _record(entry, sample, events)
        return None
    ran_s = sample.run_s - entry.since_s
    if entry.phase == ALARM and ran_s >= entry.delay_s:
        power_w = reading(sample, 1)[0]
        start_s = sample.run_s if entry.start_s is None else entry.start_s
        return evolve(entry, phase=POST_TRIP, since_s=sample.run_s, start_s=start_s, power_w=power_w)
    if entry.phase == POST_TRIP and ran_s >= RECORD_S:
        return _record(entry, sample, events)
    return entry


def _record(entry, sample, events):
    """Tell a trip that has not been told; released early, the power now stands for the later one."""
    if entry.phase != POST_TRIP:
        return entry
    data = {"rounds": entry.rounds, "ago_s": sample.run_s - entry.since_s}
    power_w = reading(sample, 1)[0]
    if entry.power_w is not None:
        data["power_before_w"] = entry.power_w
    if power_w is not None:
        data["power_after_w"] = power_w
    events.append(("remote_trip", data))
    return evolve(entry, phase=TRIPPED)


def masks(entries):
    """(tripped, alarm, phase): the phase farthest on, idle when no command is in force."""
    tripped = alarm = 0
    phase = IDLE
    for entry in entries:
        phase = max(phase, entry.phase)
        if entry.phase == ALARM:
            alarm |= entry.rounds
        else:
            tripped |= entry.rounds
    return tripped, alarm, phase
