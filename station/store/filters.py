"""Filters that people keep. Each is its person's alone: every question takes the person."""

from typing import Any

from sqlalchemy import Connection, delete, insert, select

from station.store.db import row, rows
from station.store.filters_schema import saved_filters

_ORDER = (saved_filters.c.page, saved_filters.c.name)
Row = dict[str, Any]


def of(c: Connection, person: str) -> list[Row]:
    """All of a person, by page and name."""
    return rows(c.execute(select(saved_filters).where(saved_filters.c.person == person).order_by(*_ORDER)))


def get(c: Connection, person: str, number: int) -> Row | None:
    """None too when it is another's."""
    mine = (saved_filters.c.id == number) & (saved_filters.c.person == person)
    return row(c.execute(select(saved_filters).where(mine)))


def add(c: Connection, person: str, page: str, name: str, query: str) -> None:
    c.execute(insert(saved_filters).values(person=person, page=page, name=name, query=query))


def remove(c: Connection, number: int) -> None:
    c.execute(delete(saved_filters).where(saved_filters.c.id == number))
