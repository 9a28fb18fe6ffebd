"""Pulse inputs and AC sampling as metering points; what flash keeps of them, also when it refuses or lies."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.metering import wiring
from firmware.metering.points import SAVE_S
from tests.unit.metering.line_rig import Kv, Rig, row

PULSE, AC = row(2, 2, 3, multiplier=40, constant=1000), row(3, 3, 1, multiplier=100)
MEMBERS = [[1, 2, 1, 0], [1, 3, 1, 0], [2, 3, 1, 1]]


def ticks(rig, seconds):
    for _ in range(seconds):
        rig.clock.advance(1000)
        rig.points.tick()
        rig.points.keep()


def test_pulses_make_power_and_energy():
    rig = Rig([PULSE])
    for _ in range(100):
        rig.board.inputs.pulses(3, 1)  # 160 ms each
        rig.board.inputs.pulses(4, 2)  # another input
        rig.points.tick()
    point = rig.points.main
    assert (point.no, point.kind, point.profile, point.meter) == (2, 2, None, None)
    assert point.energy_wh() == 100 * 40
    assert point.power_w() == 1000 * 3600 // 480 * 40
    assert point.silent_s == 0
    assert rig.points.trace == []


def test_an_ac_sample_makes_all_values_and_its_loss_none():
    rig = Rig([AC])
    point = rig.points.main
    rig.sample({8: 36000, 1: 2200, 4: 1500})
    ticks(rig, 11)
    assert (point.power_w(), point.energy_wh(), point.energy_wh(1)) == (360000, 1000, 0)
    assert point.latest.get(4) == 1500
    rig.sample(None)
    ticks(rig, 15)
    assert (point.power_w(), point.energy_wh()) == (None, None)
    assert point.silent_s == 5


def test_groups_add_sources_and_wait_for_all_of_them():
    rig = Rig([PULSE, AC], MEMBERS)
    ticks(rig, 1)
    assert rig.points.groups() == ((None, None), (None, None))
    rig.sample({8: -100})
    ticks(rig, 3601)
    assert rig.points.groups()[0] == (-1000, 0)
    assert rig.points.groups()[1] == (1000, 1000), "ten watts out for an hour, times 100"


def test_totals_survive_a_power_cut_and_lose_at_most_one_interval():
    rig = Rig([PULSE, AC])
    rig.sample({8: 36000})
    for _ in range(3):
        rig.board.inputs.pulses(3, 50)
        ticks(rig, SAVE_S)
    counted = rig.points.by_no(2).energy_wh()
    rig.board.inputs.pulses(3, 7)
    ticks(rig, 1)
    again = rig.again()
    ticks(again, 1)
    assert 0 <= rig.points.by_no(2).energy_wh() - again.points.by_no(2).energy_wh() <= 57 * 40
    assert again.points.by_no(2).energy_wh() >= counted - 50 * 40
    again.sample({8: 0})
    ticks(again, 1)
    assert 0 <= rig.points.by_no(3).energy_wh() - again.points.by_no(3).energy_wh() <= (SAVE_S + 2) * 100


def test_the_wear_of_the_flash_is_bounded():
    rig = Rig([PULSE, AC])
    rig.sample({8: 36000})
    puts = rig.kv.puts
    for _ in range(12 * SAVE_S):
        rig.board.inputs.pulses(3, 1)
        ticks(rig, 1)
    assert rig.kv.puts - puts == 12
    rig.sample({8: 0})
    ticks(rig, 2 * SAVE_S)
    puts = rig.kv.puts
    ticks(rig, 10 * SAVE_S)
    assert rig.kv.puts == puts, "what has not changed is not written"


def test_a_flash_that_refuses_is_counted_and_asked_again():
    rig = Rig([PULSE])
    rig.kv.refuse = True
    rig.board.inputs.pulses(3, 20)
    ticks(rig, 2 * SAVE_S)
    assert rig.points.store_errors == 2
    assert rig.points.main.energy_wh() == 20 * 40
    rig.kv.refuse = False
    ticks(rig, SAVE_S)
    assert rig.again().points.kept[2][2] == 20


def test_another_row_keeps_the_count_of_a_point():
    rig = Rig([PULSE])
    rig.board.inputs.pulses(3, 20)
    ticks(rig, 1)
    assert rig.set(8, [row(2, 2, 4, multiplier=40, constant=500)]) == 0
    ticks(rig, 1)
    assert rig.points.main.energy_wh() == 20 * 40
    rig.board.inputs.pulses(4, 5)
    ticks(rig, 1)
    assert rig.points.main.energy_wh() == 30 * 40


def test_another_kind_of_source_counts_on_its_own():
    rig = Rig([PULSE])
    rig.board.inputs.pulses(3, 20)
    ticks(rig, 1)
    rig.sample({8: 0})
    assert rig.set(8, [row(2, 3)]) == 0
    ticks(rig, 1)
    assert rig.points.main.energy_wh() == 0


def test_a_change_of_meter_is_for_meters():
    rig = Rig([PULSE])
    assert rig.points.change_meter({"metering_point": 2, "old_wh": 1, "new_wh": 1})[0] == 30


def test_events_wait_bounded():
    rig = Rig([PULSE])
    for n in range(100):
        rig.points.tell("meter_fault", {"metering_point": n})
    assert len(rig.points.events) == 16
    assert rig.points.events[-1][1] == {"metering_point": 99}


def test_capacity_is_that_of_voltage_and_current():
    assert wiring.rated(row(1)) == (2200, 5000, 4, 3300)
    assert wiring.rated([1, 1, 1, "", 0, 0, 1, 1000, 5000, 3, 0, 0]) == (1000, 5000, 3, 866)
    assert wiring.rated([1, 1, 1, "", 0, 0, 1, 2200, 5000, 4, 0, 9]) == (2200, 5000, 4, 9)


def test_more_profiles_come_with_the_identity():
    identity = {"meter": {"profile": _document()}, "profiles": [_document(), _document()]}
    assert len(wiring.profiles(identity)) == 3
    assert identity == {"meter": {}}


def _document():
    from tests.unit.metering.line_rig import document

    return document()


GOOD = [[1, 1, 5, 0, None, None, None, 0, None, None], [2, 2, 3, 1000, 0], [3, 3, 1, 2, 3, 4]]
JUNK = {
    "a text": "x",
    "a number": 5,
    "no rows": [5, "x", None],
    "short": [[1, 1], [2, 2, 3], [3]],
    "a kind": [[1, 9, 5, 0]],
    "no offset": [[1, 1, 5, None, None, None, None, 0, None, None]],
    "half a break": [[1, 1, 5, 0, 7, None, None, 0, None, None]],
    "constant 0": [[2, 2, 3, 0, 0]],
    "negative": [[2, 2, -3, 1000, 0], [3, 3, 1, 2, -3, 4]],
    "texts": [[1, 1, "5", 0, None, None, None, 0, None, None]],
    "booleans": [[2, 2, True, 1000, 0]],
    "point 9": [[9, 2, 3, 1000, 0]],
}


def test_what_flash_kept_is_taken():
    assert wiring.kept(GOOD) == {1: GOOD[0], 2: GOOD[1], 3: GOOD[2]}
    assert wiring.kept(None) == {}


@pytest.mark.parametrize("what", JUNK)
def test_what_flash_cannot_have_kept_is_left_out(what):
    kv = Kv()
    kv.put({"totals": JUNK[what]})
    rig = Rig([PULSE, AC], kv=kv)
    rig.sample({8: 1})
    ticks(rig, 1)
    assert rig.points.by_no(2).energy_wh() == 0


_junk = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**10) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=12),
    max_leaves=30,
)


@given(_junk)
def test_any_value_of_flash_is_usable(kept):
    kv = Kv()
    kv.put({"totals": kept})
    rig = Rig([row(1), PULSE, AC], kv=kv)
    ticks(rig, 1)
    rig.points.save()
    assert rig.points.store_errors == 0


@given(st.lists(st.lists(_junk, min_size=12, max_size=12), max_size=3))
def test_any_rows_are_refused_or_usable(rows):
    rig = Rig([row(1)])
    values = {"points": rows}
    if rig.points.check(values) == "" and rows:
        rig.points._wire(values)
        ticks(rig, 1)


def test_a_source_that_fails_stops_no_other():
    rig = Rig([AC, PULSE])
    rig.board.ac = lambda: {8: None, "x": []}[9]
    rig.board.inputs.pulses(3, 5)
    with pytest.raises(KeyError):
        ticks(rig, 1)
    assert rig.points.by_no(2).energy_wh() == 5 * 40
    assert rig.points.groups() == ((rig.points.by_no(2).power_w(), 200),)


def test_a_text_in_place_of_a_power_is_no_reading():
    rig = Rig([AC])
    rig.sample({8: "much", 320: "more"})
    rig.points.main.latest.put({8: "much", 320: "more"})
    assert rig.points.groups() == ((None, None),)


def test_what_a_rewiring_needs_leaves_again_and_comes_once():
    rig = Rig([AC])
    parts = {n: sys.modules[n] for n in sys.modules if n.startswith("firmware.metering.")}
    visitor = parts.pop("firmware.metering.wiring")
    del sys.modules["firmware.metering.wiring"]
    try:
        rig.points._wire({"points": [PULSE]})
        rig.points._group({"members": []})
        rig.points.change_meter({"metering_point": 9, "old_wh": 0, "new_wh": 0})
        assert "firmware.metering.wiring" not in sys.modules
        assert {n: sys.modules[n] for n in parts} == parts
    finally:
        sys.modules["firmware.metering.wiring"] = visitor
