"""Changes, checks and fall-backs of the configuration, on a real store."""

import random

import pytest

from firmware.parameters import MAX_BYTES, Parameters
from protocols import cbor
from protocols.uplink import parameters
from protocols.uplink.parameters import CONTROL, EVENTS, GROUPS, LIMITS, METERING, POINTS, RULES, TARIFF
from tests.unit.parameters.rig import change, proven, restarted

METER = [1, 1, 1, "123456789012", 9600, 0, 80, 2200, 5000, 4, 0, 0]


# ---- changes


def test_at_first_all_sections_stand_at_their_defaults(kv):
    settings = Parameters(kv)
    for section in parameters.SECTIONS:
        assert settings.get(section) == parameters.read(section, {})
    assert (settings.versions(), settings.lost, settings.error) == ({}, {}, "")


def test_a_change_stands_at_once_and_after_a_restart(kv):
    settings = change(Parameters(kv), kv, METERING, 5, {1: 60, 5: 3})
    for again in (settings, restarted(kv)):
        assert again.get(METERING)["curve_interval_s"] == 60
        assert again.get(METERING)["demand_window_min"] == 15, "what is missing has its default"
        assert again.versions() == {METERING: 5}
        assert again.lost == {}


def test_judging_changes_nothing(kv):
    settings = Parameters(kv)
    reason, entries, _commit = settings.apply({"section": METERING, "version": 1, "values": {1: 60}})
    assert not reason
    assert entries
    assert settings.get(METERING)["curve_interval_s"] == 900
    assert settings.versions() == {}
    assert kv.get("set3") is None


def test_versions_must_rise(kv):
    settings = change(Parameters(kv), kv, METERING, 5, {1: 60})
    for version in (5, 4, 0):
        change(settings, kv, METERING, version, {1: 300}, "stale_version")
        assert "5" in settings.error
    change(settings, kv, METERING, 6, {1: 300})
    change(settings, kv, EVENTS, 1, {4: 0})
    change(settings, kv, CONTROL, 0, {}, "stale_version")
    change(settings, kv, CONTROL, 1 << 60, {}, "bad_params")


@pytest.mark.parametrize(
    ("section", "values", "word"),
    [
        (99, {}, "section"),
        (METERING, {1: 61}, "curve_interval_s"),
        (METERING, {1: -1}, "curve_interval_s"),
        (METERING, {4: 15, 5: 4}, "demand_slide_min"),
        (METERING, {77: 1}, "77"),
        (METERING, {"1": 60}, "unknown"),
        (METERING, [], "map"),
        (LIMITS, {2: 500, 4: 600}, "voltage_low_e3"),
        (LIMITS, {1: 1300, 3: 1200}, "voltage_top_e3"),
        (LIMITS, {7: 901}, "power_factor_low_e3"),
        (LIMITS, {9: 900}, "load_light_e3"),
        (LIMITS, {10: 1100}, "load_over_e3"),
        (GROUPS, {1: [[0, 1, 1, 0]]}, "members"),
        (GROUPS, {1: [[1, 9, 1, 0]]}, "members"),
        (GROUPS, {1: [[1, 1, 0, 0]]}, "members"),
        (GROUPS, {1: [[1, 1, True, 0]]}, "members"),
        (GROUPS, {1: [[1, 1, 1, 2]]}, "members"),
        (GROUPS, {1: [[1, 1, 1, 0], [1, 1, -1, 0]]}, "twice"),
        (GROUPS, {1: [[1, 2, 1, 0]]}, "no point 2"),
        (GROUPS, {1: [[1, [], None, {}]]}, "members"),
        (TARIFF, {1: bytes(24)}, "codes"),
        (TARIFF, {1: b"\x19" * 24}, "codes"),
        (EVENTS, {3: list(range(1, 66))}, "disabled"),
        (POINTS, {1: [[*METER[:3], "x" * 2000, *METER[4:]]]}, "large"),
    ],
)
def test_what_makes_no_sense_is_refused_and_named(kv, section, values, word):
    settings = change(Parameters(kv), kv, section, 1, values, "bad_params")
    assert word in settings.error
    assert settings.versions() == {}


