"""Campaigns that clean up accounts, what they list, how far the units are. Rules: station/access/cleanup."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from station.store.approvals_schema import proposals
from station.store.cleanup_schema import cleanup_accounts as listed
from station.store.cleanup_schema import cleanup_replies as replies
from station.store.cleanup_schema import cleanups
from station.store.db import row, rows
from station.store.org_schema import org_units
from station.store.schema import users
from station.store.scope import Scope

REPLIES = ("keep", "disable", "unknown")
STATES = ("waiting", *REPLIES, "disabled", "used", "moved")  # of a listed account
Row = dict[str, Any]


def _state() -> ColumnElement[str]:
    """One of STATES, over `listed` joined with `users`: what happened since counts before what was said."""
    used = func.coalesce(users.c.last_login_s, 0) > func.coalesce(listed.c.last_login_s, 0)
    return case(
        (listed.c.outcome.is_not(None), listed.c.outcome),
        (users.c.disabled_s.is_not(None), "disabled"),
        (used, "used"),
        (users.c.unit != listed.c.unit, "moved"),
        (listed.c.reply != "", listed.c.reply),
        else_="waiting",
    )


# ---- campaigns


def unused(c: Connection, unit: int, before_s: int, most: int) -> list[Row]:
    """[{name, unit, last_login_s}] of open accounts at `unit` and below that nobody used since `before_s`."""
    last_s = func.coalesce(users.c.last_login_s, users.c.created_s)
    query = select(users.c.name, users.c.unit, users.c.last_login_s).where(
        Scope((unit,)).over(users.c.unit), users.c.disabled_s.is_(None), last_s <= before_s
    )
    return rows(c.execute(query.order_by(users.c.name).limit(most)))


def add(c: Connection, accounts: Sequence[Row], **facts: Any) -> int:
    made = c.execute(insert(cleanups).values(**facts)).inserted_primary_key
    number = made[0]  # type: ignore[index]
    told = [
        {"cleanup": number, "user": a["name"], "unit": a["unit"], "last_login_s": a["last_login_s"]}
        for a in accounts
    ]
    c.execute(insert(listed), told)
    return number


def by_token(c: Connection, token: str) -> int | None:
    return c.execute(select(cleanups.c.id).where(cleanups.c.token == token)).scalar()


def _visible(scope: Scope) -> ColumnElement[bool]:
    inside = exists().where(listed.c.cleanup == cleanups.c.id, scope.over(listed.c.unit))
    return or_(scope.over(cleanups.c.unit), inside)


def _campaigns() -> Select[Any]:
    query = select(cleanups, org_units.c.name.label("unit_name"))
    return query.join(org_units, org_units.c.id == cleanups.c.unit)


def get(c: Connection, scope: Scope, number: int) -> Row | None:
    """With unit_name; of the scope, or with accounts in it."""
    return row(c.execute(_campaigns().where(cleanups.c.id == number, _visible(scope))))


def campaigns(c: Connection, scope: Scope, limit: int, before: int | None = None) -> list[Row]:
    """Newest first, with unit_name; `before` an id."""
    query = _campaigns().where(_visible(scope)).order_by(cleanups.c.id.desc()).limit(limit)
    return rows(c.execute(query if before is None else query.where(cleanups.c.id < before)))


def open_at(c: Connection, unit: int, above: Iterable[int]) -> int | None:
    """Number of one under way at `unit`, below it, or at one of the units `above`."""
    near = or_(Scope((unit,)).over(cleanups.c.unit), cleanups.c.unit.in_(list(above)))
    return c.execute(select(cleanups.c.id).where(near, cleanups.c.closed_s.is_(None))).scalar()


def close(c: Connection, number: int, who: str, t_s: int) -> None:
    """End it; what each account is now stays."""
    now = select(_state()).where(users.c.name == listed.c.user).correlate(listed).scalar_subquery()
    c.execute(update(listed).where(listed.c.cleanup == number).values(outcome=now))
    c.execute(update(cleanups).where(cleanups.c.id == number).values(closed_by=who, closed_s=t_s))


# ---- what is listed


def _of(number: int, scope: Scope) -> ColumnElement[bool]:
    return and_(listed.c.cleanup == number, scope.over(listed.c.unit))


def accounts(
    c: Connection, number: int, scope: Scope, limit: int, *, state: str = "", q: str = "", after: str = ""
) -> list[Row]:
    """By name, those after the name `after`: with `state` and unit_name; of one state ("" for all)."""
    query = (
        select(listed, _state().label("state"), org_units.c.name.label("unit_name"))
        .join(users, users.c.name == listed.c.user)
        .join(org_units, org_units.c.id == listed.c.unit)
        .where(_of(number, scope), listed.c.user > after)
    )
    if state:
        query = query.where(_state() == state)
    if q:
        query = query.where(listed.c.user.contains(q, autoescape=True))
    return rows(c.execute(query.order_by(listed.c.user).limit(limit)))


def said(c: Connection, number: int, scope: Scope) -> dict[str, Row]:
    """{user: {unit, reply, remark}} of all that are listed in the scope."""
    query = select(listed.c.user, listed.c.unit, listed.c.reply, listed.c.remark)
    return {each["user"]: each for each in rows(c.execute(query.where(_of(number, scope))))}


def changes(c: Connection, number: int, scope: Scope) -> int:
    """How often something was said; it only rises."""
    query = select(func.coalesce(func.sum(listed.c.changes), 0))
    return c.execute(query.where(_of(number, scope))).scalar_one()


def say(c: Connection, number: int, user: str, **facts: Any) -> None:
    here = and_(listed.c.cleanup == number, listed.c.user == user)
    c.execute(update(listed).where(here).values(changes=listed.c.changes + 1, **facts))


def to_disable(c: Connection, number: int, scope: Scope, user: str | None = None) -> list[str]:
    """Those whose units said disable, and to whom nothing happened since; of all, or of `user` alone."""
    query = select(listed.c.user).join(users, users.c.name == listed.c.user)
    query = query.join(cleanups, cleanups.c.id == listed.c.cleanup)
    query = query.where(_of(number, scope), cleanups.c.closed_s.is_(None), _state() == "disable")
    if user is not None:
        query = query.where(listed.c.user == user)
    return list(c.execute(query.order_by(listed.c.user)).scalars())


# ---- how far it is


def counted(c: Connection, number: int, scope: Scope) -> dict[str, int]:
    """{one of STATES: how many accounts}; those without any are missing."""
    query = select(_state(), func.count()).select_from(listed).join(users, users.c.name == listed.c.user)
    return {state: n for state, n in c.execute(query.where(_of(number, scope)).group_by(_state()))}


def by_unit(c: Connection, number: int, scope: Scope, limit: int, after: int = 0) -> list[Row]:
    """[{unit, unit_name, counts: {state: n}}] by id, those after the unit `after`."""
    units = rows(
        c.execute(
            select(listed.c.unit, org_units.c.name.label("unit_name"))
            .join(org_units, org_units.c.id == listed.c.unit)
            .where(_of(number, scope), listed.c.unit > after)
            .distinct()
            .order_by(listed.c.unit)
            .limit(limit)
        )
    )
    query = select(listed.c.unit, _state(), func.count()).select_from(listed)
    query = query.join(users, users.c.name == listed.c.user)
    here = listed.c.unit.in_([each["unit"] for each in units])
    counts: dict[int, dict[str, int]] = {}
    for unit, state, n in c.execute(query.where(_of(number, scope), here).group_by(listed.c.unit, _state())):
        counts.setdefault(unit, {})[state] = n
    return [each | {"counts": counts[each["unit"]]} for each in units]


def waiting(c: Connection, scope: Scope, _t_s: int) -> int:
    """How many listed accounts wait for the word of their unit."""
    query = select(func.count()).select_from(listed).join(users, users.c.name == listed.c.user)
    query = query.join(cleanups, cleanups.c.id == listed.c.cleanup)
    query = query.where(scope.over(listed.c.unit), cleanups.c.closed_s.is_(None), _state() == "waiting")
    return c.execute(query).scalar_one()


# ---- what was sent in


def add_reply(c: Connection, **facts: Any) -> None:
    c.execute(insert(replies).values(**facts))


def reply_by_token(c: Connection, token: str) -> int | None:
    return c.execute(select(replies.c.cleanup).where(replies.c.token == token)).scalar()


def sent(c: Connection, number: int, scope: Scope, limit: int) -> list[Row]:
    """What was said of accounts of the scope, newest first, with unit_name."""
    query = select(replies, org_units.c.name.label("unit_name"))
    query = query.join(org_units, org_units.c.id == replies.c.unit)
    query = query.where(replies.c.cleanup == number, scope.over(replies.c.unit))
    return rows(c.execute(query.order_by(replies.c.id.desc()).limit(limit)))


def proposed(c: Connection, number: int, scope: Scope, limit: int) -> list[Row]:
    """[{id, state, author, affected, drafted_s}] of proposals to disable that came of it, newest first."""
    p = proposals
    query = select(p.c.id, p.c.state, p.c.author, p.c.affected, p.c.drafted_s)
    here = and_(p.c.kind == "disable", p.c.content["cleanup"].as_integer() == number, scope.over(p.c.unit))
    return rows(c.execute(query.where(here).order_by(p.c.id.desc()).limit(limit)))
