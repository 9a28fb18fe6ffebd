"""Rows for people and spreadsheets, read by sqlite-utils from the embedded store, one at a time."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from protocols.meters import points, statistics
from protocols.meters.points import QUALITIES
from protocols.uplink.area import COMMAND_NAMES, EVENTS, RECORD_NAMES
from protocols.uplink.codes import ADDRESSED, DAY, MONTH, REASONS, TO_MANY
from station.store.events import kind_name
from station.store.readings import unpacked

Row = dict[str, Any]

_READINGS = """
SELECT m.device, m.metering_point, r.kind, r.slot_s, r.interval_s, r.quality, r.t_ok, r.points
FROM readings r JOIN meters m ON m.id = r.meter_id
WHERE (:device IS NULL OR m.device = :device) AND r.slot_s >= :since_s AND r.slot_s < :until_s
ORDER BY m.device, m.metering_point, r.kind, r.slot_s
"""
_STATISTICS = """
SELECT device, metering_point, summation_group, period, from_s, quality, t_ok, points FROM statistics
WHERE (:device IS NULL OR device = :device) AND from_s >= :since_s AND from_s < :until_s
ORDER BY device, from_s, period, summation_group, metering_point
"""
_EVENTS = """
SELECT id, device, t_s, t_ok, received_s, code, important, data FROM events
WHERE (:device IS NULL OR device = :device) AND t_s >= :since_s AND t_s < :until_s ORDER BY id
"""
_COMMANDS = """
SELECT device, command, kind, params, scope, state, author, approver, second, proposal, note, created_s,
       deadline_s, publishes, done_s, reason, tripped, open, remaining_wh
FROM commands
WHERE (:device IS NULL OR device = :device) AND created_s >= :since_s AND created_s < :until_s
ORDER BY device, command
"""


def export(home: Path, what: str, device: str | None, since_s: int, until_s: int) -> Iterator[Row]:
    """Rows of one of KINDS with since_s <= time < until_s (UTC seconds), as flat dicts."""
    query, shape = _WHAT[what]
    source = sqlite3.connect(f"file:{home / 'loadkeeper.db'}?mode=ro", uri=True)
    try:
        bounds = {"device": device, "since_s": since_s, "until_s": until_s}
        for row in Database(source).query(query, bounds):
            yield from shape(row)
    finally:
        source.close()


def _reading(row: Row) -> Iterator[Row]:
    """One row a point: what a spreadsheet can filter."""
    head = {
        "device": row["device"],
        "metering_point": row["metering_point"],
        "kind": RECORD_NAMES.get(row["kind"], str(row["kind"])),
        "slot_s": row["slot_s"],
        "time": _iso(row["slot_s"]),
        "interval_s": row["interval_s"],
    }
    return _values(head, row)


def _statistic(row: Row) -> Iterator[Row]:
    """One row a value; metering point and group 0 are the terminal itself."""
    head = {
        "device": row["device"],
        "metering_point": row["metering_point"],
        "summation_group": row["summation_group"],
        "period": _PERIODS.get(row["period"], str(row["period"])),
        "from_s": row["from_s"],
        "time": _iso(row["from_s"]),
    }
    return _values(head, row)


_PERIODS = {DAY: "day", MONTH: "month"}


def _values(head: Row, row: Row) -> Iterator[Row]:
    tail = {"quality": QUALITIES.get(row["quality"], str(row["quality"])), "t_ok": row["t_ok"]}
    for no, value in unpacked(row["points"]).items():
        yield head | _point(no) | {"value": value} | tail


def _point(no: int) -> Row:
    """What a number of protocols.meters.points or, from FIRST on, of protocols.meters.statistics says."""
    if no >= statistics.FIRST:
        obis, known = str(no), statistics.BY_NO.get(no, ())[1:4]
    else:
        obis, *known = points.BY_NO.get(no, (no, str(no)))[1:5]
    alias, unit, scale = known or ("", "", 0)
    return {"point": obis, "alias": alias, "unit": unit, "scale": scale}


def _event(row: Row) -> Iterator[Row]:
    name = EVENTS.get(row["code"], str(row["code"]))
    data = json.loads(row["data"])
    yield {**row, "time": _iso(row["t_s"]), "name": name, "kind": kind_name(name, data), "data": data}


def _command(row: Row) -> Iterator[Row]:
    yield {
        **row,
        "time": _iso(row["created_s"]),
        "kind": COMMAND_NAMES.get(row["kind"], str(row["kind"])),
        "scope": _SCOPES.get(row["scope"], str(row["scope"])),
        "reason": REASONS.get(row["reason"], row["reason"]),
        "params": json.loads(row["params"]),
    }


_SCOPES = {ADDRESSED: "addressed", TO_MANY: "to_many"}


def _iso(t_s: int) -> str:
    return datetime.fromtimestamp(t_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_WHAT: dict[str, tuple[str, Callable[[Row], Iterator[Row]]]] = {
    "readings": (_READINGS, _reading),
    "statistics": (_STATISTICS, _statistic),
    "events": (_EVENTS, _event),
    "commands": (_COMMANDS, _command),
}
KINDS = tuple(_WHAT)
# Of the rows, in this order: a table without rows has its head all the same.
COLUMNS = {
    "readings": (
        "device metering_point kind slot_s time interval_s point alias unit scale value quality t_ok".split()
    ),
    "statistics": (
        "device metering_point summation_group period from_s time point alias unit scale value"
        " quality t_ok".split()
    ),
    "events": "id device t_s time t_ok received_s code name kind important data".split(),
    "commands": (
        "device command kind params scope state author note created_s time deadline_s publishes done_s"
        " reason tripped open remaining_wh".split()
    ),
}


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def guarded(cell: Any) -> Any:
    """A text that a spreadsheet would run becomes plain text; numbers stay numbers."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
