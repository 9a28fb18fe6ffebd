"""A unit with the concentrator T1 of three meters; a clerk who may import there."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import pytest
from sqlalchemy import Connection, Engine, insert, update

from station.store import db, org, users
from station.store.area_schema import area_rows
from station.store.schema import devices
from station.store.scope import ROOT
from tests.unit.station.conftest import engine, settings, template

__all__ = ["engine", "settings", "template"]
BLANK = {"slot": 0, "line": 1, "phase": 1, "flags": 0, "multiplier": 1, "tariff": 0, "group": 1}


@pytest.fixture
def writing(engine: Engine) -> Callable[[], AbstractContextManager[Connection]]:
    return partial(db.writing, engine)


@pytest.fixture
def east(writing: Callable[[], AbstractContextManager[Connection]]) -> int:
    with writing() as c:
        unit = org.add_unit(c, ROOT, "station", "A1", "East")
        facts = {"unit": unit, "area": {"lines": {}, "profiles": []}}
        c.execute(update(devices).where(devices.c.device == "T1").values(**facts))
        rows = [
            BLANK | {"device": "T1", "meter": n, "address": f"{n:012}", "name": f"客户{n}"} for n in (1, 2, 3)
        ]
        c.execute(insert(area_rows), rows)
        for name in ("clerk", "branch"):
            users.add(c, name, "x", must_change=False, t_s=0)
            org.grant(c, name, name, unit, "test", from_s=0)
    return unit
