"""Frames as `station.decoding` shows them, in words: protocol, what stands in the frame, values."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from protocols.lines import dlt645
from protocols.meters import points
from station.web.figures import NOTHING, fixed
from station.web.i18n import word
from station.web.points import point_name

PROTOCOLS = {
    "cjt188": "CJ/T 188",
    "dlms": "DLMS/COSEM",
    "dlt645": "DL/T 645-2007",
    "dlt645-1997": "DL/T 645-1997",
    "dlt698": "DL/T 698.45",
    "gdw3762": "Q/GDW 376.2",
    "iec62056-21": "IEC 62056-21",
    "mbus": "M-Bus",
    "modbus": "Modbus",
    "sml": "SML",
}
MOST_VALUES = 40
HIDDEN = ("ok", "frame", "points", "reason", "note")  # shown otherwise


def shown_frames(protocol: str, frames: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """{protocol: its name, or "" when nothing could be read, frames: [{facts, values, trouble}]}."""
    return {
        "protocol": PROTOCOLS.get(protocol, protocol),
        "frames": [_frame(each, protocol) for each in frames],
    }


def _frame(shown: Mapping[str, Any], protocol: str) -> dict[str, Any]:
    facts = [
        (word("decoded", name), _fact(name, value))
        for name, value in shown.get("frame", {}).items()
        if value not in (None, [], "", False)
    ]
    values = [_point(each) for each in shown.get("points", [])]
    for name, value in shown.items():
        if name not in HIDDEN:
            values += _plain(word("decoded", name), value)
    trouble = shown.get("reason") or shown.get("note")
    if protocol != "dlt645" and trouble is None and not values and not facts:
        trouble = _("no known item")
    more = len(values) - MOST_VALUES
    if more > 0:
        values = [*values[:MOST_VALUES], ("…", _("and %(n)s more", n=more))]
    return {"facts": facts, "values": values, "trouble": trouble}


def _fact(name: str, value: Any) -> str:
    if name == "function":
        return word("frame", value)
    if name == "errors":
        return ", ".join(word("meter_error", each) if each in dlt645.ERRORS else str(each) for each in value)
    return _text(value)


def _point(row: Mapping[str, Any]) -> tuple[str, str]:
    known = points.BY_OBIS.get(str(row.get("point")))
    name = point_name(known) if known else str(row.get("point", "?"))
    value = row.get("text", row.get("value"))
    if isinstance(value, int) and not isinstance(value, bool):
        value = fixed(value, row.get("scale") or 0)
    return name, f"{NOTHING if value is None else value} {row.get('unit') or ''}".strip()


def _plain(name: str, value: Any) -> list[tuple[str, str]]:
    """What has no shape of its own: a line a leaf, its name with those above it."""
    if isinstance(value, Mapping):
        return [row for key, each in value.items() for row in _plain(f"{name} · {key}", each)]
    if isinstance(value, list):
        return [row for n, each in enumerate(value, 1) for row in _plain(f"{name} {n}", each)]
    return [(name, _text(value))]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return NOTHING if value is None else str(value)
