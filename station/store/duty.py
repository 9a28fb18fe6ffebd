"""The duty log: shifts, and entries that are only ever appended."""

from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from station.store.alarms_schema import duty_entries, duty_shifts
from station.store.db import row, rows
from station.store.org_schema import org_units
from station.store.scope import Scope

Row = dict[str, Any]
_ending = duty_entries.alias("ending")


def begin(c: Connection, unit: int, person: str, t_s: int, before: int | None = None) -> int:
    """sqlalchemy.exc.IntegrityError while a shift of this unit is open."""
    made = c.execute(insert(duty_shifts).values(unit=unit, person=person, begun_s=t_s, before=before))
    return made.inserted_primary_key[0]  # type: ignore[index]


def open_at(c: Connection, unit: int) -> Row | None:
    """The shift of a unit that has not ended."""
    return row(c.execute(_shifts().where(duty_shifts.c.unit == unit, duty_shifts.c.ended_s.is_(None))))


def _shifts() -> Any:
    return select(duty_shifts, org_units.c.name.label("unit_name")).join(org_units)


def get(c: Connection, number: int, scope: Scope) -> Row | None:
    return row(c.execute(_shifts().where(duty_shifts.c.id == number, scope.over(duty_shifts.c.unit))))


def page(c: Connection, scope: Scope, limit: int, before: int | None = None) -> list[Row]:
    """Newest first."""
    query = _shifts().where(scope.over(duty_shifts.c.unit)).order_by(duty_shifts.c.id.desc()).limit(limit)
    return rows(c.execute(query.where(duty_shifts.c.id < before) if before else query))


def hand(c: Connection, number: int, t_s: int, handover: Any) -> bool:
    """False when the shift ended meanwhile."""
    here = (duty_shifts.c.id == number, duty_shifts.c.ended_s.is_(None))
    facts = {"handed_s": t_s, "handover": handover}
    return c.execute(update(duty_shifts).where(*here).values(**facts)).rowcount == 1


def end(c: Connection, number: int, t_s: int, taken_by: str) -> bool:
    """False when somebody else took it over meanwhile."""
    here = (duty_shifts.c.id == number, duty_shifts.c.ended_s.is_(None))
    facts = {"ended_s": t_s, "taken_by": taken_by}
    return c.execute(update(duty_shifts).where(*here).values(**facts)).rowcount == 1


def write(c: Connection, **facts: Any) -> None:
    """Append an entry; a second one with the same token is none."""
    c.execute(upsert(duty_entries).values(**facts).on_conflict_do_nothing(index_elements=["token"]))


def entry(c: Connection, number: int, unit: int) -> Row | None:
    """An entry of any shift of the unit, with `done`: whether another one ended it."""
    return row(c.execute(_entries().where(duty_entries.c.id == number, duty_shifts.c.unit == unit)))


def entries(c: Connection, shift: int, limit: int) -> list[Row]:
    """In the order in which they were written."""
    query = _entries().where(duty_entries.c.shift == shift)
    return rows(c.execute(query.order_by(duty_entries.c.id).limit(limit)))


def undone(c: Connection, unit: int, limit: int) -> list[Row]:
    """Entries of the unit that are still to be done, from whichever shift."""
    ended = select(_ending.c.ends).where(_ending.c.ends.is_not(None))
    query = _entries().where(duty_shifts.c.unit == unit, duty_entries.c.todo == 1)
    return rows(
        c.execute(query.where(duty_entries.c.id.not_in(ended)).order_by(duty_entries.c.id).limit(limit))
    )


def _entries() -> Any:
    done = select(func.count()).where(_ending.c.ends == duty_entries.c.id).scalar_subquery()
    return select(duty_entries, done.label("done")).join(
        duty_shifts, duty_shifts.c.id == duty_entries.c.shift
    )


def waiting(c: Connection, scope: Scope, t_s: int) -> int:
    """Shifts of a scope that were handed over and wait for the next person."""
    here = (duty_shifts.c.handed_s.is_not(None), duty_shifts.c.ended_s.is_(None))
    query = select(func.count()).select_from(duty_shifts)
    return c.execute(query.where(*here, scope.over(duty_shifts.c.unit))).scalar_one()
