"""A device belongs to a unit, and moves between those in the keeper's care."""

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, Engine

from station.access import accounts, units
from station.access.accounts import Keeper
from station.cli.main import cli
from station.errors import Invalid
from station.settings import Settings
from station.store import audit, db, devices
from station.store.scope import Scope
from tests.unit.station_access.conftest import Tree


def unit_of(c: Connection, device: str) -> int:
    row = devices.get(c, device)
    assert row
    return row["unit"]


def test_only_between_units_of_the_keeper(c: Connection, tree: Tree) -> None:
    units.move_device(c, accounts.shell("me"), "T1", tree.east)
    wang = Keeper("wang", Scope((tree.city,)))
    units.move_device(c, wang, "T1", tree.west)
    assert unit_of(c, "T1") == tree.west
    told = audit.recent(c, 1)[0]
    assert (told["author"], told["action"], told["detail"]) == (
        "wang",
        "device_moved",
        {"before": "A1", "after": "A2"},
    )
    for device, unit, key in (("T2", tree.west, "no_such_device"), ("T1", tree.other, "not_your_unit")):
        with pytest.raises(Invalid) as caught:
            units.move_device(c, wang, device, unit)
        assert [error.key for error in caught.value.errors] == [key]
    assert [each["code"] for each in units.way(c, tree.area)] == ["A", "A1", "A1-1"]


def test_by_the_shell(engine: Engine, settings: Settings) -> None:
    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(cli, [*words, "--home", str(settings.home)])
        assert done.exit_code == code, done.output
        return done.output

    run("unit", "add", "root", "city", "C1", "一市")
    run("unit", "add", "C1", "station", "S1", "一所")
    assert [json.loads(line)["code"] for line in run("unit", "list").splitlines()] == ["root", "C1", "S1"]
    run("device", "add", "T9", "--unit", "S1")
    run("device", "move", "T1", "C1")
    run("device", "move", "T1", "ZZ", code=1)
    run("unit", "close", "S1", code=1)
    with db.reading(engine) as c:
        assert unit_of(c, "T9") - unit_of(c, "T1") == 1
    run("device", "move", "T9", "C1")
    run("unit", "close", "S1")
    run("device", "add", "T10", "--unit", "S1", code=1)
