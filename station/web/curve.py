"""The 96-point day: power as read, hollow gaps, the setpoint of the plans in force, trip and close marks.

Nothing is interpolated: a slot that should be here and is not stands in `gaps`, one not due yet is empty.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection

from firmware.control import period
from protocols.meters.points import BY_ALIAS, QUALITIES
from protocols.uplink import messages
from protocols.uplink.codes import PERIOD
from station.store import commands, events
from station.store.readings import DAY_S, SLOT_S, SqliteReadingStore, Value
from station.web.figures import rounds
from station.web.i18n import word

SLOTS = DAY_S // SLOT_S
POWER_NO = BY_ALIAS["power_dw"][0]
LATE_S = 180  # a point may need so long from the meter to the store before it counts as missing
MAX_COMMANDS = 200  # looked through for the plans of the day
MAX_EVENTS = 400
MARKS = {  # event -> (words, colour token)
    "remote_trip": ("trip", "trip"),
    "power_control_trip": ("trip", "trip"),
    "energy_control_trip": ("trip", "trip"),
    "switch_closed": ("close", "ok"),
}

Plans = list[tuple[int, Any]]  # (from when, plan of firmware.control or None), oldest first


def local_day(t_s: int, offset_s: int) -> date:
    return datetime.fromtimestamp(t_s + offset_s, UTC).date()


def day_start(day: date, offset_s: int) -> int:
    """UTC instant of the local 00:00."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) - offset_s


def primary_w(value: int | None, multiplier: int) -> int | None:
    """Secondary 0.1 W of the meter -> primary W."""
    return None if value is None else (value * multiplier + 5) // 10


def plans(c: Connection, device: str) -> Plans:
    """Period plans of group 1 as they came into force, by the device's own word."""
    found: Plans = []
    for command in reversed(commands.recent(c, device, MAX_COMMANDS)):
        params = command["params"]
        if command["state"] != "executed" or params.get("group", 1) != 1:
            continue
        running = found[-1][1] if found else None
        if command["kind"] == messages.PERIOD_PLAN:
            found.append((command["done_s"], period.build(params, command["command"])))
        elif command["kind"] == messages.PERIOD_ENABLE and running:
            enabled = {**running.params, "periods": params["periods"], "scheme": params["scheme"]}
            found.append((command["done_s"], period.build(enabled, running.command)))
        elif command["kind"] == messages.RELEASE and params["control"] == PERIOD:
            found.append((command["done_s"], None))
    return found


def setpoint_w(found: Plans, t_s: int, offset_s: int) -> int | None:
    """What period control held at this instant, or None."""
    plan = next((plan for since_s, plan in reversed(found) if since_s <= t_s), None)
    if plan is None:
        return None
    key, _reason = period.window(plan, t_s + offset_s)
    return period.setpoint_w(plan, key) if key else None


def build(c: Connection, device: Mapping[str, Any], day: date, now_s: int) -> dict[str, Any]:
    """Return everything the day's chart and its table need; power in primary W."""
    offset_s, multiplier = device["utc_offset_s"], device["multiplier"]
    start_s = day_start(day, offset_s)
    today = SqliteReadingStore.curve(c, device["device"], POWER_NO, start_s)
    before = SqliteReadingStore.curve(c, device["device"], POWER_NO, start_s - DAY_S)
    power = [primary_w(value, multiplier) for value, _quality in today]
    due = [device["added_s"] <= start_s + n * SLOT_S < now_s - LATE_S for n in range(SLOTS)]
    found = plans(c, device["device"])
    here = sum(value is not None for value in power)
    return {
        "day": day.isoformat(),
        "start_s": start_s,
        "slot_s": SLOT_S,
        "power_w": power,
        "quality": [quality or 0 for _value, quality in today],
        "alone": [_alone(power, n) for n in range(SLOTS)],
        "yesterday_w": [primary_w(value, multiplier) for value, _quality in before],
        "setpoint_w": [setpoint_w(found, start_s + n * SLOT_S, offset_s) for n in range(SLOTS)],
        "gaps": gaps(power, due),
        "marks": _marks(c, device["device"], start_s),
        # a point may come before it is due: a terminal added within its first slot, a quick meter
        "due": sum(d or value is not None for d, value in zip(due, power, strict=True)),
        "here": here,
        "empty": None if here else _empty(due, device["added_s"] >= start_s + DAY_S),
        "missing": sum(d and value is None for d, value in zip(due, power, strict=True)),
        "rows": _rows(today, due),
    }


def gaps(power: Sequence[int | None], due: Sequence[bool]) -> list[tuple[int, int]]:
    """Runs of due slots without a value: (first slot, slot after the last)."""
    runs: list[tuple[int, int]] = []
    for n, (value, expected) in enumerate(zip(power, due, strict=True)):
        if expected and value is None:
            if runs and runs[-1][1] == n:
                runs[-1] = (runs[-1][0], n + 1)
            else:
                runs.append((n, n + 1))
    return runs


def _empty(due: Sequence[bool], added_later: bool) -> str:
    """Why a day has no point at all; a key of the words under `empty.`."""
    return "missing" if any(due) else "before" if added_later else "not_yet"


def _alone(power: Sequence[int | None], n: int) -> bool:
    """A point without neighbours draws no line: it needs a dot to be seen."""
    near = [*power[max(0, n - 1) : n], *power[n + 1 : n + 2]]
    return power[n] is not None and all(value is None for value in near)


def _rows(today: Sequence[Value], due: Sequence[bool]) -> list[dict[str, str]]:
    return [
        {
            "label": f"{n // 4:02d}:{n % 4 * 15:02d}",
            "quality": QUALITIES.get(quality, str(quality))
            if quality is not None
            else "missing"
            if due[n]
            else "not_due",
        }
        for n, (_value, quality) in enumerate(today)
    ]


def _marks(c: Connection, device: str, start_s: int) -> list[dict[str, Any]]:
    out = []
    for event in events.recent(c, device, MAX_EVENTS):
        if event["name"] in MARKS and start_s <= event["t_s"] < start_s + DAY_S:
            name, tone = MARKS[event["name"]]
            which = "".join(str(n) for n in rounds(event["data"].get("rounds")))
            out.append({"t_s": event["t_s"], "tone": tone, "label": f"{word('mark', name)} {which}".strip()})
    return out
