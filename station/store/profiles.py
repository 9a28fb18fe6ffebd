"""Packages of meter profiles, and how they got into terminals."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from station.store import events
from station.store.db import now_s, row, rows
from station.store.schema import profile_packages, profile_pushes

_packages, _pushes = profile_packages, profile_pushes
_FACTS = [column for column in _packages.c if column.name not in ("id", "digest", "data", "author")]


def find(c: Connection, data: bytes) -> int | None:
    """The id of a package with these bytes."""
    return c.execute(select(_packages.c.id).where(_packages.c.digest == sha256(data).digest())).scalar()


def keep(c: Connection, author: str, data: bytes, facts: Mapping[str, Any]) -> int:
    """Store a package that is not there yet; its id. `facts`: hash, profile, rev, link, names, key."""
    values = {**facts, "digest": sha256(data).digest(), "data": data, "author": author, "added_s": now_s()}
    return c.execute(insert(_packages).values(values)).inserted_primary_key[0]  # type: ignore[index]


def package(c: Connection, number: int) -> dict[str, Any] | None:
    return row(c.execute(select(_packages).where(_packages.c.id == number)))


def packages(c: Connection, limit: int) -> list[dict[str, Any]]:
    """Without their bytes, newest first."""
    columns = (_packages.c.id, _packages.c.author, *_FACTS)
    return rows(c.execute(select(*columns).order_by(_packages.c.id.desc()).limit(limit)))


def by_hash(c: Connection, start: bytes) -> dict[str, Any] | None:
    """The newest package whose hash begins so."""
    same = func.substr(_packages.c.hash, 1, len(start)) == start
    return row(c.execute(select(*_FACTS).where(same).order_by(_packages.c.id.desc()).limit(1)))


def begin(c: Connection, device: str, slot: int, package: int, author: str, **facts: Any) -> int:
    """Store a push; `facts` are the rest of the columns. Its id."""
    at = now_s()
    values = {"device": device, "slot": slot, "package": package, "author": author, "begun_s": at}
    values |= {"changed_s": at, "after_event": events.last(c, device), **facts}
    made = c.execute(insert(_pushes).values(values))
    return made.inserted_primary_key[0]  # type: ignore[index]


def change(c: Connection, number: int, t_s: int, **facts: Any) -> None:
    c.execute(update(_pushes).where(_pushes.c.id == number).values(changed_s=t_s, **facts))


def push(c: Connection, number: int) -> dict[str, Any] | None:
    """A push with the facts of its package."""
    return row(c.execute(_joined().where(_pushes.c.id == number)))


def pushes(c: Connection, device: str, limit: int) -> list[dict[str, Any]]:
    """Those to a device, newest first."""
    query = _joined().where(_pushes.c.device == device).order_by(_pushes.c.id.desc()).limit(limit)
    return rows(c.execute(query))


def in_states(c: Connection, *states: str) -> list[dict[str, Any]]:
    return rows(c.execute(_joined().where(_pushes.c.state.in_(states)).order_by(_pushes.c.id)))


def highest(c: Connection, device: str, *states: str) -> dict[str, int]:
    """{id: highest revision} of the pushes to a device that came to one of the states."""
    query = (
        select(_packages.c.profile, func.max(_packages.c.rev))
        .join_from(_pushes, _packages)
        .where(_pushes.c.device == device, _pushes.c.state.in_(states))
        .group_by(_packages.c.profile)
    )
    return {profile: rev for profile, rev in c.execute(query)}


def _joined() -> Any:
    return select(_pushes, *_FACTS).join_from(_pushes, _packages)
