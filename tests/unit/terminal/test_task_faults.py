"""Parts that crash, hang or run out of memory: told once an hour, while the decision comes each second."""

import asyncio

import pytest

from firmware import device
from firmware.control import core
from firmware.controller import Controller, Switches
from firmware.events import Events
from firmware.hal import fake
from firmware.link.gate import Gate
from firmware.link.session import Session
from firmware.metering.bus import Bus
from firmware.metering.points import Points
from firmware.metering.poller import Poller
from firmware.metering.recorder import Recorder
from firmware.metering.watch import Watch
from firmware.notices import Notices
from firmware.parameters import Parameters
from firmware.reports import Reports
from protocols.uplink import messages
from tests.unit.terminal.site import ALARM_S, GUARANTEE_ON, ORDER

# What of the terminal fails, and the part that it is told under.
PARTS = {
    (Points, "groups"): "sample",
    (Points, "tick"): "points",
    (Gate, "settle"): "gate",
    (Parameters, "tick"): "parameters",
    (Recorder, "tick"): "recorder",
    (Watch, "tick"): "watch",
    (Events, "flush"): "events",
    (Notices, "sound"): "sound",
    (Recorder, "traffic"): "housekeep",
    (Reports, "diag"): "housekeep",
    (Session, "_link"): "link",
    (Recorder, "backfill"): "recorder",
    (Bus, "_note"): "bus",
    (Poller, "_read"): "poller",
    (Switches, "look"): "switches",
    (fake.Lamps, "show"): "lamps",
}
EACH_PART = pytest.mark.parametrize("part", PARTS, ids=lambda part: part[0].__name__ + "." + part[1])
ERRORS = pytest.mark.parametrize(
    "error", [ValueError("a fault of ours"), MemoryError(), OSError(5)], ids=repr
)


class Fuse:
    """`left` calls of a method raise from now on."""

    def __init__(self, monkeypatch, part, error):
        owner, name = part
        method = getattr(owner, name)
        self.left = 0

        def call(*args, **fields):
            if self.left:
                self.left -= 1
                raise error
            return method(*args, **fields)

        monkeypatch.setattr(owner, name, call)


@EACH_PART
@ERRORS
def test_what_fails_once_is_told_once_and_takes_nothing_along(site, monkeypatch, part, error):
    fuse = Fuse(monkeypatch, part, error)
    if part == (Reports, "diag"):
        monkeypatch.setattr(device, "DIAG_OFFLINE_S", 60)
    site.boot().run(5)
    assert site.do(messages.PURCHASE, ORDER) == "executed"
    site.overload()
    if part[1] == "backfill":
        site.cut(0)
        fuse.left = 1
        site.boot()
    fuse.left = 1
    assert ALARM_S - 4 <= site.run_until(site.tripped) <= ALARM_S + 4
    site.run(120)
    assert fuse.left == 0, "it was called"
    assert (site.tripped(), len(site.trips), site.gaps) == (1, 1, [])
    assert [fields["task"] for fields in site.told("terminal_fault")] == [PARTS[part]]
    assert len(site.told("power_control_trip")) == 1
    anew = part[1] in ("groups", "backfill")  # a second without a reading, and a restart, drop the alarm
    assert len(site.told("power_control_alarm")) == 1 + anew
    assert site.board.feeds > 120


@EACH_PART
def test_what_keeps_failing_takes_nothing_along(site, monkeypatch, part):
    """Without readings an overload is not seen: what is open then stays open. Told once an hour."""
    fuse = Fuse(monkeypatch, part, ValueError("a fault of ours"))
    blind = part[0] in (Bus, Poller) or part[1] == "groups"
    site.boot().run(5)
    site.overload()
    if blind:
        site.run_until(site.tripped)
    fuse.left = 1 << 30
    site.run(60)
    assert (site.tripped(), len(site.trips), site.gaps) == (1, 1, [])
    site.run(120)
    assert (site.tripped(), len(site.trips), site.gaps) == (1, 1, [])
    told = [fields["task"] for fields in site.told("terminal_fault")]
    assert len(told) == len(set(told)), "each part once"
    fuse.left = 0
    site.run(60)
    assert site.do(messages.GUARANTEE, GUARANTEE_ON) == "executed"
    assert site.tripped() == 0


