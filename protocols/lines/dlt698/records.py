"""Rows of a recorded table that GET record services ask for, and the time arithmetic of DL/T 698.45.

A table is (columns, rows): columns a list of CSD as axdr.py has them, rows oldest first, each a list of data.
"""

from protocols.lines.dlt698 import axdr
from protocols.lines.refused import Refused

SECONDS = (1, 60, 3600, 86400, 31 * 86400, 366 * 86400)  # of a unit of TI, months and years the longest
_MONTH = 4  # first unit of TI that has no fixed length
# tags whose values have an order: numbers and times
_ORDERED = (0x05, 0x06, 0x0F, 0x10, 0x11, 0x12, 0x14, 0x15, 0x16, 0x19, 0x1A, 0x1B, 0x1C)


def seconds(moment) -> int:
    """Of (year, month, day, h, m, s), from a fixed day on."""
    year, month, day, hour, minute, second = moment
    year -= month < 3
    days = year * 365 + year // 4 - year // 100 + year // 400 + ((month + 9) % 12 * 153 + 2) // 5 + day
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def _on_step(first, moment, step) -> bool:
    unit, count = step
    if unit >= _MONTH:
        months = (moment[0] - first[0]) * 12 + moment[1] - first[1]
        return months % (count * (12 if unit > _MONTH else 1)) == 0 and moment[2:] == first[2:]
    return (seconds(moment) - seconds(first)) % (count * SECONDS[unit]) == 0


def _cells(table, oad) -> list:
    columns, rows = table
    if (0, oad) not in columns:
        raise Refused("unknown_item", "column %08X" % oad)
    at = columns.index((0, oad))
    return [row[at] for row in rows]


def _equal(table, wanted) -> list:
    oad, value = wanted
    return [i for i, cell in enumerate(_cells(table, oad)) if cell == value]


def _between(table, wanted) -> list:
    """The start is in the range, its end is not."""
    oad, (tag, first), (last_tag, last), (step_tag, step) = wanted
    if tag not in _ORDERED or tag != last_tag or step_tag not in (axdr.NULL, axdr.INTERVAL):
        raise Refused("bad_value", "range")
    found = [i for i, cell in enumerate(_cells(table, oad)) if cell[0] == tag and first <= cell[1] < last]
    if step_tag == axdr.NULL or not step[1]:
        return found
    if tag != axdr.MOMENT or step[0] >= len(SECONDS):
        raise Refused("bad_value", "step")
    return [i for i in found if _on_step(first, _cells(table, oad)[i][1], step)]


def _newest(table, count) -> list:
    rows = len(table[1])
    return list(range(max(rows - count, 0), rows))


_SELECTORS = {
    0: lambda table, _none: list(range(len(table[1]))),
    1: _equal,
    2: _between,
    9: lambda table, back: [len(table[1]) - back] if 0 < back <= len(table[1]) else [],
    10: lambda table, wanted: _newest(table, wanted[0]),
}


def select(table, rsd, columns) -> tuple:
    """(columns, rows): those asked for, all when none are; what a row lacks is null. Refused."""
    if rsd[0] not in _SELECTORS:
        raise Refused("unsupported", "selector %d" % rsd[0])
    found = _SELECTORS[rsd[0]](table, rsd[1])
    columns = columns or table[0]
    places = [table[0].index(column) if column in table[0] else -1 for column in columns]
    rows = [table[1][i] for i in found]
    return columns, [[(axdr.NULL, None) if at < 0 else row[at] for at in places] for row in rows]
