"""Small functions that templates call."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask import Flask, g
from flask_babel import gettext as _

from protocols.meters.points import BY_NO
from protocols.uplink import archive_rows, area, messages
from protocols.uplink.codes import APPEND, CONTROLS, REFRESH, REMOTE
from station import plans
from station.area import requests
from station.area.rows import HEADS
from station.profiles import life, push
from station.profiles.show import spans
from station.web import device_model, feed, forms
from station.web.drafts import HALF_HOUR_LABELS
from station.web.figures import duration, fixed, kw, kwh, local, rounds
from station.web.i18n import DEFAULT, shown, word
from station.web.points import point_name


def age_words(t_s: int) -> str:
    """How long ago, in the words of the script; empty in a live panel, where the browser fills it in."""
    if g.get("live"):
        return ""
    passed = max(0, int(time.time()) - t_s)
    for size, text in (
        (86400, _("{n} d ago")),
        (3600, _("{n} h ago")),
        (60, _("{n} min ago")),
        (2, _("{n} s ago")),
    ):
        if passed >= size:
            return text.replace("{n}", str(passed // (size if size > 2 else 1)))
    return _("just now")


def remark(note: str | None) -> str:
    """What the author wrote: command.send stores the fingerprint of the preview before it."""
    return re.sub(r"^#[0-9a-f]{12}( |$)", "", note or "")


def station_offset_s() -> int:
    """Offset of the station's own clock, for what happened at no terminal."""
    return time.localtime().tm_gmtoff


