"""Items of stock, where they are and how they came there. Rules: station/stock."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, case, func, insert, or_, select, update

from station.store.db import row, rows
from station.store.fieldwork_schema import work_orders
from station.store.org_schema import org_units
from station.store.scope import Scope
from station.store.stock_schema import stock_balances as balances
from station.store.stock_schema import stock_items as items
from station.store.stock_schema import stock_moves as moves
from station.store.stock_schema import stock_plans as plans

Row = dict[str, Any]


class Spot(NamedTuple):
    unit: int
    place: str
    holder: str  # "" of the store


class Filter(NamedTuple):
    kind: str = ""
    place: str = ""
    text: str = ""  # what serial, model or holder hold


def find(c: Connection, kind: str, serial: str | None, model: str = "") -> Row | None:
    """The item with this serial, or the counted article of this model."""
    same = items.c.serial == serial if serial else items.c.serial.is_(None) & (items.c.model == model)
    return row(c.execute(select(items).where(items.c.kind == kind, same)))


def add_item(c: Connection, kind: str, serial: str | None, model: str) -> int:
    made = c.execute(insert(items).values(kind=kind, serial=serial, model=model)).inserted_primary_key
    return made[0]  # type: ignore[index]


def held(c: Connection, item: int) -> int:
    """How many of an item there are anywhere."""
    return c.execute(
        select(func.coalesce(func.sum(balances.c.count), 0)).where(balances.c.item == item)
    ).scalar_one()


def take(c: Connection, item: int, spot: Spot, count: int) -> bool:
    """False when fewer than `count` are there: nothing is taken."""
    enough = _at(item, spot) & (balances.c.count >= count)
    return c.execute(update(balances).where(enough).values(count=balances.c.count - count)).rowcount == 1


def put(c: Connection, item: int, spot: Spot, count: int) -> None:
    there = update(balances).where(_at(item, spot)).values(count=balances.c.count + count)
    if not c.execute(there).rowcount:
        c.execute(insert(balances).values(item=item, count=count, **spot._asdict()))


def _at(item: int, spot: Spot) -> Any:
    same = (balances.c.unit == spot.unit) & (balances.c.place == spot.place)
    return same & (balances.c.item == item) & (balances.c.holder == spot.holder)


def record(c: Connection, **facts: Any) -> None:
    c.execute(insert(moves).values(**facts))


def done_before(c: Connection, author: str, token: str) -> int:
    """How many lines this form of this person moved."""
    same = (moves.c.author == author) & (moves.c.token == token)
    return c.execute(select(func.count()).select_from(moves).where(same)).scalar_one()


def order_in(c: Connection, number: int, unit: int) -> bool:
    """Whether a work order is one of this unit."""
    asked = select(work_orders.c.id).where(work_orders.c.id == number, work_orders.c.unit == unit)
    return c.execute(asked).first() is not None


def _listed(scope: Scope) -> Select[Any]:
    return (
        select(balances, items.c.kind, items.c.model, items.c.serial, org_units.c.name.label("unit_name"))
        .join(items, items.c.id == balances.c.item)
        .join(org_units, org_units.c.id == balances.c.unit)
        .where(scope.over(balances.c.unit), balances.c.count > 0)
    )


def listed(c: Connection, scope: Scope, wanted: Filter, limit: int, after: int = 0) -> list[Row]:
    """What there is and where, by the id of the balance, those above `after`."""
    query = _listed(scope).where(balances.c.id > after)
    if wanted.kind:
        query = query.where(items.c.kind == wanted.kind)
    if wanted.place:
        query = query.where(balances.c.place == wanted.place)
    if wanted.text:
        fields = (items.c.serial, items.c.model, balances.c.holder)
        query = query.where(or_(*(field.contains(wanted.text, autoescape=True) for field in fields)))
    return rows(c.execute(query.order_by(balances.c.id).limit(limit)))


def item(c: Connection, number: int, scope: Scope) -> Row | None:
    """An item that was ever moved in a unit of `scope`."""
    seen = select(moves.c.item).where(moves.c.item == number, scope.over(moves.c.unit))
    return row(c.execute(select(items).where(items.c.id == number, items.c.id.in_(seen))))


def places(c: Connection, number: int, scope: Scope) -> list[Row]:
    return rows(c.execute(_listed(scope).where(balances.c.item == number).order_by(balances.c.id)))


def history(c: Connection, number: int, scope: Scope, limit: int, before: int | None = None) -> list[Row]:
    """Movements of an item, newest first, those below `before`."""
    query = select(moves).where(moves.c.item == number, scope.over(moves.c.unit))
    if before is not None:
        query = query.where(moves.c.id < before)
    return rows(c.execute(query.order_by(moves.c.id.desc()).limit(limit)))


def compared(c: Connection, scope: Scope) -> dict[tuple[int, str], Row]:
    """{(unit, kind): {"store", "person", "device", "planned", "version"}} where there is any of them."""
    counts = [
        func.sum(case((balances.c.place == place, balances.c.count), else_=0)).label(place)
        for place in ("store", "person", "device")
    ]
    asked = select(balances.c.unit, items.c.kind, *counts).join(items, items.c.id == balances.c.item)
    found = rows(c.execute(asked.where(scope.over(balances.c.unit)).group_by(balances.c.unit, items.c.kind)))
    out = {(each["unit"], each["kind"]): each | {"planned": 0, "version": 0} for each in found}
    for each in rows(c.execute(select(plans).where(scope.over(plans.c.unit)))):
        none = {"store": 0, "person": 0, "device": 0}
        key = (each["unit"], each["kind"])
        out[key] = out.get(key, none) | each
    return out


def plan(c: Connection, unit: int, kind: str) -> Row:
    asked = select(plans).where(plans.c.unit == unit, plans.c.kind == kind)
    return row(c.execute(asked)) or {"unit": unit, "kind": kind, "planned": 0, "version": 0}


def set_plan(c: Connection, unit: int, kind: str, planned: int, version: int) -> bool:
    """False when the plan is no more of `version` (0: there is none): nothing is changed."""
    if plan(c, unit, kind)["version"] != version:
        return False
    facts = {"planned": planned, "version": version + 1}
    if version == 0:
        c.execute(insert(plans).values(unit=unit, kind=kind, **facts))
    else:
        c.execute(update(plans).where(plans.c.unit == unit, plans.c.kind == kind).values(**facts))
    return True
