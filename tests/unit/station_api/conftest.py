"""The API over its own copy of a seeded station, with tokens of its administrator."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from werkzeug.test import Client

from station.access import tokens
from station.store import db, devices, org
from station.store.scope import ROOT
from station.wsgi import create
from tests.browser.seed import seed

DEVICE = "DF-FOUNDRY-01"
OTHER = "T-OTHER"
API = "/api/v1"


class Door:
    def __init__(self, home: Path) -> None:
        self.app = create(home)
        self.engine = db.engine(home)
        self.client = Client(self.app)
        self.text = ""

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with db.writing(self.engine) as c:
            yield c

    def token(self, *functions: str, unit: int = ROOT) -> str:
        with self.writing() as c:
            _number, self.text = tokens.make(c, "admin", "test", functions or tokens.GRANTED, unit, 1)
        return self.text

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(API + path, query_string=query, headers=self.headers())

    def post(self, path: str, body: Any, key: str = "k1") -> Any:
        return self.client.post(API + path, json=body, headers=self.headers() | {"Idempotency-Key": key})

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.text}"}


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("seeded")
    seed(home)
    return home


@pytest.fixture
def door(seeded: Path, tmp_path: Path) -> Iterator[Door]:
    home = tmp_path / "home"
    shutil.copytree(seeded, home)
    made = Door(home)
    made.token()
    yield made
    made.engine.dispose()


@pytest.fixture
def other(door: Door) -> int:
    """A unit beside, with one device."""
    with door.writing() as c:
        unit = org.add_unit(c, ROOT, "station", "there", "那里")
        facts: dict[str, Any] = {"meter_address": "", "multiplier": 1, "rounds": 1, "utc_offset_s": 0}
        devices.add(c, OTHER, name="other", shard="00", unit=unit, **facts)
    return unit
