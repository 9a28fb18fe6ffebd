"""The bus owner on the device's own interpreter: what is asked first, and which bytes count as an answer."""

import json
from pathlib import Path

import pytest

SCENES = Path(__file__).with_name("bus_scenes.py")


@pytest.fixture(scope="module")
def scene(run_micropython):
    def run(name):
        done = run_micropython(SCENES, name, heap="512K", timeout_s=30)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return json.loads(done.stdout)

    return run


def test_the_most_urgent_goes_first_one_at_a_time(scene):
    told = scene("order")
    assert told["sent"] == [4, 6, 5, 2, 3, 1]
    assert min(told["gaps"]) > 500, "a request goes out only when the one before is over"


def test_a_late_reply_to_the_request_before_is_refused(scene):
    told = scene("late")
    assert told["first"][0] is None
    assert told["second"][0] == "0122"
    assert told["counts"] == [1, 1, 0]


def test_what_lay_in_the_receiver_is_thrown_away(scene):
    assert scene("lying")["got"][0] == "445566"


def test_echo_foreign_reply_and_noise_are_passed_over(scene):
    told = scene("echo")
    assert told["got"] == ["112233", 100]
    assert told["counts"] == [1, 0]


def test_an_answer_glued_to_what_came_before_it_counts(scene):
    assert scene("glued") == {"first": ["112233", 90], "second": ["112233", 90]}


def test_wrong_function_and_broken_checksum_are_no_answer(scene):
    told = scene("function")
    assert told["got"][0] is None
    assert told["bad"] == 1


def test_time_outs_are_learned_per_meter(scene):
    told = scene("learned")
    assert told["before"] > 500
    assert told["short"][0] is None
    assert told["short"][1] < 250
    assert told["full"][0] is None
    assert told["full"][1] == told["before"], "after a time-out the full time again"
    assert told["slow"] == ["112233", 400]
    assert told["other"] == told["before"]


def test_babble_ends(scene):
    told = scene("babble")
    assert told["first"][0] is None
    assert told["limit"] - 100 < told["first"][1] <= told["limit"], "endless noise"
    assert told["second"][0] is None
    assert told["second"][1] < 700, "endless frames of others do not prolong the wait"
    assert told["heard"] <= 256


def test_too_many_waiting_is_refused_and_those_waiting_are_served(scene):
    assert scene("full") == {"refused": True, "sent": 16}


def test_a_lost_line_frees_the_asker_and_raises(scene):
    told = scene("lost")
    assert [told["first"], told["second"], told["third"]] == [None, None, "112233"]
    assert told["ended"] == ["line lost"]


def test_a_port_that_refused_its_speed_is_set_again(scene):
    assert scene("unset") == {"got": [None, "112233"], "lines": [[9600, "8E1"]]}


def test_the_trace_keeps_the_last_frames(scene):
    told = scene("trace")
    assert [direction for direction, _size in told["rows"]] == [0, 1] * 3
    assert told["last"].endswith("16")
