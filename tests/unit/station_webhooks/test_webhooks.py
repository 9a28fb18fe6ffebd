"""Another system is told everything in order, whatever fails; a real HTTP server takes it."""

import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from protocols.uplink import messages
from station.access import tokens
from station.errors import Invalid
from station.settings import Settings
from station.store import audit, commands, db, events, webhooks
from station.store.scope import EVERYWHERE, ROOT
from station.webhooks import deliver, life
from tests.browser.seed import finish, put_event
from tests.unit.station_api.conftest import DEVICE, Door, door, other, seeded
from tests.unit.station_notify.conftest import Web, web

__all__ = ["door", "other", "seeded", "web"]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # of the reference vector of Standard Webhooks


def ids(web: Web) -> list[int]:
    return [item["id"] for got in web.got for item in json.loads(got.body)["items"]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load(tmp_path / "home")


def token(c: Connection, unit: int = ROOT) -> int:
    return tokens.make(c, "admin", "SCADA", ["view"], unit, 9)[0]


def hook(door: Door, settings: Settings, web: Web, stream: str = "events", unit: int = ROOT) -> int:
    with door.writing() as c:
        return life.make(c, settings, "admin", token(c, unit), web.url, stream, SECRET)


def happens(door: Door, n: int, device: str = DEVICE) -> None:
    with door.writing() as c:
        top = events.newest(c)
        for seq in range(n):
            put_event(c, device, int(time.time()), "clock_set", {"step_ms": 1}, 10_000 + top + seq)


def work(door: Door, settings: Settings, later_s: int = 0) -> int:
    return deliver.work(door.engine, settings, int(time.time()) + later_s)


def row(door: Door, number: int) -> dict[str, Any]:
    with db.reading(door.engine) as c:
        found = webhooks.get(c, number)
    assert found
    return found


def test_what_happens_is_told_in_order_and_signed(door: Door, settings: Settings, web: Web) -> None:
    number = hook(door, settings, web)
    assert work(door, settings) == 0, "what was before is not told"
    happens(door, 230)
    assert work(door, settings) == 230
    assert work(door, settings) == 0
    with db.reading(door.engine) as c:
        newest = events.newest(c)
    assert ids(web) == list(range(newest - 229, newest + 1))
    assert [len(json.loads(body)["items"]) for _path, _heads, body in web.got] == [100, 100, 30]
    _path, heads, body = web.got[0]
    said = {name.lower(): value for name, value in heads.items()}
    at = int(said["webhook-timestamp"])
    assert (
        said["webhook-signature"] == deliver.heads(said["webhook-id"], at, body, SECRET)["webhook-signature"]
    )
    assert row(door, number)["after"] == newest


def test_it_is_signed_as_the_specification_does() -> None:
    signed = deliver.heads("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', SECRET)
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_system_that_fails_is_tried_again_more_and_more_slowly(
    door: Door, settings: Settings, web: Web
) -> None:
    number = hook(door, settings, web)
    happens(door, 3)
    web.status = 500
    later, tries = 0, []
    for _try in range(12):
        assert work(door, settings, later) == 0
        found = row(door, number)
        assert found["error"] == "HTTP 500"
        tries.append(found["next_s"] - int(time.time()) - later)
        later += tries[-1] + 1
    assert [round(each, -1) for each in tries[:4]] == [10, 20, 40, 80]
    assert max(tries) <= deliver.LONGEST_S
    happens(door, 2)
    web.status = 200
    web.got.clear()
    assert work(door, settings, later) == 5
    assert sorted(ids(web)) == ids(web)
    assert (row(door, number)["failures"], row(door, number)["error"]) == (0, "")


def test_after_days_of_failures_it_is_stopped_and_where_it_was_is_known(
    door: Door, settings: Settings, web: Web
) -> None:
    number = hook(door, settings, web)
    before = row(door, number)["after"]
    happens(door, 1)
    web.status = 410
    work(door, settings)
    work(door, settings, deliver.GIVEN_UP_S + 60)
    found = row(door, number)
    assert found["stopped_s"] is not None
    assert found["after"] == before
    with db.reading(door.engine) as c:
        assert audit.recent(c, 1)[0]["action"] == "webhook_stopped"
    web.status = 200
    assert work(door, settings, deliver.GIVEN_UP_S + 9999) == 0


def test_who_is_away_loses_nothing(door: Door, settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with door.writing() as c:
            number = life.make(c, settings, "admin", token(c), nobody, "events", SECRET)
        happens(door, 1)
        assert work(door, settings) == 0
    assert row(door, number)["failures"] == 1


def test_only_what_the_token_sees_is_told(door: Door, other: int, settings: Settings, web: Web) -> None:
    hook(door, settings, web, unit=other)
    happens(door, 3)
    happens(door, 2, "T-OTHER")
    assert work(door, settings) == 2
    told = [each["device"] for got in web.got for each in json.loads(got.body)["items"]]
    assert set(told) == {"T-OTHER"}


def test_a_token_that_is_ended_ends_it(door: Door, settings: Settings, web: Web) -> None:
    number = hook(door, settings, web)
    with door.writing() as c:
        tokens.revoke(c, "admin", EVERYWHERE, row(door, number)["token"])
    happens(door, 1)
    assert work(door, settings) == 0
    assert (web.got, row(door, number)["error"]) == ([], "token_ended")


def test_moves_of_commands_are_told(door: Door, settings: Settings, web: Web) -> None:
    number = hook(door, settings, web, "commands")
    params = {"rounds": 1, "delay_s": 60, "limit_s": 0}
    with door.writing() as c:
        command = commands.create(c, DEVICE, messages.TRIP, params, "admin", int(time.time()) + 300)
        finish(c, DEVICE, command, tripped=0, open=0)
    assert work(door, settings) == 6
    ((_path, _heads, body),) = web.got
    told = json.loads(body)["items"]
    states = ["drafted", "approved", "queued", "sent", "received", "executed"]
    assert [each["state"] for each in told] == states
    assert {(each["kind"], each["command"]) for each in told} == {("trip", command)}
    assert row(door, number)["failures"] == 0


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"url": "ftp://x"}, "url"),
        ({"url": "http:///x"}, "url"),
        ({"stream": "all"}, "stream"),
        ({"secret": "short"}, "secret"),
        ({"secret": "whsec_" + "A" * 28}, "secret"),
        ({"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa*w"}, "secret"),
    ],
)
def test_what_makes_no_sense_is_refused(
    door: Door, settings: Settings, asked: dict[str, str], field: str
) -> None:
    facts = {"url": "http://127.0.0.1/", "stream": "events", "secret": SECRET} | asked
    with door.writing() as c, pytest.raises(Invalid) as refused:
        life.make(c, settings, "admin", token(c), **facts)
    assert [error.field for error in refused.value.errors] == [field]


def test_by_the_api_it_is_made_once_listed_without_secret_and_stopped(door: Door) -> None:
    asked = {"url": "http://127.0.0.1:9/", "stream": "events", "secret": SECRET}
    made = [door.post("/webhooks", asked, "m") for _ in range(2)]
    assert {(answer.status_code, answer.json["id"]) for answer in made} == {(201, 1)}
    listed = door.get("/webhooks").text
    assert SECRET not in listed
    assert SECRET not in made[1].text
    stopped = door.post("/webhooks/1/stop", None, "s")
    assert stopped.status_code == 200
    assert stopped.json["stopped_s"]
    for n in range(life.MOST):
        assert door.post("/webhooks", asked, f"n{n}").status_code == 201
    assert door.post("/webhooks", asked, "over").json["fields"][0]["key"] == "webhooks_full"
    door.token()
    assert door.post("/webhooks/1/stop", None, "t").status_code == 404, "of another token"
    assert door.get("/webhooks").json["items"] == []


def test_the_database_alone_does_not_tell_the_secret(door: Door, settings: Settings, web: Web) -> None:
    number = hook(door, settings, web)
    assert SECRET.encode() not in row(door, number)["secret"]
