"""The slots of a span of local days: what should be there, so that what is not is seen. Pure."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

from station.query.items import CURVE, MONTHLY

INTERVALS = (60, 300, 900, 1800, 3600)  # of curves, s; protocols.uplink.parameters.METERING
USUAL_S = 900
LATE_S = 180  # a value may need so long from the meter to the store before it counts as missing
MOST_ROWS = 60_000  # slots of all points of a question: what a page can read while somebody waits

HERE, MISSING, NOT_DUE, BEFORE = "here", "missing", "not_due", "before"


def label_s(day: date, offset_s: int) -> int:
    """UTC instant of the local 00:00."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) - offset_s


def span(kind: str, first: date, last: date, offset_s: int) -> tuple[int, int]:
    """(from, until) in UTC seconds: the last day is in it whole."""
    return label_s(first, offset_s), label_s(last + timedelta(days=1), offset_s)


def expected(kind: str, first: date, last: date, offset_s: int, interval_s: int = USUAL_S) -> list[int]:
    """Slots of a kind of items.KINDS from `first` to `last`, rising; `interval_s` of a curve."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    if kind == CURVE:
        from_s, until_s = span(kind, first, last, offset_s)
        return list(range(from_s, until_s, interval_s))
    if kind == MONTHLY:
        days = [day for day in days if day.day == 1]
    return [label_s(day, offset_s) for day in days]


def interval(told: Collection[int]) -> int:
    """The grid of a curve whose records tell these intervals: the finest that is one."""
    return min((each for each in told if each in INTERVALS), default=USUAL_S)


def state(slot_s: int, here: bool, added_s: int, now_s: int) -> str:
    """Of a slot: HERE, or why it is not: BEFORE the device came, NOT_DUE yet, MISSING."""
    if here:
        return HERE
    if slot_s < added_s:
        return BEFORE
    return NOT_DUE if slot_s > now_s - LATE_S else MISSING
