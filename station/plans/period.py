"""Period control parameters (Q/GDW 376.1 F18, F41, F19, F9) from a list of control periods of the day."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from firmware.control.period import HALF_HOURS, MAX_PERIODS
from station.checks import MAX_ROUNDS, refuse, round_mask, whole
from station.errors import FieldError

FLOAT_MAX_PCT = 79
MAX_KW = 1_000_000
ALARM_MAX_S = 3600
SLIDE_MAX_S = 3600
POST_TRIP_S = 120  # Q/GDW 376.1: power is recorded 2 minutes after the trip
POST_TRIP_MAX_S = 600

Period = tuple[int, int, int]  # first half hour, half hour after the last, setpoint kW


def build(
    periods: Sequence[Sequence[int]],
    rounds: Sequence[int],
    alarm_s: Sequence[int],
    slide_s: int,
    safety_kw: int,
    float_pct: int = 0,
    post_trip_s: int = POST_TRIP_S,
    have: int = MAX_ROUNDS,
) -> dict[str, Any]:
    """Return params of messages.PERIOD_PLAN; Invalid lists every problem by field.

    periods: (start, end, setpoint_kw) in half hours of local time, 0 <= start < end <= 48, any order;
    one over midnight is entered as two. rounds: round numbers. alarm_s: for round 1, 2, ... (the last
    counts for further rounds). `have`: rounds of the terminal.
    """
    problems: list[FieldError] = []
    day = _sorted(periods, problems)
    safety_kw = whole(safety_kw, "safety_kw", 0, MAX_KW, problems)
    params = {
        "codes": _codes(day),
        "setpoints_w": [setpoint_kw * 1000 for _start, _end, setpoint_kw in day],
        "float_pct": whole(float_pct, "float_pct", -FLOAT_MAX_PCT, FLOAT_MAX_PCT, problems),
        "periods": (1 << len(day)) - 1,
        "rounds": round_mask(rounds, have, problems),
        "alarm_s": _alarms(alarm_s, problems),
        "slide_s": whole(slide_s, "slide_s", 1, SLIDE_MAX_S, problems),
        "safety_w": safety_kw * 1000,
        "post_trip_s": whole(post_trip_s, "post_trip_s", 1, POST_TRIP_MAX_S, problems),
    }
    if not problems:
        _worth(day, float_pct, safety_kw, problems)
    refuse(problems)
    return params


def _sorted(entered: Sequence[Sequence[int]], problems: list[FieldError]) -> list[Period]:
    """The periods in order of the day, [] when one of them is wrong."""
    before = len(problems)
    day: list[Period] = []
    for n, entry in enumerate(entered):
        field = f"periods-{n}"
        start, end, setpoint_kw = entry if len(entry) == 3 else (None, None, None)
        first = whole(start, f"{field}-start", 0, HALF_HOURS - 1, problems)
        last = whole(end, f"{field}-end", 1, HALF_HOURS, problems)
        day.append((first, last, whole(setpoint_kw, f"{field}-setpoint_kw", 1, MAX_KW, problems)))
        if len(problems) == before and last <= first:
            problems.append(FieldError(f"{field}-end", "period_empty"))
    if not entered:
        problems.append(FieldError("periods", "no_periods"))
    if len(entered) > MAX_PERIODS:
        problems.append(FieldError("periods", "too_many_periods", {"most": MAX_PERIODS}))
    if len(problems) > before:
        return []
    day.sort()
    for earlier, later in pairwise(day):
        if later[0] < earlier[1]:
            problems.append(FieldError("periods", "periods_overlap"))
            return []
    return day


def _codes(day: Sequence[Period]) -> bytes:
    """48 codes of 2 bits. A period ends where the code changes, so neighbours take 1 and 2 in turn."""
    codes = [0] * HALF_HOURS
    for start, end, _setpoint_kw in day:
        code = 2 if start and codes[start - 1] == 1 else 1
        codes[start:end] = [code] * (end - start)
    return bytes(sum(codes[at + n] << (2 * n) for n in range(4)) for at in range(0, HALF_HOURS, 4))


def _alarms(alarm_s: Sequence[int], problems: list[FieldError]) -> list[int]:
    if not 1 <= len(alarm_s) <= MAX_ROUNDS:
        problems.append(FieldError("alarm_s", "needed"))
        return [0]
    return [whole(each, f"alarm_s-{n}", 0, ALARM_MAX_S, problems) for n, each in enumerate(alarm_s)]


def _worth(day: Sequence[Period], float_pct: int, safety_kw: int, problems: list[FieldError]) -> None:
    """A setpoint below the safety setpoint would look strict and do less than it says."""
    for n, (_start, _end, setpoint_kw) in enumerate(day):
        if setpoint_kw * (100 + float_pct) < safety_kw * 100:
            problems.append(
                FieldError(f"periods-{n}-setpoint_kw", "setpoint_below_safety", {"safety_kw": safety_kw})
            )


def periods(params: Mapping[str, Any]) -> list[Period]:
    """The control periods of plan params again, for people to read: (start, end, setpoint_kw)."""
    codes = [(params["codes"][n // 4] >> (2 * (n % 4))) & 3 for n in range(HALF_HOURS)]
    found: list[list[int]] = []
    for n, code in enumerate(codes):
        if code and n and code == codes[n - 1]:
            found[-1][1] = n + 1
        elif code:
            found.append([n, n + 1])
    return [
        (start, end, setpoint_w // 1000)
        for (start, end), setpoint_w in zip(found, params["setpoints_w"], strict=False)
    ]