def test_the_largest_sensible_sections_fit(kv):
    settings = Parameters(kv)
    points = [[n, *METER[1:]] for n in range(1, 17)]
    rules = [[n, -1_000_000_000, 1_000_000_000, 604_800] for n in range(1, 17)]
    lists = {key: list(range(900, 964)) for key in (1, 2, 3)}
    for section, values in ((POINTS, {1: points}), (RULES, {1: rules}), (EVENTS, lists)):
        assert len(cbor.encode(values)) <= MAX_BYTES
        change(settings, kv, section, 1, values)


def test_groups_and_points_must_fit_each_other(kv):
    settings = change(Parameters(kv), kv, POINTS, 1, {1: [METER, [2, *METER[1:]]]})
    change(settings, kv, GROUPS, 1, {1: [[1, 1, 1, 0], [1, 2, -1, 1]]})
    change(settings, kv, POINTS, 2, {1: [METER]}, "bad_params")
    assert "point 2" in settings.error
    change(settings, kv, POINTS, 2, {}, "bad_params")
    change(settings, kv, GROUPS, 2, {1: [[1, 1, 1, 0]]})
    change(settings, kv, POINTS, 2, {})


def test_groups_that_lost_their_point_stand_all_the_same_at_a_start(kv):
    settings = change(Parameters(kv), kv, POINTS, 1, {1: [METER, [2, *METER[1:]]]})
    change(settings, kv, GROUPS, 1, {1: [[1, 2, 1, 0]]})
    kv.put({"set8": "broken", "old8": "broken"})
    settings = Parameters(kv)
    assert settings.lost == {POINTS: 0}
    assert settings.get(GROUPS)["members"] == [[1, 2, 1, 0]], "other groups would trip by another power"


# ---- rooms


def test_a_room_can_refuse_by_its_guard(kv):
    settings = Parameters(kv)
    settings.guard(RULES, lambda values: "too many" if len(values["rules"]) > 1 else "")
    change(settings, kv, RULES, 1, {1: [[1, 1, 1, 1]] * 2}, "bad_params")
    assert settings.error == "too many"
    change(settings, kv, RULES, 1, {1: [[1, 1, 1, 1]]})


def test_a_guard_that_stumbles_refuses(kv):
    settings = Parameters(kv)
    settings.guard(RULES, lambda values: values["rules"][0][9])
    change(settings, kv, RULES, 1, {1: [[1, 1, 1, 1]]}, "bad_params")
    assert "IndexError" in settings.error


def test_a_guard_refuses_what_stands_since_another_firmware_took_it(kv):
    change(Parameters(kv), kv, RULES, 3, {1: [[1, 1, 1, 1]]})
    settings = Parameters(kv)
    assert settings.versions() == {RULES: 3}
    settings.guard(RULES, lambda values: "unknown rule" if values["rules"] else "")
    assert settings.versions() == {}
    assert settings.lost == {RULES: 0}
    assert settings.get(RULES) == {"rules": []}
    assert Parameters(kv).versions() == {RULES: 3}, "and it is there again when the old firmware is"


def test_listeners_hear_of_each_change_also_when_one_stumbles(kv, monkeypatch):
    settings, heard = Parameters(kv), []
    monkeypatch.setattr(settings, "changed", lambda section, version: heard.append((section, version)))
    settings.listen(METERING, lambda values: heard.append(values["no such field"]))
    settings.listen(METERING, lambda values: heard.append(values["curve_interval_s"]))
    settings.listen(EVENTS, heard.append)
    change(settings, kv, METERING, 2, {1: 60})
    assert heard == [(METERING, 2), 60]
    assert "no such field" in settings.error


# ---- damage


def test_the_last_good_copy_stands_for_a_broken_one(kv):
    proven(kv)
    change(Parameters(kv), kv, METERING, 2, {1: 300})
    for broken in (None, 7, [], [2], ["2", {}], [2, {1: 61}], [2, {99: 1}], [-1, {}], [2, {}, 3], {1: 2}):
        kv.put({"set3": broken})
        settings = Parameters(kv)
        assert settings.versions() == settings.lost == {METERING: 1}
        assert settings.get(METERING)["curve_interval_s"] == 60
    kv.put({"old3": [0, "?"]})
    settings = Parameters(kv)
    assert (settings.versions(), settings.lost) == ({}, {METERING: 0})
    assert settings.get(METERING)["curve_interval_s"] == 900
    change(settings, kv, METERING, 1, {1: 300})
    assert (settings.versions(), settings.lost) == ({METERING: 1}, {})
    assert Parameters(kv).lost == {}


