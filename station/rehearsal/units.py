"""What people write, as whole numbers of the project's units: "10 min", "1.5 kW", "0.55 yuan", "22:00".

Convenient but exact: nothing is rounded; what is no whole number of the unit is refused. A plain whole
number is in the unit that the field's name ends in.
"""

import re
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from station.rehearsal.tree import Node

_NUMBER = re.compile(r"([+-]?\d{1,15}(?:\.\d{1,9})?)\s*([A-Za-z%]*)", re.ASCII)
_DURATION = re.compile(r"(?:\d{1,9}(?:\.\d{1,6})?\s*(?:s|min|h|d)\s*)+", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d)", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_ZONE = re.compile(r"([+-])(\d{2}):(\d{2})", re.ASCII)

_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
POWER = {"W": 1, "kW": 1000, "MW": 10**6}
ENERGY = {"Wh": 1, "kWh": 1000, "MWh": 10**6}
MONEY = {"yuan": 10**4}
PERCENT = {"%": 1}
YEARS = (2000, 2100)  # of a scenario


def whole(node: Node, units: dict[str, int] | None = None) -> int:
    """A whole number, or a number with one of `units` that is a whole number of the smallest."""
    found = _NUMBER.fullmatch(node.text().strip())
    known = units or {}
    if not found or (found[2] and found[2] not in known):
        allowed = f", or a number with {' '.join(known)}" if known else ""
        node.fail(f"{node.value!r} is not a whole number{allowed}")
    value = Fraction(found[1]) * (known[found[2]] if found[2] else 1)
    if value.denominator != 1:
        node.fail(f"{node.value!r} is not a whole number of the smallest unit")
    return int(value)


def duration(node: Node) -> int:
    """Seconds of `90`, `90 s`, `2 min`, `1 h 30 min`, `0.5 h`, `2 d`."""
    text = node.text().strip()
    seconds = seconds_of(text)
    if seconds is None:
        node.fail(f"{text!r} is not a duration such as 90 s, 2 min, 1 h 30 min, 2 d")
    return seconds


def seconds_of(text: str) -> int | None:
    if re.fullmatch(r"\d{1,9}", text, re.ASCII):
        return int(text)
    if not _DURATION.fullmatch(text):
        return None
    total = sum(Fraction(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    return int(total) if total == int(total) else None


def clock_s(text: str, last_h: int = 23) -> int | None:
    """Seconds since midnight of `HH:MM` or `HH:MM:SS`; None when it is none. With last_h 24 also 24:00."""
    found = _CLOCK.fullmatch(text.strip())
    if not found:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    inside = hours <= last_h and minutes < 60 and seconds < 60
    total = hours * 3600 + minutes * 60 + seconds
    return total if inside and total <= 86400 else None


def day(node: Node) -> date:
    found = _DAY.fullmatch(node.text().strip())
    try:
        value = date(*map(int, found.groups())) if found else None
    except ValueError:
        value = None
    if value is None or not YEARS[0] <= value.year <= YEARS[1]:
        node.fail(f"{node.value!r} is not a day such as 2026-05-01, {YEARS[0]} to {YEARS[1]}")
    return value


def local_day(node: Node) -> int:
    """Local days since 1970-01-01."""
    return (day(node) - date(1970, 1, 1)).days


def moment(text: str) -> int | None:
    """`YYYY-MM-DD HH:MM[:SS]` as seconds since 1970-01-01 00:00 of the same zone; None when it is none."""
    try:
        found = datetime.fromisoformat(text) if _DAY.match(text) and len(text) > 10 else None
    except ValueError:
        return None
    if found is None or found.tzinfo or found.microsecond or not YEARS[0] <= found.year <= YEARS[1]:
        return None
    return (found - datetime(1970, 1, 1)) // timedelta(seconds=1)  # noqa: DTZ001 (local)


def zone(node: Node) -> int:
    """Seconds east of UTC."""
    found = _ZONE.fullmatch(node.text().strip())
    seconds = int(found[2]) * 3600 + int(found[3]) * 60 if found else 0
    if not found or seconds > 14 * 3600 or int(found[3]) > 59:
        node.fail(f"{node.value!r} is not a zone such as +08:00")
    return -seconds if found[1] == "-" else seconds


class Calendar:
    """Instants of a scenario as seconds since its start."""

    def __init__(self, start_local_s: int) -> None:
        self._start_s = start_local_s

    def instant(self, node: Node) -> int:
        """`start`, `+10 min`, `08:10` (the first at or after the start), `2026-05-01 08:10`."""
        seconds = self.seconds(node.text().strip())
        if seconds is None:
            node.fail(f"{node.value!r} is not a time: start, +10 min, 08:10, 08:10:30 or 2026-05-01 08:10")
        if seconds < 0:
            node.fail(f"{node.value!r} is before the start")
        return seconds

    def seconds(self, text: str) -> int | None:
        """The same of a bare text; None when it is no time. Below 0: before the start."""
        if text == "start":
            return 0
        if text.startswith("+"):
            return seconds_of(text[1:].strip())
        of_day = clock_s(text)
        if of_day is not None:
            return (of_day - self._start_s) % 86400
        local_s = moment(text)
        return None if local_s is None else local_s - self._start_s


def shown(local_s: int) -> str:
    return datetime.fromtimestamp(local_s, UTC).strftime("%Y-%m-%d %H:%M:%S")
