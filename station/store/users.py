"""People who may log in. The rules (hashing, policy, lockout) are in station/access."""

from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from station.store.db import row, rows
from station.store.schema import users
from station.store.scope import ROOT, Scope


def add(c: Connection, name: str, password_hash: str, must_change: bool, t_s: int, unit: int = ROOT) -> None:
    c.execute(
        insert(users).values(
            name=name,
            password_hash=password_hash,
            must_change=int(must_change),
            failures=0,
            locked_until_s=0,
            session=1,
            created_s=t_s,
            unit=unit,
        )
    )


def get(c: Connection, name: str) -> dict[str, Any] | None:
    """The row of the table, or None."""
    return row(c.execute(select(users).where(users.c.name == name)))


def all_users(c: Connection) -> list[dict[str, Any]]:
    return rows(c.execute(select(users).order_by(users.c.name)))


def page(
    c: Connection, scope: Scope, *, part: str = "", after: str = "", limit: int = 50
) -> list[dict[str, Any]]:
    """Users of `scope` whose name holds `part`, by name, those after the name `after`."""
    return rows(
        c.execute(
            select(users)
            .where(
                scope.over(users.c.unit),
                users.c.name > after,
                users.c.name.contains(part, autoescape=True),
            )
            .order_by(users.c.name)
            .limit(limit)
        )
    )


def change(c: Connection, name: str, **facts: Any) -> None:
    c.execute(update(users).where(users.c.name == name).values(**facts))


def number(c: Connection) -> int:
    return c.execute(select(func.count()).select_from(users)).scalar_one()
