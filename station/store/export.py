"""Rows for people and spreadsheets, read by sqlite-utils from the embedded store, one at a time."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from protocols.meters.points import BY_NO, QUALITIES
from protocols.uplink.codes import EVENTS, REASONS
from protocols.uplink.messages import COMMAND_NAMES, CURVE
from station.store.readings import unpacked

Row = dict[str, Any]

_READINGS = """
SELECT m.device, m.metering_point, r.kind, r.slot_s, r.interval_s, r.quality, r.t_ok, r.points
FROM readings r JOIN meters m ON m.id = r.meter_id
WHERE (:device IS NULL OR m.device = :device) AND r.slot_s >= :since_s AND r.slot_s < :until_s
ORDER BY m.device, m.metering_point, r.kind, r.slot_s
"""
_EVENTS = """
SELECT id, device, t_s, t_ok, received_s, code, important, data FROM events
WHERE (:device IS NULL OR device = :device) AND t_s >= :since_s AND t_s < :until_s ORDER BY id
"""
_COMMANDS = """
SELECT device, command, kind, params, state, author, note, created_s, deadline_s, publishes, done_s,
       reason, tripped, open, remaining_wh
FROM commands
WHERE (:device IS NULL OR device = :device) AND created_s >= :since_s AND created_s < :until_s
ORDER BY device, command
"""


def export(home: Path, what: str, device: str | None, since_s: int, until_s: int) -> Iterator[Row]:
    """Rows of readings, events or commands with since_s <= time < until_s (UTC seconds), as flat dicts."""
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
        "kind": "curve" if row["kind"] == CURVE else "daily",
        "slot_s": row["slot_s"],
        "time": _iso(row["slot_s"]),
        "interval_s": row["interval_s"],
    }
    tail = {"quality": QUALITIES.get(row["quality"], row["quality"]), "t_ok": row["t_ok"]}
    for no, value in unpacked(row["points"]).items():
        yield head | _point(no) | {"value": value} | tail


def _point(no: int) -> Row:
    known = BY_NO.get(no)
    if known is None:
        return {"point": str(no), "alias": "", "unit": "", "scale": 0}
    return {"point": known[1], "alias": known[2], "unit": known[3], "scale": known[4]}


def _event(row: Row) -> Iterator[Row]:
    name = EVENTS.get(row["code"], str(row["code"]))
    yield {**row, "time": _iso(row["t_s"]), "name": name, "data": json.loads(row["data"])}


def _command(row: Row) -> Iterator[Row]:
    yield {
        **row,
        "time": _iso(row["created_s"]),
        "kind": COMMAND_NAMES.get(row["kind"], str(row["kind"])),
        "reason": REASONS.get(row["reason"], row["reason"]),
        "params": json.loads(row["params"]),
    }


def _iso(t_s: int) -> str:
    return datetime.fromtimestamp(t_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_WHAT: dict[str, tuple[str, Callable[[Row], Iterator[Row]]]] = {
    "readings": (_READINGS, _reading),
    "events": (_EVENTS, _event),
    "commands": (_COMMANDS, _command),
}
KINDS = tuple(_WHAT)
# Of the rows, in this order: a table without rows has its head all the same.
COLUMNS = {
    "readings": (
        "device metering_point kind slot_s time interval_s point alias unit scale value quality t_ok".split()
    ),
    "events": "id device t_s time t_ok received_s code name important data".split(),
    "commands": (
        "device command kind params state author note created_s time deadline_s publishes done_s"
        " reason tripped open remaining_wh".split()
    ),
}
