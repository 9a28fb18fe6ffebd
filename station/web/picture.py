"""The day of a setpoint plan as a picture: 48 half hours, the setpoint as a step line, the load behind it."""

from collections.abc import Sequence
from typing import Any

LEFT, RIGHT, TOP, BOTTOM = 44, 944, 24, 154
HALF_HOUR = (RIGHT - LEFT) / 48
HEADROOM = 1.15


def draw(
    periods: Sequence[Sequence[Any]], safety_kw: int, load_w: Sequence[int | None], float_pct: int = 0
) -> dict[str, Any]:
    """Return the coordinates for panels/plan.html. Senseless periods are left out, the form says why."""
    good = sorted(tuple(p) for p in periods if _sensible(p))
    shown = [(start, end, kw * (100 + float_pct) / 100) for start, end, kw in good]
    load_kw = [None if w is None else w / 1000 for w in load_w]
    highest = max(
        [kw for *_span, kw in shown] + [safety_kw] + [kw for kw in load_kw if kw is not None], default=0
    )
    top = _nice(max(highest * HEADROOM, 1))

    def y(kw: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * min(max(kw, 0), top) / top, 1)

    return {
        "cells": [_cell(n, shown) for n in range(48)],
        "steps": [f"M{x(start)} {y(kw)}H{x(end)}" for start, end, kw in shown],
        "labels": [(round((x(start) + x(end)) / 2, 1), y(kw) - 5, f"{kw:g}") for start, end, kw in shown],
        "load": _path(load_kw, y),
        "safe": y(safety_kw) if safety_kw else None,
        "hours": [(x(2 * hour), f"{hour:02d}") for hour in range(0, 25, 2)],
        "levels": [(y(top * part / 2), f"{top * part / 2:g}") for part in range(3)],
        "periods": len(shown),
    }


def x(half_hour: float) -> float:
    return round(LEFT + half_hour * HALF_HOUR, 1)


def _sensible(period: Sequence[Any]) -> bool:
    if len(period) != 3 or not all(isinstance(part, int) for part in period):
        return False
    start, end, kw = period
    return 0 <= start < end <= 48 and 0 < kw < 10**9


def _cell(n: int, shown: Sequence[tuple[int, int, float]]) -> dict[str, Any]:
    inside = next((i for i, (start, end, _kw) in enumerate(shown) if start <= n < end), None)
    return {
        "x": x(n),
        "width": round(HALF_HOUR, 1),
        "style": "" if inside is None else ("on", "on b")[inside % 2],
    }


def _nice(value: float) -> float:
    """The next of 1, 2, 4, 5, 8 x 10^n: half of it is a short number too."""
    size = 1.0
    while size * 10 <= value:
        size *= 10
    return next(size * step for step in (1, 2, 4, 5, 8, 10) if size * step >= value)


def _path(load_kw: Sequence[float | None], y: Any) -> str:
    """The load as pieces of line: a missing slot is a hole."""
    out, pen_up = [], True
    for n, kw in enumerate(load_kw):
        if kw is not None:
            out.append(f"{'M' if pen_up else 'L'}{x(n / 2)} {y(kw)}")
        pen_up = kw is None
    return "".join(out)
