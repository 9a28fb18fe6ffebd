"""Switches that do not follow, displays and consoles that fail: told, and control goes on."""

import asyncio
import itertools
import sys

import pytest

from firmware.hal import fake
from protocols.uplink import messages
from tests.unit.terminal.site import ALARM_S, GUARANTEE_ON, TRIP_1


class Console:
    """A port with a person; `fails`: each read raises."""

    def __init__(self, site):
        self._site = site
        self.typed, self.said = [], b""
        self.lost = False
        self.fails = False

    async def read(self, timeout_ms):
        await asyncio.sleep(timeout_ms / 1000)
        if self.fails:
            raise OSError(5)
        return self.typed.pop(0) if self.typed else b""

    def write(self, data):
        self.said += data
        return len(data)

    def drop_input(self):
        self.typed.clear()
        return b""


class Framebuf:
    """Of MicroPython; what the pixels are is tested there."""

    MONO_HLSB = 3

    class FrameBuffer:
        def __init__(self, *_args):
            pass

        def __getattr__(self, _name):
            return lambda *_args: 0


class BadDisplay(fake.Display):
    def show(self, buffer):
        super().show(buffer)
        raise OSError(5)


def with_console(site):
    console = Console(site)

    def fit(board):
        board.absent = []
        board._ports["console"] = console

    site.before_boot = fit
    return console


def type_in(site, console, text):
    console.said = b""
    console.typed.append(text.encode() + b"\r")
    site.run(4)
    return console.said.decode()


def test_contacts_that_do_not_follow_are_told_once_and_no_trip_is_called_done(site):
    site.boot().run(5)
    site.board.relays.stuck = 0
    number = site.send(messages.TRIP, TRIP_1)
    site.run(9)
    assert site.told("output_mismatch") == []
    site.run(60)
    assert site.tripped() == 1, "the output is driven on"
    assert site.answer(number) == "not_confirmed"
    assert [fields.get("ended") for fields in site.told("output_mismatch")] == [None]
    site.board.relays.stuck = None
    site.run(5)
    assert [fields.get("ended") for fields in site.told("output_mismatch")] == [None, 1]


def test_switches_that_do_not_shed_are_not_tripped_faster(site):
    """The load stays: each further round gets its full alarm."""
    site.boot().run(5)
    site.factory.set_outputs = lambda _trip, _permit: None
    site.overload()
    site.run(400)
    seconds = [second for second, _rounds, _w in site.trips]
    assert [rounds for _s, rounds, _w in site.trips] == [1, 2, 4]
    assert all(late - early >= ALARM_S + 27 for early, late in itertools.pairwise(seconds))


def test_contacts_that_cannot_be_read_change_nothing(site):
    site.boot().run(5)
    site.board.relays.open = lambda: None
    site.overload()
    site.run_until(site.tripped)
    site.run(60)
    assert (site.tripped(), len(site.trips), site.told("output_mismatch")) == (1, 1, [])


@pytest.mark.parametrize("display", [BadDisplay, None])
def test_a_display_that_fails_stops_nothing(site, display, monkeypatch):
    monkeypatch.setitem(sys.modules, "framebuf", Framebuf)
    site.before_boot = lambda board: setattr(board, "display", (display or fake.Display)())
    site.boot().run(5)
    site.overload()
    assert ALARM_S - 3 <= site.run_until(site.tripped) <= ALARM_S + 3
    site.run(120)
    assert (site.tripped(), len(site.trips), site.gaps) == (1, 1, [])
    told = [fields["task"] for fields in site.told("terminal_fault")]
    assert told == (["front"] if display else [])
    assert site.board.display.shows > 4, "it is tried again"
    assert site.board.feeds > 140


def test_a_console_that_fails_stops_nothing(site):
    console = with_console(site)
    console.fails = True
    site.boot().run(5)
    site.overload()
    assert ALARM_S - 3 <= site.run_until(site.tripped) <= ALARM_S + 3
    assert [fields["task"] for fields in site.told("terminal_fault")] == ["console"]
    console.fails = False
    site.run(40)
    assert "lk>" in type_in(site, console, "status")


def test_noise_on_the_console_stops_nothing(site):
    console = with_console(site)
    site.boot().run(5)
    site.overload()
    for second in range(60):
        console.typed.append(bytes((second * 37 + i * 11) & 255 for i in range(300)))
        site.run()
    assert (site.tripped(), len(site.trips), site.gaps) == (1, 1, [])
    assert site.told("terminal_fault") == []


def drive_by_hand(site, console, rounds):
    said = type_in(site, console, f"test {rounds}")
    code = "".join(c for c in said.rpartition("code:")[2] if c.isdigit())[:4]
    return type_in(site, console, f"confirm {code}")


def test_relays_by_hand_are_refused_under_a_guarantee_and_end_with_one(site):
    console = with_console(site)
    site.identity["language"] = "en"
    site.boot().run(5)
    type_in(site, console, "language en")
    assert site.do(messages.GUARANTEE, GUARANTEE_ON) == "executed"
    assert "guaranteed" in drive_by_hand(site, console, 1)
    assert site.tripped() == 0
    assert site.do(messages.GUARANTEE, {"on": 0, "duration_s": 0}) == "executed"
    drive_by_hand(site, console, 1)
    assert site.tripped() == 1
    assert site.do(messages.GUARANTEE, GUARANTEE_ON) == "executed"
    assert site.tripped() == 0
    site.cut()
    site.boot().run(5)
    assert site.tripped() == 0
    assert [fields.get("ended") for fields in site.told("service_test")] == [None, 1]


def test_relays_by_hand_let_go_by_themselves(site):
    console = with_console(site)
    site.boot().run(5)
    drive_by_hand(site, console, 2)
    assert site.tripped() == 2
    site.run(62)
    assert site.tripped() == 0
