"""The shell shows what a patrol and a forward brought, which comes after their commands are executed."""

import json
import threading
import time
from typing import Any

from click.testing import CliRunner
from sqlalchemy import Engine

from protocols.meters.points import BY_ALIAS
from protocols.uplink import area, messages, topics
from protocols.uplink.codes import OUTCOMES
from station.cli.area_meter import POLL_S
from station.cli.main import cli
from station.ingest.handler import Handler
from station.settings import Settings
from station.store import area as store
from station.store import commands, db
from tests.unit.station.double import T0, Double, result, wait
from tests.unit.station_area.conftest import DEVICE, row

EXECUTED = next(no for no, name in OUTCOMES.items() if name == "executed")
VOLTAGE = BY_ALIAS["voltage_a_dv"][0]


def _record(kind: int, **facts: Any) -> list[Any]:
    return [kind, T0, 1, messages.pack(area.RECORDS[kind], facts)]


def _reads(command: int) -> list[Any]:
    values = {1: {VOLTAGE: 2331}, 2: {}}
    return [
        _record(area.READ, command=command, meter=meter, reason=meter - 1, values=values[meter])
        for meter in values
    ]


def _ended(command: int) -> list[Any]:
    told = {"command": command, "done": 1, "failed": 1}
    fields = {area.EVENT_FIELD_NO[name]: value for name, value in told.items()}
    body = {"code": area.EVENT_CODE["patrol_ended"], "data": fields}
    return _record(messages.EVENT, **body)


def _reply(command: int) -> list[Any]:
    return [_record(area.REPLY, command=command, data=b"\x16", took_ms=40)]


def _shown(settings: Settings, engine: Engine, words: list[str], told: Any) -> list[dict[str, Any]]:
    """What the shell prints while a concentrator executes first and tells then: (stream, records) a batch."""
    handler, device = Handler(settings, engine), Double(DEVICE)

    def answer() -> None:
        def queued() -> dict[str, Any] | None:
            with db.reading(engine) as c:
                return next(iter(commands.recent(c, DEVICE)), None)

        number = wait(queued)["command"]
        handler.take([device.batch(topics.EV, 1, [result(number, EXECUTED)])])
        time.sleep(5 * POLL_S)  # the shell has seen by then that it is executed
        for stream, first, records in told(number):
            handler.take([device.batch(stream, first, records)])

    thread = threading.Thread(target=answer)
    thread.start()
    done = CliRunner().invoke(cli, ["area", *words, "--home", str(settings.home)])
    thread.join()
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_patrol_is_waited_for_to_its_end(settings: Settings, engine: Engine) -> None:
    with db.writing(engine) as c:
        store.replace(c, DEVICE, [row(1), row(2)])
    first, second, end = _shown(
        settings,
        engine,
        ["patrol", DEVICE, "voltage_a_dv"],
        lambda n: [(topics.DA, 1, _reads(n)), (topics.LG, 1, [_ended(n)])],
    )
    assert (first["meter"], first["outcome"], first["value"]) == (1, "ok", 2331)
    assert (second["meter"], second["outcome"], second["value"]) == (2, "mute", None)
    assert (end["state"], end["done"], end["failed"]) == ("executed", 1, 1)


def test_the_answer_to_a_forward_is_waited_for(settings: Settings, engine: Engine) -> None:
    answer, end = _shown(
        settings, engine, ["forward", DEVICE, "1", "68"], lambda n: [(topics.DA, 1, _reply(n))]
    )
    assert (answer["data"], answer["took_ms"]) == ("16", 40)
    assert end["state"] == "executed"
