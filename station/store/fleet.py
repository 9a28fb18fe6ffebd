"""Questions over all devices of a scope: how many stand in which queue, and one page of them.

A province has 100,000, so nothing goes over all of them: what stands out has an index of its own
(schema.STANDS_OUT), and a page follows the order of the device ids and begins behind one (keyset), so that
the last page costs what the first does.
"""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, TextClause, and_, exists, func, or_, select, true

from station.store.db import row, rows
from station.store.devices import OFFLINE_AFTER_S, SEEN_S, joined, judged
from station.store.schema import STANDS_OUT, devices, gaps, links, live, streams
from station.store.scope import EVERYWHERE, Scope

_HAS_GAPS = devices.c.device.in_(select(streams.c.device).select_from(gaps.join(streams)))
_output_on_contact_closed = live.c.tripped.bitwise_and(live.c.open.bitwise_not()) != 0
_UNUSUAL = {  # queues of devices that stand out
    "alarm": live.c.alarm != 0,
    "tripped": live.c.tripped != 0,
    "unknown": and_(devices.c.area.is_(None), or_(live.c.open.is_(None), _output_on_contact_closed)),
    "guaranteed": live.c.guarantee != 0,
}

QUEUES = ("all", "online", "offline", *_UNUSUAL, "gaps")


class Wanted(NamedTuple):
    scope: Scope
    queue: str = "all"  # a key of `counts`
    q: str = ""  # a part of id, name or address


def counts(c: Connection, scope: Scope, t_s: int) -> dict[str, int]:
    """{queue: devices}; silence and what was never told belong into no queue but `offline`."""
    every = _count(c, devices, _within(scope, devices))
    online = _online(c, scope, t_s)
    sums = [func.count().filter(condition).label(queue) for queue, condition in _UNUSUAL.items()]
    unusual = select(*sums).select_from(live.join(devices)).where(STANDS_OUT, scope.over(devices.c.unit))
    with_gaps = select(func.count(streams.c.device.distinct())).select_from(gaps.join(streams))
    return {
        "all": every,
        "online": online,
        "offline": every - online,
        **(row(c.execute(unusual)) or {}),
        "gaps": c.execute(with_gaps.where(_within(scope, streams))).scalar_one(),
    }


def _count(c: Connection, of: Any, *conditions: ColumnElement[bool]) -> int:
    return c.execute(select(func.count()).select_from(of).where(*conditions)).scalar_one()


def _within(scope: Scope, of: Table) -> ColumnElement[bool]:
    """That the devices of a table's rows lie in the scope; nothing is looked up for the whole house."""
    if of is devices or scope == EVERYWHERE:
        return scope.over(devices.c.unit)
    return of.c.device.in_(select(devices.c.device).where(scope.over(devices.c.unit)))


def _online(c: Connection, scope: Scope, t_s: int) -> int:
    since_s = t_s - OFFLINE_AFTER_S
    told = live.c.received_s >= since_s
    too = exists(select(1).where(live.c.device == links.c.device, told))
    heard = links.c.last_seen_s >= since_s
    return _count(c, live, told, _within(scope, live)) + _count(c, links, heard, ~too, _within(scope, links))


def page(
    c: Connection, wanted: Wanted, limit: int, t_s: int, after: str = "", before: str = ""
) -> list[dict[str, Any]]:
    """Up to `limit` devices behind `after`, or the last ones before `before`.

    Rows of devices.all_devices, and `gaps`.
    """
    query = joined().add_columns(_HAS_GAPS.label("gaps")).where(*_fits(wanted, t_s)).limit(limit)
    key = devices.c.device
    if before:
        found = rows(c.execute(query.where(key < before).order_by(key.desc())))[::-1]
    else:
        found = rows(c.execute(query.where(key > after).order_by(key)))
    return [judged(each, t_s) for each in found]


def _fits(wanted: Wanted, t_s: int) -> "list[ColumnElement[bool] | TextClause]":
    searched = (devices.c.device, devices.c.name, devices.c.meter_address)
    parts: list[ColumnElement[bool]] = [wanted.scope.over(devices.c.unit)]
    if wanted.q:
        parts.append(or_(*(column.icontains(wanted.q, autoescape=True) for column in searched)))
    return [*parts, *_in_queue(wanted.queue, t_s)]


def _in_queue(queue: str, t_s: int) -> "list[ColumnElement[bool] | TextClause]":
    if queue in _UNUSUAL:
        return [live.c.device.is_not(None), STANDS_OUT, _UNUSUAL[queue]]
    online = SEEN_S >= t_s - OFFLINE_AFTER_S
    return {"all": [true()], "online": [online], "offline": [~online], "gaps": [_HAS_GAPS]}[queue]


def newest_s(c: Connection) -> int | None:
    """Station time of the last message that was stored."""
    seen = [
        c.execute(select(func.max(column))).scalar() for column in (links.c.last_seen_s, live.c.received_s)
    ]
    return max((t_s for t_s in seen if t_s is not None), default=None)
