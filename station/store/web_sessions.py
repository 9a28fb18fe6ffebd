"""Log-ins to the pages. Rules: station/access/sessions.py; the cookie: station/web/people.py."""

from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from station.store.db import row, rows
from station.store.people_schema import web_sessions as sessions

KEPT_S = 30 * 86_400  # of one that ended
Row = dict[str, Any]


def add(c: Connection, t_s: int, **facts: Any) -> None:
    """A new one (hash, user, address, browser); what ended long ago, or was left so long ago, goes."""
    c.execute(delete(sessions).where(sessions.c.seen_s < t_s - KEPT_S))
    c.execute(insert(sessions).values(since_s=t_s, seen_s=t_s, **facts))


def get(c: Connection, digest: str) -> Row | None:
    return row(c.execute(select(sessions).where(sessions.c.hash == digest)))


def seen(c: Connection, digest: str, t_s: int) -> None:
    c.execute(update(sessions).where(sessions.c.hash == digest).values(seen_s=t_s))


def end(c: Connection, user: str, why: str, t_s: int, *, only: int | None = None, but: str = "") -> int:
    """End the open ones of a person: one by its number, or all but that of a hash. How many were ended."""
    which = [sessions.c.user == user, sessions.c.ended_s.is_(None), sessions.c.hash != but]
    if only is not None:
        which.append(sessions.c.id == only)
    return c.execute(update(sessions).where(*which).values(ended_s=t_s, why=why)).rowcount


def of(c: Connection, user: str, limit: int) -> list[Row]:
    """Of a person, open ones first, then by the last sign."""
    mine = select(sessions).where(sessions.c.user == user).limit(limit)
    return rows(c.execute(mine.order_by(sessions.c.ended_s.is_not(None), sessions.c.seen_s.desc())))
