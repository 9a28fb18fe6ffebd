"""What a user may do, and where: permission = role x subtree x function group."""

from collections.abc import Mapping

from sqlalchemy import Connection

from station.access.roles import functions_of
from station.store import org
from station.store.scope import NOWHERE, Scope

Rights = Mapping[str, Scope]  # function -> where


def rights_of(c: Connection, user: str, t_s: int, but_from: str | None = None) -> Rights:
    """Where `user` may do what at `t_s`; a function that is missing may be done nowhere.

    `but_from`: without what this person handed over.
    """
    own, units = org.own_roles(c), dict[str, set[int]]()
    for grant in org.grants_of(c, user, t_s):
        if but_from is not None and grant["instead_of"] == but_from:
            continue
        for function in functions_of(grant["role"], own):
            units.setdefault(function, set()).add(grant["unit"])
    return {function: Scope(tuple(sorted(tops))) for function, tops in units.items()}


def where(rights: Rights, function: str) -> Scope:
    return rights.get(function, NOWHERE)
