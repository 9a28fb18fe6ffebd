"""Events in words: title, tone, and each detail with its unit."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _

from protocols.uplink.area import SECTIONS
from protocols.uplink.codes import CONTROLS, REASONS
from station.store.events import OTHER_KINDS, kind_name, rule
from station.web import slots
from station.web.figures import duration, fixed, kw, kwh, local, rounds
from station.web.i18n import shown, word

TONES = {  # event name -> (tone, icon)
    "remote_trip": ("trip", "trip"),
    "power_control_trip": ("trip", "trip"),
    "energy_control_trip": ("trip", "trip"),
    "power_control_alarm": ("warn", "warn"),
    "energy_control_alarm": ("warn", "warn"),
    "voltage_loop_abnormal": ("warn", "warn"),
    "current_loop_abnormal": ("warn", "warn"),
    "phase_sequence_abnormal": ("warn", "warn"),
    "meter_fault": ("warn", "warn"),
    "meter_stop": ("warn", "warn"),
    "meter_fly_away": ("warn", "warn"),
    "energy_deviation": ("warn", "warn"),
    "register_decrease": ("warn", "warn"),
    "register_rebased": ("warn", "warn"),
    "meter_cover_open": ("trip", "eye"),
    "meter_terminal_cover_open": ("trip", "eye"),
    "magnetic_field": ("trip", "eye"),
    "authentication_failed": ("trip", "warn"),
    "output_mismatch": ("trip", "warn"),
    "parameters_lost": ("trip", "warn"),
    "overload": ("warn", "warn"),
    "exclusion_on": ("accent", "hand"),
    "service_test": ("warn", "hand"),
    "remote_trip_alarm": ("warn", "warn"),
    "terminal_fault": ("trip", "warn"),
    "meter_read_failed": ("warn", "warn"),
    "power_up": ("warn", "bolt"),
    "close_permitted": ("ok", "hand"),
    "switch_closed": ("ok", "closed"),
    "switch_opened": ("idle", "trip"),
    "guarantee_on": ("accent", "shield"),
    "guarantee_off": ("idle", "shield"),
    "clock_set": ("idle", "clock"),
    "purchase_applied": ("ok", "ok"),
    "profile_kept": ("ok", "ok"),
    "profile_rolled_back": ("trip", "warn"),
}


def show(event: Mapping[str, Any], offset_s: int, device_name: str | None = None) -> dict[str, Any]:
    """Return what the event list draws; with `device_name` the row links to its terminal."""
    tone, shape = TONES.get(event["name"], ("idle", "idle"))
    return {
        "id": event["id"],
        "device": event["device"],
        "device_name": device_name,
        "link": device_name is not None,
        "t_s": event["t_s"],
        "t_ok": event["t_ok"],
        "offset_s": offset_s,
        "name": event["name"],
        "text": word("event", event["name"]),
        "tone": tone,
        "shape": shape,
        "details": details(event, offset_s),
    }


def show_all(events: Iterable[Mapping[str, Any]], offset_s: int) -> list[dict[str, Any]]:
    return [show(event, offset_s) for event in events]


def details(event: Mapping[str, Any], offset_s: int) -> list[tuple[str, str]]:
    """(label, value) of each field of an event; what a rule measured and its limit have the rule's unit."""
    name, data = event["name"], event["data"]
    found = rule(name, data)
    out = []
    for field, value in data.items():
        text = kind(name, data) if field == "kind" else detail(field, value, offset_s)
        if field == "error" and name == "profile_rolled_back":
            text = slots.why(text)
        if found and found.unit and field in ("value", "limit", "before"):
            text = f"{text} {found.unit}"
        out.append((word("field", field), text))
    return out


def kind(name: str, data: Mapping[str, Any]) -> str:
    """The field `kind` of an event in the page's language; the table of the rules has their words."""
    found = rule(name, data)
    if found:
        return found.en if shown() == "en" else found.zh
    known = data["kind"] in OTHER_KINDS.get(name, ())
    return word("kind", kind_name(name, data)) if known else str(data["kind"])


def detail(name: str, value: Any, offset_s: int) -> str:
    """Return the value of an event field in words; the unit stands in the field's name."""
    if not isinstance(value, int):
        return str(value)
    if name in _CODED:
        space, names = _CODED[name]
        return word(space, names[value]) if value in names else str(value)
    if name == "phase":
        return "".join("ABC"[n - 1] for n in rounds(value) if n <= 3)
    if name == "ended":
        return _("yes") if value else _("no")
    if name in _MASKS:
        return ", ".join(str(n) for n in rounds(value)) or _("none")
    if name == "until_s":
        return local(value, offset_s, "%m-%d %H:%M") if value else _("until released")
    for suffix, form in _UNITS:
        if name.endswith(suffix):
            return form(value)
    return str(value)


_CODED = {
    "control": ("control", CONTROLS),
    "reason": ("reason", REASONS),
    "section": ("section", SECTIONS),
}
_MASKS = ("rounds", "inputs", "changed")
_UNITS = (
    ("_yuan_e4", lambda v: f"{fixed(v, -4, 2)} {_('yuan')}"),
    ("_pct", lambda v: f"{v} %"),
    ("_ms", lambda v: f"{v} ms"),
    ("_wh", lambda v: f"{kwh(v)} kWh"),
    ("_w", lambda v: f"{kw(v)} kW"),
    ("_s", duration),
)
