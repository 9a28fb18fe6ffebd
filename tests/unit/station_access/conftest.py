"""A small organisation: two cities, two stations, an area; a user without grants."""

from typing import NamedTuple

import pytest
from sqlalchemy import Connection

from station.store import org, users
from station.store.scope import ROOT
from tests.unit.station.conftest import c, engine, settings, template

__all__ = ["c", "engine", "settings", "template"]


class Tree(NamedTuple):
    city: int
    other: int
    east: int  # in city
    west: int  # in city
    area: int  # in east


@pytest.fixture
def tree(c: Connection) -> Tree:
    city = org.add_unit(c, ROOT, "city", "A", "City")
    other = org.add_unit(c, ROOT, "city", "B", "Other city")
    east = org.add_unit(c, city, "station", "A1", "East")
    west = org.add_unit(c, city, "station", "A2", "West")
    area = org.add_unit(c, east, "area", "A1-1", "Area")
    users.add(c, "li", "-", must_change=False, t_s=0)
    return Tree(city, other, east, west, area)
