"""Meter profiles that come by command: taken only when signed and true, proved by reads, else rolled back."""

import json
from pathlib import Path

import pytest

from tests.unit.metering import slot_scenes, slot_world


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    return slot_world.make(tmp_path_factory.mktemp("world"))


@pytest.fixture
def scene(played, world):
    return lambda name: played(slot_scenes, world, name)


def test_meters_of_three_protocols_are_read_once_their_profile_has_proved_itself(scene, world):
    values = json.loads(world.read_text())["values"]
    told = scene("reads")
    assert set(told) == {"chint-dtsu666", "dlt645-1997", "dlt698-3p"}
    for name, (pushed, used, early, shown, events, main, kept) in told.items():
        assert (pushed[:2], used) == (["", ""], 0), name
        assert early == {}, "nothing is shown before"
        assert shown == {no: values[name][no] for no in shown}
        assert {"8", "320"} <= set(shown), "power and energy"
        assert events == ["profile_kept"]
        assert main, "the other meter is read all the time"
        assert kept, "a Reader lives as long as its meter: numbers of requests go on"


def test_wrong_registers_are_rolled_back_to_the_profile_before(scene):
    told = scene("wrong")
    assert told["pushed"][0] == ""
    assert [row[2] for row in told["good"] + told["trial"] + told["after"]] == [0, 1, 0]
    assert told["after"] == told["good"] != told["trial"]
    assert [event for event, _fields in told["events"]] == ["profile_kept", "profile_rolled_back"]
    assert told["events"][1][1]["error"] == "0 of 6 reads"
    assert "8" in told["shown"]
    assert told["powers"] > 50, "the main meter was read meanwhile"


def test_a_trial_begins_anew_three_times_and_then_ends(scene):
    told = scene("starts")
    assert [len(rows) for rows, _events in told["seen"]] == [1, 1, 1, 0]
    assert [events for _rows, events in told["seen"]] == [[], [], [], ["profile_rolled_back"]]
    assert told["point"] is None


def test_what_is_not_signed_whole_and_asked_for_is_refused_with_the_reason(scene):
    told = scene("refused")
    said = {name: answer[:2] for name, answer in told["said"].items()}
    assert {reason for reason, _words in said.values()} == {"bad_profile"}
    assert {name: words.split(":")[0] for name, (_reason, words) in said.items()} == {
        "unknown": "unknown_key",
        "altered": "altered",
        "untrue": "another one came",
        "no keys": "unknown_key",
        "keyed": "bad_profile",
    }
    assert "no profile carries" in said["keyed"][1]
    assert (told["rows"], told["kept"]) == (0, [])
    assert told["empty"] != 0, "no point can be told to read by a slot that is empty"


def test_pieces_may_come_twice_and_after_a_power_cut(scene):
    assert scene("resume") == [100, 200, 200, 200, 200, 350, 0, "bad_params"]


def test_a_jump_of_a_proved_profile_is_a_break_that_nobody_pays_for(scene):
    for totals, events in scene("scaled"):
        before, during, after = totals
        assert 0 <= during - before < 3000, "a kWh an hour, shown in steps"
        assert 0 <= after - before < 3000
        assert events[-2:] == ["profile_kept", "register_rebased"]


def test_too_little_memory_leaves_the_old_profile_reading_and_is_tried_again(scene):
    told = scene("no_memory")
    failed, on_trial, good = told.pop("end")
    assert (failed, on_trial, good) == (1, 1, True)
    assert told == {step: ["busy", True, ""] for step in ("signature", "tests", "profile", "reader")}


def test_no_start_fails_for_a_profile_that_finds_no_memory(scene):
    proved, read, trial, read_again = scene("no_memory_at_starts")
    assert proved == [[], []]
    assert read, "at the next start it is there again"
    assert [row[2] for row in trial[0]] == [0]
    assert trial[1] == ["profile_rolled_back"]
    assert read_again


def test_totals_are_saved_while_a_trial_cannot_be_ended(scene):
    failed, saved = scene("cannot_be_ended")
    assert saved
    assert failed == 7, "once a minute of 400 s, from the first verdict on"


def test_what_has_proved_itself_is_kept_when_flash_takes_it_again(scene):
    assert scene("flash_refuses") == ["profile_kept"]


def test_a_meter_that_is_never_heard_ends_the_trial_after_a_day_of_reads(scene):
    unread, early, events = scene("never_heard")
    assert (unread, early) == (0, 0), "without a point there is nothing to prove"
    assert [event for event, _fields in events] == ["profile_rolled_back"]


def test_the_identity_s_own_profile_reads_again_when_the_slot_s_has_failed(scene):
    before, after, events = scene("owned")
    assert before == after == [[], None, True]
    assert events == ["profile_rolled_back"]


def test_commands_may_come_twice_and_what_they_leave_goes(scene):
    told = scene("once_more")
    assert (told["repeated"], told["kept"]) == ("", 0)
    assert (told["second"], [row[1] for row in told["rows"]]) == ("", [0, 1])
    assert (told["unknown"], told["files"]) == ("bad_profile", [])
    assert told["ended"] == ["", 1, 1]
    assert told["nothing"] == "bad_profile"


def test_a_flash_that_cannot_be_read_at_a_start_costs_no_profile(scene):
    (hashes, files), read = scene("unreadable")
    assert (hashes, files, read) == ([], True, True)
