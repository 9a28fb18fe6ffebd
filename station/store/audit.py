"""Who did what: only ever appended."""

from typing import Any

from sqlalchemy import Connection, insert, select

from station.store.db import now_s, rows
from station.store.schema import audit


def add(c: Connection, author: str, action: str, subject: str, **detail: Any) -> None:
    """`detail` must be JSON-able and free of secrets."""
    c.execute(insert(audit).values(t_s=now_s(), author=author, action=action, subject=subject, detail=detail))


def recent(c: Connection, limit: int = 50) -> list[dict[str, Any]]:
    """Newest first."""
    return rows(c.execute(select(audit).order_by(audit.c.id.desc()).limit(limit)))
