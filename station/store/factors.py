"""Second factors of people and their recovery codes. Rules: station/access/factor.py."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from station.store.db import row
from station.store.people_schema import recovery_codes as codes
from station.store.people_schema import second_factors as factors


def get(c: Connection, user: str) -> dict[str, Any] | None:
    """secret (sealed), since_s, step; None: the person has none."""
    return row(c.execute(select(factors).where(factors.c.user == user)))


def put(c: Connection, user: str, **facts: Any) -> None:
    """Set a factor in the place of an older one."""
    off(c, user)
    c.execute(insert(factors).values(user=user, **facts))


def off(c: Connection, user: str) -> None:
    """The person has none any more, nor recovery codes."""
    for table in (codes, factors):
        c.execute(delete(table).where(table.c.user == user))


def took(c: Connection, user: str, step: int) -> None:
    c.execute(update(factors).where(factors.c.user == user).values(step=step))


def set_codes(c: Connection, user: str, hashes: Iterable[str]) -> None:
    """These are the person's recovery codes; older ones are none any more."""
    c.execute(delete(codes).where(codes.c.user == user))
    c.execute(insert(codes), [{"user": user, "hash": each, "used_s": None} for each in hashes])


def use_code(c: Connection, user: str, digest: str, t_s: int) -> bool:
    """Use up a recovery code; False when it is none, or was used."""
    here = (codes.c.user == user) & (codes.c.hash == digest) & codes.c.used_s.is_(None)
    return c.execute(update(codes).where(here).values(used_s=t_s)).rowcount == 1


def codes_left(c: Connection, user: str) -> int:
    here = (codes.c.user == user) & codes.c.used_s.is_(None)
    return c.execute(select(func.count()).select_from(codes).where(here)).scalar_one()
