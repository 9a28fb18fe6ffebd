"""Transfers of people between units. Rules stand in station/access/transfers."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update

from station.store.approvals_schema import proposals
from station.store.db import row, rows
from station.store.org_schema import grants
from station.store.people_schema import transfers
from station.store.scope import Scope

Row = dict[str, Any]


def add(c: Connection, **facts: Any) -> int:
    made = c.execute(insert(transfers).values(state="open", **facts)).inserted_primary_key
    return made[0]  # type: ignore[index]


def get(c: Connection, number: int) -> Row | None:
    return row(c.execute(select(transfers).where(transfers.c.id == number)))


def by_token(c: Connection, token: str) -> int | None:
    return c.execute(select(transfers.c.id).where(transfers.c.token == token)).scalar()


def open_of(c: Connection, user: str) -> int | None:
    here = (transfers.c.user == user) & (transfers.c.state == "open")
    return c.execute(select(transfers.c.id).where(here)).scalar()


def change(c: Connection, number: int, **facts: Any) -> None:
    c.execute(update(transfers).where(transfers.c.id == number).values(**facts))


def _in(scope: Scope) -> ColumnElement[bool]:
    return or_(scope.over(transfers.c.from_unit), scope.over(transfers.c.to_unit))


def visible(c: Connection, number: int, scope: Scope) -> bool:
    here = and_(transfers.c.id == number, _in(scope))
    return c.execute(select(transfers.c.id).where(here)).first() is not None


def listed(c: Connection, scope: Scope, state: str, limit: int, before: int | None = None) -> list[Row]:
    """Newest first: those of `state` ("" for all) from or to a unit of `scope`; `before` an id."""
    query = select(transfers).where(_in(scope)).order_by(transfers.c.id.desc()).limit(limit)
    if state:
        query = query.where(transfers.c.state == state)
    return rows(c.execute(query if before is None else query.where(transfers.c.id < before)))


def waiting(c: Connection, scope: Scope, _t_s: int) -> int:
    """How many open ones lack a word that somebody with the right in `scope` may give."""
    left = and_(transfers.c.left_by.is_(None), scope.over(transfers.c.from_unit))
    above = and_(transfers.c.above_by.is_(None), scope.over(transfers.c.above_unit))
    query = select(func.count()).select_from(transfers)
    return c.execute(query.where(transfers.c.state == "open", or_(left, above))).scalar_one()


# ---- what a person has still to do


def proposals_of(c: Connection, user: str) -> list[int]:
    """Numbers of the proposals of a person that are not at their end."""
    here = (proposals.c.author == user) & proposals.c.state.in_(("drafted", "approved"))
    return list(c.execute(select(proposals.c.id).where(here).order_by(proposals.c.id)).scalars())


def handed_to(c: Connection, user: str, t_s: int) -> list[int]:
    """Numbers of the grants that others handed to a person and that hold now."""
    holds = and_(grants.c.from_s <= t_s, or_(grants.c.until_s.is_(None), grants.c.until_s > t_s))
    here = and_(grants.c.user == user, grants.c.instead_of.is_not(None), holds)
    return list(c.execute(select(grants.c.id).where(here).order_by(grants.c.id)).scalars())
