"""A seeded station and a client at its desk."""

import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection

from station.access import policy, sessions
from station.store import db, users
from station.web import create_app
from tests.browser.seed import alive, seed

DEVICE = "DF-FOUNDRY-01"


class Station:
    """The application over its own copy of the seeded home."""

    def __init__(self, home: Path, **config: Any) -> None:
        self.home = home
        self.app: Flask = create_app(home, **({"TESTING": True, "WTF_CSRF_ENABLED": False} | config))
        self.engine = db.engine(home)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with db.writing(self.engine) as c:
            yield c

    def client(self, language: str = "zh_CN") -> FlaskClient:
        client = self.app.test_client()
        client.set_cookie("lang", language)
        return client

    def desk(self, language: str = "zh_CN") -> FlaskClient:
        """A client that is logged in, without the cost of a password hash (test_login takes the door)."""
        client, secret = self.client(language), secrets.token_hex(8)
        with self.writing() as c:
            admin = users.get(c, "admin")
            sessions.begin(c, policy.DEFAULT, "admin", secret, db.now_s(), "127.0.0.1", "")
        assert admin
        with client.session_transaction() as session:
            session.update(
                {
                    "_user_id": f"{admin['session']} admin",
                    "_fresh": True,
                    "sid": secret,
                    "seen": time.time(),
                }
            )
        return client


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("seeded")
    seed(home)
    return home


@pytest.fixture
def make(seeded: Path, tmp_path: Path) -> Iterator[Any]:
    made: list[Station] = []

    def build(**config: Any) -> Station:
        home = tmp_path / f"home{len(made)}"
        shutil.copytree(seeded, home)
        made.append(Station(home, **config))
        with made[-1].writing() as c:
            alive(c, db.now_s())  # those of the seed may be minutes old, and would be offline
        return made[-1]

    yield build
    for each in made:
        each.engine.dispose()
        each.app.extensions["store"].dispose()


@pytest.fixture
def station(make: Any) -> Station:
    return make()
