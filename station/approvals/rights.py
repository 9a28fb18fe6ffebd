"""Proposals about people: a strong role for one, the disabling of many, a new password for who has much."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from station.access import accounts, strong
from station.access.roles import functions_of
from station.approvals import policy
from station.approvals.machine import Affected, Preview
from station.errors import FieldError, Invalid
from station.store import accounts as store
from station.store import cleanup, leaves, org
from station.store.db import now_s
from station.store.scope import EVERYWHERE

Content = Mapping[str, Any]


def grant(c: Connection, user: str, role: str, unit: int, until_s: int | None) -> Content:
    """Content of a role for one person; it names what the role may at this moment."""
    functions = sorted(functions_of(role, org.own_roles(c)))
    return {"user": user, "role": role, "unit": unit, "until_s": until_s, "functions": functions}


def person(c: Connection, content: Content) -> Preview:
    """The person, standing at the unit of the grant: there both author and approver need their right."""
    found = store.facts(c, [content["user"]])
    return Preview([Affected(each["name"], content["unit"], "", ()) for each in found])


def strong_role(c: Connection, content: Content, _seen: Preview) -> str | None:
    return strong.operation(c, content["role"])


def give(c: Connection, content: Content, user: str, author: str, _leave: policy.Leave) -> None:
    role = content["role"]
    if sorted(functions_of(role, org.own_roles(c))) != content["functions"]:
        raise Invalid(FieldError("role", "changed_meanwhile"))
    by = accounts.keeper(c, author)._replace(seconded=True)
    accounts.give(c, by, user, role, content["unit"], content["until_s"])


def people(c: Connection, content: Content) -> Preview:
    """Those to be disabled; of a campaign that cleans up, who may still be disabled because of it."""
    names = content["users"]
    if "cleanup" in content:
        names = set(names) & set(cleanup.to_disable(c, content["cleanup"], EVERYWHERE))
    found = store.facts(c, names)
    return Preview([Affected(each["name"], each["unit"], "", ()) for each in found])


def many(c: Connection, _content: Content, seen: Preview) -> str | None:
    above = policy.above(policy.rules(c), "disable_many", len(seen.affected))
    return "disable_many" if above else None


def disable(c: Connection, content: Content, user: str, author: str, _leave: policy.Leave) -> None:
    if "cleanup" in content and not cleanup.to_disable(c, content["cleanup"], EVERYWHERE, user):
        raise Invalid(FieldError("name", "cleanup_not_so"))
    accounts.disable(c, accounts.keeper(c, author), user, content["reason"])


def one(c: Connection, content: Content) -> Preview:
    return Preview(
        [Affected(each["name"], each["unit"], "", ()) for each in store.facts(c, [content["user"]])]
    )


def strong_person(c: Connection, content: Content, _seen: Preview) -> str | None:
    return strong.reset_operation(c, content["user"])


def let_reset(c: Connection, _content: Content, user: str, author: str, leave: policy.Leave) -> None:
    """The author may reset the password himself: so nobody else and no table ever holds it."""
    assert leave.proposal is not None
    leaves.add(c, leave.proposal, user, author, now_s() + strong.LEAVE_S)
