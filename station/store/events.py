"""Events as the devices told them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert as upsert

from protocols.uplink.codes import EVENTS
from station.store.db import rows
from station.store.schema import events


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
    return [
        found | {"name": EVENTS.get(found["code"], str(found["code"]))} for found in rows(c.execute(query))
    ]
