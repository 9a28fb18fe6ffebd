"""Documents as people bring, describe and take them away. Call the changing ones in db.writing.

A file comes whole or in pieces; the row is written after the file stands under its hash, so that no document
points to nothing. A removed document leaves lists and search; its file stays for who has to prove something.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine

from station.checks import refuse
from station.documents import text, types
from station.documents.files import Differs, Files, Full, Gap
from station.errors import FieldError, Invalid
from station.store import audit, db
from station.store import documents as store
from station.store.scope import Scope

PIECE_BYTES = 1 << 20
MOST_BYTES = 50 << 20
TITLE_CHARS, TAGS_CHARS, NAME_CHARS = 120, 200, 200
PART_S = 7 * 86_400  # a part that nobody goes on with
BATCH, WORK_S = 20, 5  # documents read for the search in one call, and when it takes no further one
ADDS = ("archive", "field")  # functions, any of which lets attach to a unit's things
Row = dict[str, Any]
Writing = Callable[[], AbstractContextManager[Connection]]


class About(NamedTuple):
    """What a document says of itself, as it was typed."""

    subject: str
    key: str
    name: str
    title: str
    tags: str


def begin(
    c: Connection, files: Files, author: str, scope: Scope, about: About, size: int, sha256: str, token: str
) -> str:
    """Open an upload; its token, of the open one where this person broke off this very file. Invalid.

    Without a hash nothing tells that it is this very file: then it begins anew.
    """
    unit, about = check(c, scope, about)
    if not 0 < size <= MOST_BYTES:
        raise Invalid(FieldError("file", "document_size", {"most": MOST_BYTES >> 20}))
    earlier = store.open_upload(c, author, about._asdict(), sha256) if sha256 else None
    if earlier is not None:
        store.change_upload(c, earlier["token"], title=about.title, tags=about.tags, changed_s=db.now_s())
        return earlier["token"]
    _room(files, size)
    facts = {"author": author, "unit": unit, "bytes": size, "sha256": sha256, "changed_s": db.now_s()}
    store.put_upload(c, token=token, **about._asdict(), **facts)
    return token


def check(c: Connection, scope: Scope, about: About) -> tuple[int, About]:
    """(the unit of what it is attached to, the words without blanks around them); Invalid."""
    about = About(*(each.strip() for each in about))
    problems: list[FieldError] = []
    unit = store.unit_of(c, scope, about.subject, about.key)
    if unit is None:
        problems.append(FieldError("key", "no_such_subject"))
    for field, most in (("title", TITLE_CHARS), ("tags", TAGS_CHARS), ("name", NAME_CHARS)):
        if len(getattr(about, field)) > most:
            problems.append(FieldError(field, "too_long", {"most": most}))
    if not about.title:
        problems.append(FieldError("title", "needed"))
    refuse(problems)
    assert unit is not None
    return unit, about


def _room(files: Files, size: int) -> None:
    try:
        files.room(size)
    except Full:
        raise Invalid(FieldError("file", "disk_full")) from None


def piece(files: Files, upload: Mapping[str, Any], offset: int, data: bytes) -> int:
    """Where the next piece begins. Gap: not here; Invalid: too much, or no room, and nothing is lost."""
    if not data or len(data) > PIECE_BYTES or offset + len(data) > upload["bytes"]:
        raise Invalid(FieldError("file", "document_piece"))
    _room(files, len(data))
    try:
        return files.append(upload["token"], offset, data)
    except Full:
        raise Invalid(FieldError("file", "disk_full")) from None


def whole(files: Files, token: str, data: bytes) -> None:
    """A file that came at once: as a part that is complete."""
    _room(files, len(data))
    try:
        for at in range(files.have(token), len(data), PIECE_BYTES):
            files.append(token, at, data[at : at + PIECE_BYTES])
    except Gap:  # the same form is being taken by another press
        raise Invalid(FieldError("file", "changed_meanwhile")) from None
    except Full:
        raise Invalid(FieldError("file", "disk_full")) from None


def finish(writing: Writing, files: Files, upload: Mapping[str, Any]) -> int:
    """Attach what has come whole; the number of the document. Invalid: not whole, altered, of no type."""
    token = upload["token"]
    with writing() as c:
        there = store.by_token(c, token)
    if there is not None:
        return there
    have = files.have(token)
    if have != upload["bytes"]:
        raise Invalid(FieldError("file", "document_unfinished", {"have": have, "bytes": upload["bytes"]}))
    kind = types.of(files.head(token, types.HEAD_BYTES))
    try:
        if kind is None:
            raise Invalid(FieldError("file", "document_type"))
        sha256 = files.keep(token, upload["sha256"])
    except Differs:
        _forget(writing, files, token)
        raise Invalid(FieldError("file", "document_differs")) from None
    except Invalid:
        _forget(writing, files, token)
        raise
    with writing() as c:
        return _add(c, upload, sha256, kind.name)


def _forget(writing: Writing, files: Files, token: str) -> None:
    files.drop(token)
    with writing() as c:
        store.drop_upload(c, token)


def _add(c: Connection, upload: Mapping[str, Any], sha256: str, kind: str) -> int:
    about = {name: upload[name] for name in ("token", "unit", "author", "bytes", *About._fields)}
    number = store.add(c, **about, sha256=sha256, type=kind, added_s=db.now_s())
    store.drop_upload(c, upload["token"])
    subject = f"{upload['subject']} {upload['key']}"
    told = {"name": upload["name"], "sha256": sha256, "bytes": upload["bytes"], "about": subject}
    audit.add(c, upload["author"], "document_added", f"document {number}", **told)
    return number


def describe(c: Connection, row: Row, author: str, version: int, title: str, tags: str) -> None:
    """Other words for it; Invalid: no title, or somebody changed it since `version`."""
    problems: list[FieldError] = []
    title, tags = title.strip(), tags.strip()
    if not title:
        problems.append(FieldError("title", "needed"))
    for field, text_, most in (("title", title, TITLE_CHARS), ("tags", tags, TAGS_CHARS)):
        if len(text_) > most:
            problems.append(FieldError(field, "too_long", {"most": most}))
    refuse(problems)
    if (row["title"], row["tags"]) == (title, tags):  # a second press
        return
    if not store.change(c, row["id"], version, title=title, tags=tags):
        raise Invalid(FieldError("", "document_changed"))
    before = {"title": row["title"], "tags": row["tags"]}
    audit.add(c, author, "document_described", f"document {row['id']}", before=before, title=title, tags=tags)


def remove(c: Connection, row: Row, author: str, version: int) -> None:
    """Take it out of the lists; a second time changes nothing."""
    if row["removed_s"] is not None:
        return
    if not store.change(c, row["id"], version, removed_s=db.now_s()):
        raise Invalid(FieldError("", "document_changed"))
    store.unindex(c, row["id"])
    audit.add(c, author, "document_removed", f"document {row['id']}", sha256=row["sha256"], name=row["name"])


# ---- the work


def work(engine: Engine, files: Files, t_s: int) -> int:
    """Take the text of new documents into the search, and throw old parts away; how many documents."""
    with db.reading(engine) as c:
        todo = store.unread(c, BATCH)
    begun, done = time.monotonic(), 0
    for row in todo:
        if time.monotonic() - begun > WORK_S:
            break
        done, found = done + 1, ""
        if types.TYPES[row["type"]].text:
            found = text.text_of(files.path(row["sha256"]), row["type"])
        with db.writing(engine) as c:
            store.index(c, row["id"], found, t_s)
    with db.writing(engine) as c:
        store.forget_uploads(c, t_s - PART_S)
    for token in files.strays(t_s - PART_S):
        files.drop(token)
    return done
