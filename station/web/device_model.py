"""One terminal as its page shows it: pure functions from the device row, its last NOW and the time."""

from collections.abc import Mapping, Sequence
from typing import Any

from protocols.meters import points
from protocols.uplink.codes import CONTROLS, PHASES, REASONS
from station.web import frames
from station.web.figures import fixed, share
from station.web.points import by_alias, point_name, text

Row = Mapping[str, Any]

ROUND_STATES: dict[
    tuple[int, int | None, int], tuple[str, str, str]
] = {  # (tripped, open, permitted) -> (state, tone, icon); any other mix with the output set is a mismatch
    (1, 1, 0): ("tripped", "trip", "trip"),
    (1, 1, 1): ("tripped", "trip", "trip"),
    (0, 0, 0): ("closed", "ok", "closed"),
    (0, 0, 1): ("closed", "ok", "closed"),
    (0, 1, 1): ("permitted", "warn", "hand"),
    (0, 1, 0): ("open", "idle", "trip"),
}
PHASE_TONES = {
    "idle": ("idle", "idle"),
    "monitor": ("ok", "eye"),
    "alarm": ("warn", "warn"),
    "post_trip": ("trip", "trip"),
    "tripped": ("trip", "trip"),
    "measuring": ("accent", "clock"),
}
VALUES = (  # alias, True when the primary value (times multiplier) is told too
    ("power_dw", True),
    ("reactive_power_dvar", True),
    ("energy_import_wh", True),
    ("energy_import_t1_wh", True),
    ("energy_import_t2_wh", True),
    ("energy_import_t3_wh", True),
    ("energy_import_t4_wh", True),
    ("energy_export_wh", True),
    ("demand_import_dw", True),
    ("frequency_chz", False),
)
PHASE_CELLS = ("voltage_{}_dv", "current_{}_ma", "power_{}_dw", "power_factor_{}_e3")


def view(device: Row, now: Row | None, order: Row | None) -> dict[str, Any]:
    """Return what the terminal's panels draw. `order`: the last purchase order it applied, if known."""
    values = now["points"] if now else {}
    return {
        "now": now,
        "stale": now is not None and not device["online"],
        "power_w": now["power_w"] if now else None,
        "setpoint_w": now["setpoint_w"] if now else None,
        "rounds": rounds(device, now) if now else [],
        "controls": controls(now["controls"]) if now else [],
        "energy": energy(now, order) if now else None,
        "phases": phases(values),
        "readings": meter_values(values, device["multiplier"]),
        "frames": frames.show_all(now["frames"]) if now else [],
    }


def rounds(device: Row, now: Row) -> list[dict[str, Any]]:
    return [round_state(n, now, device["online"]) for n in range(device["rounds"])]


def round_state(n: int, now: Row, online: bool) -> dict[str, Any]:
    """Wanted against reported of round n + 1. A mismatch is a state of its own; silence is not knowledge."""
    tripped, permitted = now["tripped"] >> n & 1, now["permitted"] >> n & 1
    is_open = None if now["open"] is None else now["open"] >> n & 1
    state, tone, shape = ROUND_STATES.get((tripped, is_open, permitted), ("mismatch", "unknown", "unknown"))
    if is_open is None or not online:
        state, tone, shape = "stale" if not online else "unreadable", "unknown", "unknown"
    return {
        "no": n + 1,
        "tripped": tripped,
        "open": is_open,
        "alarm": now["alarm"] >> n & 1,
        "state": state,
        "tone": tone,
        "shape": shape,
    }


def has_mismatch(device: Row) -> bool:
    """True when some round's output is set while its contact reports closed, or no contact can be read."""
    if device["tripped"] is None or device["area"] is not None:  # no report yet; no rounds
        return False
    return device["open"] is None or bool(device["tripped"] & ~device["open"] & ((1 << device["rounds"]) - 1))


def controls(reported: Sequence[Any]) -> list[dict[str, Any]]:
    """[[control, phase, reason, group], ...] from the terminal; an entry of another shape is left out."""
    out = []
    for entry in reported:
        if isinstance(entry, list) and len(entry) == 4 and all(isinstance(part, int) for part in entry):
            control, phase, reason, group = entry
            name = PHASES.get(phase, str(phase))
            tone, shape = PHASE_TONES.get(name, ("unknown", "unknown"))
            out.append(
                {
                    "control": CONTROLS.get(control, str(control)),
                    "group": group,
                    "phase": name,
                    "tone": tone,
                    "shape": shape,
                    "reason": REASONS.get(reason, str(reason)),
                }
            )
    return out


def energy(now: Row, order: Row | None) -> dict[str, Any] | None:
    """Remaining energy against its thresholds; None when no order was ever applied."""
    remaining = now["remaining_wh"]
    if remaining is None:
        return None
    out: dict[str, Any] = {
        "remaining_wh": remaining,
        "known": False,
        "state": "unknown",
        "tone": "ink",
        "shape": "unknown",
    }
    if order is None:
        return out
    alarm, trip = order["alarm_wh"], order["trip_wh"]
    full = max(order["remaining_after_wh"] or 0, order["value_wh"], alarm, 1)
    state, tone, shape = ("ok", "ok", "ok")
    if remaining <= trip:
        state, tone, shape = ("used_up", "trip", "trip")
    elif remaining <= alarm:
        state, tone, shape = ("alarm", "warn", "warn")
    power = now["power_w"]
    left_s = (remaining - trip) * 3600 // power if power and power > 0 and remaining > trip else None
    return out | {
        "known": True,
        "state": state,
        "tone": tone,
        "shape": shape,
        "alarm_wh": alarm,
        "trip_wh": trip,
        "percent": share(remaining, full),
        "marks": [(share(alarm, full), "alarm"), (share(trip, full), "")],
        "left_s": left_s,
    }


def phases(values: dict[int, Any]) -> list[dict[str, Any]]:
    """Secondary values by phase, [] when the meter gave none."""
    rows = []
    for phase in "abc":
        aliases = [cell.format(phase) for cell in PHASE_CELLS]
        if any(by_alias(values, alias) is not None for alias in aliases):
            rows.append({"name": phase.upper(), "cells": [text(values, alias) for alias in aliases]})
    return rows


def meter_values(values: dict[int, Any], multiplier: int) -> list[dict[str, str]]:
    out = []
    for alias, scaled in VALUES:
        value = by_alias(values, alias)
        if value is not None:
            row = points.BY_ALIAS[alias]
            primary = fixed(value * multiplier, row[4], 2) if scaled and isinstance(value, int) else ""
            out.append(
                {"name": point_name(row), "meter": text(values, alias), "primary": primary, "unit": row[3]}
            )
    return out
