"""One second of the whole terminal: the decision comes first, and a room that fails stops no other."""

import pytest

from firmware.front.view import view
from firmware.metering.points import SAVE_S
from firmware.running import FAULT_S
from protocols.uplink import messages, parameters, topics
from tests.unit.controller.whole import Whole

TRIP_1 = {"rounds": 1, "delay_s": 0, "limit_s": 0}


def broken(*_args):
    raise RuntimeError("broken")


@pytest.fixture
def whole(tmp_path):
    made = Whole(tmp_path)
    yield made
    made.close()


def faults(whole):
    return [(f["task"], f["value"]) for name, f in whole.told if name == "terminal_fault"]


def trip(whole, number=1):
    """A remote trip as the gate does it."""
    controller = whole.terminal.controller
    reason, entries, commit = controller.apply(messages.TRIP, TRIP_1, number)
    assert not reason
    whole.terminal.kv.put(entries)
    commit()


ROOMS = {
    "points": ("points", "tick"),
    "sample": ("points", "groups"),
    "gate": ("gate", "settle"),
    "parameters": ("settings", "tick"),
    "recorder": ("recorder", "tick"),
    "watch": ("watch", "tick"),
    "sound": ("notices", "sound"),
}


@pytest.mark.parametrize("task", ROOMS)
def test_a_room_that_fails_stops_nobody_and_is_told(whole, monkeypatch, task):
    room, verb = ROOMS[task]
    terminal = whole.terminal
    room = getattr(terminal, room)
    seconds = []
    monkeypatch.setattr(room, verb, broken)
    rooms = [(n, broken if getattr(each, "__self__", None) is room and each.__name__ == verb else each)
             for n, each in terminal._rooms()]  # fmt: skip
    terminal._rooms = lambda: (*rooms, ("last", lambda: seconds.append(1)))
    whole.run(5)
    assert len(seconds) == len(whole.board.relays.drives) == 5
    assert faults(whole)[0] == (task, 1)
    trip(whole)
    assert whole.board.relays.tripped() == 1


@pytest.mark.parametrize("part", ["relays.drive", "relays.close", "relays.open", "lamps.show", "lamps.sound"])
def test_a_broken_output_stops_neither_the_decision_nor_its_record(whole, monkeypatch, part):
    thing, verb = part.split(".")
    whole.run(2)
    monkeypatch.setattr(getattr(whole.board, thing), verb, broken)
    trip(whole)
    whole.run(130)
    assert whole.terminal.controller.outputs.tripped == 1
    assert whole.board.relays.tripped() == (verb != "drive")
    assert "remote_trip" in whole.names()
    assert len(faults(whole)) == (verb != "close")


def test_a_coil_that_failed_is_driven_again(whole, monkeypatch):
    whole.run(2)
    with monkeypatch.context() as patch:
        patch.setattr(whole.board.relays, "drive", broken)
        trip(whole)
        whole.run(2)
    assert whole.board.relays.tripped() == 0
    whole.run(1)
    assert whole.board.relays.tripped() == 1


def test_without_a_decision_the_watchdog_starves_but_the_rooms_go_on(whole, monkeypatch):
    alive = []
    monkeypatch.setattr(whole.terminal.supervisor, "alive", alive.append)
    whole.run(2)
    assert alive == ["tick"] * 2
    monkeypatch.setattr("firmware.control.core.step", broken)
    whole.run(3)
    assert alive == ["tick"] * 2
    assert faults(whole) == [("control", 1)]


def test_a_fault_is_told_once_an_hour_with_its_count(whole, monkeypatch):
    monkeypatch.setattr(whole.terminal.points, "tick", broken)
    whole.run(FAULT_S + 2)
    assert faults(whole) == [("points", 1), ("points", FAULT_S + 1)]


def test_nothing_is_written_before_the_relays_are_driven(whole, monkeypatch):
    """Not even when totals are due, a source fails and there is something to tell."""
    whole.run(2)
    terminal, order = whole.terminal, []
    kv, relays = terminal.kv, whole.board.relays
    put, drive, add = kv.put, relays.drive, terminal.outbox.add
    monkeypatch.setattr(kv, "put", lambda entries: (order.append("flash"), put(entries)))
    monkeypatch.setattr(terminal.events, "_add", lambda *row: (order.append("flash"), add(*row))[1])
    monkeypatch.setattr(relays, "drive", lambda mask: (order.append("drive"), drive(mask)))
    monkeypatch.setattr(terminal.points, "groups", broken)
    terminal.points._broken = True
    terminal.points.tell("register_rebased", {"metering_point": 1, "old_wh": 1, "new_wh": 2})
    for _ in range(SAVE_S + 1):
        order.append("second")
        whole.run()
    assert order.count("flash") >= 3
    for at, what in enumerate(order):
        if what == "second":
            assert order[at + 1] == "drive"


def test_a_second_event_listener_cannot_stop_control(whole):
    whole.terminal.events.listener = broken
    trip(whole)
    assert whole.board.relays.tripped() == 1


def test_wrong_seals_are_told_from_every_kind_of_message(whole):
    terminal = whole.terminal
    terminal.watch.refused(terminal._forged())
    terminal.session.counts[topics.WELCOME + ": bad_mac"] = 2
    terminal.gate.counts["bad_mac"] = 1
    terminal.watch.refused(terminal._forged())
    [(_name, fields)] = [row for row in whole.told if row[0] == "authentication_failed"]
    assert (fields["before"], fields["value"]) == (0, 3)


def test_how_long_the_station_is_silent_is_right_after_the_ticks_wrapped(whole):
    terminal = whole.terminal
    assert view(terminal)["heard_s"] is None
    terminal._heard()
    for _ in range(8 * 24):
        whole.clock.advance(3_600_000)
        terminal.controller.step()
    assert view(terminal)["heard_s"] == 8 * 86400


def test_a_listener_that_cannot_follow_a_change_is_told(whole, monkeypatch):
    terminal = whole.terminal
    monkeypatch.setattr("firmware.metering.wiring.want_exports", broken)
    change = {"section": parameters.GROUPS, "version": 1, "values": {1: [[1, 1, 1, 0]]}}
    reason, entries, commit = terminal.settings.apply(change)
    assert not reason
    terminal.kv.put(entries)
    commit()
    assert faults(whole) == [("parameters", 1)]
    assert terminal.settings.versions() == {parameters.GROUPS: 1}


def test_the_journal_gets_room_on_a_full_flash(whole):
    assert whole.terminal.kv.room == whole.terminal.outbox.make_room
