"""The house of records of the archives' tests, and files of the other system."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection

from station.marketing import files, receive
from station.marketing.files import File
from station.marketing.receive import Said
from station.store import db
from station.store import marketing as store
from station.store.scope import EVERYWHERE, ROOT
from tests.unit.station.conftest import c, engine, settings, template
from tests.unit.station_archives.conftest import DESK, Make, given, got, house, make

__all__ = ["DESK", "Make", "c", "engine", "given", "got", "house", "make", "settings", "template"]
Take = Callable[..., dict[str, Any]]


def tell(c: Connection, kind: str, number: str, whole: bool = False, **values: Any) -> str:
    """They say a record; the outcome."""
    said = {name.replace("at_", "@"): value for name, value in values.items()}
    return receive.receive(c, DESK, kind, [Said(number, said, ROOT)], db.now_s(), whole=whole)[0]


def known(c: Connection, kind: str, number: str) -> dict[str, Any]:
    return store.known(c, kind, [number])[number]


@pytest.fixture
def take(c: Connection) -> Take:
    """Take a file in the transaction of the test; its row."""

    @contextmanager
    def writing() -> Iterator[Connection]:
        yield c

    def build(text: str, kind: str = "customer", form: str = "change", unit: int = ROOT) -> dict[str, Any]:
        file = File(kind, form, unit, f"{kind}.csv", text.encode())
        number, fresh = files.take(writing, DESK, file)
        found = store.file(c, number, EVERYWHERE)
        assert found
        return found | {"fresh": fresh}

    return build
