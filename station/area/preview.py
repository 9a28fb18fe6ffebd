"""What a command to a concentrator will most likely do, beside what `controls.preview` says of any device."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from protocols.meters.points import BY_ALIAS
from protocols.uplink import archive_rows, area
from station.decoding import known
from station.store import area as store
from station.store.db import now_s

ENERGY = BY_ALIAS["energy_import_wh"][0]
LOOKED_BACK_S = 62 * 86_400  # so long a concentrator keeps daily freezes
OPEN, PERMIT = 1, 2  # `want` of METER_SWITCH


def look(c: Connection, device: str, kind: int, params: Mapping[str, Any]) -> dict[str, Any]:
    """{meter: its archive row or None, kept: its supply is guaranteed there, ledger, total_wh of its newest

    freeze or None, warnings: of WARNINGS}.
    """
    row = store.meter(c, device, params["meter"]) if "address" in params else None
    ledger = store.ledger(c, device, params["meter"]) if row else None
    held = store.freezes(c, device, now_s() - LOOKED_BACK_S, now_s(), row["meter"]) if row else []
    totals = [each["values"][ENERGY] for each in held if each["values"].get(ENERGY) is not None]
    kept = bool(row and row["flags"] & archive_rows.GUARANTEED)
    seen = {"meter": row, "kept": kept, "ledger": ledger, "total_wh": totals[-1] if totals else None}
    return seen | {"warnings": [key for key, holds in _WARNINGS.items() if holds(kind, params, seen)]}


def dangerous(kind: int, params: Mapping[str, Any]) -> bool:
    """Whether it may cut a household off, or move its balance: then a person types what is meant."""
    if kind == area.FORWARD:
        return not known.only_reads(params["data"])
    return kind == area.METER_REPLACED or (kind == area.METER_SWITCH and params["want"] == OPEN)


def _cut(seen: Mapping[str, Any]) -> bool | None:
    return None if seen["ledger"] is None else bool(seen["ledger"]["cut"])


_WARNINGS = {
    "meter_guaranteed": lambda k, p, s: k == area.METER_SWITCH and p["want"] != PERMIT and s["kept"],
    "meter_is_cut": lambda k, p, s: k == area.METER_SWITCH and p["want"] == OPEN and _cut(s) is True,
    "meter_not_cut": lambda k, p, s: k == area.METER_SWITCH and p["want"] == PERMIT and _cut(s) is False,
    "not_prepaid": lambda k, _p, s: (
        k == area.METER_ORDER and not (s["meter"] and s["meter"]["flags"] & archive_rows.PREPAID)
    ),
    "old_below_freeze": lambda k, p, s: (
        k == area.METER_REPLACED and s["total_wh"] is not None and p["old_wh"] < s["total_wh"]
    ),
    "forward_unproved": lambda k, p, _s: k == area.FORWARD and dangerous(k, p),
}
WARNINGS = tuple(_WARNINGS)
