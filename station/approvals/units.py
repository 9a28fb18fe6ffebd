"""Proposals about a unit that is not empty: it hangs elsewhere, or is closed. Whom that concerns is listed.

A row of the list is the unit itself at the places that lose and gain it, a person, or how many terminals
stand in a unit: `KIND:what`. All is done with the first row; the others find it done.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from station.access import accounts
from station.access import units as rules
from station.approvals import policy
from station.approvals.machine import Affected, Preview
from station.store import accounts as people
from station.store import org

UNIT, PERSON, TERMINALS = "unit:", "person:", "terminals:"
FLAGS = ("gains", "loses", "moves", "out", "in")  # people see more or less, or move along; the two places
Content = Mapping[str, Any]


def change(row: Mapping[str, Any], parent: int | None) -> Content:
    """Content of hanging the unit `row` under `parent`; None: of closing it."""
    return {"unit": row["id"], "code": row["code"], "before": row["parent"], "parent": parent}


def preview(c: Connection, content: Content) -> Preview:
    """Nobody once it does not hang where it hung, or is closed."""
    row = org.unit(c, content["unit"])
    if row is None or row["parent"] != content["before"] or row["closed_s"] is not None:
        return Preview([])
    found: dict[tuple[int, str], set[str]] = {}
    for target, unit, flag in _rows(c, content):
        found.setdefault((unit, target), set()).update([flag] if flag else [])
    listed = [(unit, target, found[unit, target]) for unit, target in sorted(found)]
    return Preview([Affected(target, unit, "", tuple(sorted(flags))) for unit, target, flags in listed])


def _rows(c: Connection, content: Content) -> Iterator[tuple[str, int, str]]:
    """(target, unit, one of FLAGS or "")."""
    unit, parent, code = content["unit"], content["parent"], content["code"]
    if parent is None:
        yield UNIT + code, unit, ""
    else:
        yield UNIT + code, content["before"], "out"
        yield UNIT + code, parent, "in"
        for user, flags in rules.sight(c, unit, parent).items():
            for flag in flags:
                yield PERSON + user, unit, flag
    for each in people.people_below(c, unit):
        yield PERSON + each["name"], each["unit"], "moves" if parent is not None else ""
    for at, n in people.devices_below(c, unit):
        yield f"{TERMINALS}{n}", at, ""


def operation(c: Connection, content: Content, _seen: Preview) -> str | None:
    return rules.operation(c, content["unit"])


def do(c: Connection, content: Content, _target: str, author: str, _leave: policy.Leave) -> None:
    by = accounts.keeper(c, author)._replace(seconded=True)
    unit, parent = content["unit"], content["parent"]
    row = org.unit(c, unit)
    assert row is not None, "units are never deleted"
    if parent is None and row["closed_s"] is None:
        rules.close(c, by, unit, filled=True)
    elif parent is not None and row["parent"] != parent:
        rules.move(c, by, unit, parent)
