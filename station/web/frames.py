"""Frames of the meter line for people: function, identifier, values; what cannot be read stays raw."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _

from protocols.lines import dlt645, dlt645_meter
from protocols.meters import dlt645_items, points
from station.web.figures import NOTHING, fixed, local
from station.web.i18n import word
from station.web.points import point_name

MAX_POINTS = 24  # of one frame: a block of 63 tariffs would bury the page


def show(t_s: int, direction: int, raw: bytes) -> dict[str, Any]:
    framer = dlt645.Framer()
    found = framer.feed(raw)
    shown = {
        "t_s": t_s,
        "sent": direction == 0,
        "hex": raw.hex(" ").upper(),
        "function": "unreadable",
        "di": None,
        "address": "",
        "points": [],
        "trouble": None,
    }
    if not found:
        shown["trouble"] = _("checksum or length is wrong") if framer.bad else _("no complete frame")
        return shown
    return shown | _meaning(found[0])


def show_all(frames: Sequence[Any]) -> list[dict[str, Any]]:
    """Newest first. The list came from outside: an entry of another shape is left out."""
    good = [f for f in frames if isinstance(f, list) and len(f) == 3 and isinstance(f[2], bytes)]
    return [show(t_s, direction, raw) for t_s, direction, raw in reversed(good) if isinstance(t_s, int)]


def _meaning(frame: dlt645.Frame) -> dict[str, Any]:
    di = dlt645.di_of(frame)
    function = dlt645_meter.function_name(frame.control)
    shown: dict[str, Any] = {
        "function": function,
        "address": frame.address,
        "di": None if di is None else f"{di:08X}",
    }
    _di, data, _more, faults = dlt645.reply_data(frame)
    if faults:
        shown["trouble"] = ", ".join(word("meter_error", name) for name in faults)
    elif di is not None and function == "read-reply":
        shown |= _values(di, data)
    return shown


def _values(di: int, data: bytes) -> dict[str, Any]:
    try:
        values = dlt645_items.decode(di, data)
    except dlt645_items.ItemError:
        return {"trouble": _("no known item")}
    more = len(values) - MAX_POINTS
    trouble = _("and %(n)s more", n=more) if more > 0 else None
    return {"points": [_value(*value) for value in values[:MAX_POINTS]], "trouble": trouble}


def _value(obis: str, value: Any, scale: int, unit: str) -> tuple[str, str]:
    row = points.BY_OBIS.get(obis)
    name = point_name(row) if row is not None else obis
    kind = row[5] if row is not None else ""
    return name, f"{_text(kind, value, scale)} {unit if kind != 'time' else ''}".strip()


def _text(kind: str, value: Any, scale: int) -> str:
    if not isinstance(value, int):
        return NOTHING if value is None else str(value)
    if kind == "time":  # as the meter's clock shows it
        return local(value, 0, "%Y-%m-%d %H:%M:%S")
    return f"{value:04X}h" if kind == "bits" else fixed(value, scale)
