"""The panels of a page as HTML: the same templates at first load, in the live stream and in a poll.

`panels` returns {name: JSON text}: a panel's id with its HTML, or "power" / "curve" for a chart.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import g, render_template
from sqlalchemy import Connection

from protocols.uplink.codes import REASONS
from station.store import commands, counters, devices, events, gaps, live, orders
from station.store import fleet as of_all
from station.store.commands import STATES
from station.store.db import now_s
from station.store.readings import SqliteReadingStore
from station.store.scope import Scope
from station.web import (
    area_panels,
    curve,
    device_model,
    feed,
    feeder_panels,
    fleet,
    patrol_panels,
    rights,
    run_state,
    slots,
    trace_panels,
)
from station.web.arguments import MOST, whole
from station.web.errors import Refused
from station.web.helpers import param_rows

TRAIL_S = 900  # what the live chart shows
TAIL_S = 30  # what a live message repeats, so that a skipped one leaves no hole
EVENTS, COMMANDS, GAPS, ORDERS = 12, 6, 8, 20  # rows of the panels
STATE_TONES = {
    "executed": ("ok", "ok"),
    "refused": ("trip", "warn"),
    "expired": ("warn", "clock"),
    "unknown": ("unknown", "unknown"),
}
DEVICE_PANELS = (
    "head",
    "power",
    "rounds",
    "energy",
    "guarantee",
    "commands",
    "controls",
    "meter",
    "profiles",
    "link",
    "events",
    "frames",
)
OVERVIEW_PANELS = ("tiles", "table", "problems", "events")

Arguments = Mapping[str, str]


def device_context(c: Connection, device: str) -> dict[str, Any] | None:
    """Everything the terminal's panels need, or None for an unknown device."""
    row = devices.get(c, device)
    if row is None:
        return None
    now = live.latest(c, device)
    applied = now["last_order"] if now else 0
    order = next((o for o in orders.recent(c, device, ORDERS) if o["order"] == applied), None)
    return {
        "d": row,
        "v": device_model.view(row, now, order),
        "events": feed.show_all(events.recent(c, device, EVENTS), row["utc_offset_s"]),
        "commands": [command_row(k) for k in commands.recent(c, device, COMMANDS)],
        "gaps": gaps.open_gaps(c, device)[:GAPS],
        "slots": slots.running(c, device),
        "ways": slots.ways(c, device),
    }


def command_row(command: Mapping[str, Any]) -> dict[str, Any]:
    tone, shape = STATE_TONES.get(command["state"], ("accent", "clock"))
    reason = REASONS.get(command["reason"], str(command["reason"])) if command["reason"] else None
    words = slots.why(str((command["detail"] or {}).get("error", "")))
    return {**command, "tone": tone, "shape": shape, "reason_name": reason, "words": words}


def command_context(c: Connection, device: str, command: int) -> dict[str, Any] | None:
    row = devices.get(c, device)
    found = commands.get(c, device, command) if command <= MOST else None
    if row is None or found is None:
        return None
    log = commands.history(c, device, command)
    return {
        "d": row,
        "k": command_row(found),
        "steps": steps(found["state"], log),
        "content": param_rows(found["kind"], found["params"], row["utc_offset_s"]),
        "measured": _measured(row, found),
        "told": area_panels.told_of(c, row, found),
    }


