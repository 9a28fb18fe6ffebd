"""Parameters of trip, permit close and guarantee from what a person entered."""

from collections.abc import Sequence
from typing import Any

from station.checks import MAX_ROUNDS, refuse, round_mask, whole
from station.errors import FieldError

# Q/GDW 376.1 AFN05 F1: alarm delay 0..15 min, limit time 0..15 x 0.5 h, 0 = until permitted
TRIP_DELAY_MAX_S = 900
TRIP_LIMIT_MAX_HALF_HOURS = 15
GUARANTEE_MAX_HALF_HOURS = 48  # 0 = until released
HALF_HOUR_S = 1800


def trip(
    rounds: Sequence[int], delay_s: int, limit_half_hours: int, have: int = MAX_ROUNDS
) -> dict[str, Any]:
    """Params of messages.TRIP: alarm `delay_s`, then trip for `limit_half_hours` (0 = until permitted)."""
    problems: list[FieldError] = []
    params = {
        "rounds": round_mask(rounds, have, problems),
        "delay_s": whole(delay_s, "delay_s", 0, TRIP_DELAY_MAX_S, problems),
        "limit_s": HALF_HOUR_S
        * whole(limit_half_hours, "limit_half_hours", 0, TRIP_LIMIT_MAX_HALF_HOURS, problems),
    }
    refuse(problems)
    return params


def permit(rounds: Sequence[int], have: int = MAX_ROUNDS) -> dict[str, Any]:
    """Params of messages.PERMIT_CLOSE."""
    problems: list[FieldError] = []
    params = {"rounds": round_mask(rounds, have, problems)}
    refuse(problems)
    return params


def guarantee(on: bool, half_hours: int = 0) -> dict[str, Any]:
    """Params of messages.GUARANTEE; 0 half hours = until released."""
    problems: list[FieldError] = []
    span = whole(half_hours, "half_hours", 0, GUARANTEE_MAX_HALF_HOURS, problems)
    refuse(problems)
    return {"on": int(on), "duration_s": span * HALF_HOUR_S if on else 0}
