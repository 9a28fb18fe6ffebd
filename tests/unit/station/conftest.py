"""A station's home folder with one device, and a real broker for those who need one."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, Engine

from station import broker
from station.cli.main import cli
from station.ingest.handler import Handler
from station.provisioning import add_device
from station.settings import LOOPBACK, Broker, Settings, write_atomic
from station.store import db, devices
from station.store.schema import metadata
from tests.unit.station.double import Double


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load(tmp_path / "home")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database with two devices; a copy is a hundred times faster than a migration."""
    home = tmp_path_factory.mktemp("template")
    made = db.engine(home)
    with db.writing(made) as c:
        for device in ("T1", "T2"):
            add_device(c, device, "test", multiplier=80, rounds=3)
    made.dispose()  # the last connection moves the write-ahead log into the file
    return home / "loadkeeper.db"


@pytest.fixture
def engine(settings: Settings, template: Path) -> Iterator[Engine]:
    shutil.copy(template, settings.home)
    made = db.engine(settings.home)
    yield made
    made.dispose()


@pytest.fixture
def c(engine: Engine) -> Iterator[Connection]:
    """A write transaction that is given up at the end."""
    with engine.execution_options(writes=True).connect() as found:
        yield found


@pytest.fixture
def handler(settings: Settings, engine: Engine) -> Handler:
    return Handler(settings, engine)


@pytest.fixture
def device() -> Double:
    return Double()


class Look:
    """Reads whole tables."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, table: str) -> list[dict[str, Any]]:
        with db.reading(self._engine) as c:
            return db.rows(c.execute(metadata.tables[table].select()))

    def counted(self) -> dict[str, int]:
        return {row["reason"]: row["n"] for row in self.counters}


@pytest.fixture
def look(engine: Engine) -> Look:
    return Look(engine)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


@pytest.fixture
def run(settings: Settings) -> Callable[..., str]:
    """The command line on the home of the test: its output, or its errors where `status` is not 0."""

    def call(*words: str, status: int = 0) -> str:
        done = CliRunner().invoke(cli, [*words, "--home", str(settings.home)])
        assert done.exit_code == status, done.output
        return done.stdout if status == 0 else done.stderr

    return call


@pytest.fixture
def nats(settings: Settings, engine: Engine) -> Iterator[Broker]:
    """A real nats-server with the accounts of the devices of `engine`."""
    port = free_port()
    with db.reading(engine) as c:
        config = broker.write_config(settings, devices.names(c), port)
    write_atomic(settings.run / "ports.json", f'{{"mqtt": {port}}}')
    with (settings.log / "broker.log").open("wb") as log:
        server = subprocess.Popen(broker.command(config), stdout=log, stderr=subprocess.STDOUT)
    try:
        assert broker.ready(LOOPBACK, port), (settings.log / "broker.log").read_text()
        yield settings.broker()
    finally:
        server.terminate()
        server.wait(10)


class Process:
    """`loadkeeper NAME` as a process of its own, on the home of the test."""

    def __init__(self, settings: Settings, *words: str) -> None:
        self.log = settings.log / f"{words[0]}.log"
        with self.log.open("ab") as log:
            argv = [sys.executable, "-m", "station.cli.main", *words, "--home", str(settings.home)]
            self.process = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT)

    def text(self) -> str:
        return self.log.read_text()

    def kill(self) -> None:
        """SIGKILL: no chance to say goodbye."""
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(15)
