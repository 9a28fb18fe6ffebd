"""Counters of what was refused, with the first bytes of the last one: nothing bad goes unseen or grows."""

from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert as upsert

from station.store.db import now_s, rows
from station.store.schema import counters

SAMPLE_BYTES = 64
SOURCE_CHARS = 120


def bump(c: Connection, name: str, reason: str, sample: bytes = b"", source: str = "") -> None:
    """Count one. `name` says who counts ("ingest"), `reason` is one of a fixed set of words."""
    at = now_s()
    last = {
        "last_s": at,
        "sample_hex": sample[:SAMPLE_BYTES].hex(),
        # outside text: a lone surrogate or NUL must not reach the database
        "source": source[:SOURCE_CHARS].encode("ascii", "backslashreplace").decode().replace("\0", "\\0"),
    }
    c.execute(
        upsert(counters)
        .values(name=name, reason=reason, n=1, first_s=at, **last)
        .on_conflict_do_update(index_elements=["name", "reason"], set_={"n": counters.c.n + 1, **last})
    )


def all_counters(c: Connection) -> list[dict[str, Any]]:
    """[{name, reason, n, first_s, last_s, source, sample_hex}]."""
    return rows(c.execute(select(counters).order_by(counters.c.name, counters.c.reason)))
