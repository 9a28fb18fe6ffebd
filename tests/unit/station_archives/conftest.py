"""A small house of records: a customer with a point, its meter through CTs, a store of spare ones."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import Connection

from station.archives import records
from station.archives.records import Desk, Given
from station.store import archives as store
from station.store.scope import EVERYWHERE, ROOT
from tests.unit.station.conftest import c, engine, settings, template

__all__ = ["c", "engine", "settings", "template"]
TODAY = 20_500
DESK = Desk("admin", EVERYWHERE, TODAY)
Make = Callable[..., dict[str, Any]]


def given(
    values: Mapping[str, str] | None = None, day: int = TODAY, reason: str = "", unit: int = ROOT
) -> Given:
    return Given(values or {}, unit, day, reason)


def got(c: Connection, number: int) -> dict[str, Any]:
    found = store.get(c, number, EVERYWHERE)
    assert found
    return found


@pytest.fixture
def make(c: Connection) -> Make:
    """Make a record, of state `state` if given, since ten days."""

    def build(kind: str, number: str, state: str = "", **values: str) -> dict[str, Any]:
        values = {name.replace("at_", "@"): value for name, value in values.items()}
        day = TODAY - 10
        made = records.add(c, DESK, kind, number, given(values, day), f"{kind}-{number}")
        if state:
            records.put(c, DESK, got(c, made), 1, {"state": state}, day, "", late=False)
        return got(c, made)

    return build


@pytest.fixture
def house(make: Make) -> Make:
    """C1 with P1 in area A1; meter M1 through CTs of 30 there, read by K1; M2, T30 and T40 in store."""
    make("area", "A1", "open", name="一号台区")
    make("customer", "C1", "open", name="张三", address="江北区人民路3号", phone="13912345678")
    make("point", "P1", "open", at_customer="C1", at_area="A1", phase="abc")
    through = {"connection": "through_ct"}
    make("meter", "M1", "running", at_point="P1", meter_address="000000000001", **through)
    make("meter", "M2", meter_address="000000000002", **through)
    make("ct", "T30", "running", at_point="P1", primary="150", secondary="5")
    make("ct", "T40", primary="200", secondary="5")
    make("concentrator", "K1", "running", at_area="A1")
    make("measuring", "N1", "open", at_collector="K1", at_meter="M1", row="1")
    return make
