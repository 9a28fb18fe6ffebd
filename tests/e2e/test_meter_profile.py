"""The life of a profile, by the shell of a station, on a terminal: kept, rolled back, interrupted."""

import copy
import json
import re
import time
from typing import Any

import pytest

from hil.plugin import DEVICE, MULTIPLIER
from protocols.meters import compile as compiling
from protocols.meters import package
from protocols.uplink import parameters
from station.profiles import files
from station.store import audit, commands, profiles
from tests.e2e.shell import Shell

LOAD_W = 160_000
MAIN = [1, 1, 1, "", 9600, 1, MULTIPLIER, 2200, 5000, 4, 0, 0]  # row of POINTS: by slot 1
NAME = "dlt645-2007-3p"


@pytest.fixture
def hand(station, tmp_path) -> Shell:
    made = Shell(station.home, tmp_path)
    made.run("keygen", "release.key", at_home=False)
    made.run("key", "add", "release.key.pub")
    return made


@pytest.fixture
def identity(station, world, hand):
    """Enrolled after the key was trusted: the identity carries it."""
    return station.enrol(DEVICE, world.meter, MULTIPLIER)


@pytest.fixture
def terminal(terminal):
    terminal.large_heap = True
    return terminal


def good(rev: int = 1) -> dict[str, Any]:
    document = copy.deepcopy(files.read(files.found(NAME).read_bytes()))
    return document | {"rev": rev}


def wrong(rev: int) -> dict[str, Any]:
    """Whole and signed, but with identifiers that no meter has."""
    text = json.dumps({name: part for name, part in good(rev).items() if name not in ("tests", "controls")})
    document = json.loads(re.sub(r'"0([0-9A-F]{7})"', r'"E\1"', text))
    test = {"name": "data", "read": "E2030000", "data": "001500", "points": {"power_dw": 1500}}
    return document | {"tests": [test]}


def long(rev: int) -> dict[str, Any]:
    """With so many tests that it takes some pieces more."""
    more = [
        {
            "name": f"{number}00 Wh and what other meters send behind it",
            "read": "00010000",
            "data": f"{number}0000".ljust(200, "0"),
            "points": {"energy_import_wh": number * 10},
        }
        for number in range(10, 30)
    ]
    document = good(rev)
    return document | {"tests": document["tests"] + more}


def reported(document: dict[str, Any]) -> bytes:
    return package.fingerprint(compiling.encoded(document))[:8]


def shown(rig: Any) -> bool:
    power_w = rig.now()["power_w"]
    return power_w is not None and abs(power_w - LOAD_W) <= MULTIPLIER


def runs(rig: Any, document: dict[str, Any], on_trial: int = 0) -> None:
    wanted = [[1, reported(document), on_trial, document["id"]]]
    rig.wait(lambda: rig.now()["profiles"] == wanted, "the running hash")


def use_slot(rig: Any) -> None:
    rig.configure(parameters.POINTS, points=[[*MAIN[:3], rig.world.meter, *MAIN[4:]]])


def put_into_use(rig: Any, hand: Shell, document: dict[str, Any]) -> None:
    """A first profile: activated before a point may name the slot, proved when one does."""
    rig.load(LOAD_W)
    told = hand.run("push", DEVICE, hand.signed(document), "--slot", 1)
    assert "no metering point reads by slot 1" in told
    use_slot(rig)
    rig.event("profile_kept", slot=1)
    runs(rig, document)
    rig.wait(lambda: shown(rig), "the load")


@pytest.mark.timeout(300)
def test_a_good_profile_stays_and_a_wrong_one_goes_by_itself(rig, hand):
    put_into_use(rig, hand, good(1))
    assert "is not above 1" in hand.run("push", DEVICE, f"{NAME}-1.lkp", "--slot", 2, code=2)

    told = hand.run("push", DEVICE, hand.signed(wrong(2)), "--slot", 1, code=1)
    assert "rolled back by the terminal" in told
    assert "pieces, activated, on trial" in told
    runs(rig, good(1))
    rig.wait(lambda: shown(rig), "the load again")

    told = hand.run("push", DEVICE, hand.signed(good(3)), "--slot", 1)
    assert told.endswith("kept: it has proved itself\n") or "kept: it has proved itself" in told
    runs(rig, good(3))
    assert "executed" in hand.run("roll-back", DEVICE, "--slot", 1)
    runs(rig, good(1))
    now = hand.run("on", DEVICE)
    assert re.search(rf"slot 1 +{NAME} +1 +{reported(good(1)).hex()} +proved .* points 1 ", now), now
    assert not rig.events("terminal_fault"), "no task failed: the terminal decided all the time"
    rig.plan(setpoint_kw=100, alarm_s=2)
    rig.event("power_control_trip", rounds=1)


@pytest.mark.timeout(300)
def test_a_cut_link_a_restart_and_a_second_run_go_on_where_it_was(rig, hand, dut):
    put_into_use(rig, hand, good(1))
    file = hand.signed(long(2))
    first = hand.begin("push", DEVICE, file, "--slot", 1, "--home", rig.station.home)

    def under_way() -> dict[str, Any]:
        return rig.ask(profiles.pushes, DEVICE, 1)[0]

    rig.wait(lambda: under_way()["rev"] == 2 and (under_way()["held"] or 0) >= 3000, "three pieces")
    rig.net.refuse()
    first.terminate()  # who looks on may go
    first.communicate()
    held = rig.wait(lambda: under_way()["held"], "bytes that the terminal holds")
    rig.terminal.kill()
    rig.terminal.start()
    dut.expect(r"boot=\b2\b", timeout=30)
    time.sleep(1)
    assert under_way()["state"] == "sending"
    rig.net.restore()
    told = hand.run("push", DEVICE, file, "--slot", 1)
    assert "kept: it has proved itself" in told
    runs(rig, long(2))

    assert len(rig.ask(profiles.pushes, DEVICE, 9)) == 2, "the second run found the first"
    parts = [row for row in rig.rows(commands.commands) if row["part"] and row["note"] == f"{NAME} 2"]
    offsets = [row["params"]["offset"] for row in parts if row["params"]["bytes"]["hex"]]
    assert offsets == sorted(offsets), "no piece came twice but for what was lost"
    assert offsets[0] == 0
    assert held >= 3000
    assert len({row["author"] for row in parts}) == 1
    shown_rows = rig.ask(commands.recent, DEVICE, 99)
    assert [row["params"].get("op") for row in shown_rows if row["kind_name"] == "profile"] == [1, 1]
    steps = [row["action"] for row in rig.ask(audit.recent, 99) if row["action"].startswith("profile_")]
    assert steps.count("profile_push") == 2
    assert steps.count("profile_kept") == 2
