"""The small organisation, with a terminal in each half of it and a concentrator of three meters."""

import pytest
from sqlalchemy import Connection, insert, update

from station.store import org
from station.store.area_schema import area_rows
from station.store.schema import devices
from station.store.scope import ROOT
from tests.unit.station.conftest import c, engine, settings, template

__all__ = ["c", "engine", "settings", "template"]
BLANK = {"slot": 0, "line": 1, "phase": 1, "flags": 0, "multiplier": 1, "tariff": 0, "group": 1}


@pytest.fixture
def east(c: Connection) -> int:
    """A unit with the concentrator T1; the terminal T2 stands at the root."""
    return furnished(c)


def furnished(c: Connection) -> int:
    unit = org.add_unit(c, ROOT, "station", "A1", "East")
    facts = {"unit": unit, "utc_offset_s": 28_800, "area": {"lines": {}, "profiles": []}}
    c.execute(update(devices).where(devices.c.device == "T1").values(**facts))
    rows = [
        BLANK | {"device": "T1", "meter": n, "address": f"{n:012}", "name": f"Customer {n}"}
        for n in (1, 2, 3)
    ]
    c.execute(insert(area_rows), rows)
    return unit