def steps(state: str, log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The way of a command: what is done, where it stands, what may come. The last step names the end."""
    reached = {entry["state_to"]: entry["t_s"] for entry in log}
    ends = {"executed": "end-ok", "refused": "end-bad", "expired": "end-bad", "unknown": "end-unknown"}
    way: list[str] = list(STATES[: STATES.index("received") + 1])
    answered = state in ("executed", "refused")  # by the device, which so has received it
    out = [
        {"state": s, "t_s": reached.get(s), "style": "done" if answered or s in reached else ""} for s in way
    ]
    if state in ends:
        out.append({"state": state, "t_s": reached.get(state), "style": f"here {ends[state]}"})
    else:
        out[way.index(state)]["style"] = "here pulse"
        out.append({"state": "executed", "t_s": None, "style": ""})
    return out


def _measured(row: Mapping[str, Any], command: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Relay state that came with the result, by round; None before there is one."""
    if command["tripped"] is None:
        return None
    now = {"tripped": command["tripped"], "open": command["open"], "permitted": 0, "alarm": 0}
    return [device_model.round_state(n, now, True) for n in range(row["rounds"])]


def fleet_context(c: Connection, scope: Scope, wanted: fleet.Filter) -> dict[str, Any]:
    at, seen = now_s(), fleet.narrowed(c, scope, wanted.unit)
    return {
        "d": None,
        "wanted": wanted,
        "queues": fleet.QUEUES,
        "counts": of_all.counts(c, seen, at),
        "table": fleet.select(c, seen, wanted, at),
        "events": [feed.show(e, e["utc_offset_s"], e["device_name"]) for e in events.latest(c, seen, EVENTS)],
        "refused": counters.all_counters(c),
        "newest_s": of_all.newest_s(c),
        "troubles": run_state.troubles(c),
    }


def _of_device(c: Connection, arguments: Arguments) -> dict[str, str]:
    context = device_context(c, arguments.get("device", ""))
    if context is None:
        return {}
    device, at = context["d"], now_s()
    tail = live.trail(c, device["device"], at - TAIL_S)
    day = curve.day_start(curve.local_day(at, device["utc_offset_s"]), device["utc_offset_s"])
    points = SqliteReadingStore.curve(c, device["device"], curve.POWER_NO, day)
    held = [n for n, (value, _quality) in enumerate(points) if value is not None]
    return _render(DEVICE_PANELS, context) | {"power": json.dumps(tail), "curve": json.dumps([day, held])}


def _of_command(c: Connection, arguments: Arguments) -> dict[str, str]:
    number = whole("command", arguments.get("command"))
    context = None if number is None else command_context(c, arguments.get("device", ""), number)
    return _render(("command",), context) if context else {}


def _of_fleet(c: Connection, arguments: Arguments) -> dict[str, str]:
    return _render(OVERVIEW_PANELS, fleet_context(c, g.scope, fleet.Filter.of(arguments)))


def _of_area(c: Connection, arguments: Arguments) -> dict[str, str]:
    context = area_panels.area_context(c, arguments.get("device", ""), arguments)
    return _render(area_panels.AREA_PANELS, context) if context else {}


def _of_archive(c: Connection, arguments: Arguments) -> dict[str, str]:
    row = area_panels.concentrator(c, arguments.get("device", ""))
    if row is None:
        return {}
    return _render(("head", "area_archive"), area_panels.archive_context(c, row) | {"at_archive": True})


def _of_meter(c: Connection, arguments: Arguments) -> dict[str, str]:
    number = whole("number", arguments.get("number")) or 0
    context = area_panels.meter_context(c, arguments.get("device", ""), number)
    return _render(area_panels.METER_PANELS, context) if context else {}


def _of_picture(c: Connection, arguments: Arguments) -> dict[str, str]:
    """A panel for each feeder, so that only those that changed are sent."""
    unit = feeder_panels.asked(c, g.scope, arguments.get("unit"))
    context = feeder_panels.context(c, g.scope, unit)
    texts = {
        f"p-feeder-{each['feeder'].unit}": json.dumps(render_template("panels/feeder.html", **each))
        for each in context["drawn"]
    }
    return _render(("feeder_counts",), context) | texts


def _of_patrol(c: Connection, arguments: Arguments) -> dict[str, str]:
    row = patrol_panels.check(c, g.scope, arguments)
    return _render(patrol_panels.PATROL_PANELS, patrol_panels.context(c, g.scope, row, arguments))


def _of_trace(c: Connection, arguments: Arguments) -> dict[str, str]:
    row = devices.get(c, arguments["device"])
    assert row is not None  # `check` went before
    return _render(trace_panels.TRACE_PANELS, trace_panels.context(c, row, arguments))


def _of_station(c: Connection, _arguments: Arguments) -> dict[str, str]:
    return _render(("checks",), {"checks": run_state.checks(c)})


TOPICS: dict[str, Callable[[Connection, Arguments], dict[str, str]]] = {
    "overview": _of_fleet,
    "device": _of_device,
    "command": _of_command,
    "area": _of_area,
    "archive": _of_archive,
    "meter": _of_meter,
    "picture": _of_picture,
    "patrol": _of_patrol,
    "trace": _of_trace,
    "station": _of_station,
}
ARGUMENTS = {
    "overview": fleet.Filter._fields,
    "device": ("device",),
    "command": ("device", "command"),
    "area": ("device", "q", "state", "page"),
    "archive": ("device",),
    "meter": ("device", "number"),
    "picture": ("unit",),
    "patrol": ("number", "state", "after"),
    "trace": ("device", "leaf", "trouble", "before"),
    "station": (),
}


def check(c: Connection, topic: str, arguments: Arguments) -> None:
    """Refused (404, 400) when there is nothing to show: no such topic, terminal or command; 403."""
    if topic not in TOPICS:
        raise Refused(404, "not_found")
    device = arguments.get("device", "")
    if "device" in ARGUMENTS[topic] and devices.get(c, device) is None:
        raise Refused(404, "no_such_device")
    if "command" in ARGUMENTS[topic]:
        number = whole("command", arguments.get("command"))
        if number is None or commands.get(c, device, number) is None:
            raise Refused(404, "no_such_command")
    if topic in ("area", "archive", "meter") and area_panels.concentrator(c, device) is None:
        raise Refused(404, "no_such_device")
    if topic in _CHECKS:
        _CHECKS[topic](c, arguments)


def _check_meter(c: Connection, arguments: Arguments) -> None:
    number = whole("number", arguments.get("number")) or 0
    if area_panels.meter_context(c, arguments.get("device", ""), number) is None:
        raise Refused(404, "not_found")


_CHECKS: dict[str, Callable[[Connection, Arguments], object]] = {
    "station": lambda _c, _arguments: rights.scope_for("run"),
    "picture": lambda c, arguments: feeder_panels.asked(c, g.scope, arguments.get("unit")),
    "patrol": lambda c, arguments: patrol_panels.check(c, g.scope, arguments),
    "meter": _check_meter,
    "trace": lambda _c, arguments: trace_panels.wanted(arguments),
}


def unit_of(c: Connection, topic: str, arguments: Arguments) -> int | None:
    """The unit of what a topic that was checked shows; None: it shows no single thing."""
    if topic == "patrol":
        return patrol_panels.check(c, g.scope, arguments)["unit"]
    row = devices.get(c, arguments.get("device", ""))
    return row["unit"] if row else None


def panels(c: Connection, topic: str, arguments: Arguments) -> dict[str, str]:
    """JSON text by name; KeyError for an unknown topic."""
    g.live = True  # ages are left to the browser: a panel that only grew older is not sent again
    return TOPICS[topic](c, arguments)


def _render(names: tuple[str, ...], context: dict[str, Any]) -> dict[str, str]:
    return {f"p-{name}": json.dumps(render_template(f"panels/{name}.html", **context)) for name in names}
