"""Units, grants and roles. What a role may do stands in station/access."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, literal, or_, select, update

from station.store.db import row, rows
from station.store.org_schema import grants, org_tree, org_units, roles
from station.store.schema import devices, users
from station.store.scope import Scope

MOST = 100_000  # units of a house
LEVELS = ("province", "city", "county", "station", "area")  # from the root downward; one may be left out


# ---- units


def add_unit(c: Connection, parent: int, level: str, code: str, name: str) -> int:
    """Insert a unit below `parent`; returns its id. sqlalchemy.exc.IntegrityError when the code is taken."""
    made = c.execute(insert(org_units).values(parent=parent, level=level, code=code, name=name))
    unit = made.inserted_primary_key[0]  # type: ignore[index]
    _hang(c, (unit,), parent)
    c.execute(insert(org_tree).values(ancestor=unit, unit=unit))
    return unit


def move_unit(c: Connection, unit: int, parent: int) -> None:
    """Hang `unit` with all below it under `parent`, which must not be below it."""
    below = subtree(c, unit)
    above = ancestors(c, unit)[:-1]
    c.execute(delete(org_tree).where(org_tree.c.unit.in_(below), org_tree.c.ancestor.in_(above)))
    _hang(c, below, parent)
    c.execute(update(org_units).where(org_units.c.id == unit).values(parent=parent))


def _hang(c: Connection, below: Iterable[int], parent: int) -> None:
    for unit in below:
        above = select(org_tree.c.ancestor, literal(unit)).where(org_tree.c.unit == parent)
        c.execute(insert(org_tree).from_select(["ancestor", "unit"], above))


def change_unit(c: Connection, unit: int, **facts: Any) -> None:
    c.execute(update(org_units).where(org_units.c.id == unit).values(**facts))


def unit(c: Connection, number: int) -> dict[str, Any] | None:
    return row(c.execute(select(org_units).where(org_units.c.id == number)))


def unit_by_code(c: Connection, code: str) -> dict[str, Any] | None:
    return row(c.execute(select(org_units).where(org_units.c.code == code)))


def units(c: Connection, scope: Scope, limit: int = MOST) -> list[dict[str, Any]]:
    """Units of `scope` by id; a parent may lie outside of it."""
    query = select(org_units).where(scope.over(org_units.c.id)).order_by(org_units.c.id)
    return rows(c.execute(query.limit(limit)))


def held(c: Connection, unit: int) -> dict[str, int]:
    """How many open units stand below `unit`, and how many devices and people there and below."""
    here = select(org_tree.c.unit).where(org_tree.c.ancestor == unit)
    counted = {
        "units": select(func.count())
        .select_from(org_units)
        .where(org_units.c.id.in_(here), org_units.c.id != unit, org_units.c.closed_s.is_(None)),
        "devices": select(func.count()).select_from(devices).where(devices.c.unit.in_(here)),
        "people": select(func.count()).select_from(users).where(users.c.unit.in_(here)),
    }
    return {what: c.execute(question).scalar_one() for what, question in counted.items()}


def subtree(c: Connection, unit: int) -> tuple[int, ...]:
    """Ids of `unit` and of all below it."""
    return tuple(c.execute(select(org_tree.c.unit).where(org_tree.c.ancestor == unit)).scalars())


def ancestors(c: Connection, unit: int) -> tuple[int, ...]:
    """Ids from the root down to `unit`, itself the last."""
    found = rows(
        c.execute(
            select(org_units.c.id, org_units.c.parent)
            .join(org_tree, org_tree.c.ancestor == org_units.c.id)
            .where(org_tree.c.unit == unit)
        )
    )
    parents = {each["id"]: each["parent"] for each in found}
    way: list[int] = []
    at: int | None = unit
    while at is not None:
        way.append(at)
        at = parents[at]
    return tuple(reversed(way))


def nearest_above(c: Connection, many: Iterable[int]) -> int:
    """The nearest unit that is above all of `many`, or one of them."""
    ways = [ancestors(c, each) for each in many]
    shared = set.intersection(*(set(way) for way in ways))
    return next(each for each in reversed(ways[0]) if each in shared)


# ---- grants


def grant(
    c: Connection,
    user: str,
    role: str,
    unit: int,
    author: str,
    *,
    from_s: int,
    until_s: int | None = None,
    instead_of: str | None = None,
) -> int:
    made = c.execute(
        insert(grants).values(
            user=user,
            role=role,
            unit=unit,
            author=author,
            from_s=from_s,
            until_s=until_s,
            instead_of=instead_of,
        )
    )
    return made.inserted_primary_key[0]  # type: ignore[index]


def end_grant(c: Connection, number: int, t_s: int) -> None:
    c.execute(update(grants).where(grants.c.id == number).values(until_s=t_s))


def grant_row(c: Connection, number: int) -> dict[str, Any] | None:
    return row(c.execute(select(grants).where(grants.c.id == number)))


def lasting_grants_at(c: Connection, unit: int) -> list[dict[str, Any]]:
    """Grants at `unit` itself without an end, not handed over, of users who are not disabled."""
    return rows(
        c.execute(
            select(grants)
            .join(users, users.c.name == grants.c.user)
            .where(
                grants.c.unit == unit,
                grants.c.until_s.is_(None),
                grants.c.instead_of.is_(None),
                users.c.disabled_s.is_(None),
            )
        )
    )


def grants_of(c: Connection, user: str, t_s: int) -> list[dict[str, Any]]:
    """What holds at `t_s`."""
    return rows(c.execute(select(grants).where(grants.c.user == user, _holds(t_s)).order_by(grants.c.id)))


def _holds(t_s: int) -> ColumnElement[bool]:
    return and_(grants.c.from_s <= t_s, or_(grants.c.until_s.is_(None), grants.c.until_s > t_s))


def own_roles(c: Connection) -> dict[str, dict[str, Any]]:
    """{role: row} of those made or changed here."""
    return {each["role"]: each for each in rows(c.execute(select(roles)))}
