"""Small settings that people change while the station runs."""

from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert as upsert

from station.store.schema import settings


def get(c: Connection, key: str, default: Any = None) -> Any:
    found = c.execute(select(settings.c.value).where(settings.c.key == key)).first()
    return default if found is None else found[0]


def put(c: Connection, key: str, value: Any) -> None:
    """`value` must be JSON-able."""
    c.execute(
        upsert(settings)
        .values(key=key, value=value)
        .on_conflict_do_update(index_elements=["key"], set_={"value": value})
    )
