"""Tickets of the help desk. Rules stand in station/access/tickets."""

from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update

from station.store.db import row, rows
from station.store.people_schema import tickets
from station.store.scope import Scope

UNSOLVED = ("open", "taken")
Row = dict[str, Any]


def add(c: Connection, **facts: Any) -> int:
    made = c.execute(insert(tickets).values(state="open", **facts)).inserted_primary_key
    return made[0]  # type: ignore[index]


def get(c: Connection, number: int) -> Row | None:
    return row(c.execute(select(tickets).where(tickets.c.id == number)))


def by_token(c: Connection, token: str) -> int | None:
    return c.execute(select(tickets.c.id).where(tickets.c.token == token)).scalar()


def change(c: Connection, number: int, before: str, **facts: Any) -> bool:
    """False when it is not in the state `before` (any more); then nothing is changed."""
    here = (tickets.c.id == number) & (tickets.c.state == before)
    return c.execute(update(tickets).where(here).values(**facts)).rowcount == 1


def of(c: Connection, author: str, limit: int, before: int | None = None) -> list[Row]:
    """Those that a person wrote, newest first; `before` an id."""
    query = select(tickets).where(tickets.c.author == author).order_by(tickets.c.id.desc()).limit(limit)
    return rows(c.execute(query if before is None else query.where(tickets.c.id < before)))


def listed(
    c: Connection,
    scope: Scope,
    solved: bool,
    limit: int,
    *,
    kind: str = "",
    q: str = "",
    before: int | None = None,
) -> list[Row]:
    """Those of people of `scope`, newest first, whose text or solution holds `q`; `before` an id."""
    states = ("solved",) if solved else UNSOLVED
    query = select(tickets).where(scope.over(tickets.c.unit), tickets.c.state.in_(states))
    if kind:
        query = query.where(tickets.c.kind == kind)
    if q:
        held = (column.contains(q, autoescape=True) for column in (tickets.c.text, tickets.c.solution))
        query = query.where(or_(*held))
    if before is not None:
        query = query.where(tickets.c.id < before)
    return rows(c.execute(query.order_by(tickets.c.id.desc()).limit(limit)))


def waiting(c: Connection, scope: Scope, _t_s: int) -> int:
    """How many are not solved."""
    query = select(func.count()).select_from(tickets)
    return c.execute(query.where(scope.over(tickets.c.unit), tickets.c.state.in_(UNSOLVED))).scalar_one()
