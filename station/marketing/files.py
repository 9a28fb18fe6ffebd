"""A file of the marketing system: read as imports are read, taken batch by batch, a second time not at all.

One that was cut off in the middle is taken again from its beginning: what it said already is the same then.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection

from station.archives.kinds import ENDED
from station.archives.records import Desk
from station.errors import FieldError, Invalid
from station.imports import compare, reading
from station.imports.compare import Fault, Seen
from station.imports.targets import Column, Record
from station.marketing import receive, three
from station.marketing.kinds import ABOUT, FROM_DAY, NUMBER, SHEETS, UNIT
from station.marketing.receive import Said
from station.store import audit, devices_import
from station.store import marketing as store
from station.store.db import now_s
from station.store.scope import Scope

FORMS = ("full", "change")
BATCH = 500  # lines of a transaction
MOST_FAULTS = 1000  # that are kept; all are counted
Row = dict[str, Any]
Writing = Callable[[], AbstractContextManager[Connection]]
Line = tuple[int, Record, list[Fault]]


class File(NamedTuple):
    kind: str  # of SHEETS
    form: str  # of FORMS
    unit: int  # it speaks of this unit and those below
    name: str
    data: bytes

    @property
    def digest(self) -> str:
        about = f"{self.kind} {self.form} {self.unit} "
        return hashlib.sha256(about.encode() + self.data).hexdigest()

    def facts(self, author: str) -> Row:
        told = {"kind": self.kind, "form": self.form, "unit": self.unit, "name": self.name}
        return told | {"author": author, "begun_s": now_s()}


class _Opened(NamedTuple):
    columns: Sequence[Column]
    table: reading.Table


def opened(file: File) -> _Opened:
    """Invalid: it cannot be read at all, or its head is not that of the kind."""
    if file.kind not in SHEETS:
        raise Invalid(FieldError("kind", "not_among"))
    if file.form not in FORMS:
        raise Invalid(FieldError("form", "not_among"))
    try:
        table = reading.opened(file.data)
    except reading.Unreadable as error:
        raise Invalid(FieldError("file", error.key, {"line": error.line, **error.args_of})) from None
    columns, faults = compare.heads(SHEETS[file.kind], table.head)
    if faults:
        raise Invalid(*(FieldError("file", fault.key, fault.args) for fault in faults))
    return _Opened(columns, table)


def take(writing: Writing, desk: Desk, file: File) -> tuple[int, bool]:
    """(number of the file, False when the same content was taken before). Invalid as `opened`.

    `desk` takes what the rule may, at the unit of the file only.
    """
    this = opened(file)
    with writing() as c:
        row = store.begin(c, file.digest, **file.facts(desk.author))
        if row["state"] == "done":
            return row["id"], False
        store.change_file(c, row["id"], state="reading", faults=[])
    desk = desk._replace(scope=Scope((file.unit,)))
    counts: dict[str, int] = dict.fromkeys(three.OUTCOMES, 0)
    faults, wrong = list[Fault](), 0
    seen = Seen(SHEETS[file.kind])
    for lines in _batches(_lines(file.kind, this)):
        with writing() as c:
            found, outcomes = _batch(c, desk, file, seen, lines)
        for outcome in outcomes:
            counts[outcome] += 1
        wrong += len({fault.line for fault in found})
        faults += found[: MOST_FAULTS - len(faults)]
    ours = 0 if file.form == "change" or wrong else _sweep(writing, file, row["begun_s"])
    with writing() as c:
        told = counts | {"wrong": wrong, "ours": ours}
        kept = [[f.line, f.column, f.value, f.key, dict(f.args)] for f in faults]
        store.change_file(c, row["id"], state="done", ended_s=now_s(), faults=kept, **told)
        about = {"file": file.name, "kind": file.kind, "form": file.form}
        audit.add(c, desk.author, "marketing_file", f"marketing file {row['id']}", **about, **told)
    return row["id"], True


def refuse(c: Connection, file: File, author: str, errors: Sequence[FieldError]) -> int:
    """Note a file that nobody can read; its number."""
    row = store.begin(c, file.digest, **file.facts(author))
    faults = [[1, "", "", error.key, dict(error.args)] for error in errors]
    store.change_file(c, row["id"], state="refused", ended_s=now_s(), faults=faults)
    told = {"file": file.name, "why": [error.key for error in errors]}
    audit.add(c, author, "marketing_refused", f"marketing file {row['id']}", **told)
    return row["id"]


# ---- lines


def _lines(kind: str, this: _Opened) -> Iterator[Line]:
    """What each line says; a file that breaks off says so in its last."""
    try:
        for line, cells in this.table.lines:
            yield line, *compare.given(SHEETS[kind], this.columns, line, cells)
    except reading.Unreadable as error:
        yield error.line, {}, [Fault(error.line, "", "", error.key, {"line": error.line, **error.args_of})]


def _batches(lines: Iterator[Line]) -> Iterator[list[Line]]:
    while batch := list(islice(lines, BATCH)):
        yield batch


def _batch(
    c: Connection, desk: Desk, file: File, seen: Seen, lines: Sequence[Line]
) -> tuple[list[Fault], list[str]]:
    """Faults, and outcomes of the lines without."""
    faults = [fault for _line, _said, wrong in lines for fault in wrong]
    right = [(line, said) for line, said, wrong in lines if not wrong]
    codes = sorted({said[UNIT] for _line, said in right if UNIT in said})
    units = devices_import.units_by_code(c, desk.scope, codes) if codes else {}
    found, told = list[tuple[int, Record]](), list[Said]()
    for line, said in right:
        fault = seen.fault(line, said) or _misplaced(line, said, units)
        if fault:
            faults.append(fault)
            continue
        found.append((line, said))
        told.append(_said(said, units, file.unit))
    outcomes = receive.receive(c, desk, file.kind, told, now_s(), whole=file.form == "full")
    out = list[str]()
    for (line, said), outcome in zip(found, outcomes, strict=True):
        if outcome == receive.ELSEWHERE:
            faults.append(Fault(line, NUMBER, said[NUMBER], "number_elsewhere"))
        else:
            out.append(outcome)
    return sorted(faults, key=lambda fault: fault.line), out


def _misplaced(line: int, said: Record, units: Mapping[str, int]) -> Fault | None:
    if UNIT in said and said[UNIT] not in units:
        return Fault(line, UNIT, said[UNIT], "no_unit_there")
    return None


def _said(said: Record, units: Mapping[str, int], unit: int) -> Said:
    values = {name: value for name, value in said.items() if name not in ABOUT}
    return Said(said[NUMBER], values, units.get(said.get(UNIT, ""), unit), said.get(FROM_DAY))


# ---- what a full file does not say


def _sweep(writing: Writing, file: File, begun_s: int) -> int:
    """Compare what is ours, or was theirs, and stands in this full file no more; how many."""
    scope, count, after = Scope((file.unit,)), 0, ""
    while True:
        with writing() as c:
            gone = store.silent(c, file.kind, scope, begun_s, BATCH)
            receive.again(c, file.kind, gone, now_s(), gone=True)
        count += len(gone)
        if len(gone) < BATCH:
            break
    while True:
        with writing() as c:
            unsaid = store.unsaid(c, file.kind, scope, ENDED, after, BATCH)
            receive.again(c, file.kind, unsaid, now_s(), gone=True)
        count += len(unsaid)
        if len(unsaid) < BATCH:
            return count
        after = unsaid[-1]
