"""Which slots a task expects, which of them are missing, and what is asked for. Pure.

A slot is labelled as the devices label it: a curve by the UTC second at which it begins, a freeze by the UTC
second of its local 00:00. A slot is due when its label has passed, that of a curve when its interval has.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import NamedTuple

from protocols.uplink.messages import CURVE, MONTHLY

DAY_S = 86_400
MINUTE_S = 60
EPOCH_DAY = date(1970, 1, 1)


class Missing(NamedTuple):
    device: str
    point: int
    slot_s: int
    items: tuple[int, ...]  # rising


class Ask(NamedTuple):
    """One request: whole slots of a metering point, [from_s, until_s) by label."""

    device: str
    point: int
    from_s: int
    until_s: int


class Span(NamedTuple):
    """What of a task decides its slots."""

    kind: int
    every: int
    from_s: int
    until_s: int | None


def expected(task: Span, since_s: int, until_s: int, offset_s: int) -> Iterator[int]:
    """Labels of the task in [since_s, until_s), rising, where local time is UTC plus `offset_s`."""
    last = until_s if task.until_s is None else min(until_s, task.until_s)
    first = max(since_s, task.from_s)
    labels = _of_months if task.kind == MONTHLY else _of_steps
    for label in labels(task, first, last, offset_s):
        if first <= label < last:
            yield label


def due(task: Span, label_s: int, t_s: int) -> bool:
    return label_s + (task.every * MINUTE_S if task.kind == CURVE else 0) <= t_s


def missing_items(items: tuple[int, ...], came: frozenset[int]) -> tuple[int, ...]:
    return tuple(item for item in items if item not in came)


def asks(holes: list[Missing], labels: list[int]) -> list[Ask]:
    """Requests for the holes; neighbours among `labels`, those expected, rising, are one request."""
    place = {label: at for at, label in enumerate(labels)}
    out: list[Ask] = []
    for hole in sorted(holes):
        before = out[-1] if out else None
        if before and before[:2] == hole[:2] and place[before.until_s - 1] + 1 == place[hole.slot_s]:
            out[-1] = before._replace(until_s=hole.slot_s + 1)
        else:
            out.append(Ask(hole.device, hole.point, hole.slot_s, hole.slot_s + 1))
    return out


def _of_steps(task: Span, first: int, last: int, offset_s: int) -> Iterator[int]:
    """Every n-th day from the local day the task begins, or every n minutes of the local day."""
    step = task.every * (MINUTE_S if task.kind == CURVE else DAY_S)
    begin = (task.from_s + offset_s) // DAY_S * DAY_S - offset_s
    at = begin + max(0, (first - begin) // step) * step
    while at < last:
        yield at
        at += step


def _of_months(task: Span, first: int, last: int, offset_s: int) -> Iterator[int]:
    """The first of every n-th month from the one in which the task begins."""
    began = datetime.fromtimestamp(task.from_s + offset_s, UTC)
    month = 12 * began.year + began.month - 1
    while True:
        label = (date(month // 12, month % 12 + 1, 1) - EPOCH_DAY).days * DAY_S - offset_s
        if label >= last:
            return
        yield label
        month += task.every
