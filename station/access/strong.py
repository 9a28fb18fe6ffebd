"""Roles that nobody gives alone: they decide, cut off, take money, or make and judge rights."""

from collections.abc import Iterable

from sqlalchemy import Connection

from station.access.roles import FUNCTIONS, functions_of
from station.approvals import policy
from station.store import accounts, org
from station.store.db import now_s

APPROVES = "approve_accounts"  # the function of the second person
OPERATION = "strong_role"
RESET = "strong_reset"
LEAVE_S = 30 * 60  # from the second person's word to the new password
STRONG = frozenset(
    each
    for each in FUNCTIONS
    if each.startswith("approve_") or each in ("control", "prepaid", "accounts", "policy")
)


def is_strong(functions: Iterable[str]) -> bool:
    return not STRONG.isdisjoint(functions)


def operation(c: Connection, role: str) -> str | None:
    """The operation that giving `role` is, if it needs two."""
    strong = is_strong(functions_of(role, org.own_roles(c)))
    return OPERATION if strong and policy.above(policy.rules(c), OPERATION) else None


def reset_operation(c: Connection, name: str) -> str | None:
    """The operation that a new password for `name` is, if it needs two: who has a strong role now."""
    own = org.own_roles(c)
    held = any(is_strong(functions_of(grant["role"], own)) for grant in org.grants_of(c, name, now_s()))
    return RESET if held and policy.above(policy.rules(c), RESET) else None


def seconds(c: Connection, unit: int, but: Iterable[str]) -> list[str]:
    """Who may be the second person over `unit`, none of `but`; by name."""
    own, without = org.own_roles(c), set(but)
    return sorted(
        {
            held["user"]
            for held in accounts.holders_above(c, unit, now_s())
            if held["user"] not in without and APPROVES in functions_of(held["role"], own)
        }
    )
