"""A station with a concentrator, and one that answers by the contract from memory."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from firmware.area.archive import Archive
from protocols.uplink import area
from station.area import life
from station.provisioning import add_device, area_of
from station.settings import Settings
from station.store import commands, db, devices
from tests.browser.seed import put_now

DEVICE = "C1"


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("template")
    made = db.engine(home)
    with db.writing(made) as c:
        add_device(c, DEVICE, "test", rounds=1, area=area_of(["1:9600:8E1"], [b"\xa0"]))
        add_device(c, "T1", "test")
    made.dispose()
    return home / "loadkeeper.db"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load(tmp_path / "home")


@pytest.fixture
def engine(settings: Settings, template: Path) -> Iterator[Engine]:
    shutil.copy(template, settings.home)
    made = db.engine(settings.home)
    yield made
    made.dispose()


def row(meter: int, **facts: Any) -> dict[str, Any]:
    first = {
        "meter": meter,
        "address": f"{20260000 + meter:012d}",
        "slot": 0,
        "line": 1,
        "phase": 1,
        "flags": 0,
    }
    return first | {"multiplier": 1, "tariff": 0, "group": 0, "name": f"户{meter}"} | facts


class Concentrator:
    """Takes the commands of a load, by the archive of the firmware."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.runs, self.made = Archive(), Archive()
        self.at = db.now_s()
        self.tell()

    def tell(self) -> None:
        self.at += 1
        now = {"hash": self.runs.hash()[:8], "meters": self.runs.size, "unread": 0, "cut": 0, "low": 0}
        wire = [now[name] for name in ("hash", "meters", "unread", "cut", "low")] + [[], [], []]
        with db.writing(self.engine) as c:
            devices.set_link(c, DEVICE, last_seen_s=self.at, hello_s=self.at)
            put_now(c, DEVICE, self.at, area=dict(enumerate(wire, 1)))

    def work(self) -> None:
        life.work(self.engine, self.at)

    def queued(self) -> list[dict[str, Any]]:
        with db.reading(self.engine) as c:
            return commands.in_states(c, "queued")

    def act(self, params: dict[str, Any]) -> str:
        """What the firmware does; "" or why not."""
        if params["op"] == area.BEGIN:
            self.made = Archive()
        elif params["op"] == area.ROWS:
            faults = self.made.put(params["meter"], params["rows"])
            return faults[0][1] if faults else ""
        elif params["op"] == area.ACTIVATE:
            if self.made.hash() != params["hash"]:
                return "hash"
            self.runs = self.made
        return ""

    def answer(self, to: str = "", acts: bool = True, **facts: Any) -> dict[str, Any]:
        """Take the one command that waits; `to` another end than its own."""
        (command,) = self.queued()
        why = self.act(command["params"]) if acts else ""
        facts = ({"reason": 1, "detail": {"error": why}} if why else {}) | facts
        with db.writing(self.engine) as c:
            assert commands.move(
                c, DEVICE, command["command"], to or ("refused" if why else "executed"), self.at, **facts
            )
        return command


@pytest.fixture
def concentrator(engine: Engine) -> Concentrator:
    return Concentrator(engine)
