"""Remote trip (遥控跳闸, 376.1 AFN05 F1): alarm, trip, a time limit counted from the trip, permit to close.

State: a tuple of Entry, one for each command still in force; entries never share a round.
"""

from firmware.control.records import Entry, evolve
from protocols.uplink.codes import ALARM, IDLE, POST_TRIP, REASON_NO, TRIPPED

NOT_ENABLED = REASON_NO["not_enabled"]
RECORD_S = 120  # ERC5 holds the power at the trip and two minutes later


def trip(entries, params, sample, command_id, events):
    """Rounds already tripped stay so, their new limit counts from now; no second alarm, no second record."""
    now_s = sample.run_s
    mask = params["rounds"]
    kept = []
    for entry in entries:
        both = entry.rounds & mask
        apart = entry.rounds & ~mask
        if apart:
            kept.append(evolve(entry, rounds=apart))
        if both and entry.phase != ALARM:
            kept.append(_relimit(evolve(entry, rounds=both), params["limit_s"], now_s))
            mask &= ~both
    if mask:
        kept.append(Entry(mask, ALARM, now_s, params["delay_s"], params["limit_s"], None))
        if params["delay_s"]:
            data = {"rounds": mask, "alarm_s": params["delay_s"], "command": command_id}
            events.append(("remote_trip_alarm", data))
    return tuple(kept)


def _relimit(entry, limit_s, now_s):
    if entry.phase == TRIPPED:
        return evolve(entry, since_s=now_s, limit_s=limit_s)
    return evolve(entry, limit_s=limit_s and now_s - entry.since_s + limit_s)


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
    """One second: the same tuple when nothing changed."""
    if not entries:
        return entries
    kept = []
    changed = False
    for entry in entries:
        after = _advance(entry, sample, events)
        changed = changed or after is not entry
        if after is not None:
            kept.append(after)
    return tuple(kept) if changed else entries


def _advance(entry, sample, events):
    ran_s = sample.run_s - entry.since_s
    if entry.phase == ALARM:
        if ran_s < entry.delay_s:
            return entry
        return evolve(entry, phase=POST_TRIP, since_s=sample.run_s, power_w=sample.power_w)
    over = entry.limit_s and ran_s >= entry.limit_s
    if entry.phase == POST_TRIP and (over or ran_s >= RECORD_S):
        entry = _record(entry, sample, events)
    return None if over else entry


def _record(entry, sample, events):
    """Tell a trip that has not been told; released early, the power now stands for the later one."""
    if entry.phase != POST_TRIP:
        return entry
    data = {"rounds": entry.rounds, "ago_s": sample.run_s - entry.since_s}
    if entry.power_w is not None:
        data["power_before_w"] = entry.power_w
    if sample.power_w is not None:
        data["power_after_w"] = sample.power_w
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
