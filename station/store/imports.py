"""Imports with their rows and faults. The rules stand in station/imports."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, or_, select, update

from station.store.approvals_schema import proposal_targets, proposals
from station.store.db import row, rows
from station.store.imports_schema import import_faults, import_rows, imports
from station.store.org_schema import org_units
from station.store.scope import Scope

Row = dict[str, Any]
TAKEN = ("running", "done", "stopped", "undoing")  # of a file whose changes were made, wholly or partly
LISTS = ("new", "changed", "wrong", "skipped", "kept")
_of = import_rows.c["import"]


def add(c: Connection, **facts: Any) -> int:
    made = c.execute(insert(imports).values(**facts)).inserted_primary_key
    return made[0]  # type: ignore[index]


def get(c: Connection, scope: Scope, number: int) -> Row | None:
    """With `unit_name`."""
    query = select(imports, org_units.c.name.label("unit_name")).join(org_units)
    return row(c.execute(query.where(imports.c.id == number, scope.over(imports.c.unit))))


def by_token(c: Connection, token: str) -> int | None:
    return c.execute(select(imports.c.id).where(imports.c.token == token)).scalar()


def taken(c: Connection, digest: str) -> int | None:
    """The import by which this file was taken already."""
    here = (imports.c.digest == digest) & imports.c.state.in_(TAKEN)
    return c.execute(select(imports.c.id).where(here).order_by(imports.c.id.desc()).limit(1)).scalar()


def change(c: Connection, number: int, **facts: Any) -> None:
    c.execute(update(imports).where(imports.c.id == number).values(**facts))


def move(c: Connection, number: int, before: str, to: str, **facts: Any) -> bool:
    """False when it is not in the state `before` (any more); then nothing is changed."""
    here = (imports.c.id == number) & (imports.c.state == before)
    return c.execute(update(imports).where(here).values(state=to, **facts)).rowcount == 1


def in_states(c: Connection, *states: str) -> list[int]:
    return list(
        c.execute(select(imports.c.id).where(imports.c.state.in_(states)).order_by(imports.c.id)).scalars()
    )


def listed(c: Connection, scope: Scope, target: str, limit: int, before: int | None = None) -> list[Row]:
    """Newest first, with `unit_name`; `target` "" for all, `before` an id."""
    query = (
        select(imports, org_units.c.name.label("unit_name")).join(org_units).where(scope.over(imports.c.unit))
    )
    if target:
        query = query.where(imports.c.target == target)
    if before is not None:
        query = query.where(imports.c.id < before)
    return rows(c.execute(query.order_by(imports.c.id.desc()).limit(limit)))


def waiting(c: Connection, scope: Scope, t_s: int) -> int:
    """How many were read and are neither confirmed nor dropped, or were stopped."""
    here = scope.over(imports.c.unit) & imports.c.state.in_(("read", "stopped")) & (imports.c.read_s <= t_s)
    return c.execute(select(func.count()).select_from(imports).where(here)).scalar_one()


def proposal(c: Connection, number: int) -> int | None:
    """The proposal that asks for a second person's word on this import now."""
    t = proposal_targets
    here = (proposals.c.kind == "import") & proposals.c.state.in_(("drafted", "approved"))
    query = (
        select(proposals.c.id).join(t, t.c.proposal == proposals.c.id).where(here, t.c.target == str(number))
    )
    return c.execute(query.order_by(proposals.c.id.desc()).limit(1)).scalar()


# ---- rows and faults


def put_rows(c: Connection, number: int, many: Sequence[Mapping[str, Any]]) -> None:
    if many:
        c.execute(
            insert(import_rows),
            [{"import": number, "state": "waiting", "before": None, **each} for each in many],
        )


def put_faults(c: Connection, number: int, many: Iterable[Mapping[str, Any]]) -> None:
    found = [{"import": number, **each} for each in many]
    if found:
        c.execute(insert(import_faults), found)


def waiting_rows(c: Connection, number: int, after: int, limit: int) -> list[Row]:
    """In the order of the file, behind a line."""
    here = (_of == number) & (import_rows.c.line > after) & (import_rows.c.state == "waiting")
    return rows(c.execute(select(import_rows).where(here).order_by(import_rows.c.line).limit(limit)))


def done_rows(c: Connection, number: int, limit: int) -> list[Row]:
    """The last ones first: what is undone goes the way back."""
    here = (_of == number) & (import_rows.c.state == "done")
    return rows(c.execute(select(import_rows).where(here).order_by(import_rows.c.line.desc()).limit(limit)))


def settle(c: Connection, number: int, many: Sequence[tuple[int, str, str]]) -> None:
    """[(line, state, why)]."""
    if many:
        here = (_of == number) & (import_rows.c.line == bindparam("b_line"))
        told = [{"b_line": line, "b_state": state, "b_why": why} for line, state, why in many]
        c.execute(
            update(import_rows).where(here).values(state=bindparam("b_state"), why=bindparam("b_why")), told
        )


def shown(c: Connection, number: int, which: str, after: int, limit: int) -> list[Row]:
    """One of LISTS in the order of the file, behind a line; of `wrong` behind the id of a fault."""
    if which == "wrong":
        here = (import_faults.c["import"] == number) & (import_faults.c.id > after)
        return rows(c.execute(select(import_faults).where(here).order_by(import_faults.c.id).limit(limit)))
    here = (_of == number) & (import_rows.c.line > after) & _which(which)
    return rows(c.execute(select(import_rows).where(here).order_by(import_rows.c.line).limit(limit)))


def _which(which: str) -> ColumnElement[bool]:
    return import_rows.c.kind == which if which in ("new", "changed") else import_rows.c.state == which


def forget(c: Connection, before_s: int, dropped_s: int) -> int:
    """Drop rows and faults of imports that ended before, or that nobody confirmed; how many imports."""
    old = or_(
        imports.c.ended_s < before_s,
        imports.c.state.in_(("reading", "read", "dropped")) & (imports.c.read_s < dropped_s),
    )
    held = select(import_rows.c["import"]).union(select(import_faults.c["import"]))
    found = list(c.execute(select(imports.c.id).where(old, imports.c.id.in_(held)).limit(100)).scalars())
    c.execute(delete(import_rows).where(_of.in_(found)))
    c.execute(delete(import_faults).where(import_faults.c["import"].in_(found)))
    c.execute(
        update(imports)
        .where(imports.c.id.in_(found), imports.c.state.in_(("reading", "read")))
        .values(state="dropped")
    )
    return len(found)
