"""Each ill has its state and reason, and what is well has none."""

from typing import Any

import pytest

from station.watch import judge
from station.watch.judge import GIB, MIB, Held
from station.watch.machine import Machine, Process

NOW = 2_000_000_000
WELL = Machine(
    told_s=NOW - 5,
    processes=(Process("ingest", "running", 7, NOW - 9999, 0, 50 * MIB),),
    disk_free_bytes=50 * GIB,
    disk_bytes=100 * GIB,
    database_bytes=GIB,
    wal_bytes=MIB,
    memory_free_bytes=4 * GIB,
    memory_bytes=8 * GIB,
    load_1e2=50,
    cpus=2,
    broker_up=True,
)
HELD = Held(newest_s=NOW - 5, refused_s=None, jobs={"waiting": 3}, tested_s=NOW - 3600)


def found(machine: Machine = WELL, held: Held = HELD) -> dict[str, str]:
    return {c.reason: c.state for c in judge.checks(machine, held, NOW) if c.state != "ok"}


def one(**changed: Any) -> tuple[Process, ...]:
    return (WELL.processes[0]._replace(**changed),)


def test_a_well_station_has_nothing_to_do() -> None:
    assert found() == {}
    assert judge.worst(judge.checks(WELL, HELD, NOW)) == "ok"
    assert found(held=Held(None, None, {}, NOW)) == {}  # a new house


@pytest.mark.parametrize(
    ("changed", "reason", "state"),
    [
        ({"told_s": None}, "no_supervisor", "warn"),
        ({"told_s": NOW - 21}, "supervisor_silent", "alarm"),
        ({"processes": one(status="gone", pid=None)}, "process_gone", "alarm"),
        ({"processes": one(status="stopped")}, "process_stopped", "alarm"),
        ({"processes": one(restarts=1, since_s=NOW - 60)}, "process_restarted", "warn"),
        ({"broker_up": False}, "broker_silent", "alarm"),
        ({"disk_free_bytes": 511 * MIB, "database_bytes": MIB}, "disk_full", "alarm"),
        ({"disk_free_bytes": 9 * GIB}, "disk_low", "warn"),
        ({"database_bytes": 26 * GIB}, "disk_no_copy", "warn"),
        ({"wal_bytes": 300 * MIB}, "wal_large", "warn"),
        ({"memory_free_bytes": GIB // 2}, "memory_low", "warn"),
        ({"memory_free_bytes": GIB // 8}, "memory_low", "alarm"),
        ({"load_1e2": 401}, "load_high", "warn"),
    ],
)
def test_the_machine(changed: Any, reason: str, state: str) -> None:
    machine = WELL._replace(**changed)
    assert found(machine) == {reason: state}
    assert judge.worst(judge.checks(machine, HELD, NOW)) == state


@pytest.mark.parametrize(
    ("changed", "reason", "state"),
    [
        ({"newest_s": NOW - 901}, "nothing_stored", "warn"),
        ({"newest_s": NOW - 3601}, "nothing_stored", "alarm"),
        ({"refused_s": NOW - 3599}, "messages_refused", "warn"),
        ({"jobs": {"late": 1, "failed": 1}}, "jobs_late", "alarm"),
        ({"jobs": {"failed": 1}}, "jobs_failed", "warn"),
        ({"tested_s": None}, "backup_never", "warn"),
        ({"tested_s": NOW - 37 * 3600}, "backup_old", "warn"),
        ({"tested_s": NOW - 8 * 86_400}, "backup_old", "alarm"),
    ],
)
def test_what_is_known(changed: Any, reason: str, state: str) -> None:
    assert found(held=HELD._replace(**changed)) == {reason: state}


def test_one_that_ran_again_long_ago_is_well() -> None:
    assert found(WELL._replace(processes=one(restarts=3, since_s=NOW - 601))) == {}


def test_every_name_that_needs_words_is_listed() -> None:
    said = judge.checks(WELL, HELD, NOW)
    assert {label for each in said for label, _kind, _value in each.facts} == set(judge.FACTS)
    assert {each.name for each in said} == set(judge.CHECKS)