def test_a_copy_that_is_gone_is_lost(kv):
    proven(kv)
    kv.delete("set3")
    settings = Parameters(kv)
    assert settings.versions() == settings.lost == {METERING: 1}


def test_both_copies_undecodable_are_told(kv):
    proven(kv)
    kv._values["set3"] = kv._values["old3"] = b"\xff"
    settings = Parameters(kv)
    assert (settings.versions(), settings.lost) == ({}, {METERING: 0})


def test_every_corrupt_byte_of_a_section_falls_back_or_is_another_valid_section(kv):
    """What the store's checksum lets through, if it ever does."""
    proven(kv, LIMITS, 1, {1: 1100, 2: 900})
    change(Parameters(kv), kv, LIMITS, 2, {1: 1090, 2: 910, 13: 1500})
    good = kv._values["set4"]
    fallen = 0
    for at in range(len(good)):
        for change_by in (1, 0x80, 0xFF, 0x20):
            kv._values["set4"] = good[:at] + bytes((good[at] ^ change_by,)) + good[at + 1 :]
            kv.damaged.clear()
            settings = Parameters(kv)
            values = settings.get(LIMITS)
            if settings.lost:
                assert settings.versions() == settings.lost == {LIMITS: 1}
                assert values["voltage_high_e3"] == 1100
                fallen += 1
            else:
                version, wire = cbor.decode(kv._values["set4"])
                assert (settings.versions(), values) == ({LIMITS: version}, parameters.read(LIMITS, wire))
    assert fallen > len(good)


def test_every_corrupt_byte_of_the_journal_leaves_a_whole_configuration(kv, tmp_path):
    proven(kv, METERING, 1, {1: 60})
    change(Parameters(kv), kv, METERING, 2, {1: 300})
    [journal] = (tmp_path / "kv").iterdir()
    good = journal.read_bytes()
    for at in range(len(good)):
        kv.close()
        for name in journal.parent.iterdir():  # what the restart before it wrote
            name.unlink()
        journal.write_bytes(good[:at] + bytes((good[at] ^ 0x41,)) + good[at + 1 :])
        settings = restarted(kv)
        assert settings.versions().get(METERING, 0) in (0, 1, 2)
        allowed = {0: 900, 1: 60, 2: 300}[settings.versions().get(METERING, 0)]
        assert settings.get(METERING)["curve_interval_s"] == allowed


@pytest.mark.parametrize("seed", range(30))
def test_anything_in_flash_or_in_a_command_is_survived(kv, seed):
    chance = random.Random(seed)

    def junk(depth=3):
        kind = chance.randrange(9 if depth else 5)
        if kind < 5:
            return chance.choice(
                (None, True, -1, 0, 1, 2, 60, 900, 1 << 40, 1 << 63, b"", b"\x11" * 24, "", "text", [])
            )
        if kind < 7:
            return [junk(depth - 1) for _ in range(chance.randrange(5))]
        return {chance.choice((1, 2, 3, 4, 5, "a", -1)): junk(depth - 1) for _ in range(chance.randrange(4))}

    for _ in range(60):
        section = chance.randrange(1, 12)
        kv.put({chance.choice(("set%d", "old%d")) % section: junk(), "trial": junk()})
        kv.put({"set3": [chance.randrange(9), junk()]})
        settings = Parameters(kv)
        settings.tick()
        version, values = chance.randrange(1 << 20), junk()
        reason, entries, commit = settings.apply({"section": section, "version": version, "values": values})
        if commit:
            assert not reason
            kv.put(entries)
            commit()
            assert settings.get(section) == parameters.read(section, values)
            assert settings.versions()[section] == version
        for each in parameters.SECTIONS:
            assert settings.get(each).keys() == parameters.read(each, {}).keys()


def test_a_change_that_was_judged_stands_even_if_a_second_look_could_not_be_taken(kv, monkeypatch):
    """As with too little heap: what is journalled and answered is what is in force."""
    settings = Parameters(kv)
    reason, entries, commit = settings.apply({"section": METERING, "version": 1, "values": {1: 60}})
    kv.put(entries)

    def broken(*_args):
        raise MemoryError

    monkeypatch.setattr("firmware.sections.wrong", broken)
    commit()  # pyright: ignore[reportOptionalCall]
    assert (reason, settings.versions()) == (0, {METERING: 1})
    assert settings.get(METERING)["curve_interval_s"] == 60
