"""Tokens by which other systems act in a person's name: never more than the person may, and often less.

The secret is 256 random bits, so its plain SHA-256 is what is kept: there is nothing to guess.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection

from station.access.rights import Rights, rights_of, where
from station.access.roles import ALL
from station.checks import refuse
from station.errors import FieldError, Invalid
from station.store import audit, org
from station.store import tokens as store
from station.store.db import now_s
from station.store.scope import Scope

MAKE = "publish"  # who may let data out of the house may hand out tokens
NEVER = frozenset({"approve_control", "approve_prepaid", "approve_archive", "approve_accounts"})
GRANTED = tuple(sorted(ALL - NEVER))  # a second person is a person
NAME_CHARS = 60
DAYS = 366
DAY_S = 86_400
USED_EVERY_S = 60  # a token in use costs one write a minute
_TEXT = re.compile(r"lk([1-9][0-9]{0,8})_([A-Za-z0-9_-]{43})")


class Bearer(NamedTuple):
    token: int
    user: str
    rights: Rights


def make(
    c: Connection, user: str, name: str, functions: Iterable[str], unit: int, days: int | None
) -> tuple[int, str]:
    """(number, text to be shown once) of a token for `functions` at `unit` and below. Invalid."""
    wanted, name, now = sorted(set(functions)), name.strip(), now_s()
    rights = rights_of(c, user, now)
    problems: list[FieldError] = []
    if not where(rights, MAKE).units:
        problems.append(FieldError("", "no_token_right"))
    if not name:
        problems.append(FieldError("name", "needed"))
    if len(name) > NAME_CHARS:
        problems.append(FieldError("name", "too_long", {"most": NAME_CHARS}))
    if not wanted:
        problems.append(FieldError("functions", "needed"))
    if not all(each in GRANTED and where(rights, each).holds(c, unit) for each in wanted):
        problems.append(FieldError("functions", "not_your_function"))
    if days is None or not 1 <= days <= DAYS:
        problems.append(FieldError("days", "out_of_range", {"least": 1, "most": DAYS}))
    refuse(problems)
    secret, until = secrets.token_urlsafe(32), now + (days or 0) * DAY_S
    facts = {"user": user, "name": name, "functions": wanted, "unit": unit, "until_s": until}
    number = store.add(c, hash=_hash(secret), created_s=now, **facts)
    audit.add(c, user, "token_made", f"token {number}", **(facts | {"user": user}))
    return number, f"lk{number}_{secret}"


def revoke(c: Connection, by: str, scope: Scope, number: int) -> None:
    """End a token of one's own, or of a person of `scope`; a second time changes nothing. Invalid."""
    found = store.get(c, number)
    if found is None or not (found["user"] == by or scope.holds(c, found["owner_unit"])):
        raise Invalid(FieldError("", "no_such_token"))
    if found["revoked_s"] is None:
        store.change(c, number, revoked_s=now_s())
        audit.add(c, by, "token_revoked", f"token {number}", user=found["user"], name=found["name"])


def bearer(c: Connection, text: str, t_s: int) -> Bearer | None:
    """Who comes with this token, with what he may do now; None: nobody."""
    parts = _TEXT.fullmatch(text)
    found = store.get(c, int(parts[1])) if parts else None
    if parts is None or found is None or not hmac.compare_digest(found["hash"], _hash(parts[2])):
        return None
    return of_number(c, found["id"], t_s)


def of_number(c: Connection, number: int, t_s: int) -> Bearer | None:
    """Who has the token of this number, with what he may do now; None: it is ended, or nobody's."""
    found = store.get(c, number)
    if found is None or found["revoked_s"] is not None or found["until_s"] <= t_s:
        return None
    if found["owner_disabled_s"] is not None:
        return None
    held = rights_of(c, found["user"], t_s)
    return Bearer(found["id"], found["user"], narrowed(c, held, found["functions"], found["unit"]))


def stale(c: Connection, number: int, t_s: int) -> bool:
    """Whether the last noted use is old enough to note this one."""
    found = store.get(c, number)
    return found is not None and t_s - (found["used_s"] or 0) >= USED_EVERY_S


def narrowed(c: Connection, rights: Rights, functions: Iterable[str], unit: int) -> Rights:
    """What of `rights` remains for `functions` at `unit` and below."""
    above = set(org.ancestors(c, unit))
    out: dict[str, Scope] = {}
    for function in functions:
        tops = where(rights, function).units
        if above.intersection(tops):
            out[function] = Scope((unit,))
        elif inside := tuple(top for top in tops if unit in org.ancestors(c, top)):
            out[function] = Scope(inside)
    return out


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
