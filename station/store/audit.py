"""Who did what: only ever appended, each row bound to all before it by a hash.

A row's hash is SHA-256 of the hash before it and the row itself as canonical JSON, so what is changed,
removed or put in between is found. That the end was cut off is found by a head that was noted elsewhere.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple

from sqlalchemy import Connection, Text, insert, select

from station.store.db import now_s, rows
from station.store.schema import audit, users
from station.store.scope import ROOT, Scope

FIRST = "0" * 64  # the hash before the first row
HASHED = ("id", "t_s", "author", "action", "subject", "detail", "origin")
TOGETHER = 10_000  # rows of one query while the chain is walked

# by which door the one who acts came in; each door says so at the beginning of what it does
origin: ContextVar[str] = ContextVar("origin", default="")


class Head(NamedTuple):
    id: int  # 0: nothing was done yet
    hash: str


class Wanted(NamedTuple):
    """Which rows a question asks for; "", () and None ask for nothing particular."""

    who: str = ""
    subject: str = ""
    word: str = ""  # what the detail holds
    actions: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()  # of commands
    from_s: int | None = None
    until_s: int | None = None  # exclusive


def add(c: Connection, author: str, action: str, subject: str, **detail: Any) -> None:
    """Append a row, in a transaction that writes; `detail` must be JSON-able and free of secrets."""
    before = head(c)
    row = {"id": before.id + 1, "t_s": now_s(), "author": author, "action": action, "subject": subject}
    row |= {"detail": json.loads(json.dumps(detail)), "origin": origin.get()}
    c.execute(insert(audit).values(hash=digest(before.hash, row), **row))


def digest(before: str, row: Mapping[str, Any]) -> str:
    told = [row[name] for name in HASHED]
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(bytes.fromhex(before) + text.encode()).hexdigest()


def head(c: Connection) -> Head:
    found = c.execute(select(audit.c.id, audit.c.hash).order_by(audit.c.id.desc()).limit(1)).first()
    return Head(*found) if found else Head(0, FIRST)


def broken(c: Connection, heads: Sequence[Head] = ()) -> int | None:
    """Id of the first row that is not as it was written, or is missing; None when all is whole.

    `heads`: what was noted of the chain elsewhere; each must still be a row of it.
    """
    noted = {each.id: each.hash for each in heads}
    before = FIRST
    for at, row in enumerate(walked(c), 1):
        same = row["id"] == at and row["hash"] == digest(before, row)
        if not same or noted.pop(at, row["hash"]) != row["hash"]:
            return at
        before = row["hash"]
    return min(noted, default=None)


def walked(c: Connection) -> Iterator[dict[str, Any]]:
    """All rows, the oldest first."""
    after = 0
    while found := rows(
        c.execute(select(audit).where(audit.c.id > after).order_by(audit.c.id).limit(TOGETHER))
    ):
        yield from found
        after = found[-1]["id"]


def recent(c: Connection, limit: int = 50) -> list[dict[str, Any]]:
    """Newest first."""
    return rows(c.execute(select(audit).order_by(audit.c.id.desc()).limit(limit)))


def found(
    c: Connection, scope: Scope, wanted: Wanted, limit: int, before: int | None = None
) -> list[dict[str, Any]]:
    """What people of `scope` did, newest first, below the id `before`; of the whole house: all there is."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if ROOT not in scope.units:
        query = query.where(audit.c.author.in_(select(users.c.name).where(scope.over(users.c.unit))))
    asked = (
        (wanted.who, audit.c.author == wanted.who),
        (wanted.subject, audit.c.subject == wanted.subject),
        (wanted.word, audit.c.detail.cast(Text).contains(wanted.word, autoescape=True)),
        (wanted.actions, audit.c.action.in_(wanted.actions)),
        (wanted.kinds, audit.c.detail["kind"].as_string().in_(wanted.kinds)),
        (wanted.from_s, audit.c.t_s >= (wanted.from_s or 0)),
        (wanted.until_s, audit.c.t_s < (wanted.until_s or 0)),
        (before, audit.c.id < (before or 0)),
    )
    return rows(c.execute(query.where(*(condition for value, condition in asked if value))))
