"""Who keeps accounts may do what with whom. Every change is refused here or stands in the audit.

Laws: the unit (of the person, of the grant) lies in the keeper's accounts scope; nobody changes his own
account; somebody who may keep the accounts of the whole house is always left.
"""

import re
from typing import Any, NamedTuple

from sqlalchemy import Connection

from station.access import delegation, people, strong
from station.access.rights import rights_of, where
from station.access.roles import ROLES, functions_of
from station.access.sessions import TAKEN
from station.errors import FieldError, Invalid
from station.store import audit, leaves, org, users, web_sessions
from station.store.db import now_s
from station.store.scope import EVERYWHERE, ROOT, Scope

NAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")


class Keeper(NamedTuple):
    """Who changes accounts, and where he may; `seconded`: strong roles need nobody else any more."""

    name: str
    scope: Scope
    seconded: bool = False


def keeper(c: Connection, name: str) -> Keeper:
    return Keeper(name, where(rights_of(c, name, now_s()), "accounts"))


def shell(name: str) -> Keeper:
    """Who is on the machine itself: there the chief of a house of one gives strong roles too."""
    return Keeper(name, EVERYWHERE, seconded=True)


# ---- accounts


def add(c: Connection, by: Keeper, name: str, unit: int) -> str:
    """Make a user of `unit` without rights; returns the one-time password, to be shown once."""
    if not NAME.fullmatch(name):
        raise Invalid(FieldError("name", "bad_user_name"))
    open_unit(c, by, unit)
    if users.get(c, name):
        raise Invalid(FieldError("name", "user_taken"))
    return people.add(c, name, unit, by.name)


def disable(c: Connection, by: Keeper, name: str, reason: str) -> None:
    """End the sessions of `name` and let him in no more; a second time changes nothing."""
    user = other(c, by, name)
    if user["disabled_s"] is not None:
        return
    kept = keepers(c)
    if kept and all(each["user"] == name for each in kept):
        raise Invalid(FieldError("name", "last_keeper"))
    users.change(c, name, disabled_s=now_s(), session=user["session"] + 1)
    web_sessions.end(c, name, TAKEN, now_s())
    delegation.ended(c, by.name, name)
    audit.add(c, by.name, "user_disabled", name, reason=reason)


def enable(c: Connection, by: Keeper, name: str) -> None:
    user = other(c, by, name)
    if user["disabled_s"] is not None:
        users.change(c, name, disabled_s=None)
        audit.add(c, by.name, "user_enabled", name)


def unlock(c: Connection, by: Keeper, name: str) -> None:
    """Lift the lock after too many failures; the password stays."""
    other(c, by, name)
    users.change(c, name, failures=0, locked_until_s=0)
    audit.add(c, by.name, "user_unlocked", name)


def reset(c: Connection, by: Keeper, name: str) -> str:
    """Returns a one-time password, to be shown once. Invalid: a second person must let it be first."""
    other(c, by, name)
    operation = None if by.seconded else strong.reset_operation(c, name)
    if operation and not leaves.use(c, name, by.name, now_s()):
        raise Invalid(FieldError("name", "needs_two", {"operation": operation}))
    return people.reset(c, name, by.name)


# ---- grants


def give(c: Connection, by: Keeper, name: str, role: str, unit: int, until_s: int | None = None) -> int:
    """Give `role` at `unit` and below, from now `until_s` (exclusive); returns its number."""
    now = now_s()
    if other(c, by, name)["disabled_s"] is not None:
        raise Invalid(FieldError("name", "account_disabled"))
    if role not in ROLES and role not in org.own_roles(c):
        raise Invalid(FieldError("role", "no_such_role"))
    open_unit(c, by, unit)
    operation = None if by.seconded else strong.operation(c, role)
    if operation:
        raise Invalid(FieldError("role", "needs_two", {"operation": operation}))
    if until_s is not None and until_s <= now:
        raise Invalid(FieldError("until", "end_past"))
    if any(held["role"] == role and held["unit"] == unit for held in org.grants_of(c, name, now)):
        raise Invalid(FieldError("role", "grant_twice"))
    number = org.grant(c, name, role, unit, by.name, from_s=now, until_s=until_s)
    audit.add(c, by.name, "granted", name, role=role, unit=unit, until_s=until_s)
    return number


def take_back(c: Connection, by: Keeper, number: int) -> None:
    """End a grant now; one that has ended changes nothing."""
    found, now = org.grant_row(c, number), now_s()
    if found is None:
        raise Invalid(FieldError("grant", "no_such_grant"))
    other(c, by, found["user"])
    _in_care(c, by, found["unit"])
    if found["until_s"] is not None and found["until_s"] <= now:
        return
    if [each["id"] for each in keepers(c)] == [number]:
        raise Invalid(FieldError("grant", "last_keeper"))
    org.end_grant(c, number, now)
    if found["instead_of"] is None:
        delegation.ended(c, by.name, found["user"], found)
    audit.add(c, by.name, "revoked", found["user"], role=found["role"], unit=found["unit"])


# ---- laws


def other(c: Connection, by: Keeper, name: str) -> dict[str, Any]:
    """The row of somebody else in the keeper's care; Invalid. Outside of it nobody exists."""
    user = users.get(c, name)
    if user is None or not by.scope.holds(c, user["unit"]):
        raise Invalid(FieldError("name", "no_such_user"))
    if name == by.name:
        raise Invalid(FieldError("name", "own_account"))
    return user


def open_unit(c: Connection, by: Keeper, unit: int) -> dict[str, Any]:
    """The row of a unit in the keeper's care that takes something new; Invalid."""
    found = _in_care(c, by, unit)
    if found["closed_s"] is not None:
        raise Invalid(FieldError("unit", "unit_closed"))
    return found


def _in_care(c: Connection, by: Keeper, unit: int) -> dict[str, Any]:
    found = org.unit(c, unit)
    if found is None:
        raise Invalid(FieldError("unit", "no_such_unit"))
    if not by.scope.holds(c, unit):
        raise Invalid(FieldError("unit", "not_your_unit"))
    return found


def keepers(c: Connection) -> list[dict[str, Any]]:
    """Grants that keep the accounts of the whole house for good."""
    own = org.own_roles(c)
    now = now_s()
    return [
        each
        for each in org.lasting_grants_at(c, ROOT)
        if each["from_s"] <= now and "accounts" in functions_of(each["role"], own)
    ]
