"""What watches the station from outside is told whether it works, and why not."""

from collections import namedtuple
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from station.store import fleet
from station.web import ready
from tests.unit.web.conftest import Station

Usage = namedtuple("Usage", "total used free")


def asked(station: Station) -> tuple[int, list[str]]:
    reply = station.client().get("/readyz")
    assert reply.json["ready"] == (reply.status_code == 200)
    return reply.status_code, reply.json["reasons"]


def test_a_fresh_station_is_ready_without_a_login(station: Station) -> None:
    assert asked(station) == (200, [])


def test_silence_is_a_reason_but_not_in_a_new_house(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "newest_s", lambda _c: 0)
    assert asked(station) == (503, ["nothing_stored_lately"])
    monkeypatch.setattr(fleet, "newest_s", lambda _c: None)
    assert asked(station) == (200, [])


def test_a_full_disk_is_a_reason(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready.shutil, "disk_usage", lambda _path: Usage(1, 1, ready.FREE_BYTES - 1))
    assert asked(station) == (503, ["disk_full"])


def test_a_database_that_takes_nothing_is_a_reason(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def locked() -> Any:
        raise OperationalError("BEGIN IMMEDIATE", None, Exception("database is locked"))
        yield

    monkeypatch.setattr(station.app.extensions["store"], "writing", locked)
    assert asked(station) == (503, ["database_not_writable"])
