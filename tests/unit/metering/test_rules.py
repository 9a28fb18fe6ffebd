"""Each rule of the table begins beyond its threshold, waits its delay, and ends behind its recovery."""

import pytest

from firmware.metering import rules
from protocols.meters.rules import RULES
from protocols.uplink.codes import EVENTS
from tests.unit.metering.watch_rig import NO, RATED, Rig

CONTRACT_W = 110_000  # 80 x 1375 W
BY = {"p": "phase", "a": "point", "w": "window", "t": "terminal", "m": "moment"}

# alias, values that are beyond, just not beyond, not yet recovered, recovered
CASES = (
    ("voltage_loss", {"n1": 1715}, {"n1": 1716}, {"n1": 1870}, {"n1": 1873}),
    ("under_voltage", {"n1": 1715}, {"n1": 1716}, {"n1": 1760}, {"n1": 1763}),
    ("over_voltage", {"n1": 2643}, {"n1": 2640}, {"n1": 2596}, {"n1": 2595}),
    ("phase_loss", {"n1": 1319, "n4": 24}, {"n1": 1320, "n4": 24}, {"n1": 1430}, {"n1": 1433}),
    ("phase_loss", {"n1": 1319, "n4": 24}, {"n1": 1319, "n4": 25}, {"n1": 1300}, {"n4": 25}),
    (
        "all_voltage_loss",
        {"n1": 1319, "n2": 1319, "n3": 0},
        {"n1": 1320, "n2": 1319, "n3": 0},
        {"n1": 1430},
        {"n1": 1433},
    ),
    ("current_loss", {"n4": 24}, {"n4": 25}, {"n4": 150}, {"n4": 155}),
    ("current_loss", {"n4": 24}, {"n4": 24, "n1": 1540}, {"n1": 1543}, {"n1": 1540}),
    ("current_break", {"n4": 24}, {"n4": 25}, {"n4": 150}, {"n4": 155}),
    ("current_break", {"n4": 24}, {"n4": 24, "n1": 1320}, {"n1": 1323}, {"n1": 1320}),
    ("over_current", {"n4": 6005}, {"n4": 6000}, {"n4": 5750}, {"n4": 5745}),
    ("current_unbalance", {"n4": 1395}, {"n4": 1400}, {"n4": 1500}, {"n4": 1505}),
    ("serious_current_unbalance", {"n4": 195}, {"n4": 200}, {"n4": 300}, {"n4": 305}),
    ("voltage_unbalance", {"n1": 1535}, {"n1": 1540}, {"n1": 1650}, {"n1": 1653}),
    ("reverse_power", {"n9": -66}, {"n9": -55}, {"n9": -11}, {"n9": 0}),
    ("apparent_power_high", {"n16": 33033}, {"n16": 33000}, {"n16": 31350}, {"n16": 31330}),
    ("overload", {"n16": 39633}, {"n16": 39600}, {"n16": 37950}, {"n16": 37940}),
    ("contract_power", {"n8": 13764}, {"n8": 13750}, {"n8": 13063}, {"n8": 13060}),
    ("demand", {"n35": 14452}, {"n35": 14437}, {"n35": 13750}, {"n35": 13749}),
    ("power_factor_low", {"n20": -299}, {"n20": 300}, {"n20": 350}, {"n20": 351}),
    ("voltage_harmonics", {"n28": 501}, {"n28": 500}, {"n28": 450}, {"n28": 449}),
    ("current_harmonics", {"n31": 2001}, {"n31": 2000}, {"n31": 1800}, {"n31": 1799}),
    ("neutral_current", {"n7": 1005}, {"n7": 1000}, {"n7": 750}, {"n7": 745}),
    ("phase_sequence", {"n54": 2}, {"n54": 4}, {"n54": 1}, {"n54": 4}),
    ("phase_angle", {"n25": 2699}, {"n25": 2700}, {"n25": 850}, {"n25": -849}),
    ("tariff_sum", {"n321": 999_959}, {"n321": 999_960}, {"n321": 1_000_030}, {"n321": 1_000_029}),
    ("phase_sum", {"n9": 5734}, {"n9": 5720}, {"n9": 5456}, {"n9": 5455}),
    ("meter_battery", {"n48": 4}, {"n48": 2}, {"n48": 8}, {"n48": 32}),
)
NAMES = [f"{i}-{case[0]}" for i, case in enumerate(CASES)]
PHASES = {rule.alias for rule in RULES.values() if rule.by == "phase"}


