"""From a filled form to the parameters of a command: text becomes numbers here, the rooms judge them."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection
from werkzeug.datastructures import MultiDict

from protocols.uplink.codes import APPEND
from station import controls, plans, prepaid
from station.area import requests
from station.errors import FieldError, Invalid
from station.plans.period import HALF_HOURS, MAX_PERIODS
from station.web import forms

Form = MultiDict[str, str]
Device = Mapping[str, Any]

VALID_MIN = (1, 5, 15, 60)  # how long a command may wait for its terminal
DEFAULT_VALID_MIN = 5
ALARM_S = 300  # proposed for every round, and what a round that the plan leaves out carries
# A comma only groups thousands: "1,5" is no number here. More digits than any range could ever mean are none.
WHOLE = re.compile(r"[+-]?([0-9]{1,40}|[0-9]{1,3}(,[0-9]{3}){1,12})")
NOTE_CHARS = 120  # of the author's remark; the fingerprint stands before it


def number(text: str | None) -> Any:
    """An integer where the text is one, None for nothing, else the text: the room says what is wrong."""
    text = (text or "").strip()
    return int(text.replace(",", "")) if WHOLE.fullmatch(text) else text or None


def chosen_rounds(form: Form) -> list[Any]:
    return [number(value) for value in form.getlist("rounds")]


def trip(form: Form, device: Device) -> dict[str, Any]:
    delay = number(form.get("delay_min"))
    delay_s = delay * 60 if isinstance(delay, int) else delay
    try:
        return controls.trip(
            chosen_rounds(form), delay_s, number(form.get("limit_half_hours")), device["rounds"]
        )
    except Invalid as invalid:  # the room counts seconds, the form minutes
        raise Invalid(*(_in_minutes(e) if e.field == "delay_s" else e for e in invalid.errors)) from None


def _in_minutes(error: FieldError) -> FieldError:
    return FieldError("delay_min", error.key, {k: v // 60 for k, v in error.args.items()})


def _permit(form: Form, device: Device) -> dict[str, Any]:
    return controls.permit(chosen_rounds(form), device["rounds"])


def plan_rows(form: Form) -> dict[int, tuple[Any, Any, Any]]:
    """{row of the form: (start, end, setpoint kW)} of the rows with a setpoint; the others are spare."""
    rows = {}
    for n in range(MAX_PERIODS):
        start, end, setpoint = (
            number(form.get(f"periods-{n}-{name}")) for name in ("start", "end", "setpoint_kw")
        )
        if setpoint is not None:
            rows[n] = (start, end, setpoint)
    return rows


def _plan(form: Form, device: Device) -> dict[str, Any]:
    chosen = chosen_rounds(form)
    alarms = [_alarm(form, n, n + 1 in chosen) for n in range(device["rounds"])]
    names = ("slide_s", "safety_kw", "float_pct", "post_trip_s")
    more = {name: number(form.get(name)) for name in names}
    rows = plan_rows(form)
    try:
        return plans.build([*rows.values()], chosen, alarms, have=device["rounds"], **more)
    except Invalid as invalid:
        raise Invalid(*(_in_rows(error, [*rows]) for error in invalid.errors)) from None


def _alarm(form: Form, n: int, chosen: bool) -> Any:
    alarm_s = number(form.get(f"alarm_s-{n}"))
    return ALARM_S if alarm_s is None and not chosen else alarm_s


def _in_rows(error: FieldError, rows: list[int]) -> FieldError:
    """The room counts the given periods and half hours; the form has its rows and times of day."""
    parts = error.field.split("-")
    if parts[0] != "periods" or len(parts) != 3:
        return error
    clock = parts[2] in ("start", "end")
    args = {k: HALF_HOUR_LABELS[v] for k, v in error.args.items()} if clock else error.args
    return FieldError(f"periods-{rows[int(parts[1])]}-{parts[2]}", error.key, args)


def _purchase(form: Form, device: Device) -> dict[str, Any]:
    names = ("order", "flag", "value_kwh", "alarm_kwh", "trip_kwh")
    values = {name: number(form.get(name)) for name in names}
    return prepaid.build(**values, rounds=chosen_rounds(form), have=device["rounds"])


def _guarantee(form: Form, _device: Device) -> dict[str, Any]:
    if form.get("on") not in ("0", "1"):
        raise Invalid(FieldError("on", "needed"))
    return controls.guarantee(form["on"] == "1", number(form.get("half_hours") or "0"))


BUILD: dict[str, Callable[[Form, Device], dict[str, Any]]] = {  # those of forms.FORMS besides
    "trip": trip,
    "permit_close": _permit,
    "period_plan": _plan,
    "purchase": _purchase,
    "guarantee": _guarantee,
}


KINDS = {name: controls.KINDS[name] for name in (*BUILD, *forms.FORMS)}


def valid_min(form: Form) -> int:
    value = number(form.get("valid_min") or str(DEFAULT_VALID_MIN))
    if value not in VALID_MIN:
        raise Invalid(FieldError("valid_min", "needed"))
    return value


def note(form: Form) -> str:
    text = form.get("note", "").strip()
    if len(text) > NOTE_CHARS:
        raise Invalid(FieldError("note", "too_long", {"most": NOTE_CHARS}))
    return text


def _params(c: Connection, kind_name: str, form: Form, device: Device) -> dict[str, Any]:
    if kind_name in forms.FORMS:
        params = forms.build(c, kind_name, form, device)
        if kind_name in forms.AREA:
            requests.check(c, device, KINDS[kind_name], params)
        return params
    return BUILD[kind_name](form, device)


def build(c: Connection, kind_name: str, form: Form, device: Device) -> tuple[dict[str, Any], int, str]:
    """Return (params, minutes it stays valid, remark); Invalid lists every problem of the form at once."""
    errors: list[FieldError] = []
    parts: list[Any] = []
    for read in (lambda: _params(c, kind_name, form, device), lambda: valid_min(form), lambda: note(form)):
        try:
            parts.append(read())
        except Invalid as invalid:
            errors.extend(invalid.errors)
    if errors:
        raise Invalid(*errors)
    return parts[0], parts[1], parts[2]


def first_values(kind_name: str, device: Device, plan: Mapping[str, Any] | None, next_order: int) -> Form:
    """What a fresh form shows: safe defaults, and the running plan where there is one."""
    everyone = [("rounds", str(n + 1)) for n in range(device["rounds"])]
    values: dict[str, list[tuple[str, str]]] = {
        "trip": [("delay_min", "1"), ("limit_half_hours", "0")],
        "guarantee": [("on", "1"), ("half_hours", "0")],
        "purchase": [*everyone, ("order", str(next_order)), ("flag", str(APPEND)), ("trip_kwh", "0")],
        "period_plan": _plan_values(device, plan)
        if plan
        else [*everyone, *_PLAN_DEFAULTS, *_alarm_values(device, [ALARM_S])],
    }
    if kind_name in forms.FORMS:
        values[kind_name] = forms.first_values(kind_name, device["rounds"], next_order)
    return MultiDict([*values.get(kind_name, []), ("valid_min", str(DEFAULT_VALID_MIN))])


_PLAN_DEFAULTS = [
    ("slide_s", "60"),
    ("safety_kw", "0"),
    ("float_pct", "0"),
    ("post_trip_s", "120"),
    ("periods-0-start", "16"),
    ("periods-0-end", "22"),
]


def _alarm_values(device: Device, alarm_s: list[int]) -> list[tuple[str, str]]:
    return [(f"alarm_s-{n}", str(alarm_s[min(n, len(alarm_s) - 1)])) for n in range(device["rounds"])]


def _plan_values(device: Device, params: Mapping[str, Any]) -> list[tuple[str, str]]:
    values = [("rounds", str(n + 1)) for n in range(device["rounds"]) if params["rounds"] >> n & 1]
    for n, (start, end, setpoint_kw) in enumerate(plans.periods(params)):
        row = (("start", start), ("end", end), ("setpoint_kw", setpoint_kw))
        values += [(f"periods-{n}-{name}", str(value)) for name, value in row]
    values += [(name, str(params[name])) for name in ("slide_s", "float_pct", "post_trip_s")]
    return [
        *values,
        ("safety_kw", str(params["safety_w"] // 1000)),
        *_alarm_values(device, params["alarm_s"]),
    ]


HALF_HOUR_LABELS = [f"{n // 2:02d}:{n % 2 * 30:02d}" for n in range(HALF_HOURS + 1)]
