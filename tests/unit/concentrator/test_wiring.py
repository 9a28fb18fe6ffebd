"""Commands go to their rooms, tasks are judged, readings reach whom they are for, slots are as given."""

import pytest

from firmware.collect import commands
from firmware.collect.commands import Commands
from firmware.collect.slots import profiles, reader_of
from firmware.concentrator import runs, wrong_tasks
from protocols import cbor
from protocols.meters import interpret, links
from protocols.uplink import area, messages
from protocols.uplink.codes import REASON_NO
from tests.unit.concentrator.conftest import SINGLE, THREE, document

OWN = sorted(set(area.COMMANDS) - set(messages.COMMANDS) | {messages.PROFILE})
TASK = [16, 1, 3, 900, 0, 86400, 2, 900, 0, 0, 0]


# ---- commands


def test_every_command_of_a_concentrator_has_a_room_that_is_there(device):
    taken = Commands(device)
    assert sorted(taken.kinds) == sorted([messages.PARAMETERS, *OWN])
    assert all(taken.kinds[kind] == area.COMMANDS[kind] for kind in taken.kinds)
    for name in commands.ROOMS.values():
        assert callable(getattr(device, name).apply)


class Room:
    held: int

    def __init__(self):
        self.asked, self.error = [], ""

    def apply(self, *args):
        self.asked.append(args)
        return 0, {"key": args[0]}, None


class Of:
    """A concentrator of rooms that only say who was asked."""

    def __init__(self):
        self.archives, self.prepaid, self.forward, self.patrol = Room(), Room(), Room(), Room()
        self.search, self.freezes, self.settings, self.packages = Room(), Room(), Room(), Room()


EXPECTED = {
    messages.PROFILE: "packages",
    area.ARCHIVE: "archives",
    area.METER_REPLACED: "archives",
    area.METER_ORDER: "prepaid",
    area.METER_SWITCH: "prepaid",
    area.METER_GUARANTEE: "prepaid",
    area.FORWARD: "forward",
    area.PATROL: "patrol",
    area.SEARCH: "search",
    area.RESEND: "freezes",
}


@pytest.mark.parametrize("kind", OWN)
def test_a_command_goes_to_its_room_alone(kind):
    of, params = Of(), {"op": 1}
    assert Commands(of).apply(kind, params, 7, 1) == (0, {"key": kind}, None)
    asked = {name: room.asked for name, room in vars(of).items() if room.asked}
    assert asked == {EXPECTED[kind]: [(kind, params, 7)]}


def test_parameters_go_to_the_settings():
    of, params = Of(), {"section": area.TASKS}
    Commands(of).apply(messages.PARAMETERS, params, 7)
    assert {name: room.asked for name, room in vars(of).items() if room.asked} == {"settings": [(params,)]}


def test_a_command_of_a_terminal_is_refused():
    of = Of()
    assert Commands(of).apply(messages.TRIP, {}, 7) == (REASON_NO["unknown_kind"], {}, None)
    assert not [room for room in vars(of).values() if room.asked]


def test_the_words_of_a_refusal_and_what_is_held_are_those_of_this_command(monkeypatch):
    of = Of()
    taken = Commands(of)
    of.archives.error, of.archives.held = "row 3", 40
    of.search.error = "busy"
    taken.apply(area.ARCHIVE, {}, 7)
    assert (taken.error, taken.held) == ("row 3", 40)
    taken.apply(area.SEARCH, {}, 8)
    assert (taken.error, taken.held) == ("busy", None)
    of.settings.error = "of a command before"
    taken.apply(messages.PARAMETERS, {}, 9)
    assert (taken.error, taken.held) == ("", None)
    monkeypatch.setattr(of.settings, "apply", lambda _params: (REASON_NO["bad_params"], {}, None))
    taken.apply(messages.PARAMETERS, {}, 10)
    assert taken.error == "of a command before"
    taken.apply(messages.TRIP, {}, 11)
    assert taken.error == ""


# ---- tasks


def tasks(*rows):
    return wrong_tasks({"tasks": [list(each) for each in rows]})


def changed(**at):
    names = (
        "duty",
        "point",
        "priority",
        "period_s",
        "start_s",
        "end_s",
        "tries",
        "retry_s",
        "flags",
        "group",
        "back",
    )
    return [at.get(name, value) for name, value in zip(names, TASK, strict=True)]


@pytest.mark.parametrize(
    "change",
    [
        {"duty": 16},
        {"duty": 255},
        {"priority": 2},
        {"priority": 4},
        {"period_s": 0},
        {"period_s": 60},
        {"period_s": 86400},
        {"period_s": 7 * 86400},
        {"start_s": 86399},
        {"end_s": 1},
        {"tries": 1},
        {"tries": 9},
        {"back": 288},
        {"flags": 15},
    ],
)
def test_a_task_within_its_bounds_stands(change):
    assert tasks(changed(**change)) == ""


