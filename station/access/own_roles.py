"""Roles of the house beside the templates: made, copied, changed, never deleted (grants name them)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from station.access import seen
from station.access.accounts import Keeper, keepers
from station.access.roles import ALL, CHIEF, FUNCTIONS, ROLES, functions_of
from station.access.strong import STRONG
from station.checks import refuse
from station.errors import FieldError, Invalid
from station.store import accounts as store
from station.store import audit, org
from station.store.db import now_s
from station.store.scope import ROOT

KEY = re.compile(r"[a-z][a-z0-9_]{1,31}")
NAME_CHARS = 40
LANGUAGES = ("zh", "en")
Row = dict[str, Any]


def facts(c: Connection, role: str) -> Row | None:
    """{role, names, functions} as it stands now; names {} for a template. None: no such role."""
    own = org.own_roles(c)
    if role not in own and role not in ROLES:
        return None
    functions = functions_of(role, own)
    names = own[role]["names"] if role in own else {}
    return {"role": role, "names": names, "functions": [each for each in FUNCTIONS if each in functions]}


def add(c: Connection, by: Keeper, role: str, names: Mapping[str, str], functions: Iterable[str]) -> None:
    """Make a role that did not exist."""
    _whole_house(c, by)
    problems = _problems(names, functions)
    if not KEY.fullmatch(role):
        problems.append(FieldError("role", "bad_role_name"))
    elif facts(c, role) is not None:
        problems.append(FieldError("role", "role_taken"))
    refuse(problems)
    _put(c, by, role, names, functions, "role_added")


def change(
    c: Connection, by: Keeper, role: str, names: Mapping[str, str], functions: Iterable[str], shown: str
) -> None:
    """Set names and functions of a role; `shown`: mark of the facts that the keeper saw.

    Who has the role gets nothing strong by it: that needs a second person, person by person.
    """
    _whole_house(c, by)
    found = facts(c, role)
    if found is None:
        raise Invalid(FieldError("role", "no_such_role"))
    seen.same(found, shown)
    if role == CHIEF:
        raise Invalid(FieldError("", "role_fixed"))
    refuse(_problems(names, functions))
    more = STRONG.intersection(functions) - set(found["functions"])
    if more and store.holders(c, role, now_s()):
        raise Invalid(FieldError("functions", "role_held"))
    _put(c, by, role, names, functions, "role_changed", before=found["functions"])
    if not keepers(c):
        raise Invalid(FieldError("functions", "last_keeper"))


def _whole_house(c: Connection, by: Keeper) -> None:
    if not by.scope.holds(c, ROOT):
        raise Invalid(FieldError("", "roles_of_house"))


def _problems(names: Mapping[str, str], functions: Iterable[str]) -> list[FieldError]:
    problems: list[FieldError] = []
    for language in LANGUAGES:
        name = names.get(language, "").strip()
        if not name:
            problems.append(FieldError(f"name_{language}", "needed"))
        if len(name) > NAME_CHARS:
            problems.append(FieldError(f"name_{language}", "too_long", {"most": NAME_CHARS}))
    wanted = set(functions)
    if not wanted or not wanted <= ALL:
        problems.append(FieldError("functions", "needed"))
    return problems


def _put(
    c: Connection,
    by: Keeper,
    role: str,
    names: Mapping[str, str],
    functions: Iterable[str],
    action: str,
    **told: Any,
) -> None:
    wanted = [each for each in FUNCTIONS if each in set(functions)]
    kept = {language: names[language].strip() for language in LANGUAGES}
    store.put_role(c, role, kept, wanted)
    audit.add(c, by.name, action, role, names=kept, functions=wanted, **told)
