"""People as those see them who keep accounts: lists, who has what, counts. Rules stand in station/access."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
)

from station.store.db import rows
from station.store.org_schema import grants, org_tree, org_units, roles
from station.store.schema import devices, users
from station.store.scope import Scope

STATES = ("open", "disabled", "locked", "never", "unused")
UNUSED_S = 90 * 86_400  # domain.md section 7: accounts unused for 90 days are looked for
Row = dict[str, Any]


class Wanted(NamedTuple):
    """A filter of the list; `state` one of STATES or ""."""

    q: str = ""
    unit: int | None = None
    role: str = ""
    state: str = ""


def listed(c: Connection, scope: Scope, wanted: Wanted, t_s: int, limit: int, after: str = "") -> list[Row]:
    """Rows of users with unit_name, by name, those after the name `after`."""
    query = (
        select(users, org_units.c.name.label("unit_name"))
        .join(org_units, org_units.c.id == users.c.unit)
        .where(scope.over(users.c.unit), users.c.name > after, *_filter(wanted, t_s))
    )
    return rows(c.execute(query.order_by(users.c.name).limit(limit)))


def _filter(wanted: Wanted, t_s: int) -> list[ColumnElement[bool]]:
    out: list[ColumnElement[bool]] = []
    if wanted.q:
        out.append(users.c.name.contains(wanted.q, autoescape=True))
    if wanted.unit is not None:
        out.append(Scope((wanted.unit,)).over(users.c.unit))
    if wanted.role:
        has = and_(grants.c.user == users.c.name, grants.c.role == wanted.role, _holds(t_s))
        out.append(exists().where(has))
    if wanted.state:
        out.append(_state(wanted.state, t_s))
    return out


def _state(state: str, t_s: int) -> ColumnElement[bool]:
    open_ = users.c.disabled_s.is_(None)
    return {
        "open": open_,
        "disabled": ~open_,
        "locked": users.c.locked_until_s > t_s,
        "never": and_(open_, users.c.last_login_s.is_(None)),
        "unused": and_(open_, func.coalesce(users.c.last_login_s, users.c.created_s) <= t_s - UNUSED_S),
    }[state]


def waiting(c: Connection, scope: Scope, t_s: int) -> int:
    """How many open accounts nobody used for 90 days."""
    query = select(func.count()).select_from(users)
    return c.execute(query.where(scope.over(users.c.unit), _state("unused", t_s))).scalar_one()


def facts(c: Connection, names: Iterable[str]) -> list[Row]:
    """[{name, unit, disabled_s}] of those that exist, by name."""
    columns = (users.c.name, users.c.unit, users.c.disabled_s)
    return rows(c.execute(select(*columns).where(users.c.name.in_(list(names))).order_by(users.c.name)))


def people_below(c: Connection, unit: int) -> list[Row]:
    """[{name, unit}] of those who work at `unit` and below, by name."""
    query = select(users.c.name, users.c.unit).where(Scope((unit,)).over(users.c.unit))
    return rows(c.execute(query.order_by(users.c.name)))


def devices_below(c: Connection, unit: int) -> list[tuple[int, int]]:
    """[(unit, how many devices stand in it)] of `unit` and of those below."""
    query = select(devices.c.unit, func.count()).where(Scope((unit,)).over(devices.c.unit))
    return [(at, n) for at, n in c.execute(query.group_by(devices.c.unit).order_by(devices.c.unit))]


# ---- grants


def _holds(t_s: int) -> ColumnElement[bool]:
    return and_(grants.c.from_s <= t_s, or_(grants.c.until_s.is_(None), grants.c.until_s > t_s))


def history(c: Connection, user: str, limit: int) -> list[Row]:
    """All grants of a person with unit_name, newest first, those that ended too."""
    query = select(grants, org_units.c.name.label("unit_name"))
    query = query.join(org_units, org_units.c.id == grants.c.unit).where(grants.c.user == user)
    return rows(c.execute(query.order_by(grants.c.id.desc()).limit(limit)))


def roles_of(c: Connection, names: Iterable[str], t_s: int) -> dict[str, list[str]]:
    """{user: roles that hold now}."""
    out: dict[str, list[str]] = {}
    query = select(grants.c.user, grants.c.role).where(grants.c.user.in_(list(names)), _holds(t_s)).distinct()
    for user, role in c.execute(query.order_by(grants.c.user, grants.c.role)):
        out.setdefault(user, []).append(role)
    return out


def handed_by(c: Connection, giver: str, t_s: int) -> list[Row]:
    """Grants with unit_name that `giver` handed over and that hold now."""
    query = select(grants, org_units.c.name.label("unit_name"))
    query = query.join(org_units, org_units.c.id == grants.c.unit)
    return rows(c.execute(query.where(grants.c.instead_of == giver, _holds(t_s)).order_by(grants.c.id)))


def holders_above(c: Connection, unit: int, t_s: int) -> list[Row]:
    """Grants that hold now over `unit`, of people who are not disabled."""
    above = select(org_tree.c.ancestor).where(org_tree.c.unit == unit)
    query = select(grants).join(users, users.c.name == grants.c.user)
    return rows(c.execute(query.where(grants.c.unit.in_(above), _holds(t_s), users.c.disabled_s.is_(None))))


# ---- roles


def put_role(c: Connection, role: str, names: Mapping[str, str], functions: list[str]) -> None:
    c.execute(delete(roles).where(roles.c.role == role))
    c.execute(insert(roles).values(role=role, names=dict(names), functions=functions))


def holders(c: Connection, role: str, t_s: int) -> int:
    """How many people of the house have a role now or will."""
    kept = or_(grants.c.until_s.is_(None), grants.c.until_s > t_s)
    query = select(func.count(grants.c.user.distinct())).where(grants.c.role == role, kept)
    return c.execute(query).scalar_one()


def held_in(c: Connection, scope: Scope, t_s: int) -> dict[str, int]:
    """{role: how many people of `scope` have it now}."""
    query = (
        select(grants.c.role, func.count(grants.c.user.distinct()))
        .join(users, users.c.name == grants.c.user)
        .where(scope.over(users.c.unit), _holds(t_s))
        .group_by(grants.c.role)
    )
    return {role: n for role, n in c.execute(query)}


# ---- units


def counts(c: Connection, scope: Scope) -> dict[int, dict[str, int]]:
    """{unit: {people, devices: how many there and below}}; units without either are missing."""
    out: dict[int, dict[str, int]] = {}
    tree = org_tree.alias("above")
    for what, column in (("people", users.c.unit), ("devices", devices.c.unit)):
        query = (
            select(tree.c.ancestor, func.count()).select_from(tree).join(column.table, column == tree.c.unit)
        )
        for unit, n in c.execute(query.where(scope.over(tree.c.ancestor)).group_by(tree.c.ancestor)):
            out.setdefault(unit, {})[what] = n
    return out