def utc_label(offset_s: int) -> str:
    hours, minutes = divmod(abs(offset_s) // 60, 60)
    return f"UTC{'-' if offset_s < 0 else '+'}{hours:02d}:{minutes:02d}"


def valid_options(minutes: Sequence[int]) -> list[tuple[int, str]]:
    return [(n, duration(n * 60)) for n in minutes]


def limit_options(most_half_hours: int, zero: str) -> list[tuple[int, str]]:
    return [(0, zero)] + [(n, duration(n * 1800)) for n in range(1, most_half_hours + 1)]


def round_states(device: Mapping[str, Any]) -> list[dict[str, Any]]:
    """States of the rounds for the overview's table; [] before the first report, and of a concentrator."""
    if device["tripped"] is None or device["area"] is not None:
        return []
    return [device_model.round_state(n, device, device["online"]) for n in range(device["rounds"])]


_PROPOSED = {"act": "import_act", "target": "import_target"}  # field of a proposal -> space of its words


def proposed_rows(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a proposal that is no command says of itself, but the rows of a file."""
    shown = {name: value for name, value in content.items() if name != "rows"}
    return [
        (word("proposed_field", name), word(_PROPOSED[name], value) if name in _PROPOSED else str(value))
        for name, value in shown.items()
    ]


def param_rows(kind: int, params: Mapping[str, Any], offset_s: int) -> list[tuple[str, str]]:
    """What a command carries, as (label, value)."""
    if kind == messages.PERIOD_PLAN:
        rows = [
            (
                _("Period %(n)s", n=n + 1),
                f"{HALF_HOUR_LABELS[start]}–{HALF_HOUR_LABELS[end]}  {kw(1000 * setpoint_kw)} kW",
            )
            for n, (start, end, setpoint_kw) in enumerate(plans.periods(params))
        ]
        hidden = {"codes", "setpoints_w", "periods"}
        return rows + [_row(name, params[name], offset_s) for name in params if name not in hidden]
    rows = [_row(name, value, offset_s) for name, value in params.items()]
    if kind in _OF_KIND:
        name, words = area.COMMAND_NAMES[kind], _OF_KIND[kind]
        return [
            (field_label(name, field), words[field](value, offset_s) if field in words else shown)
            for (field, value), (_label, shown) in zip(params.items(), rows, strict=True)
        ]
    if kind == area.METER_ORDER:
        told = word("param", "value")
        return [(each, balance(params["value"], params["fee"]) if each == told else v) for each, v in rows]
    return rows


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def box_options(shape: str) -> list[tuple[int, str]]:
    """(value, words) of the boxes of a field of forms.SHAPES."""
    if shape == "days":
        return [(n + 1, word("weekday", name)) for n, name in enumerate(WEEKDAYS)]
    if shape == "hours":
        return [(hour, f"{hour:02d}") for hour in range(24)]
    return [(n, str(n)) for n in range(1, 9)]


def select_options(shape: str, device: Mapping[str, Any]) -> list[tuple[int, str]]:
    """(value, words) of the choices of a field of forms.SHAPES for the device."""
    if shape in _OPTIONS:
        return _OPTIONS[shape](device)
    return [(n, str(n)) for n in (range(3) if shape == "scheme" else range(1, 9))]


_OPTIONS: dict[str, Callable[[Mapping[str, Any]], list[tuple[int, str]]]] = {
    "control": lambda _d: [(no, word("control", name)) for no, name in CONTROLS.items() if no != REMOTE],
    "half_hours": lambda _d: [(n, duration(n * 1800)) for n in range(1, 49)],
    "profile_op": lambda _d: [(op, word("profile_op", op)) for op in (push.ROLL_BACK, push.DISCARD)],
    "four_one": lambda _d: [(n, str(n)) for n in range(1, life.SLOTS + 1)],
    "fee": lambda _d: [(1, _("Amount / yuan")), (0, _("Energy / kWh"))],
    "want": lambda _d: [(want, word("want", want)) for want in (2, 1, 0)],
    "flag": lambda _d: [(APPEND, _("append")), (REFRESH, _("refresh"))],
    "freeze": lambda _d: [(kind, word("freeze", kind)) for kind in (messages.DAILY, messages.MONTHLY)],
    "point": lambda d: [(no, point_words(no)) for no in requests.shown_points(d)],
    "own_line": lambda d: [(line, line_name(line)) for line in requests.lines(d)],
    "line": lambda d: [(0, _("all")), *_OPTIONS["own_line"](d)],
}


def point_words(no: int) -> str:
    row = BY_NO.get(no)
    return f"{point_name(row)} / {row[3]}" if row and row[3] else point_name(row) if row else str(no)


def point_value(no: int, value: Any) -> str:
    """A canonical value with its unit, as people read it."""
    row = BY_NO.get(no)
    if row is None or not isinstance(value, int):
        return "–" if value is None else str(value)
    if row[5] == "time":  # as the meter's own clock shows it
        return local(value, 0, "%Y-%m-%d %H:%M:%S")
    return f"{value:04X}h" if row[5] == "bits" else f"{fixed(value, row[4])} {row[3]}".strip()


def line_name(number: int) -> str:
    return _("carrier or radio module") if number == archive_rows.MODULE else f"RS-485 {number}"


def balance(value: int | None, fee: int) -> str:
    """What a meter has or buys, with its unit."""
    return f"{fixed(value, -4, 2)} {_('yuan')}" if fee else f"{kwh(value)} kWh"


def column(name: str) -> str:
    """The head of a column of an archive's file, in the page's language; the whole line without one."""
    if name not in HEADS:
        return name or _("whole line")
    return HEADS[name] if shown() == DEFAULT else name


def of_area(space: str, name: str, device: Mapping[str, Any]) -> str:
    """A word that speaks of a terminal; of a concentrator where that has its own."""
    own = f"{name}_area"
    said = word(space, own) if device["area"] is not None else own
    return word(space, name) if said == own else said


def field_label(kind: str, name: str) -> str:
    """A name of the contract may mean another thing in one kind of command."""
    own = word("param", f"{kind}_{name}")
    return word("param", name) if own == f"{kind}_{name}" else own


def field_hint(row: forms.Row) -> str:
    if row.shape == "perhaps":
        return _("Leave empty for all.")
    if row.shape == "hex":
        return _("Hexadecimal, as it goes on the line; at most %(most)s bytes.", most=requests.DATA_MOST)
    if row.shape == "minutes_list":
        return _("One for each round, with commas; the last counts for further rounds.")
    return _("%(least)s to %(most)s", least=row.least, most=row.most) if row.most else ""


def field_unit(shape: str) -> str:
    unit = forms.UNITS.get(shape, "")
    return _("yuan") if unit == "yuan" else unit


def _row(name: str, value: Any, offset_s: int) -> tuple[str, str]:
    if isinstance(value, list):
        shown = " / ".join(feed.detail(name, each, offset_s) for each in value)
    elif name in _WORDS:
        shown = _WORDS[name](value)
    else:
        shown = feed.detail(name, value, offset_s)
    return feed.word("param", name), shown


_WORDS = {
    "flag": lambda v: _("append") if v == APPEND else _("refresh"),
    "address": archive_rows.digits,
    "fee": lambda v: _("Amount / yuan") if v else _("Energy / kWh"),
    "want": lambda v: word("want", v),
    "line": lambda v: line_name(v) if v else _("all"),
    "on": lambda v: _("On") if v else _("Off"),
    "limit_s": lambda v: duration(v) if v else _("until closing is permitted"),
    "duration_s": lambda v: duration(v) if v else _("until it is released"),
    "float_pct": lambda v: f"{v:+d} %",
    "alarm_pct": lambda v: f"{v} %",
    "control": lambda v: word("control", CONTROLS.get(v, str(v))),
    "days": lambda v: " ".join(word("weekday", WEEKDAYS[n - 1]) for n in rounds(v)),
    "hours": lambda v: " ".join(f"{n - 1:02d}" for n in rounds(v)) or _("none"),
    "start_min": lambda v: f"{v // 60:02d}:{v % 60:02d}",
    "from_day": lambda v: str(forms.EPOCH_DAY + timedelta(days=v)),
    "until_day": lambda v: str(forms.EPOCH_DAY + timedelta(days=v - 1)),
    "op": lambda v: word("profile_op", v),
    "hash": lambda v: v.hex()[:16],
    "bytes": lambda v: f"{len(v)} B",
    "important": lambda v: _("Yes") if v else _("No"),
    "periods": lambda v: " ".join(str(n) for n in rounds(v)),
}


_AS_DAY = {name: lambda v, offset_s: local(v, offset_s, "%Y-%m-%d") for name in ("from_s", "until_s")}
_OF_KIND = {  # of fields that other commands have too, with another meaning
    area.RESEND: _AS_DAY | {"kind": lambda v, _offset_s: word("freeze", v)},
    area.PATROL: {"point": lambda v, _offset_s: point_words(v)},
    area.FORWARD: {
        "data": lambda v, _offset_s: v.hex(" ").upper(),
        "urgent": lambda v, _offset_s: _("Yes") if v else _("No"),
    },
    area.METER_REPLACED: {"new_address": lambda v, _offset_s: archive_rows.digits(v)},
}


def init_app(app: Flask) -> None:
    app.jinja_env.filters["remark"] = remark
    app.jinja_env.filters["balance"] = balance
    app.jinja_env.filters["spans"] = spans
    app.jinja_env.globals.update(
        line_name=line_name,
        age_words=age_words,
        valid_options=valid_options,
        limit_options=limit_options,
        box_options=box_options,
        select_options=select_options,
        field_hint=field_hint,
        field_label=field_label,
        of_area=of_area,
        column=column,
        point_words=point_words,
        field_unit=field_unit,
        round_states=round_states,
        half_hour_label=HALF_HOUR_LABELS.__getitem__,
        station_offset_s=station_offset_s,
        utc_label=utc_label,
    )
