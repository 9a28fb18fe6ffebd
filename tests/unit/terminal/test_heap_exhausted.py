"""A heap that is really full, on the device's interpreter: control goes on, or the watchdog restarts."""

import json
from pathlib import Path

import pytest

from firmware import supervisor
from firmware.metering.poller import Poller
from tests.unit.terminal.site import ALARM_S

SCENE = Path(__file__).with_name("heap_scene.py")
LATER_S = 60  # over which the scene tells what has grown
EAT_AT_S = 12


def after_eating(run_micropython, folder, hold_s, leave):
    """What the scene tells: the eater holds all but `leave` bytes for so long."""
    (folder / "flash").mkdir(parents=True)  # named from there: a path of another length moves the heap
    done = run_micropython(SCENE, "flash", hold_s, leave, heap="1M", cwd=folder)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["errors"] == 5, "the heap was full, to blocks of 16 bytes"
    told["decided"], told["fed"], told["read"], _links = told["grown"]
    return told


def test_a_task_that_runs_out_of_memory_is_restarted_and_control_goes_on(run_micropython, tmp_path):
    told = after_eating(run_micropython, tmp_path, 1, 8000)
    assert told["state"]["eater"] == 1
    assert told["tasks"] == ["eater"]
    assert (
        told["opened"] == told["events"]["power_control_trip"] == told["events"]["power_control_alarm"] == 1
    )
    assert ALARM_S <= told["opened_s"] <= ALARM_S + 8
    assert told["decided"] >= LATER_S
    assert told["fed"] >= LATER_S - 1
    assert told["read"] > LATER_S
    assert told["life"]


@pytest.mark.parametrize("hold_s", [0, 8])
def test_a_heap_full_to_the_last_byte_restarts_the_board_or_harms_nothing(run_micropython, tmp_path, hold_s):
    """Nothing is opened before its alarm, no money moves; without decisions the watchdog is not fed."""
    told = after_eating(run_micropython, tmp_path, hold_s, 0)
    assert told["opened"] == 0 or told["opened_s"] >= ALARM_S
    assert told["fed"] == 0 or (told["decided"] >= LATER_S and told["read"] > LATER_S)


def test_a_keeper_that_runs_out_of_memory_itself_starts_its_task_all_the_same(site, monkeypatch):
    """The poller fails, and there is no memory for the text of its error."""
    real, spent = Poller._cycle, []

    async def once(poller, points, start):
        if not spent:
            spent.append(1)
            raise ValueError("a fault of ours")
        await real(poller, points, start)

    def no_memory(error):
        spent.append(error)
        if len(spent) < 4:
            raise MemoryError
        return str(error)

    monkeypatch.setattr(Poller, "_cycle", once)
    monkeypatch.setattr(supervisor, "repr", no_memory, raising=False)
    site.boot().run(120)
    assert site.read_w() is not None
