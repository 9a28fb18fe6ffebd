"""Load curves: a steady load, steps, or a CSV file of (time, power); each value holds until the next."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from station.rehearsal import units
from station.rehearsal.tree import Node, ScenarioError

Steps = list[tuple[int, int | None]]  # (second since the start, W or None where nothing was recorded)

MAX_CSV = 64 << 20  # bytes
MAX_POWER_W = 10**9  # as the decision core takes it


def read(node: Node, calendar: units.Calendar, folder: Path) -> Steps:
    """`120 kW`, a list of {at, power}, or {file: curve.csv}."""
    if isinstance(node.value, str):
        return [(0, power(node))]
    if isinstance(node.value, dict):
        return _csv(node.fields(("file",), ("file",))["file"], calendar, folder)
    steps: Steps = []
    for item in node.items():
        given = item.fields(("at", "power"), ("at", "power"))
        steps.append((calendar.instant(given["at"]), power_or_none(given["power"])))
        if len(steps) > 1 and steps[-1][0] <= steps[-2][0]:
            item.fail("the steps of a load go forward in time")
    if not steps or steps[0][0]:
        node.fail("the first step of a load is at start")
    return steps


def power(node: Node) -> int:
    value = units.whole(node, units.POWER)
    if abs(value) > MAX_POWER_W:
        node.fail("at most 1000 MW")
    return value


def power_or_none(node: Node) -> int | None:
    return None if node.value in (None, "none") else power(node)


def _csv(node: Node, calendar: units.Calendar, folder: Path) -> Steps:
    path = folder / node.text()
    try:
        if path.stat().st_size > MAX_CSV:
            node.fail(f"{path.name} is larger than {MAX_CSV >> 20} MB")
        with path.open(encoding="utf-8-sig", newline="") as file:
            steps = _steps(node, path.name, file, calendar)
    except ScenarioError:
        raise
    except UnicodeDecodeError:
        node.fail(f"{path.name} is not UTF-8")
    except OSError as error:
        node.fail(f"{path.name} cannot be read: {error.strerror or error}")
    except ValueError as error:  # a zero byte in the name
        node.fail(f"the file cannot be read: {error}")
    if not steps:
        node.fail(f"{path.name} has no rows")
    return steps


def _steps(node: Node, name: str, file: Iterable[str], calendar: units.Calendar) -> Steps:
    """What was recorded before the start gives the value at the start."""
    steps: Steps = []
    last_s: int | None = None
    for here, row in _lines(node, name, file):
        at_s, value_w = _row(here, row, calendar)
        if last_s is not None and at_s <= last_s:
            here.fail("the times of a curve go forward")
        last_s = at_s
        if at_s <= 0:
            steps = [(0, value_w)]
        elif steps:
            steps.append((at_s, value_w))
        else:
            here.fail("the curve begins after the start")
    return steps


def _lines(node: Node, name: str, file: Iterable[str]) -> Iterator[tuple[Node, list[str]]]:
    """Rows that are neither empty nor the head, with their line."""
    rows = csv.reader(file, strict=True)
    try:
        for row in rows:
            head = rows.line_num == 1 and row and not row[0][:1].isdecimal()
            if row and not head:
                yield Node(None, name, rows.line_num, node.path), row
    except csv.Error as error:
        Node(None, name, rows.line_num, node.path).fail(str(error))


def _row(here: Node, row: list[str], calendar: units.Calendar) -> tuple[int, int | None]:
    if len(row) != 2:
        here.fail(f"{len(row)} columns, not 2 (time, W)")
    when, watts = row[0].strip(), row[1].strip()
    at_s = int(when) if when.isdecimal() and len(when) < 10 else calendar.seconds(when)
    if at_s is None:
        here.fail(f"{when!r} is not a time: seconds since the start, 08:10:30 or 2026-05-01 08:10")
    if not watts:
        return at_s, None
    return at_s, power(Node(watts, here.file, here.line, here.path))
