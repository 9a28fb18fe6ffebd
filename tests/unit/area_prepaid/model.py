"""One household's prepaid account as a table, worked out anew from all its rows each time it is asked.

Written from the rules, not from the code: decimal yuan, the calendar of `datetime`, tiers as bands of a
period's use. A row is an order, or the use between two readings that stand.
"""

import math
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

HERE = timezone(timedelta(hours=8))


class Use(NamedTuple):
    """Wh by rate between two times; `by_time`: the rate is that of the end, whatever the registers say."""

    from_s: int
    to_s: int
    rates_wh: tuple[int, ...]
    by_time: bool


class Order(NamedTuple):
    refresh: bool
    value: int


class Piece(NamedTuple):
    """Of a use, where one price holds."""

    tariff: object
    tariffs_before: int  # how often the tiers were replaced until then
    day: datetime
    rates_wh: list[int]


def local(t_s):
    return datetime.fromtimestamp(t_s, UTC).astimezone(HERE)


def period_of(day, months):
    """(first, end) of the month or year."""
    first = day.replace(day=1, month=day.month if months == 1 else 1, hour=0, minute=0, second=0)
    end = first.replace(year=first.year + 1) if months == 12 else (first + timedelta(days=32)).replace(day=1)
    return first, end


def changes(tariffs, from_s, to_s):
    """All seconds strictly between, from which energy has another price."""
    found = {each.from_s for each in tariffs}
    day = period_of(local(from_s), 1)[0]
    while day.timestamp() < to_s:
        day = period_of(day, 1)[1]
        at_s = int(day.timestamp())
        months = of_time(tariffs, at_s - 1).months
        if months == 1 or (months == 12 and day.month == 1):
            found.add(at_s)
    return sorted(at_s for at_s in found if from_s < at_s < to_s)


def of_time(tariffs, t_s):
    return ([each for each in tariffs if each.from_s <= t_s] or tariffs[:1])[-1]


def rate_of(tariff, t_s):
    now = local(t_s)
    codes = [code for pair in tariff.codes for code in (pair % 16, pair // 16)]
    return codes[now.hour * 2 + now.minute // 30]


def pieces(tariffs, use):
    """Split by time where the price changes, whole Wh, what is over in the last piece."""
    rest, from_s = list(use.rates_wh), use.from_s
    for end_s in [*changes(tariffs, use.from_s, use.to_s), use.to_s]:
        share = Fraction(end_s - from_s, use.to_s - from_s)
        part = [math.floor(wh * share) for wh in rest]
        rest = [wh - gone for wh, gone in zip(rest, part, strict=True)]
        tariff = of_time(tariffs, from_s)
        if use.by_time:
            rate = rate_of(tariff, end_s - 1)
            part = [sum(part) if no == rate else 0 for no in (1, 2, 3, 4)]
        passed = [each for each in tariffs if each.from_s <= from_s] or tariffs[:1]
        tiers = [(each.months, each.limits_wh) for each in passed]
        renewed = sum(a != b for a, b in pairwise(tiers))
        yield Piece(tariff, renewed, local(from_s), part)
        from_s = end_s


def yuan(wh, price_e4):
    return Decimal(wh) / 1000 * Decimal(price_e4) / 10000


def at_rates(tariff, rates_wh):
    prices = list(tariff.prices_yuan_e4) + [tariff.prices_yuan_e4[-1]] * 4
    return sum((yuan(wh, price) for wh, price in zip(rates_wh, prices, strict=False)), Decimal(0))


class Counts:
    """Use by period, with the day on which each count began."""

    def __init__(self):
        self.since = {}
        self.used = {}

    def add(self, piece):
        """Yuan that the tiers add for the piece."""
        months = piece.tariff.months
        if not months:
            return Decimal(0)
        first, end = period_of(piece.day, months)
        key = piece.tariffs_before, first
        if key not in self.since:
            goes_on = any(count == piece.tariffs_before for count, _first in self.since)
            self.since[key] = first if goes_on else piece.day.replace(hour=0, minute=0, second=0)
            self.used[key] = 0
        share = Fraction((end - self.since[key]).days, (end - first).days)
        bounds = [0, *(math.floor(limit * share) for limit in piece.tariff.limits_wh), math.inf]
        before = self.used[key]
        after = self.used[key] = before + sum(piece.rates_wh)
        adds = [0, *piece.tariff.adds_yuan_e4]
        return sum(
            (
                yuan(min(max(after, low), high) - min(max(before, low), high), add)
                for low, high, add in zip(bounds, bounds[1:], adds, strict=False)
            ),
            Decimal(0),
        )


def balance(tariffs, rows):
    """What remains, in 10^-4 yuan, a begun one counts; None before the first order."""
    left, counts = None, Counts()
    for row in rows:
        if isinstance(row, Order):
            left = Decimal(row.value) / 10000 + (0 if row.refresh or left is None else left)
        elif left is not None:
            for piece in pieces(tariffs, row):
                left -= at_rates(piece.tariff, piece.rates_wh) + counts.add(piece)
    return left if left is None else int((left * 10000).to_integral_value(ROUND_CEILING))


def awaited(tariffs, from_s, to_s, wait_s):
    """The midnight whose freeze must come first, or None."""
    first = next(iter(changes(tariffs, from_s, to_s)), None)
    if first is None or to_s >= first + wait_s or (local(first).hour, local(first).minute) != (0, 0):
        return None
    return first
