"""What the supervisor tells is what runs: one that is halted or dead is seen."""

import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from station.settings import Settings
from station.up import Child, Station
from station.watch import machine, told


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load(tmp_path)


@pytest.fixture
def up(settings: Settings) -> Iterator[Station]:
    """A supervisor with one child that sleeps."""
    station = Station(settings, broker_url="mqtt://127.0.0.1:9")
    child = Child("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"], logging.NullHandler())
    station._children.append(child)
    station._spawn(child)
    station._tell()
    yield station
    assert child.process
    child.process.kill()
    child.process.wait()
    child.process.stdout.close()


def status(settings: Settings) -> str:
    (found,) = machine.look(settings).processes
    return found.status


def test_one_that_is_halted_or_killed_is_seen(up: Station, settings: Settings) -> None:
    assert status(settings) == "running"
    looked = machine.look(settings)
    assert looked.processes[0].memory_bytes > 1 << 20
    assert looked.told_s
    process = up._children[0].process
    assert process
    process.send_signal(signal.SIGSTOP)
    _until(lambda: status(settings) == "stopped")
    process.kill()
    _until(lambda: status(settings) == "gone")


def _until(true: object, within_s: float = 5) -> None:
    end = time.monotonic() + within_s
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_death_is_told_at_once_and_a_restart_counted(up: Station, settings: Settings) -> None:
    child = up._children[0]
    assert child.process
    child.process.kill()
    child.process.wait()
    up._read(1)  # its pipe has ended
    up._revive()
    up._tell()
    assert told.read(settings.run).children[0].pid is None
    child.again = 0
    up._revive()
    up._telling = 0
    up._tell()
    now = told.read(settings.run).children[0]
    assert (now.pid, now.restarts) == (child.process.pid, 1)


def test_another_process_of_the_same_number_is_not_taken_for_it(settings: Settings) -> None:
    told.write(settings.run, told.Told(0, 1, (told.Child("old", os.getpid(), 0, 0),)))
    assert status(settings) == "gone"


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '[1, 2, [["a"]]]', "[1, 2, 3]"])
def test_a_damaged_file_is_no_supervisor(settings: Settings, text: str) -> None:
    (settings.run / told.FILE).write_text(text)
    assert told.read(settings.run) is None
    assert machine.look(settings).told_s is None
    told.forget(settings.run)
    told.forget(settings.run)


def test_a_broker_that_does_not_answer_is_down(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOADKEEPER_BROKER", "mqtt://127.0.0.1:9")
    assert not machine.look(settings).broker_up
