"""Values by effective day: changes in, what held on a day out. Pure.

A change is a mapping with `id`, `from_day` (days since 1970, local) and `changed` {name: value}; None takes a
value away. Where two hold, the later effective day wins, and of one day the later recorded: so a change
that was recorded late never hides one that took effect after it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Change = Mapping[str, Any]
Values = dict[str, Any]


def fold(changes: Iterable[Change], day: int) -> Values:
    """What held on `day`; {} before the first."""
    values: Values = {}
    for change in in_order(changes):
        if change["from_day"] > day:
            break
        values.update(change["changed"])
    return {name: value for name, value in values.items() if value is not None}


def spans(changes: Iterable[Change], name: str) -> Iterator[tuple[int, int | None, Any]]:
    """(from day, until day exclusive or None, value) of one name, without those that held no day."""
    held: tuple[int, Any] | None = None
    for change in in_order(changes):
        if name not in change["changed"] or (held and held[1] == change["changed"][name]):
            continue
        if held and held[1] is not None and held[0] < change["from_day"]:
            yield held[0], change["from_day"], held[1]
        held = (change["from_day"], change["changed"][name])
    if held and held[1] is not None:
        yield held[0], None, held[1]


def in_order(changes: Iterable[Change]) -> list[Change]:
    return sorted(changes, key=lambda change: (change["from_day"], change["id"]))
