"""An import from its file to its end. Call `act` in a write transaction; `read_in` and `work` make their own.

Reading writes what would be done as rows, so that what is confirmed is what was shown, whatever becomes of
the file. Each batch is applied in the transaction that notes it: who was killed goes on behind the last.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine

from station.access.rights import rights_of, where
from station.approvals import policy
from station.errors import FieldError, Invalid
from station.imports import compare, machine, reading
from station.imports.compare import Fault, Print, Seen
from station.imports.kinds import TARGETS
from station.imports.targets import Change, Column, Importer, Record, Target
from station.store import audit, db
from station.store import imports as store
from station.store.scope import EVERYWHERE, Scope

BATCH = 500  # rows of a transaction: some 0.1 s
MOST_FAULTS = 20_000  # that are kept; more are counted
BATCHES = 20  # of a call of `work`: some seconds, then other work has its turn
KEEP_S = 400 * 86_400  # rows of an import that has ended: so long it can be undone
DROP_S = 2 * 86_400  # a file that nobody confirmed
OPERATION = "archive_import"
Row = dict[str, Any]
Writing = Callable[[], AbstractContextManager[Connection]]


# ---- reading


class File(NamedTuple):
    name: str
    data: bytes
    token: str  # of the form


def read_in(writing: Writing, target: Target, unit: int, author: str, file: File) -> int:
    """Compare a file with what stands: the number of the import, or of the one that took the file before.

    Invalid: not readable at all, or its head is not that of `target`.
    """
    table = _opened(file.data)
    columns, faults = compare.heads(target, table.head)
    if faults:
        raise Invalid(*(FieldError("file", fault.key, fault.args) for fault in faults))
    digest = hashlib.sha256(f"{target.name} {unit} ".encode() + file.data).hexdigest()
    with writing() as c:
        earlier = store.by_token(c, file.token) or store.taken(c, digest)
        if earlier is not None:
            return earlier
        number = store.add(
            c,
            token=file.token,
            target=target.name,
            unit=unit,
            name=file.name,
            form=table.form,
            digest=digest,
            state="reading",
            author=author,
            read_s=db.now_s(),
        )
    return _compared(
        writing, _Reading(target, Importer(author, Scope((unit,))), number, columns), table, digest
    )


def _opened(data: bytes) -> reading.Table:
    try:
        return reading.opened(data)
    except reading.Unreadable as error:
        raise Invalid(FieldError("file", error.key, {"line": error.line, **error.args_of})) from None


class _Reading(NamedTuple):
    target: Target
    by: Importer
    number: int
    columns: Sequence[Column]


def _compared(writing: Writing, this: _Reading, table: reading.Table, digest: str) -> int:
    seen, made = Seen(this.target), Print(this.target.name, digest)
    counts, kept = dict.fromkeys(compare.KINDS, 0), 0
    for lines in _batches(_lines(this, table)):
        with writing() as c:
            found, faults = _judged(c, this, seen, lines)
            store.put_rows(c, this.number, found)
            store.put_faults(c, this.number, [each._asdict() for each in _listed(faults, kept)])
        kept += len(faults)
        wrong = len({fault.line for fault in faults})
        for each in found:
            made.add(each["line"], each["before"], each["after"])
            counts[each["kind"]] += 1
        counts["wrong"] += wrong
        counts["same"] += len(lines) - wrong - len(found)
    with writing() as c:
        told = {"fresh" if kind == "new" else kind: n for kind, n in counts.items()}
        store.move(c, this.number, "reading", "read", hash=made.hex(), **told)
    return this.number


def _listed(faults: list[Fault], kept: int) -> list[Fault]:
    """Those that are kept after `kept` others; the last of all says that there are more."""
    shown = faults[: max(0, MOST_FAULTS - kept)]
    if kept <= MOST_FAULTS < kept + len(faults):
        shown.append(Fault(faults[-1].line, "", "", "too_many_faults", {"most": MOST_FAULTS}))
    return shown


Line = tuple[int, Record, list[Fault]]


def _lines(this: _Reading, table: reading.Table) -> Iterator[Line]:
    """What each line says; a file that breaks off says so in its last."""
    try:
        for line, cells in table.lines:
            yield line, *compare.given(this.target, this.columns, line, cells)
    except reading.Unreadable as error:
        yield error.line, {}, [Fault(error.line, "", "", error.key, {"line": error.line, **error.args_of})]


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    source = iter(lines)
    while batch := list(islice(source, BATCH)):
        yield batch


def _judged(
    c: Connection, this: _Reading, seen: Seen, lines: Sequence[Line]
) -> tuple[list[Row], list[Fault]]:
    """Rows of what would be done, and every fault, by line."""
    target = this.target
    faults = [fault for _line, _said, wrong in lines for fault in wrong]
    right = [(line, said) for line, said, wrong in lines if not wrong]
    now = target.look(c, this.by.scope, [target.key_of(said) for _line, said in right])
    found: list[tuple[int, Change, Record]] = []
    for line, said in right:
        key = target.key_of(said)
        before = now.get(key)
        change = Change(key, before, compare.after(target, said, before))
        lacking = [] if before else compare.lacking(target, line, said)
        double = seen.fault(line, change.after or {})
        faults += [double] if double else lacking
        if not double and not lacking and change.fields():
            found.append((line, change, said))
    wrong = target.judge(c, this.by, [change for _line, change, _said in found])
    for at, error in wrong.items():
        line, _change, said = found[at]
        faults.append(Fault(line, error.field, str(said.get(error.field, "")), error.key, error.args))
    kept = [(line, change) for at, (line, change, _said) in enumerate(found) if at not in wrong]
    return [_row(line, change) for line, change in kept], sorted(faults, key=lambda fault: fault.line)


def _row(line: int, change: Change) -> Row:
    kind = "changed" if change.before else "new"
    return {
        "line": line,
        "kind": kind,
        "key": list(change.key),
        "before": change.before,
        "after": change.after,
    }


# ---- a person's word


def size(row: Mapping[str, Any], act: str) -> int:
    """How many records it would change."""
    return row["done"] if act == "undo" else row["fresh"] + row["changed"]


def operation(c: Connection, row: Row, act: str) -> str | None:
    """The operation for which it needs two, or None."""
    asks = act in ("take", "undo") and policy.above(policy.rules(c), OPERATION, size(row, act))
    return OPERATION if asks else None


def act(
    c: Connection, row: Row, what: str, author: str, shown: str, leave: policy.Leave | None = None
) -> None:
    """One of machine.ACTS with an import whose fingerprint `shown` was seen.

    Invalid: it is not so any more, another import took the file, or it needs two and there is no `leave`.
    """
    number = row["id"]
    if shown != row["hash"] or not machine.may(what, row["state"]):
        raise Invalid(FieldError("", "import_not_so", {"state": row["state"]}))
    if leave is None and operation(c, row, what):
        raise Invalid(FieldError("", "needs_two", {"operation": OPERATION}))
    if what == "take" and store.taken(c, row["digest"]) not in (None, number):
        raise Invalid(FieldError("", "import_taken", {"number": store.taken(c, row["digest"])}))
    if what == "take" and row["state"] == "read" and not size(row, what):
        raise Invalid(FieldError("", "import_nothing"))
    facts: Row = {"doer": author} if what in ("take", "undo") else {"ended_s": db.now_s()}
    if what == "take":
        facts |= {"begun_s": db.now_s(), "ended_s": None}
    if not store.move(c, number, row["state"], machine.ACTS[what][1], why="", **facts):
        raise Invalid(FieldError("", "changed_meanwhile"))
    told = {"file": row["name"], "target": row["target"], "hash": row["hash"], "records": size(row, what)}
    audit.add(c, author, f"import_{what}", f"import {number}", **told, **(leave.told() if leave else {}))


# ---- the work


def work(engine: Engine, t_s: int) -> int:
    """Go on with what was confirmed, and forget what is old; how many batches. Call often."""
    with db.reading(engine) as c:
        todo = store.in_states(c, "running", "undoing")
    done = 0
    for number in todo:
        done += carry_on(partial(db.writing, engine), number, t_s, BATCHES - done)
    with db.writing(engine) as c:
        store.forget(c, t_s - KEEP_S, t_s - DROP_S)
    return done


def carry_on(writing: Writing, number: int, t_s: int, most: int) -> int:
    """Up to `most` batches, each a transaction; how many."""
    for count in range(most):
        with writing() as c:
            if not step(c, number, t_s):
                return count
    return most


def step(c: Connection, number: int, t_s: int) -> bool:
    """One batch further; False when there is nothing (more) to do."""
    row = store.get(c, EVERYWHERE, number)
    if row is None or row["state"] not in _STEPS:
        return False
    target, by = TARGETS[row["target"]], Importer(row["doer"], Scope((row["unit"],)))
    if not where(rights_of(c, by.name, t_s), target.function).holds(c, row["unit"]):
        if row["state"] == "running":  # an undo goes on: it brings back what others may see
            store.move(c, number, "running", "stopped", why="no_right_there", ended_s=t_s)
            return False
    return _STEPS[row["state"]](c, row, target, by, t_s)


def _forward(c: Connection, row: Row, target: Target, by: Importer, t_s: int) -> bool:
    todo = store.waiting_rows(c, row["id"], row["at"], BATCH)
    if not todo:
        return _end(c, row, "done", t_s)
    changes = [Change(tuple(each["key"]), each["before"], each["after"]) for each in todo]
    wrong = _apply(c, row, target, by, changes)
    told = [
        (each["line"], "skipped" if at in wrong else "done", wrong.get(at, ""))
        for at, each in enumerate(todo)
    ]
    store.settle(c, row["id"], told)
    done, skipped = row["done"] + len(todo) - len(wrong), row["skipped"] + len(wrong)
    store.change(c, row["id"], at=todo[-1]["line"], done=done, skipped=skipped)
    return True


def _back(c: Connection, row: Row, target: Target, by: Importer, t_s: int) -> bool:
    todo = store.done_rows(c, row["id"], BATCH)
    if not todo:
        return _end(c, row, "undone", t_s)
    changes = [Change(tuple(each["key"]), each["before"], each["after"]).back() for each in todo]
    wrong = _apply(c, row, target, by, changes)
    told = [
        (each["line"], "kept" if at in wrong else "undone", wrong.get(at, "")) for at, each in enumerate(todo)
    ]
    store.settle(c, row["id"], told)
    undone, kept = row["undone"] + len(todo) - len(wrong), row["kept"] + len(wrong)
    store.change(c, row["id"], undone=undone, kept=kept)
    return True


_STEPS = {"running": _forward, "undoing": _back}


def _apply(
    c: Connection, row: Row, target: Target, by: Importer, changes: Sequence[Change]
) -> dict[int, str]:
    """Make the changes that still fit; {place: why not} of the others."""
    now = target.look(c, by.scope, [each.key for each in changes])
    wrong = {at: "record_changed" for at, each in enumerate(changes) if now.get(each.key) != each.before}
    fits = [at for at in range(len(changes)) if at not in wrong]
    refused = target.judge(c, by, [changes[at] for at in fits])
    wrong |= {fits[place]: error.key for place, error in refused.items()}
    made = [changes[at] for at in fits if at not in wrong]
    target.apply(c, by, made)
    for each in made:
        subject = " ".join(str(part) for part in each.key)
        audit.add(c, by.name, "imported", subject, number=row["id"], target=target.name, **_told(each))
    return wrong


def _told(change: Change) -> Row:
    """What the audit says of a change: the fields that differ, before and after."""
    fields, one, other = change.fields(), change.before or {}, change.after or {}
    return {
        "before": {name: one[name] for name in fields if name in one},
        "after": {name: other[name] for name in fields if name in other},
    }


def _end(c: Connection, row: Row, state: str, t_s: int) -> bool:
    store.move(c, row["id"], row["state"], state, ended_s=t_s)
    told = {name: row[name] for name in ("done", "skipped", "undone", "kept")}
    audit.add(c, row["doer"], f"import_{state}", f"import {row['id']}", **told)
    return False
