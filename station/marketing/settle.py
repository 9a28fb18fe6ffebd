"""A person's word on what differs: take theirs, keep ours, or later. Call in a write transaction.

What a form showed is named by a fingerprint over both sides; if one of them changed since, nothing is done.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from station.archives import records
from station.archives.history import fold
from station.archives.kinds import ENDED, life
from station.archives.records import REASON_CHARS, Desk, Given
from station.checks import refuse
from station.errors import FieldError, Invalid
from station.marketing import receive, three
from station.marketing.kinds import SHEETS
from station.store import archives, audit
from station.store import marketing as store
from station.store.db import now_s

ACTS = ("take", "keep", "later")
LATER_DAYS = (1, 90)
DAY_S = 86_400
Row = dict[str, Any]


class Shown(NamedTuple):
    """Both sides of a record now."""

    row: Row
    ours: Row | None  # of the archive
    here: Mapping[str, Any] | None  # ours as it is compared
    mark: str  # of a form


def shown(c: Connection, row: Row) -> Shown:
    ours = store.ours(c, row["kind"], [row["number"]]).get(row["number"])
    here = receive.narrowed(row["kind"], ours, row["theirs"])
    about = [row["version"], ours["version"] if ours else None, row["theirs"], here]
    text = json.dumps(about, sort_keys=True, ensure_ascii=False)
    return Shown(row, ours, here, hashlib.sha256(text.encode()).hexdigest()[:32])


class Word(NamedTuple):
    """What a form says. `fields`: of the record, those that it is about; `days`: how long to put off."""

    act: str
    mark: str
    fields: Sequence[str] = ()
    from_day: int | None = None
    unit: int | None = None  # where a new record is to stand
    reason: str = ""
    days: int | None = None


def act(c: Connection, desk: Desk, number: int, word: Word) -> None:
    """Invalid: something is wrong, or it is not what was shown."""
    row = store.get(c, number, desk.scope)
    if row is None:
        raise Invalid(FieldError("", "no_such_record"))
    now = shown(c, row)
    if word.mark != now.mark or not row["open"]:
        raise Invalid(FieldError("", "changed_meanwhile"))
    if word.act not in ACTS:
        raise Invalid(FieldError("act", "not_among"))
    fields = [name for name in row["differs"] if name in word.fields]
    if three.WHOLE in row["differs"]:
        fields = [three.WHOLE]
    told = _BY_ACT[word.act](c, desk, now, fields, word)
    subject = f"{row['kind']} {row['number']}"
    audit.add(c, desk.author, f"marketing_{word.act}", subject, fields=fields, reason=word.reason, **told)


def _take(c: Connection, desk: Desk, now: Shown, fields: Sequence[str], word: Word) -> Row:
    _some(fields)
    row, ours = now.row, now.ours
    if row["state"] == "theirs":
        given = Given(_texts(row["kind"], row["theirs"]), word.unit, word.from_day, word.reason)
        records.add(c, desk, row["kind"], row["number"], given, f"marketing {row['id']} {row['version']}")
    elif row["state"] == "ours" and ours:
        to = _end(ours)
        given = Given({}, ours["unit"], word.from_day, word.reason)
        records.move(c, desk, ours, ours["version"], to, given)
    elif ours:
        values = {name: row["theirs"][name] for name in fields}
        given = Given(_texts(row["kind"], values), ours["unit"], word.from_day, word.reason)
        records.change(c, desk, ours, ours["version"], given)
    receive.again(c, row["kind"], [row["number"]], now_s())
    _sign(c, desk, row, word, later_s=None)
    return {"from_day": word.from_day}


def _end(ours: Row) -> str:
    of = life(ours["kind"])
    return (
        of.out
        if of.out in of.moves[ours["state"]]
        else next(to for to in of.moves[ours["state"]] if to in ENDED)
    )


def _keep(c: Connection, desk: Desk, now: Shown, fields: Sequence[str], word: Word) -> Row:
    _some(fields)
    _reason(word)
    row = now.row
    kept = row["kept"] | {name: row["differs"][name] for name in fields}
    if not store.put(c, row["id"], row["version"], kept=kept):
        raise Invalid(FieldError("", "changed_meanwhile"))
    receive.again(c, row["kind"], [row["number"]], now_s())
    _sign(c, desk, row, word, later_s=None)
    return {"kept": {name: kept[name] for name in fields}}


def _later(c: Connection, desk: Desk, now: Shown, _fields: Sequence[str], word: Word) -> Row:
    least, most = LATER_DAYS
    if word.days is None or not least <= word.days <= most:
        raise Invalid(FieldError("days", "out_of_range", {"least": least, "most": most}))
    until = now_s() + word.days * DAY_S
    _sign(c, desk, now.row, word, later_s=until)
    return {"days": word.days}


_BY_ACT = {"take": _take, "keep": _keep, "later": _later}


def _some(fields: Sequence[str]) -> None:
    if not fields:
        raise Invalid(FieldError("fields", "needed"))


def _reason(word: Word) -> None:
    problems: list[FieldError] = []
    if not word.reason.strip():
        problems.append(FieldError("reason", "needed"))
    elif len(word.reason) > REASON_CHARS:
        problems.append(FieldError("reason", "too_long", {"most": REASON_CHARS}))
    refuse(problems)


def _sign(c: Connection, desk: Desk, before: Row, word: Word, *, later_s: int | None) -> None:
    row = store.get(c, before["id"], desk.scope)
    assert row
    facts = {"why": word.reason.strip(), "settled_by": desk.author, "settled_s": now_s(), "later_s": later_s}
    store.put(c, row["id"], row["version"], **facts)


def _texts(kind: str, values: Mapping[str, Any]) -> dict[str, str]:
    """Values as a form of the archive gives them."""
    names = SHEETS[kind].names
    return {name: "" if said is None else str(said) for name, said in values.items() if name in names}


def since(c: Connection, now: Shown, today: int) -> dict[str, int]:
    """{name: day since which ours holds}: the effective day of the change that made it so."""
    if now.ours is None:
        return {}
    changes = archives.changes(c, now.ours["id"])
    held, out = fold(changes, today), dict[str, int]()
    for change in sorted(changes, key=lambda each: (each["from_day"], each["id"])):
        for name, value in change["changed"].items():
            if held.get(name) == value:
                out.setdefault(name, change["from_day"])
            else:
                out.pop(name, None)
    return out
