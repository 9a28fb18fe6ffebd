"""Planned outages. Rules: station/alarms/outages.py."""

from typing import Any

from sqlalchemy import Connection, insert, select, update

from station.store.alarms_schema import outages
from station.store.db import row, rows
from station.store.org_schema import org_tree
from station.store.scope import Scope

Row = dict[str, Any]


def add(c: Connection, **facts: Any) -> int:
    made = c.execute(insert(outages).values(**facts)).inserted_primary_key
    return made[0]  # type: ignore[index]


def by_token(c: Connection, token: str) -> int | None:
    return c.execute(select(outages.c.id).where(outages.c.token == token)).scalar()


def get(c: Connection, number: int, scope: Scope) -> Row | None:
    return row(c.execute(select(outages).where(outages.c.id == number, scope.over(outages.c.unit))))


def page(c: Connection, scope: Scope, limit: int, before: int | None = None) -> list[Row]:
    """Newest first."""
    query = select(outages).where(scope.over(outages.c.unit)).order_by(outages.c.id.desc()).limit(limit)
    return rows(c.execute(query.where(outages.c.id < before) if before else query))


def change_at(c: Connection, number: int, version: int, **facts: Any) -> bool:
    """False when somebody changed it since this version."""
    here = (outages.c.id == number, outages.c.version == version)
    return c.execute(update(outages).where(*here).values(version=version + 1, **facts)).rowcount == 1


def holding(c: Connection, t_s: int) -> list[Row]:
    """Those that hold at `t_s`, with `units`: ids of the unit and all below it ([] with devices)."""
    query = select(outages).where(outages.c.from_s <= t_s, outages.c.until_s > t_s).order_by(outages.c.id)
    found = rows(c.execute(query))
    for each in found:
        below = select(org_tree.c.unit).where(org_tree.c.ancestor == each["unit"])
        each["units"] = [] if each["devices"] else list(c.execute(below).scalars())
    return found
