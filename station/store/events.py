"""Events as the devices told them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from protocols.meters.rules import RULES, Rule
from protocols.uplink.area import EVENTS
from protocols.uplink.codes import GUARANTEE_HOURS, GUARANTEE_LOST_LINK, GUARANTEE_POWER_UP
from station.store.db import rows
from station.store.schema import devices, events
from station.store.scope import Scope

# Kinds that are no rule of protocols.meters.rules, by event: number -> name.
_AUTOMATIC = {GUARANTEE_LOST_LINK: "lost_link", GUARANTEE_POWER_UP: "power_up", GUARANTEE_HOURS: "hours"}
OTHER_KINDS: dict[str, dict[int, str]] = {
    "guarantee_on": _AUTOMATIC,
    "guarantee_off": _AUTOMATIC,
    "meter_fault": {101: "address_clash"},
}

LOOKED_BACK = 20_000  # events; a quiet unit among loud ones is not sought for further
_ENDS = {"meter_read_recovered": "meter_read_failed"}  # an end that has a name of its own


def rule(name: str, data: Mapping[str, Any]) -> Rule | None:
    """The anomaly rule that an event of this name speaks of in its field `kind`, or None."""
    found = RULES.get(data.get("kind", 0))
    return found if found and EVENTS.get(found.code) == _ENDS.get(name, name) else None


def kind_name(name: str, data: Mapping[str, Any]) -> str:
    """Name of an event's field `kind`: of its rule or of OTHER_KINDS; the number if unknown, "" without."""
    kind = data.get("kind")
    if kind is None:
        return ""
    found = rule(name, data)
    return found.alias if found else OTHER_KINDS.get(name, {}).get(kind, str(kind))


def put(c: Connection, many: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of the table; one already there (stream_id, seq) is left alone."""
    if many:
        c.execute(upsert(events).on_conflict_do_nothing(), list(many))


def recent(
    c: Connection, device: str | None = None, limit: int = 50, before_id: int | None = None
) -> list[dict[str, Any]]:
    """Newest first as they were stored; `name` is the event name, `data` {field name: int or text}.

    Give the last `id` as `before_id` for the next page.
    """
    query = select(events).order_by(events.c.id.desc()).limit(limit)
    if device is not None:
        query = query.where(events.c.device == device)
    if before_id is not None:
        query = query.where(events.c.id < before_id)
    return named(rows(c.execute(query)))


def latest(c: Connection, scope: Scope, limit: int) -> list[dict[str, Any]]:
    """The newest of a scope as `recent`, with `device_name` and `utc_offset_s`; LOOKED_BACK at most."""
    newest = select(func.max(events.c.id)).scalar_subquery()
    query = (
        select(events, devices.c.name.label("device_name"), devices.c.utc_offset_s)
        .join_from(events, devices)
        .where(events.c.id > newest - LOOKED_BACK, scope.over(devices.c.unit))
    )
    return named(rows(c.execute(query.order_by(events.c.id.desc()).limit(limit))))


def following(c: Connection, scope: Scope, after: int, limit: int) -> tuple[list[dict[str, Any]], int]:
    """(events of a scope behind the id `after`, as `recent` has them but oldest first; id to go on from).

    LOOKED_BACK rows at most are looked through, so a page may be empty before the end.
    """
    until = min(after + LOOKED_BACK, max(newest(c), after))
    query = select(events).join(devices).where(events.c.id > after, events.c.id <= until)
    found = rows(c.execute(query.where(scope.over(devices.c.unit)).order_by(events.c.id).limit(limit)))
    return named(found), found[-1]["id"] if len(found) == limit else until


def newest(c: Connection) -> int:
    """Id of the last event stored of any device."""
    return c.execute(select(func.max(events.c.id))).scalar() or 0


def of_codes(c: Connection, device: str, codes: Collection[int], after: int = 0) -> list[dict[str, Any]]:
    """Those of a device with these codes behind the id `after`, oldest first, as `recent` has them."""
    query = select(events).where(events.c.device == device, events.c.code.in_(codes), events.c.id > after)
    return named(rows(c.execute(query.order_by(events.c.id))))


def last(c: Connection, device: str) -> int:
    """Id of the newest event, 0 before the first."""
    return c.execute(select(func.max(events.c.id)).where(events.c.device == device)).scalar() or 0


def named(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the table with `name`."""
    return [row | {"name": EVENTS.get(row["code"], str(row["code"]))} for row in found]
