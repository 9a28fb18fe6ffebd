"""What one meter or its profile does wrong is its own matter: the others of its line are read on."""

from pathlib import Path

import pytest

from tests.unit.metering import guard_scenes, guard_world


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    return guard_world.make(tmp_path_factory.mktemp("guard"))


@pytest.fixture
def scene(played, world):
    return lambda name: played(guard_scenes, world, name)


def test_a_reader_that_fails_costs_the_main_meter_nothing(scene):
    told = scene("faults")
    assert told["set"] == ["", 0]
    assert (told["reader"], told["framer"], told["decode"]) == (0, 0, 0)
    assert told["after"], "and it is read again when it is well"
    assert told["counted"]


def test_a_slow_meter_leaves_the_main_meter_fresh(scene):
    assert scene("shares") == {"set": ["", 0], "late": 0, "mute": 0}


def test_a_meter_without_fast_reads_is_asked_again_after_a_silence(scene):
    shown, after_a_moment, after_long = scene("water")
    assert shown == after_a_moment == after_long > 0


def test_a_profile_without_power_does_not_prove_itself(scene):
    pushed, events, power = scene("without_power")
    assert pushed == ""
    assert events == ["profile_kept", "profile_rolled_back"]
    assert power, "the one before reads on"


def test_a_profile_is_not_judged_by_a_dead_line(scene):
    assert scene("dead_line") == [[0, 0], ["profile_kept"], True]