@pytest.mark.parametrize("task", ["tick", "housekeep"])
def test_a_marked_task_that_hangs_is_started_anew_and_told_once(site, task, monkeypatch):
    """The first time only: the readings go on deciding meanwhile."""
    real, starts = getattr(device.Device, "_" + task), []

    async def hangs(terminal):
        starts.append(terminal)
        if len(starts) == 1:
            await asyncio.Event().wait()
        await real(terminal)

    monkeypatch.setattr(device.Device, "_" + task, hangs)
    site.boot()
    site.overload()
    assert ALARM_S - 3 <= site.run_until(site.tripped) <= ALARM_S + 3
    site.run(60)
    assert (len(starts), site.gaps) == (2, [])
    assert [fields["error"] for fields in site.told("terminal_fault")] == ["stuck"]


def test_a_task_that_refuses_to_end_starves_the_watchdog_for_good(site, monkeypatch):
    """The board then starts anew, as after a power cut."""

    async def refuses(terminal):
        while not terminal.supervisor._stopping:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue

    monkeypatch.setattr(device.Device, "_tick", refuses)
    site.boot().run(100)
    assert site.board.feeds <= device.TICK_LIMIT_MS // 1000 + 1


@pytest.mark.parametrize("task", ["link", "recorder"])
def test_a_task_that_hangs_without_a_mark_stops_nothing_else(site, task):
    async def hangs():
        await asyncio.Event().wait()

    site.boot()
    site.terminal.recorder.run = site.terminal.session.run = hangs
    site.run(5)
    site.overload()
    assert ALARM_S - 3 <= site.run_until(site.tripped) <= ALARM_S + 3
    assert site.gaps == []


@ERRORS
def test_a_decision_that_raises_leaves_the_relays_and_starves_the_watchdog(site, monkeypatch, error):
    """The core itself fails: the pins stand, and a board without decisions starts anew."""
    fuse = Fuse(monkeypatch, (core, "step"), error)
    site.boot().run(5)
    site.overload()
    site.run_until(site.tripped)
    site.run(60)
    fuse.left = 1 << 30
    fed = site.board.feeds
    site.run(120)
    assert (site.tripped(), len(site.trips)) == (1, 1)
    assert site.board.feeds - fed <= device.TICK_LIMIT_MS // 1000 + 60
    fuse.left = 0
    site.run(60)
    assert (site.tripped(), len(site.trips)) == (1, 1)
    assert [fields["task"] for fields in site.told("terminal_fault")] == ["control", "tick"]
    assert site.do(messages.GUARANTEE, GUARANTEE_ON) == "executed"
    assert site.tripped() == 0


@pytest.mark.parametrize("error", [ValueError(), MemoryError()], ids=repr)
def test_a_command_that_fails_inside_is_refused_and_may_come_again(site, monkeypatch, error):
    fuse = Fuse(monkeypatch, (Controller, "apply"), error)
    site.boot().run(5)
    fuse.left = 1
    assert site.do(messages.PURCHASE, ORDER) == ("busy" if isinstance(error, MemoryError) else "bad_params")
    assert site.remaining_wh() is None
    assert site.do(messages.PURCHASE, ORDER) == "executed"
    assert site.remaining_wh() == ORDER["value_wh"]


def test_a_coil_that_cannot_be_driven_is_told_and_tried_each_second(site, monkeypatch):
    fuse = Fuse(monkeypatch, (fake.Relays, "drive"), OSError(5))
    site.boot().run(5)
    site.overload()
    fuse.left = 1 << 30
    site.run(60)
    assert site.tripped() == 0
    assert [fields["task"] for fields in site.told("terminal_fault")] == ["relays"]
    fuse.left = 0
    site.run(3)
    assert site.tripped() & 1
