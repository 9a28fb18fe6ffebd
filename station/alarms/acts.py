"""What people do with an alarm. Each act is refused here, or stands in its notes and in the audit.

`version` is that of the alarm as it was shown; `token` that of the form. Call in db.writing.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from station.access.rights import rights_of, where
from station.errors import FieldError, Invalid
from station.store import alarms as store
from station.store import audit, users
from station.store.db import now_s
from station.store.scope import Scope

ACTS = ("acknowledged", "assigned", "noted", "escalated", "closed", "cleared")  # as notes tell them
CAUSES = ("repaired", "power", "network", "meter", "customer", "work", "false", "other")
TEXT_CHARS = 500
MOST = 200  # selected at once
Row = dict[str, Any]


def acknowledge(c: Connection, who: str, scope: Scope, number: int, version: int) -> None:
    """A second time changes nothing."""
    row = _row(c, scope, number)
    if row["state"] == "open":
        _change(
            c, who, row, version, "acknowledged", "", state="acknowledged", assignee=row["assignee"] or who
        )


def acknowledge_many(
    c: Connection, who: str, scope: Scope, chosen: Iterable[tuple[int, int]]
) -> tuple[int, int]:
    """(acknowledged, changed meanwhile or gone) of [(number, version)]."""
    done = missed = 0
    for number, version in chosen:
        try:
            acknowledge(c, who, scope, number, version)
            done += 1
        except Invalid:
            missed += 1
    return done, missed


def assign(c: Connection, who: str, scope: Scope, number: int, version: int, to: str) -> None:
    """To a person who may see it."""
    row = _row(c, scope, number)
    user = users.get(c, to)
    sees = where(rights_of(c, to, now_s()), "view") if user and user["disabled_s"] is None else None
    if sees is None or not sees.holds(c, row["unit_now"]):
        raise Invalid(FieldError("to", "cannot_see_alarm"))
    _change(c, who, row, version, "assigned", to, assignee=to)


def comment(c: Connection, who: str, scope: Scope, number: int, text: str, token: str) -> None:
    row, said = _row(c, scope, number), _text("text", text)
    if not said:
        raise Invalid(FieldError("text", "needed"))
    store.note(c, number, who, "noted", said, now_s(), token)
    audit.add(c, who, "alarm_noted", f"alarm {row['id']}")


def escalate(c: Connection, who: str, scope: Scope, number: int, version: int, text: str) -> None:
    row = _row(c, scope, number)
    _change(c, who, row, version, "escalated", _text("text", text), escalated_s=now_s(), told_up_s=None)


def close(c: Connection, who: str, scope: Scope, number: int, version: int, cause: str, text: str) -> None:
    """Also one that cleared by itself: the cause is noted. One that holds on is told, and opens, anew."""
    row, at = _row(c, scope, number), now_s()
    if cause not in CAUSES:
        raise Invalid(FieldError("cause", "needed"))
    said = _text("text", text)
    if cause == "other" and not said:
        raise Invalid(FieldError("text", "needed"))
    if row["cause"]:
        raise Invalid(FieldError("", "changed_meanwhile"))
    if row["device"]:
        store.put_ends(c, {(row["device"], row["kind"], spot): at for spot in row["spots"]})
    cleared = at if row["cleared_s"] is None else row["cleared_s"]
    facts = {"state": "cleared", "cleared_s": cleared, "cause": cause}
    _change(c, who, row, version, "closed", said, **facts)


def _row(c: Connection, scope: Scope, number: int) -> Row:
    row = store.get(c, number, scope)
    if row is None:
        raise Invalid(FieldError("", "no_such_alarm"))
    return row


def _text(field: str, text: str) -> str:
    if len(text.strip()) > TEXT_CHARS:
        raise Invalid(FieldError(field, "too_long", {"most": TEXT_CHARS}))
    return text.strip()


def _change(c: Connection, who: str, row: Row, version: int, what: str, text: str, **facts: Any) -> None:
    if row["state"] == "cleared" and what != "closed":
        raise Invalid(FieldError("", "changed_meanwhile"))
    if not store.change_at(c, row["id"], version, **facts):
        raise Invalid(FieldError("", "changed_meanwhile"))
    store.note(c, row["id"], who, what, text, now_s())
    audit.add(c, who, f"alarm_{what}", f"alarm {row['id']}", device=row["device"] or "", kind=row["kind"])
