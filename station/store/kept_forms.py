"""Forms that were not sent because their session had ended. Each is its person's alone."""

from typing import Any

from sqlalchemy import Connection, delete, insert, select

from station.store.db import row, rows
from station.store.people_schema import kept_forms

Row = dict[str, Any]


def put(c: Connection, person: str, path: str, since_s: int, **facts: Any) -> None:
    """Keep one in place of what was kept of the same form; what was kept before `since_s` of anyone goes."""
    same = (kept_forms.c.person == person) & (kept_forms.c.path == path)
    c.execute(delete(kept_forms).where(same | (kept_forms.c.at_s < since_s)))
    c.execute(insert(kept_forms).values(person=person, path=path, **facts))


def of(c: Connection, person: str, since_s: int) -> list[Row]:
    """Newest first."""
    mine = (kept_forms.c.person == person) & (kept_forms.c.at_s >= since_s)
    return rows(c.execute(select(kept_forms).where(mine).order_by(kept_forms.c.id.desc())))


def get(c: Connection, person: str, number: int, since_s: int) -> Row | None:
    """None too when it is another's, or too old."""
    mine = (kept_forms.c.id == number) & (kept_forms.c.person == person) & (kept_forms.c.at_s >= since_s)
    return row(c.execute(select(kept_forms).where(mine)))


def remove(c: Connection, person: str, path: str) -> None:
    c.execute(delete(kept_forms).where(kept_forms.c.person == person, kept_forms.c.path == path))
