"""What a unit's rooms hold is not there for a person of another unit: every page and form is tried."""

import shutil
from pathlib import Path

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.routing import MapAdapter

from station.store import org
from station.store.scope import ROOT
from tests.browser import seed_rooms
from tests.browser.crawl import KINDS, Reached, reached
from tests.unit.web.conftest import Station
from tests.unit.web.test_rights import only

NAMES = (
    "日冻结采集",
    "台区日冻结",
    "DTZ-0001",
    "铸造厂二期送电",
    "线路检修",
    "演练",
    "城北供电所",
    "KH-0001",
    "配电柜照片",
)
MARKS = (seed_rooms.DEVICE, seed_rooms.COLLEAGUE, *NAMES)
# no unit has them: of the house, of a person (test_account_policy); those of a device: test_foreign_devices
HOUSE = {"roles", "notify", "sessions"}


@pytest.fixture(scope="module")
def house(seeded: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Station, Reached]:
    """One of each thing at the root, admin a person of a unit beside it, and what admin saw before that."""
    home = tmp_path_factory.mktemp("rooms") / "home"
    shutil.copytree(seeded, home)
    station = Station(home)
    with station.writing() as c:
        seed_rooms.seed_rooms(c)
    seed_rooms.seed_by_desk(station.desk())
    seed_rooms.seed_days(station.engine)
    found = reached(station.app, station.desk())
    with station.writing() as c:
        here = org.add_unit(c, ROOT, "station", "here", "这里")
    only(station, "chief", here)
    return station, found


def names_a_thing(adapter: MapAdapter, address: str, method: str) -> bool:
    try:
        endpoint, arguments = adapter.match(address.split("?")[0], method=method)
    except NotFound:
        return False
    things = set(arguments) - KINDS
    return bool(things) and "device" not in things and endpoint.split(".")[0] not in HOUSE


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_of_another_unit_is_there(house: tuple[Station, Reached], method: str) -> None:
    station, seen = house
    desk, adapter = station.desk(), station.app.url_map.bind("localhost")
    asked = [
        each
        for each in (seen.pages.values() if method == "GET" else seen.forms)
        if names_a_thing(adapter, each, method)
    ]
    rooms = {each.split("/")[1] for each in asked}
    assert len(rooms) > 6, rooms
    answers = {each: desk.open(each, method=method).status_code for each in asked}
    assert {each: status for each, status in answers.items() if status != 404} == {}


def test_no_list_names_it(house: tuple[Station, Reached]) -> None:
    station, seen = house
    desk, adapter = station.desk(), station.app.url_map.bind("localhost")
    lists = [each for each in seen.pages.values() if not adapter.match(each.split("?")[0])[1].keys() - KINDS]
    assert len(lists) > 20
    shown = {(each, mark) for each in lists for mark in MARKS if mark in desk.get(each).text}
    assert shown == set()
