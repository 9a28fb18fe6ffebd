"""A pasted list of points, a line each: a device, and of a concentrator a meter's row or address. Pure.

DF-FOUNDRY-01             a terminal, or a concentrator with all its meters
TQ-0031 17                the meter in row 17
TQ-0031, 202600000017     the meter with this address
"""

import re
from typing import NamedTuple

from protocols.uplink import archive_rows
from protocols.uplink.topics import valid_id
from station.errors import FieldError

MOST = 1000  # points of a patrol, and so lines of a list
CHARS = 48_000
FAULTS = 20  # said one by one
ADDRESS_DIGITS = 12
_BETWEEN = re.compile(r"[\s,;，；、]+")


class Line(NamedTuple):
    line: int  # from 1
    device: str
    row: int | None = None
    address: str = ""


def read(text: str) -> tuple[list[Line], list[FieldError]]:
    """What stands there, and what is wrong, by line; lines without anything are passed over."""
    if len(text) > CHARS:
        return [], [FieldError("list", "too_long", {"most": CHARS})]
    found: list[Line] = []
    faults: list[FieldError] = []
    for number, words in enumerate((_BETWEEN.split(line) for line in text.splitlines()), 1):
        parts = [word for word in words if word]
        if not parts:
            continue
        made = _line(number, parts)
        if made is None:
            faults.append(FieldError("list", "bad_point_line", {"line": number}))
        else:
            found.append(made)
    if len(found) + len(faults) > MOST:
        return [], [FieldError("list", "too_many_lines", {"most": MOST})]
    return found, faults


def _line(number: int, parts: list[str]) -> Line | None:
    if len(parts) > 2 or not valid_id(parts[0]):
        return None
    if len(parts) == 1:
        return Line(number, parts[0])
    meter = parts[1]
    if not (meter.isascii() and meter.isdecimal()):
        return None
    if len(meter) == ADDRESS_DIGITS:
        return Line(number, parts[0], None, meter)
    row = int(meter) if len(meter) <= len(str(archive_rows.MOST)) else 0
    return Line(number, parts[0], row) if 1 <= row <= archive_rows.MOST else None


def said(faults: list[FieldError]) -> list[FieldError]:
    """The first FAULTS of them by line, and how many more there are."""
    by_line = sorted(faults, key=lambda each: each.args.get("line", 0))
    more = len(by_line) - FAULTS
    return by_line[:FAULTS] + ([FieldError("list", "more_faults", {"n": more})] if more > 0 else [])
