"""Accounts that nobody uses are cleaned up (domain.md R52): listed, looked at by their units, disabled.

The list is made once and never grows. Units say of each account on it keep, disable or unknown; only what
is listed, was said to be disabled and to which nothing happened since is disabled, by a proposal of the
kind `disable`. Whoever logs in again drops out by himself. Nothing is deleted.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from station.access.accounts import Keeper, open_unit
from station.checks import refuse, whole
from station.errors import FieldError, Invalid
from station.store import audit, org
from station.store import cleanup as store
from station.store.cleanup import REPLIES
from station.store.db import now_s
from station.store.scope import EVERYWHERE, Scope

LEAST_DAYS, DAYS, MOST_DAYS = 30, 90, 3650  # domain.md section 7: 90
MOST = 20_000  # accounts of a campaign: what one proposal takes
NOTE_CHARS, REMARK_CHARS = 500, 200
DAY_S = 86_400
HEADS: Mapping[str, tuple[str, str]] = {  # column of a file -> its heads, English and Chinese
    "user": ("User name", "账号"),
    "reply": ("Reply", "核实结果"),
    "remark": ("Remark", "备注"),
}
WORDS: Mapping[str, tuple[str, ...]] = {  # reply -> what a unit writes in a file
    "keep": ("keep", "保留"),
    "disable": ("disable", "停用", "注销"),
    "unknown": ("unknown", "不明", "待核实"),
}
Row = dict[str, Any]


class Reply(NamedTuple):
    user: str
    reply: str  # one of REPLIES
    remark: str


class Fault(NamedTuple):
    """What is wrong in a line of a file; `column` of HEADS."""

    line: int
    column: str
    value: str
    error: FieldError


# ---- a file of replies. Pure


def read(
    head: Sequence[str], lines: Iterable[tuple[int, Sequence[str]]], known: Iterable[str]
) -> tuple[list[Reply], list[Fault]]:
    """(replies, faults) of lines of cells; `known`: names that are listed. Lines without a reply say nothing.

    Invalid: a column is missing or stands twice."""
    at, names = _columns(head), set(known)
    found, faults = dict[str, Reply](), list[Fault]()
    for line, cells in lines:
        cell = {name: cells[n].strip() if n < len(cells) else "" for name, n in at.items()}
        wrong = _wrong(cell, names, found)
        if wrong is not None:
            faults.append(Fault(line, wrong.field, cell.get(wrong.field, ""), wrong))
        elif cell["reply"]:
            given = _meant(cell["reply"]) or ""
            found[cell["user"]] = Reply(cell["user"], given, cell.get("remark", ""))
    return list(found.values()), faults


def _columns(head: Sequence[str]) -> dict[str, int]:
    plain = [cell.strip().lower() for cell in head]
    out: dict[str, int] = {}
    for name, heads in HEADS.items():
        places = [n for n, cell in enumerate(plain) if cell in {each.lower() for each in heads}]
        if len(places) > 1:
            raise Invalid(FieldError("file", "column_twice"))
        if places:
            out[name] = places[0]
        elif name != "remark":
            raise Invalid(FieldError("file", "column_needed", {"column": " / ".join(heads)}))
    return out


def _wrong(cell: Mapping[str, str], known: set[str], found: Mapping[str, Reply]) -> FieldError | None:
    if cell["user"] not in known:
        return FieldError("user", "not_listed")
    if cell["user"] in found:
        return FieldError("user", "listed_twice")
    if cell["reply"] and _meant(cell["reply"]) is None:
        return FieldError("reply", "no_such_reply", {"replies": ", ".join(w[1] for w in WORDS.values())})
    if len(cell.get("remark", "")) > REMARK_CHARS:
        return FieldError("remark", "too_long", {"most": REMARK_CHARS})
    return None


def _meant(text: str) -> str | None:
    return next((reply for reply, words in WORDS.items() if text.lower() in words), None)


# ---- a campaign


def begin(c: Connection, by: Keeper, unit: int, days: Any, due_s: int | None, note: str, token: str) -> int:
    """List what nobody used; returns the number, of the first one where `token` was used before. Invalid."""
    earlier = store.by_token(c, token)
    if earlier is not None:
        return earlier
    open_unit(c, by, unit)
    problems, now = list[FieldError](), now_s()
    days = whole(days, "days", LEAST_DAYS, MOST_DAYS, problems)
    if due_s is None or due_s <= now:
        problems.append(FieldError("until", "needed" if due_s is None else "end_past"))
    if len(note) > NOTE_CHARS:
        problems.append(FieldError("note", "too_long", {"most": NOTE_CHARS}))
    refuse(problems)
    running = store.open_at(c, unit, org.ancestors(c, unit))
    if running is not None:
        raise Invalid(FieldError("unit", "cleanup_open"))
    found = store.unused(c, unit, now - days * DAY_S, MOST + 1)
    if not found:
        raise Invalid(FieldError("days", "nobody_unused"))
    if len(found) > MOST:
        raise Invalid(FieldError("unit", "too_many_affected", {"most": MOST}))
    facts = {"unit": unit, "days": days, "note": note.strip(), "due_s": due_s}
    number = store.add(c, found, token=token, author=by.name, begun_s=now, **facts)
    audit.add(c, by.name, "cleanup_begun", f"cleanup {number}", accounts=len(found), **facts)
    return number


def mark(c: Connection, row: Row, scope: Scope) -> str:
    """Stands for what was said, and whether it is under way, as somebody of the scope saw it."""
    return f"{store.changes(c, row['id'], scope)}-{row['closed_s'] or 0}"


def reply(
    c: Connection, by: Keeper, number: int, given: Sequence[Reply], *, token: str, file: str, seen: str
) -> int:
    """Note what units say; returns how many are now said otherwise. A token that was used changes nothing.

    Invalid: one is not listed in the keeper's care, or somebody said something since `seen`."""
    if store.reply_by_token(c, token) is not None:
        return 0
    row = _under_way(c, by, number, seen)
    said = store.said(c, row["id"], by.scope)
    if not given:
        raise Invalid(FieldError("file", "nothing_said"))
    for each in given:
        if each.user not in said or each.reply not in REPLIES:
            raise Invalid(FieldError("names", "not_listed"))
    fresh = [each for each in given if (each.reply, each.remark) != _before(said[each.user])]
    over = [each.user for each in fresh if said[each.user]["reply"]]
    now = now_s()
    for each in fresh:
        facts = {"reply": each.reply, "remark": each.remark}
        store.say(c, number, each.user, replied_by=by.name, replied_s=now, **facts)
    unit = org.nearest_above(c, {said[each.user]["unit"] for each in given})
    told = {"file": file, "rows": len(given), "changed": len(fresh)}
    store.add_reply(c, token=token, cleanup=number, unit=unit, author=by.name, t_s=now, **told)
    counts = {name: sum(each.reply == name for each in given) for name in REPLIES}
    audit.add(c, by.name, "cleanup_replied", f"cleanup {number}", otherwise=over[:100], **told, **counts)
    return len(fresh)


def _before(row: Row) -> tuple[str, str]:
    return row["reply"], row["remark"]


def close(c: Connection, by: Keeper, number: int, seen: str) -> None:
    """End it; what is not disabled stays as it is."""
    row = _under_way(c, by, number, seen)
    open_unit(c, by, row["unit"])
    store.close(c, number, by.name, now_s())
    counts = store.counted(c, number, EVERYWHERE)
    audit.add(c, by.name, "cleanup_closed", f"cleanup {number}", **counts)


def _under_way(c: Connection, by: Keeper, number: int, seen: str) -> Row:
    row = store.get(c, by.scope, number)
    if row is None:
        raise Invalid(FieldError("", "no_such_cleanup"))
    if row["closed_s"] is not None:
        raise Invalid(FieldError("", "cleanup_closed"))
    if mark(c, row, by.scope) != seen:
        raise Invalid(FieldError("", "changed_meanwhile"))
    return row
