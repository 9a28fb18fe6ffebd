"""What people ask the help desk (domain.md R51): open -> taken -> solved; what helped is found again."""

from sqlalchemy import Connection

from station.checks import refuse
from station.errors import FieldError, Invalid
from station.store import audit, users
from station.store import tickets as store
from station.store.db import now_s

KINDS = ("password", "department", "permission", "unreachable", "computer")
STATES = ("open", "taken", "solved")
TEXT_CHARS = 1000


def write(c: Connection, author: str, kind: str, text: str, token: str) -> int:
    """Returns the number, of the first one where `token` was used before. Invalid."""
    earlier, user = store.by_token(c, token), users.get(c, author)
    if earlier is not None:
        return earlier
    if user is None:
        raise Invalid(FieldError("", "no_such_user"))
    problems = _problems("text", text)
    if kind not in KINDS:
        problems.append(FieldError("kind", "needed"))
    refuse(problems)
    facts = {"author": author, "unit": user["unit"], "kind": kind, "text": text.strip()}
    number = store.add(c, token=token, opened_s=now_s(), **facts)
    audit.add(c, author, "ticket_written", f"ticket {number}", kind=kind)
    return number


def take(c: Connection, number: int, who: str) -> None:
    """Say that one looks after it. Invalid: somebody does, or it is solved."""
    if not store.change(c, number, "open", state="taken", solver=who, taken_s=now_s()):
        raise Invalid(FieldError("", "changed_meanwhile"))
    audit.add(c, who, "ticket_taken", f"ticket {number}")


def solve(c: Connection, number: int, who: str, solution: str, seen: str) -> None:
    """End it with what helped; `seen`: the state that was shown."""
    refuse(_problems("solution", solution))
    if seen not in store.UNSOLVED:
        raise Invalid(FieldError("", "ticket_solved"))
    now, row = now_s(), store.get(c, number)
    taken_s = row["taken_s"] if row and row["taken_s"] else now
    facts = {"solver": who, "taken_s": taken_s, "solved_s": now, "solution": solution.strip()}
    if not store.change(c, number, seen, state="solved", **facts):
        raise Invalid(FieldError("", "changed_meanwhile"))
    audit.add(c, who, "ticket_solved", f"ticket {number}")


def _problems(field: str, text: str) -> list[FieldError]:
    if not text.strip():
        return [FieldError(field, "needed")]
    return [FieldError(field, "too_long", {"most": TEXT_CHARS})] if len(text) > TEXT_CHARS else []