@pytest.fixture
def rig():
    made = Rig(contract_w=CONTRACT_W)
    made.follow = False
    return made.run(10, n320=1_000_000, n321=1_000_000, n322=0, n323=0, n324=0)


def check_quiet(rig, alias):
    assert rig.told(alias) == []


@pytest.mark.parametrize(("alias", "bad", "near", "held", "good"), CASES, ids=NAMES)
def test_it_begins_after_its_delay_and_ends_behind_its_recovery(rig, alias, bad, near, held, good):
    rule = RULES[NO[alias]]
    rig.run(rule.delay_s - 4, **bad)
    check_quiet(rig, alias)
    rig.run(10)
    [(ended, begun)] = rig.told(alias)
    assert not ended
    assert begun["limit"] == rule.threshold
    assert begun["value"] < rule.threshold if rule.sense == "<" else begun["value"] > rule.threshold
    assert rule.delay_s <= begun["ago_s"] <= rule.delay_s + 2
    assert begun["metering_point"] == 1
    assert begun.get("phase") == (1 if alias in PHASES else None)
    rig.run(40, **held)
    assert len(rig.told(alias)) == 1
    rig.run(4, **good)
    [_, (ended, end)] = rig.told(alias)
    assert ended
    assert rule.delay_s + 40 <= end["lasted_s"] <= rule.delay_s + 54
    assert end.get("phase") == begun.get("phase")


@pytest.mark.parametrize(("alias", "bad", "near", "held", "good"), CASES, ids=NAMES)
def test_just_below_the_threshold_nothing_begins(rig, alias, bad, near, held, good):
    rig.run(RULES[NO[alias]].delay_s + 20, **near)
    check_quiet(rig, alias)


@pytest.mark.parametrize(("alias", "bad", "near", "held", "good"), CASES, ids=NAMES)
def test_what_is_missing_neither_begins_nor_ends_it(rig, alias, bad, near, held, good):
    delay_s = RULES[NO[alias]].delay_s
    gap = dict.fromkeys(list(bad) + (["n8", "n4"] if "n16" in bad else []))  # it has a substitute
    rig.run(delay_s - 10, **bad).run(20, **gap).run(delay_s - 10, **bad).run(20, **gap)
    check_quiet(rig, alias)
    rig.run(delay_s + 10, **bad).run(300, **gap)
    assert len(rig.told(alias)) == 1
    rig.run(10, **dict(bad, **good))
    assert [ended for ended, _ in rig.told(alias)] == [0, 1]


@pytest.mark.parametrize(("alias", "bad", "near", "held", "good"), CASES, ids=NAMES)
def test_settings_take_the_place_of_the_table(alias, bad, near, held, good):
    rule = RULES[NO[alias]]
    later = [rule.no, rule.threshold, rule.recovery, rule.delay_s + 100]
    for row in (later, [rule.no, rule.threshold, rule.recovery, rules.OFF]):
        rig = Rig(contract_w=CONTRACT_W, rules={1: [row]})
        rig.follow = False
        rig.run(10, n320=1_000_000, n321=1_000_000, n322=0, n323=0, n324=0)
        rig.run(rule.delay_s + 90, **bad)
        check_quiet(rig, alias)
    rig.settings.change(6, {1: [later]})  # switched on again
    rig.run(rule.delay_s + 110)
    assert len(rig.told(alias)) == 1
    rig.settings.change(6, {1: [[rule.no, 0, 0, rules.OFF]]})
    rig.run(4)
    assert [ended for ended, _ in rig.told(alias)] == [0, 1], "what is switched off does not stay open"


@pytest.mark.parametrize(("alias", "bad", "near", "held", "good"), CASES, ids=NAMES)
def test_what_comes_back_within_the_delay_starts_it_anew(rig, alias, bad, near, held, good):
    delay_s = RULES[NO[alias]].delay_s
    healthy = {name: rig.base[int(name[1:])] for name in bad}
    for _ in range(2):
        rig.run(delay_s - 10, **bad).run(4, **healthy)
    check_quiet(rig, alias)


