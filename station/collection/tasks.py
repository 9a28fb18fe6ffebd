"""Collection tasks: made and changed by people, or told by marketing; what of them is missing."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, groupby, islice
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection

from protocols.meters.points import BY_NO
from protocols.uplink import archive_rows
from protocols.uplink.messages import CURVE, DAILY, MONTHLY
from station.checks import refuse, whole
from station.collection.slots import DAY_S, Missing, Span, due, expected, missing_items
from station.errors import FieldError, Invalid
from station.store import audit
from station.store import collection as store
from station.store import collection_counts as counts
from station.store.db import now_s
from station.store.scope import Scope

NAME_CHARS = 60
EVERY = {CURVE: (15, 30, 60), DAILY: tuple(range(1, 32)), MONTHLY: (1, 2, 3, 6, 12)}
PRIORITIES = (1, 9)
SUPPLEMENTS = (0, 10)
LATEST_S = 1 << 40
ITEMS_MOST = 64
TOGETHER = 500  # devices whose readings are looked up in one query
EXPECTS = (
    "kind unit point_type first last items from_s until_s every".split()
)  # what is expected hangs on them
FIELDS = "name kind unit point_type first last items from_s until_s every priority supplements origin".split()
Facts = Mapping[str, Any]


def add(c: Connection, author: str, scope: Scope, facts: Facts, once: str) -> int:
    """Number of a new task; that of the first when the same form comes again. Invalid."""
    before = store.by_once(c, once, author)
    if before is not None:
        return before
    checked = check(c, scope, facts)
    number = store.add(c, author=author, once=once, created_s=now_s(), **checked)
    audit.add(c, author, "collection_task_added", str(number), **checked)
    return number


def change(c: Connection, author: str, scope: Scope, number: int, version: int, facts: Facts) -> None:
    """Invalid also when it was changed since `version`, or is of another origin, which alone changes it."""
    before = store.get(c, number, scope)
    if before is None:
        raise Invalid(FieldError("", "no_such_task"))
    if before["origin"] != facts["origin"]:
        raise Invalid(FieldError("", f"task_of_{before['origin']}"))
    checked = check(c, scope, facts)
    if not store.change(c, number, version, **checked):
        raise Invalid(FieldError("", "changed_meanwhile"))
    after = {name: value for name, value in checked.items() if value != before[name]}
    if any(name in after for name in EXPECTS):
        counts.begin_anew(c, number)
    old = {name: before[name] for name in after}
    audit.add(c, author, "collection_task_changed", str(number), before=old, after=after)


def check(c: Connection, scope: Scope, facts: Facts) -> dict[str, Any]:
    """FIELDS put in order; Invalid lists all that is wrong."""
    problems: list[FieldError] = []
    out = {field: facts.get(field) for field in FIELDS}
    out["name"] = str(out["name"] or "").strip()
    if not out["name"]:
        problems.append(FieldError("name", "needed"))
    if len(out["name"]) > NAME_CHARS:
        problems.append(FieldError("name", "too_long", {"most": NAME_CHARS}))
    if not (isinstance(out["unit"], int) and scope.holds(c, out["unit"])):
        problems.append(FieldError("unit", "no_such_unit"))
    _choices(out, problems)
    _numbers(out, problems)
    out["items"] = _items(out["items"] or (), problems)
    refuse(problems)
    return out


def _choices(out: dict[str, Any], problems: list[FieldError]) -> None:
    among = {"kind": tuple(EVERY), "point_type": store.POINT_TYPES, "origin": store.ORIGINS}
    among["every"] = EVERY.get(out["kind"], ())
    problems += [FieldError(field, "needed") for field, values in among.items() if out[field] not in values]


def _numbers(out: dict[str, Any], problems: list[FieldError]) -> None:
    first = whole(out["first"], "first", 1, archive_rows.MOST, problems)
    if whole(out["last"], "last", 1, archive_rows.MOST, problems) < first:
        problems.append(FieldError("last", "last_before_first"))
    whole(out["priority"], "priority", *PRIORITIES, problems)
    whole(out["supplements"], "supplements", *SUPPLEMENTS, problems)
    begin = whole(out["from_s"], "from_s", 0, LATEST_S, problems)
    if out["until_s"] is not None and whole(out["until_s"], "until_s", 0, LATEST_S, problems) <= begin:
        problems.append(FieldError("until_s", "period_empty"))


def _items(items: Iterable[Any], problems: list[FieldError]) -> list[int]:
    found = sorted({item for item in items if isinstance(item, int) and item in BY_NO})
    if not found or len(found) != len(set(items)) or len(found) > ITEMS_MOST:
        problems.append(FieldError("items", "needed"))
    return found


class Looked(NamedTuple):
    """A slot that is due, and what of it is not here."""

    point: store.Point
    slot_s: int
    lacking: tuple[int, ...]


def span_of(task: Facts) -> Span:
    return Span(task["kind"], task["every"], task["from_s"], task["until_s"])


def looked(
    c: Connection, task: Facts, points: Iterable[store.Point], since_s: int, until_s: int, t_s: int
) -> Iterator[Looked]:
    """Each slot of the points, given by device, that is labelled in [since_s, until_s) and due at `t_s`."""
    span, items = span_of(task), tuple(task["items"])
    of_devices = groupby(points, attrgetter("device"))
    while some := {device: [*points] for device, points in islice(of_devices, TOGETHER)}:
        came = store.got(c, [*some], span.kind, since_s, until_s)
        for point in chain.from_iterable(some.values()):
            for label in expected(span, since_s, until_s, point.offset_s):
                if due(span, label, t_s):
                    here = came.get((point.device, point.number, label), frozenset())
                    yield Looked(point, label, missing_items(items, here))


def missing(c: Connection, task: Facts, scope: Scope, since_s: int, t_s: int) -> list[Missing]:
    """What is due at `t_s`, labelled `since_s` or later, and not here; by device, metering point and slot."""
    points = store.points(c, dict(task), scope)
    return [_missing(each) for each in looked(c, task, points, since_s, t_s + 1, t_s) if each.lacking]


def looked_of_day(
    c: Connection, task: Facts, scope: Scope, day: int, t_s: int, device: str | None = None
) -> Iterator[Looked]:
    """Each slot of a local day (days since 1970, where the device is) that is due at `t_s`."""
    points = store.points(c, dict(task), scope, device)
    for offset_s in sorted({point.offset_s for point in points}):
        here = [point for point in points if point.offset_s == offset_s]
        since_s = day * DAY_S - offset_s
        yield from looked(c, task, here, since_s, since_s + DAY_S, t_s)


def missing_of_day(
    c: Connection, task: Facts, scope: Scope, day: int, t_s: int, device: str | None = None
) -> list[Missing]:
    """What of a local day is due at `t_s` and not here."""
    found = looked_of_day(c, task, scope, day, t_s, device)
    return [_missing(each) for each in found if each.lacking]


def _missing(each: Looked) -> Missing:
    return Missing(each.point.device, each.point.number, each.slot_s, each.lacking)
