"""A new section is on trial until the terminal has run with it: what keeps it, what gives it up."""

from firmware.parameters import MAX_STARTS, TRIAL_S, Parameters
from firmware.store.kv import StoreError
from protocols.uplink.parameters import EVENTS, METERING
from tests.unit.parameters.rig import change, proven, restarted


def test_a_section_the_terminal_cannot_run_with_is_given_up(kv):
    settings = proven(kv, METERING, 1, {1: 60})
    change(settings, kv, METERING, 2, {1: 300})
    for start in range(1, 2 * MAX_STARTS):
        settings = restarted(kv)
        given_up = start >= MAX_STARTS
        assert settings.versions() == {METERING: 1 if given_up else 2}
        assert settings.lost == ({METERING: 1} if given_up else {})
        for _ in range(TRIAL_S - 1):
            settings.tick()
    settings.tick()
    assert settings.versions() == {METERING: 1}, "what failed does not come back by itself"
    change(settings, kv, METERING, 2, {1: 900})
    assert restarted(kv).versions() == {METERING: 2}


def test_a_new_section_without_a_former_one_falls_back_to_the_defaults(kv):
    change(Parameters(kv), kv, METERING, 7, {1: 60})
    for _ in range(MAX_STARTS):
        settings = Parameters(kv)
    assert (settings.versions(), settings.lost) == ({}, {METERING: 0})
    assert settings.get(METERING)["curve_interval_s"] == 900


def test_a_change_of_a_terminal_that_runs_for_long_has_its_whole_trial(kv):
    settings = proven(kv, METERING, 1, {1: 60})
    for _ in range(TRIAL_S // 2):
        settings.tick()
    change(settings, kv, METERING, 2, {1: 300})
    for _ in range(TRIAL_S - 1):
        settings.tick()
    assert kv.get("old3") == [1, {1: 60}]
    settings.tick()
    assert kv.get("old3") == [2, {1: 300}]


def test_power_cuts_after_the_trial_revert_nothing(kv):
    proven(kv, METERING, 1, {1: 60})
    for _ in range(20):
        assert Parameters(kv).versions() == {METERING: 1}
    assert kv.get("old3") == kv.get("set3") == [1, {1: 60}]


def test_two_power_cuts_within_the_trial_revert_nothing(kv):
    change(Parameters(kv), kv, METERING, 1, {1: 60})
    for _ in range(MAX_STARTS - 1):
        settings = Parameters(kv)
    for _ in range(TRIAL_S):
        settings.tick()
    for _ in range(5):
        assert Parameters(kv).versions() == {METERING: 1}


def test_a_change_during_the_trial_keeps_what_was_good(kv):
    settings = proven(kv, METERING, 1, {1: 60})
    change(settings, kv, METERING, 2, {1: 300})
    change(settings, kv, METERING, 3, {1: 1800})
    for _ in range(MAX_STARTS):
        settings = Parameters(kv)
    assert settings.versions() == settings.lost == {METERING: 1}


def test_each_section_is_on_trial_by_itself(kv):
    change(Parameters(kv), kv, EVENTS, 1, {4: 0})
    settings = Parameters(kv)
    change(settings, kv, METERING, 1, {1: 60})
    for _ in range(MAX_STARTS - 1):
        settings = Parameters(kv)
    assert settings.versions() == {METERING: 1}
    assert settings.lost == {EVENTS: 0}
    for _ in range(TRIAL_S):
        settings.tick()
    assert kv.get("old3") == [1, {1: 60}]
    assert kv.get("old5") == [0, {}]


def test_a_flash_that_refuses_the_proof_is_asked_again(kv, monkeypatch):
    settings = change(Parameters(kv), kv, METERING, 1, {1: 60})

    def refuse(_entries):
        raise StoreError("full")

    with monkeypatch.context() as patch:
        patch.setattr(kv, "put", refuse)
        for _ in range(TRIAL_S + 30):
            settings.tick()
        assert "full" in settings.error
        assert Parameters(kv).versions() == {METERING: 1}, "a start that cannot be counted stands too"
    for _ in range(60):
        settings.tick()
    assert kv.get("old3") == [1, {1: 60}]
    assert kv.get("trial") == []


def test_nothing_is_written_while_nothing_is_on_trial(kv, monkeypatch):
    proven(kv)

    def refuse(_entries):
        raise AssertionError("wears the flash")

    monkeypatch.setattr(kv, "put", refuse)
    settings = Parameters(kv)
    for _ in range(2 * TRIAL_S):
        settings.tick()
