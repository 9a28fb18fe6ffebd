"""What hangs on which line, as far as the station knows it: devices of a unit stand for its transformers.

A terminal stands for a customer's own transformer, a concentrator for a public one with its meters.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from station.store.area_schema import area_rows
from station.store.db import rows
from station.store.devices import joined, judged
from station.store.org_schema import org_units
from station.store.schema import devices
from station.store.scope import Scope


class Customer(NamedTuple):
    name: str  # "" of many
    meters: int


class Transformer(NamedTuple):
    name: str
    kva: int | None  # None: nobody told it
    device: dict[str, Any]  # of devices.all_devices: what measures and controls it
    customers: tuple[Customer, ...]


class Feeder(NamedTuple):
    unit: int
    name: str  # "" of the root
    transformers: tuple[Transformer, ...]
    more: int  # transformers that are not among them


def feeders(c: Connection, scope: Scope, most: int, t_s: int) -> list[Feeder]:
    """Units of `scope` with devices, by id, and their first `most` transformers in all, by device id."""
    drawn = _devices(c, scope, most, t_s)
    meters = _meters(c, [each["device"] for each in drawn if each["area"] is not None])
    made = []
    for unit, name, count in _units(c, scope):
        here = tuple(
            _transformer(each, meters.get(each["device"], 0)) for each in drawn if each["unit"] == unit
        )
        made.append(Feeder(unit, name, here, count - len(here)))
    return made


def _units(c: Connection, scope: Scope) -> list[tuple[int, str, int]]:
    """[(unit, name, devices in the unit itself)]"""
    counted = (
        select(devices.c.unit, func.count().label("n"))
        .where(scope.over(devices.c.unit))
        .group_by(devices.c.unit)
        .subquery()
    )
    query = select(org_units.c.id, org_units.c.name, counted.c.n).join(
        counted, counted.c.unit == org_units.c.id
    )
    return [(unit, name, n) for unit, name, n in c.execute(query.order_by(org_units.c.id))]


def _devices(c: Connection, scope: Scope, most: int, t_s: int) -> list[dict[str, Any]]:
    query = joined().where(scope.over(devices.c.unit)).order_by(devices.c.unit, devices.c.device)
    return [judged(each, t_s) for each in rows(c.execute(query.limit(most)))]


def _meters(c: Connection, of: list[str]) -> dict[str, int]:
    query = select(area_rows.c.device, func.count()).where(area_rows.c.device.in_(of))
    return {device: n for device, n in c.execute(query.group_by(area_rows.c.device))}


def _transformer(device: dict[str, Any], meters: int) -> Transformer:
    special = device["area"] is None
    customer = Customer(device["name"], 1) if special else Customer("", meters)
    return Transformer(device["name"], None, device, (customer,))
