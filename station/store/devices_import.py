"""Devices and the meters of areas as an import sees them: many at once, by key, within a scope."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, or_, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert as upsert

from station.store.area import COLUMNS
from station.store.area_schema import area_rows
from station.store.db import rows
from station.store.org_schema import org_units
from station.store.schema import devices
from station.store.scope import Scope

CHUNK = 500  # keys in one question
PAGE = 1000  # rows of an export read at once
Row = dict[str, Any]
_FACTS = ("name", "meter_address", "multiplier", "rounds")


# ---- devices


def _devices(scope: Scope) -> Select[*tuple[Any, ...]]:
    facts = [devices.c[name] for name in ("device", *_FACTS)]
    joined = devices.join(org_units, org_units.c.id == devices.c.unit)
    query = select(*facts, org_units.c.code.label("unit")).select_from(joined)
    return query.where(scope.over(devices.c.unit))


def of_devices(c: Connection, scope: Scope, names: Sequence[str]) -> list[Row]:
    """device, unit (code), name, meter_address, multiplier, rounds."""
    found: list[Row] = []
    for at in range(0, len(names), CHUNK):
        found += rows(c.execute(_devices(scope).where(devices.c.device.in_(names[at : at + CHUNK]))))
    return found


def every_device(c: Connection, scope: Scope, q: str) -> Iterator[Row]:
    query = _devices(scope).where(_holds(q, devices.c.device, devices.c.name, devices.c.meter_address))
    after = ""
    while found := rows(
        c.execute(query.where(devices.c.device > after).order_by(devices.c.device).limit(PAGE))
    ):
        yield from found
        after = found[-1]["device"]


def change_devices(c: Connection, many: Sequence[Mapping[str, Any]]) -> None:
    """Set _FACTS of each device."""
    if many:
        here = devices.c.device == bindparam("b_device")
        values = {name: bindparam(f"b_{name}") for name in _FACTS}
        told = [{f"b_{name}": each[name] for name in ("device", *_FACTS)} for each in many]
        c.execute(update(devices).where(here).values(values), told)


def units_by_code(c: Connection, scope: Scope, codes: Sequence[str]) -> dict[str, int]:
    """{code: id} of the open units of the scope."""
    here = org_units.c.code.in_(codes) & org_units.c.closed_s.is_(None) & scope.over(org_units.c.id)
    return {code: number for code, number in c.execute(select(org_units.c.code, org_units.c.id).where(here))}


def _holds(q: str, *columns: ColumnElement[str]) -> ColumnElement[bool]:
    return or_(*(column.icontains(q, autoescape=True) for column in columns))


# ---- meters of areas


def _meters(scope: Scope) -> Select[*tuple[Any, ...]]:
    facts = [area_rows.c[name] for name in COLUMNS]
    return select(area_rows.c.device, *facts).join(devices).where(scope.over(devices.c.unit))


def of_meters(c: Connection, scope: Scope, keys: Sequence[tuple[str, int]]) -> list[Row]:
    """`device` and the columns of an archive, by (concentrator, row)."""
    found: list[Row] = []
    place = tuple_(area_rows.c.device, area_rows.c.meter)
    for at in range(0, len(keys), CHUNK):
        found += rows(c.execute(_meters(scope).where(place.in_(keys[at : at + CHUNK]))))
    return found


def every_meter(c: Connection, scope: Scope, q: str) -> Iterator[Row]:
    place = tuple_(area_rows.c.device, area_rows.c.meter)
    query = _meters(scope).where(_holds(q, area_rows.c.device, area_rows.c.name, area_rows.c.address))
    query = query.order_by(area_rows.c.device, area_rows.c.meter).limit(PAGE)
    after = ("", 0)
    while found := rows(c.execute(query.where(place > tuple_(*after)))):
        yield from found
        after = (found[-1]["device"], found[-1]["meter"])


def concentrators(c: Connection, scope: Scope, names: Sequence[str]) -> set[str]:
    """Those of `names` that are concentrators of the scope."""
    here = devices.c.device.in_(names) & devices.c.area.is_not(None) & scope.over(devices.c.unit)
    return set(c.execute(select(devices.c.device).where(here)).scalars())


def at_addresses(c: Connection, places: Sequence[tuple[str, int, str]]) -> dict[tuple[str, int, str], int]:
    """{(concentrator, line, address): row} of the meters that stand there."""
    place = tuple_(area_rows.c.device, area_rows.c.line, area_rows.c.address)
    found: dict[tuple[str, int, str], int] = {}
    for at in range(0, len(places), CHUNK):
        query = select(area_rows.c.device, area_rows.c.line, area_rows.c.address, area_rows.c.meter)
        for *where, meter in c.execute(query.where(place.in_(places[at : at + CHUNK]))):
            found[(where[0], where[1], where[2])] = meter
    return found


def put_meters(c: Connection, many: Sequence[Mapping[str, Any]]) -> None:
    """Insert or replace rows of archives."""
    if many:
        asked = upsert(area_rows)
        names = [name for name in COLUMNS if name != "meter"]
        asked = asked.on_conflict_do_update(
            index_elements=["device", "meter"], set_={name: asked.excluded[name] for name in names}
        )
        c.execute(asked, [dict(each) for each in many])


def drop_meters(c: Connection, keys: Sequence[tuple[str, int]]) -> None:
    if keys:
        here = (area_rows.c.device == bindparam("b_device")) & (area_rows.c.meter == bindparam("b_meter"))
        c.execute(
            delete(area_rows).where(here), [{"b_device": device, "b_meter": meter} for device, meter in keys]
        )
