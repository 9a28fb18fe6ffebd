"""Work orders, how they went and what was ticked. Who may do what with them stands in station/fieldwork."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert as upsert

from station.store.db import row, rows
from station.store.fieldwork_schema import work_orders, work_steps, work_ticks
from station.store.org_schema import org_units
from station.store.schema import devices
from station.store.scope import Scope

Row = dict[str, Any]
OPEN = ("drafted", "assigned", "accepted", "on_site", "returned")
LISTS = ("mine", "open", "to_check", "closed")
_IN_HAND = ("assigned", "accepted", "on_site")
_CLOSED = ("checked", "cancelled")


class Wanted(NamedTuple):
    """What a list shows: one of LISTS for the person `me`; `kind` "" for all."""

    scope: Scope
    which: str
    me: str
    kind: str = ""
    q: str = ""


# ---- orders


def add(c: Connection, **facts: Any) -> int:
    made = c.execute(insert(work_orders).values(**facts)).inserted_primary_key
    return made[0]  # type: ignore[index]


def by_token(c: Connection, token: str) -> int | None:
    return c.execute(select(work_orders.c.id).where(work_orders.c.token == token)).scalar()


def get(c: Connection, scope: Scope, number: int) -> Row | None:
    """The order with `unit_name` and `device_name`; None outside of the scope."""
    here = (work_orders.c.id == number) & scope.over(work_orders.c.unit)
    return row(c.execute(_joined().where(here)))


def _joined() -> Any:
    names = (org_units.c.name.label("unit_name"), devices.c.name.label("device_name"))
    return (
        select(work_orders, *names)
        .join(org_units, org_units.c.id == work_orders.c.unit)
        .outerjoin(devices, devices.c.device == work_orders.c.device)
    )


def move(c: Connection, number: int, version: int, **facts: Any) -> bool:
    """False when it is not at `version` any more; then nothing is changed."""
    here = (work_orders.c.id == number) & (work_orders.c.version == version)
    return c.execute(update(work_orders).where(here).values(version=version + 1, **facts)).rowcount == 1


def listed(c: Connection, wanted: Wanted, limit: int, after: tuple[int, int] | None = None) -> list[Row]:
    """By due time, the earliest first, behind `after` (due_s, id); closed ones the latest first."""
    query, key = _joined().where(_of(wanted)), tuple_(work_orders.c.due_s, work_orders.c.id)
    down = wanted.which == "closed"
    if after is not None:
        query = query.where(key < tuple_(*after) if down else key > tuple_(*after))
    order = (work_orders.c.due_s, work_orders.c.id)
    return rows(c.execute(query.order_by(*(each.desc() if down else each for each in order)).limit(limit)))


def every(c: Connection, wanted: Wanted, chunk: int) -> Iterator[Row]:
    """All of a list, in portions of `chunk`."""
    after = None
    while found := listed(c, wanted, chunk, after):
        yield from found
        after = (found[-1]["due_s"], found[-1]["id"])


def _of(wanted: Wanted) -> ColumnElement[bool]:
    o, states = work_orders.c, {"mine": _IN_HAND, "open": OPEN, "to_check": ("done",), "closed": _CLOSED}
    conditions = [wanted.scope.over(o.unit), o.state.in_(states[wanted.which])]
    if wanted.which == "mine":
        conditions.append(or_(o.assignee == wanted.me, o.deputy == wanted.me))
    if wanted.kind:
        conditions.append(o.kind == wanted.kind)
    if wanted.q:
        conditions.append(
            or_(o.subject.contains(wanted.q, autoescape=True), o.device.contains(wanted.q, autoescape=True))
        )
    return and_(*conditions)


def count(c: Connection, wanted: Wanted) -> int:
    return c.execute(select(func.count()).select_from(work_orders).where(_of(wanted))).scalar_one()


def waiting(c: Connection, scope: Scope, t_s: int) -> int:
    """Orders of the scope that are not done and whose time is over."""
    late = and_(scope.over(work_orders.c.unit), work_orders.c.state.in_(OPEN), work_orders.c.due_s < t_s)
    return c.execute(select(func.count()).select_from(work_orders).where(late)).scalar_one()


def to_check(c: Connection, scope: Scope, _t_s: int) -> int:
    """Orders of the scope that are done and wait for who checks them."""
    return count(c, Wanted(scope, "to_check", ""))


# ---- steps and ticks


def step(c: Connection, number: int, **facts: Any) -> None:
    c.execute(insert(work_steps).values(work_order=number, **facts))


def steps(c: Connection, number: int) -> list[Row]:
    """Oldest first."""
    here = work_steps.c.work_order == number
    return rows(c.execute(select(work_steps).where(here).order_by(work_steps.c.id)))


def tick(c: Connection, number: int, item: str, **facts: Any) -> None:
    """Note or replace what was ticked."""
    made = upsert(work_ticks).values(work_order=number, item=item, **facts)
    c.execute(made.on_conflict_do_update(index_elements=["work_order", "item"], set_=facts))


def ticks(c: Connection, number: int) -> dict[str, Row]:
    return {
        each["item"]: each
        for each in rows(c.execute(select(work_ticks).where(work_ticks.c.work_order == number)))
    }