def test_every_rule_of_the_engine_has_a_case_here_or_a_scene_of_its_own():
    scenes = {
        "meter_clock",
        "meter_stop",
        "meter_stop_current",
        "energy_deviation",
        "meter_fly_away",
        "reverse_energy",
        "group_difference",
        "read_failure",
        "traffic",
    }  # fmt: skip  (test_watch.py, test_watch_energy.py)
    judged = {rule.alias for rule in RULES.values() if rule.by != "moment"}
    assert judged == scenes | {case[0] for case in CASES}


def test_the_device_and_the_public_table_hold_the_same_rules():
    device = {row[0]: (row[1], BY[row[2]], *row[3:]) for row in rules.rows()}
    public = {
        no: (rule.code, rule.by, rule.sense, rule.threshold, rule.recovery, rule.delay_s)
        for no, rule in RULES.items()
    }
    assert device == public
    assert list(public) == list(range(1, 47))
    assert all(rule.code in EVENTS for rule in RULES.values() if rule.alias != "implausible")
    assert all(rule.zh and rule.en and rule.alias for rule in RULES.values())


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([[0, 1, 1, 1]], "unknown"),
        ([[47, 1, 1, 1]], "unknown"),
        ([[1, 780, 850, 60], [1, 780, 850, 60]], "twice"),
        ([[1, 780, 700, 60]], "recovery"),
        ([[3, 1200, 1300, 60]], "recovery"),
        ([[1, 780, 850, -2]], "delay_s"),
        ([[1, 780, 850, 700_000]], "delay_s"),
        ([[1, "a", 850, 60]], "number"),
        ([[True, 780, 850, 60]], "number"),
        ([[1, 1 << 40, 1 << 40, 60]], "number"),
        ([[1, None, [], {}]], "number"),
    ],
)
def test_rows_that_make_no_sense_are_refused(rows, why):
    assert why in rules.wrong({"rules": rows})


def test_the_defaults_pass_their_own_check():
    rows = [[r.no, r.threshold, r.recovery, r.delay_s] for r in RULES.values()]
    for at in range(0, len(rows), 16):
        assert rules.wrong({"rules": rows[at : at + 16]}) == ""


def test_without_rated_values_the_rules_of_ratios_are_silent():
    rig = Rig(rated=(0, 0, 4, 0)).run(4000, n1=0, n4=0, n9=-5000, n16=99_999)
    aliases = {RULES[fields["kind"]].alias for _name, fields in rig.events}
    assert aliases <= {"phase_sum"}


def test_in_three_wires_the_middle_phase_is_not_judged():
    rig = Rig(rated=(1000, 5000, 3, *RATED[3:]))
    rig.run(200, n1=1000, n2=0, n3=1000, n5=0, n10=0, n9=6600, n11=6600)
    assert rig.events == []
    rig.run(200, n3=700)
    assert {fields.get("phase") for _name, fields in rig.events if "phase" in fields} == {4}


def test_phase_events_end_when_all_voltages_are_gone(rig):
    rig.run(100, n1=1500)
    assert [ended for ended, _ in rig.told("voltage_loss")] == [0]
    rig.run(50, n1=0, n2=0, n3=0)
    assert [ended for ended, _ in rig.told("voltage_loss")] == [0], "it may pass within the delay"
    rig.run(50)
    assert [ended for ended, _ in rig.told("voltage_loss")] == [0, 1]
    assert [ended for ended, _ in rig.told("all_voltage_loss")] == [0]
    assert not [1 for ended, fields in rig.told("voltage_loss") if fields["phase"] != 1]


@pytest.mark.parametrize("alias", ["current_loss", "current_break"])
@pytest.mark.parametrize("night", [(0, 0, 0), (20, 20, 20), (0, 0, 250)])
def test_a_night_without_load_breaks_no_circuit(rig, alias, night):
    """Also with one small load on one phase: 5 % of the rated current is none yet."""
    values = {f"n{4 + phase}": current for phase, current in enumerate(night)}
    rig.run(3600, **values)
    check_quiet(rig, alias)
    rig.run(80, n6=255)
    assert [f["phase"] for _ended, f in rig.told(alias)] == ([1, 2])
    rig.run(80, n6=0)
    assert [ended for ended, _f in rig.told(alias)] == [0, 0, 1, 1]
