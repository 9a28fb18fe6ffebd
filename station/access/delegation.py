"""A and B posts: a person hands some of his grants to a colleague for a while, and may take them back.

Laws: what was handed to me I do not hand on; it ends by itself after 90 days at the latest, with the grant
of the giver and with his account; who got it may not decide what the giver proposed (rights_of, `but_from`).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from station.checks import refuse
from station.errors import FieldError, Invalid
from station.store import accounts as store
from station.store import audit, org, users
from station.store.db import now_s
from station.store.scope import Scope

DAYS = 90
DAY_S = 86_400
Row = dict[str, Any]


def mine(c: Connection, me: str, t_s: int) -> list[Row]:
    """Grants that I may hand over."""
    return [each for each in org.grants_of(c, me, t_s) if each["instead_of"] is None]


def colleagues(c: Connection, me: str, t_s: int) -> Scope:
    """Where people work to whom I may hand over: below my grants, and in my own unit."""
    user = users.get(c, me)
    tops = {each["unit"] for each in mine(c, me, t_s)} | ({user["unit"]} if user else set())
    return Scope(tuple(sorted(tops)))


def hand_over(c: Connection, me: str, to: str, numbers: Sequence[int], until_s: int | None) -> None:
    """Give the grants `numbers` of mine to `to` until `until_s` (exclusive). Invalid says what is wrong."""
    now = now_s()
    held = {each["id"]: each for each in mine(c, me, now)}
    other, problems = users.get(c, to), list[FieldError]()
    if other is None or to == me or not colleagues(c, me, now).holds(c, other["unit"]):
        problems.append(FieldError("to", "no_such_user"))
    elif other["disabled_s"] is not None:
        problems.append(FieldError("to", "account_disabled"))
    if not numbers:
        problems.append(FieldError("grants", "needed"))
    if not set(numbers) <= held.keys():
        problems.append(FieldError("grants", "no_such_grant"))
    if until_s is None:
        problems.append(FieldError("until", "needed"))
    elif not now < until_s <= now + DAYS * DAY_S:
        problems.append(FieldError("until", "handed_too_long", {"most": DAYS}))
    refuse(problems)
    for number in sorted(set(numbers)):
        _hand(c, me, to, held[number], now, until_s or now)


def _hand(c: Connection, me: str, to: str, grant: Row, now: int, until_s: int) -> None:
    where = (grant["role"], grant["unit"])
    if any((each["role"], each["unit"]) == where for each in org.grants_of(c, to, now)):
        raise Invalid(FieldError("grants", "grant_twice"))
    end = min(until_s, grant["until_s"] or until_s)
    org.grant(c, to, *where, me, from_s=now, until_s=end, instead_of=me)
    audit.add(c, me, "handed_over", to, role=where[0], unit=where[1], until_s=end)


def back(c: Connection, me: str, number: int) -> None:
    """Take back what I handed over; a second time changes nothing. Invalid: it was not mine."""
    found, now = org.grant_row(c, number), now_s()
    if found is None or found["instead_of"] != me:
        raise Invalid(FieldError("grant", "no_such_grant"))
    _end(c, me, found, now)


def ended(c: Connection, by: str, giver: str, grant: Row | None = None) -> None:
    """End what `giver` handed over: of one grant, or all of it."""
    now = now_s()
    for each in store.handed_by(c, giver, now):
        if grant is None or (each["role"], each["unit"]) == (grant["role"], grant["unit"]):
            _end(c, by, each, now)


def _end(c: Connection, by: str, grant: Row, now: int) -> None:
    if grant["until_s"] is None or grant["until_s"] > now:
        org.end_grant(c, grant["id"], now)
        told = {"role": grant["role"], "unit": grant["unit"]}
        audit.add(c, by, "handed_back", grant["user"], instead_of=grant["instead_of"], **told)
