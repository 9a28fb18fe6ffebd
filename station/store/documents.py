"""Documents, uploads, and the search in titles, tags, names and texts (FTS5 of SQLite)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    TextClause,
    and_,
    delete,
    insert,
    literal_column,
    or_,
    select,
    text,
    update,
)

from station.store.db import row, rows
from station.store.documents_schema import documents, uploads
from station.store.fieldwork_schema import work_orders
from station.store.org_schema import org_units
from station.store.schema import devices
from station.store.scope import Scope

Row = dict[str, Any]
SUBJECTS = {  # what a document may be attached to: (unit, key)
    "device": (devices.c.unit, devices.c.device),
    "work_order": (work_orders.c.unit, work_orders.c.id),
    "unit": (org_units.c.id, org_units.c.code),
}
GRAM = 3  # characters that the index knows; shorter words are looked for in every text
_LIVE = documents.c.removed_s.is_(None)


class Wanted(NamedTuple):
    scope: Scope
    q: str = ""  # words, all of which it has
    subject: str = ""
    key: str = ""


def unit_of(c: Connection, scope: Scope, subject: str, key: str) -> int | None:
    """The unit of a thing that a document can be attached to, if it is there in the scope."""
    if subject not in SUBJECTS:
        return None
    unit, name = SUBJECTS[subject]
    if subject == "work_order" and not (key.isascii() and key.isdecimal() and len(key) < 18):
        return None
    wanted = int(key) if subject == "work_order" else key
    return c.execute(select(unit).where(name == wanted, scope.over(unit))).scalar()


def _within(scope: Scope) -> ColumnElement[bool]:
    """What is attached to a device goes with it when it goes to another unit."""
    here = select(devices.c.device).where(scope.over(devices.c.unit))
    of_device = documents.c.subject == "device"
    return or_(and_(of_device, documents.c.key.in_(here)), and_(~of_device, scope.over(documents.c.unit)))


# ---- documents


def add(c: Connection, **facts: Any) -> int:
    made = c.execute(insert(documents).values(**facts)).inserted_primary_key
    number = made[0]  # type: ignore[index]
    _write(c, number, "")
    return number


def get(c: Connection, scope: Scope, number: int) -> Row | None:
    """Not of those that were removed; with `unit_name`."""
    query = select(documents, org_units.c.name.label("unit_name")).join(org_units)
    return row(c.execute(query.where(documents.c.id == number, _LIVE, _within(scope))))


def by_token(c: Connection, token: str) -> int | None:
    return c.execute(select(documents.c.id).where(documents.c.token == token)).scalar()


def change(c: Connection, number: int, version: int, **facts: Any) -> bool:
    """False when it was changed since `version`; then nothing is."""
    here = (documents.c.id == number) & (documents.c.version == version) & _LIVE
    done = c.execute(update(documents).where(here).values(version=version + 1, **facts)).rowcount == 1
    if done and "title" in facts:
        words = text("UPDATE document_search SET title = :title, tags = :tags WHERE rowid = :id")
        c.execute(words, {"id": number, "title": facts["title"], "tags": facts["tags"]})
    return done


def listed(c: Connection, wanted: Wanted, limit: int, before: int | None = None) -> list[Row]:
    """Newest first, with `unit_name`; `before` an id."""
    query = select(documents, org_units.c.name.label("unit_name")).join(org_units)
    query = query.where(_LIVE, _within(wanted.scope), *_found(wanted.q))
    if wanted.subject:
        query = query.where(documents.c.subject == wanted.subject)
    if wanted.key:
        query = query.where(documents.c.key == wanted.key)
    if before is not None:
        query = query.where(documents.c.id < before)
    return rows(c.execute(query.order_by(documents.c.id.desc()).limit(limit), _words(wanted.q)))


def _split(q: str) -> tuple[list[str], list[str]]:
    """(words that the index knows, shorter ones)."""
    words = q.split()[:8]
    return [each for each in words if len(each) >= GRAM], [each for each in words if len(each) < GRAM]


def _found(q: str) -> list[ColumnElement[bool]]:
    long, short = _split(q)
    rowid: ColumnElement[int] = literal_column("rowid")
    conditions: list[TextClause] = [text("document_search MATCH :match")] if long else []
    for n in range(len(short)):
        parts = " || ' ' || ".join(("title", "tags", "name", "body"))
        conditions.append(text(f"({parts}) LIKE :short{n} ESCAPE '\\'"))
    if not conditions:
        return []
    return [documents.c.id.in_(select(rowid).select_from(text("document_search")).where(*conditions))]


def _words(q: str) -> dict[str, str]:
    """Each word is a phrase in quotes: none of it is an operator."""
    long, short = _split(q)
    quoted = " ".join('"' + each.replace('"', '""') + '"' for each in long)
    escaped = (each.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for each in short)
    told = {f"short{n}": f"%{each}%" for n, each in enumerate(escaped)}
    return told | ({"match": quoted} if long else {})


# ---- the search


def _write(c: Connection, number: int, body: str) -> None:
    c.execute(text("DELETE FROM document_search WHERE rowid = :id"), {"id": number})
    c.execute(
        text(
            "INSERT INTO document_search (rowid, title, tags, name, body)"
            " SELECT id, title, tags, name, :body FROM documents WHERE id = :id"
        ),
        {"id": number, "body": body},
    )


def unread(c: Connection, limit: int) -> list[Row]:
    """Documents whose text is not in the search yet."""
    here = documents.c.read_s.is_(None) & _LIVE
    return rows(c.execute(select(documents).where(here).order_by(documents.c.id).limit(limit)))


def index(c: Connection, number: int, body: str, t_s: int) -> None:
    """Take the text of a document into the search, if it is there still."""
    here = (documents.c.id == number) & _LIVE
    if c.execute(update(documents).where(here).values(read_s=t_s)).rowcount == 1:
        _write(c, number, body)


def unindex(c: Connection, number: int) -> None:
    c.execute(text("DELETE FROM document_search WHERE rowid = :id"), {"id": number})


# ---- uploads


def put_upload(c: Connection, **facts: Any) -> None:
    c.execute(insert(uploads).values(**facts))


def upload(c: Connection, token: str, author: str) -> Row | None:
    """An open upload of this person."""
    here = (uploads.c.token == token) & (uploads.c.author == author)
    return row(c.execute(select(uploads).where(here)))


def open_upload(c: Connection, author: str, about: Mapping[str, str], sha256: str) -> Row | None:
    """The newest open upload of this very file by this person."""
    same = [uploads.c[name] == about[name] for name in ("subject", "key", "name")]
    query = select(uploads).where(uploads.c.author == author, uploads.c.sha256 == sha256, *same)
    return row(c.execute(query.order_by(uploads.c.changed_s.desc()).limit(1)))


def change_upload(c: Connection, token: str, **facts: Any) -> None:
    c.execute(update(uploads).where(uploads.c.token == token).values(**facts))


def drop_upload(c: Connection, token: str) -> None:
    c.execute(delete(uploads).where(uploads.c.token == token))


def forget_uploads(c: Connection, before_s: int) -> None:
    c.execute(delete(uploads).where(uploads.c.changed_s < before_s))