@pytest.mark.parametrize(
    "change",
    [
        {"duty": 15},
        {"duty": 256},
        {"priority": 1},
        {"priority": 5},
        {"period_s": -900},
        {"period_s": 700},
        {"period_s": 86400 + 900},
        {"start_s": -1},
        {"start_s": 86400},
        {"start_s": 7200, "end_s": 7200},
        {"end_s": 86401},
        {"tries": 0},
        {"tries": 10},
        {"back": -1},
        {"back": 289},
        {"flags": -1},
        {"flags": 16},
    ],
)
def test_a_task_out_of_its_bounds_is_named(change):
    bad = changed(**change)
    assert tasks(changed(duty=20), bad) == f"task {bad[0]} cannot stand"


def test_no_duty_stands_twice_and_none_is_fine():
    assert tasks(TASK, TASK) == "tasks has a duty twice"
    assert tasks(TASK, changed(duty=17)) == tasks() == ""


def test_tasks_that_cannot_stand_leave_the_old_ones(device):
    def order(version, *rows):
        wire = {1: [list(each) for each in rows]}
        return device.settings.apply({"section": area.TASKS, "version": version, "values": wire})

    assert order(1, changed(tries=0))[0] == REASON_NO["bad_params"]
    reason, entries, commit = order(1, TASK)
    assert reason == 0
    device.kv.put(entries)
    commit()
    assert [duty.number for duty in device.collector.duties] == [1, 2, 3, 4, 5, 16]
    assert device.collector.points == {16: 1}


# ---- rows that moved


@pytest.mark.parametrize(
    ("meters", "found"),
    [
        ([], []),
        ([5], [(5, 1)]),
        ([3, 1, 2], [(1, 3)]),
        ([1, 3, 4, 1000, 999, 7], [(1, 1), (3, 2), (7, 1), (999, 2)]),
    ],
)
def test_runs_of_rows(meters, found):
    assert list(runs(meters)) == found


# ---- readings


def test_what_a_meter_had_recorded_is_no_present_value(device, monkeypatch):
    seen = []
    for name in ("freezes", "prepaid", "watch", "transformer"):
        monkeypatch.setattr(
            getattr(device, name), "seen", lambda *reading, name=name: seen.append((name, reading[0]))
        )
    device.collector.heard(1, 3, {1: 2301}, 0, 3, 0)
    assert seen == [("freezes", 1), ("prepaid", 1), ("watch", 1), ("transformer", 1)]
    del seen[:]
    device.collector.recorded(2, 3, {1: 2301}, 0, 3, 0)
    assert seen == [("freezes", 2)]


def test_a_room_that_fails_takes_no_reading_from_the_others(device, monkeypatch):
    seen = []

    def fails(*_reading):
        raise ValueError("no")

    monkeypatch.setattr(device.freezes, "seen", fails)
    monkeypatch.setattr(device.watch, "seen", lambda *reading: seen.append(reading[0]))
    device.collector.heard(1, 3, {}, 0, 3, 0)
    device.collector.recorded(1, 3, {}, 0, 3, 0)
    assert seen == [1]


# ---- slots


def test_profiles_of_no_use_are_named_and_leave_the_others():
    broken = document(SINGLE)[:-8]
    found, faults = profiles([document(SINGLE), "zz", broken, document(THREE)])
    assert {slot: each.id for slot, each in found.items()} == {0: SINGLE, 3: THREE}
    assert [fault.split(":")[0] for fault in faults] == ["slot 1", "slot 2"]


def test_a_profile_that_is_not_sound_is_none():
    changed = cbor.decode(bytes.fromhex(document(SINGLE)))
    changed[interpret.FORMAT] = 9
    found, faults = profiles([cbor.encode(changed).hex()])
    assert found == {}
    assert "format" in faults[0]


def test_a_slot_of_no_use_costs_its_own_meters_alone(make):
    device = make(profiles=[document(SINGLE), "zz"])
    assert set(device.collector.profiles) == {0}
    assert device.controller._faults.keys() == {"profile"}


def test_the_readers_of_all_protocols_are_there_and_dlt645_can_switch():
    for link in links.LINKS:
        assert hasattr(reader_of(link), "FRAMER")
    for link in ("dlt645-2007", "dlt645-1997"):
        assert reader_of(link) is links.reader(link).Reader
    with pytest.raises(KeyError):
        reader_of("smoke signals")
