"""Metering points over paced lines, the same on both runtimes: line_scenes.py and total_scenes.py."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.unit.metering import line_scenes, total_scenes

NOTHING = [None, None]
BAD_PARAMS, NO_POINT, NO_READING = 7, 30, 43


@pytest.fixture(params=["cpython", "micropython"])
def scene(request, run_micropython):
    def room(name):
        return line_scenes if name in line_scenes.BY_NAME else total_scenes

    def on_cpython(name):
        return json.loads(json.dumps(asyncio.run(room(name).BY_NAME[name]())))

    def on_micropython(name):
        done = run_micropython(Path(room(name).__file__), name, heap="2M", timeout_s=20)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return json.loads(done.stdout)

    return on_cpython if request.param == "cpython" else on_micropython


def test_the_meter_of_the_identity_is_the_default(scene):
    told = scene("default")
    assert told["nothing"] == [NOTHING]
    assert told["powers"] >= 29
    assert told["main"] == [1, 1, 80, [2200, 5000, 4, 3300], True]
    assert told["tasks"] == ["bus", "poller"]
    assert told["trace"] == 6


def test_a_meter_that_falls_silent_is_not_judged(scene):
    told = scene("default")
    assert told["groups"] == [NOTHING]
    assert 9 <= told["silent"] <= 13
    assert told["trouble"]


def test_eight_meters_on_one_line_stay_fresh(scene):
    told = scene("eight")
    assert (told["stale"], told["old"], told["unjudged"]) == (0, 0, 0)
    assert told["main"] >= 118, "the main one each second"
    assert told["group"] == 3600


def test_dead_meters_do_not_slow_the_main_one(scene):
    told = scene("dead")
    assert told["longest"] < 1500
    assert told["reads"] >= 285
    assert told["alive"] == list(range(1, 9))


def test_a_dead_main_meter_does_not_stop_the_others(scene):
    assert scene("dead_main") == {"stale": 0, "main": None, "group": [NOTHING]}


def test_groups_over_two_lines_and_a_line_that_is_lost(scene):
    told = scene("two_lines")
    assert told["names"] == ["bus", "poller", "bus2", "poller2"]
    assert told["powers"] == [2000, None, 1000]
    assert told["after"] == [NOTHING, NOTHING, NOTHING], "a group with a member unread is not judged"
    assert told["main"] == 3000, "the other line goes on"


def test_a_total_that_is_wrong_once_is_not_believed(scene):
    told = scene("wrong_total")
    assert told["least"] >= 0
    assert told["most"] <= 2 * 800
    assert told["powers"] == [80000, 80000]
    assert told["doubts"] >= 8
    assert told["events"] == []


def test_a_doubtful_total_is_read_again_before_all_else(scene):
    told = scene("verify_first")
    assert told["again"]
    assert told["waited"] > 6


def test_a_jump_nobody_can_have_used_is_not_paid(scene):
    told = scene("jump")
    assert told["other"] == 0
    assert told["shown"], "records show what the meter shows"
    assert told["back"] == 0
    assert told["events"] == ["register_rebased", "register_rebased"]


def test_what_was_used_while_nobody_read_counts(scene):
    told = scene("used_unseen")
    assert 80 * 5000 <= told["used"] <= 80 * 5300
    assert told["events"] == []


def test_a_coarse_register_loses_nothing(scene):
    told = scene("coarse")
    assert 0 <= told["true"] - told["energy"] < 1000
    assert told["events"] == []


def test_a_meter_change_goes_on_exactly(scene):
    told = scene("meter_change")
    assert told["carried"] <= 80 * 60, "nobody pays for the other register"
    assert told["done"] == 0
    assert abs(told["lacks"]) <= 1600, "what was used while no meter was read is added"
    assert told["after"] == 0, "after a power cut too"
    assert told["events"].count("meter_changed") == 2


def test_a_meter_change_told_twice_counts_once(scene):
    told = scene("meter_change")
    assert (told["twice"], told["after"]) == (0, 0)


def test_a_meter_change_that_does_not_fit_is_refused(scene):
    told = scene("meter_change")
    assert told["early"] == BAD_PARAMS, "the old meter is still read"
    assert told["unread"] == NO_READING
    assert told["wrong"] == [BAD_PARAMS] * 3
    assert told["no_point"] == NO_POINT


def test_a_meter_changed_without_power_is_not_paid(scene):
    assert -80 * 100 <= scene("changed_while_off")["carried"] <= 0


def test_two_meters_with_one_address_are_refused_and_named(scene):
    told = scene("same_address")
    assert told["heard"]
    assert told["during"] == [[NOTHING], True, True]
    assert told["named"] == [["meter_fault", {"metering_point": 1, "kind": 101}]]
    assert told["events"] == [["meter_fault", {"metering_point": 1, "kind": 101, "ended": 1}]]
    assert told["after"] == 80000
    assert told["totals"]


def test_garbled_answers_are_told_from_silence(scene):
    told = scene("garbled")
    assert told == {"groups": [NOTHING], "trouble": True, "timeouts": True, "answers": True}


def test_a_slow_meter_is_not_two(scene):
    assert scene("late_is_not_second") == {"trouble": 0, "events": [], "clashes": 0}


def test_the_wiring_changes_while_it_runs(scene):
    told = scene("rewire")
    assert told["reasons"] == [0, 0]
    assert told["same row"], "a point whose row is the same goes on"
    assert told["fresh"] == [NOTHING, NOTHING]
    assert told["groups"][0] == [600, 14000], "reverse: what flows out, and the energy exported"
    assert told["groups"][1][0] == 80600
    assert told["energy"]
    assert told["same"] == [True, 3, True]
    assert told["back"] == [1]
    assert told["power"] == 80000


def test_rows_that_this_board_cannot_have_are_refused(scene):
    assert scene("refused_rows") == {"taken": [], "power": 80000, "kv": []}


def test_a_flooded_line_costs_readings_only(scene):
    told = scene("full_bus")
    assert told["faults"] > 0
    assert told["power"] == 80000


def test_random_totals_move_the_running_total_by_usage_only(scene):
    assert 0 <= scene("random_totals")["most"] <= 60
