"""Tokens of the API and the answers they were given. Rules: station/access/tokens.py."""

from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, update

from station.store.db import row, rows
from station.store.schema import users
from station.store.scope import Scope
from station.store.tokens_schema import api_answers, tokens

Row = dict[str, Any]


def add(c: Connection, **facts: Any) -> int:
    made = c.execute(insert(tokens).values(**facts)).inserted_primary_key
    return made[0]  # type: ignore[index]


def get(c: Connection, number: int) -> Row | None:
    """The row of the table, and `owner_unit` and `owner_disabled_s` of its user."""
    query = select(
        tokens, users.c.unit.label("owner_unit"), users.c.disabled_s.label("owner_disabled_s")
    ).join(users, users.c.name == tokens.c.user)
    return row(c.execute(query.where(tokens.c.id == number)))


def listed(c: Connection, user: str, scope: Scope, limit: int, before: int | None = None) -> list[Row]:
    """Newest first: those of `user`, and those of people of `scope`."""
    query = (
        select(tokens)
        .join(users, users.c.name == tokens.c.user)
        .where(or_(tokens.c.user == user, scope.over(users.c.unit)))
        .order_by(tokens.c.id.desc())
        .limit(limit)
    )
    return rows(c.execute(query.where(tokens.c.id < before) if before else query))


def change(c: Connection, number: int, **facts: Any) -> None:
    c.execute(update(tokens).where(tokens.c.id == number).values(**facts))


def answer(c: Connection, token: int, key: str) -> Row | None:
    """What was answered to the request with this key."""
    here = (api_answers.c.token == token) & (api_answers.c.key == key)
    return row(c.execute(select(api_answers).where(here)))


def keep(c: Connection, token: int, key: str, since_s: int, **facts: Any) -> None:
    """Keep an answer; those from before `since_s` are forgotten."""
    c.execute(delete(api_answers).where(api_answers.c.t_s < since_s))
    c.execute(insert(api_answers).values(token=token, key=key, **facts))
