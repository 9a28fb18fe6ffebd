"""The transformer by AC sampling and by the gate meter; the mains that go."""

from firmware.area.archive import GATE, Archive
from tests.unit.area.meters import row
from tests.unit.collect_watch.area_rig import Rig

CALM = {1: 2200, 2: 2200, 3: 2200, 4: 100_000, 5: 100_000, 6: 100_000}
HOLDS_S = 900


def sampled(rig, **limits):
    area = rig(2, transformer_va=100_000, unread_s=864000, **limits)
    area.board.sampled = dict(CALM)
    return area


def test_a_calm_transformer_says_nothing(rig):
    area = sampled(rig)
    area.run(3000)
    assert area.told == []


def test_an_overload_is_told_after_it_has_held_and_ends_once(rig):
    area = sampled(rig)
    area.board.sampled.update({4: 160_000, 5: 160_000, 6: 160_000})
    area.run(HOLDS_S)
    assert area.told == []
    area.run(2)
    begun = area.named("overload")
    assert [(each["value"], each["limit"], each["ago_s"]) for each in begun] == [(1056, 1000, HOLDS_S)]
    area.run(3000)
    area.board.sampled.update({4: 150_000, 5: 150_000, 6: 150_000})  # below, but not by its slack
    area.run(60)
    assert len(area.named("overload")) == 1
    area.board.sampled.update(CALM)
    area.run(60)
    assert [each.get("ended") for each in area.named("overload")] == [None, 1]
    assert len(area.told) == 2


def test_currents_that_differ_are_told(rig):
    area = sampled(rig)
    area.board.sampled.update({4: 200_000, 5: 50_000, 6: 50_000})
    area.run(HOLDS_S + 2)
    assert [(each["kind"], each["value"]) for each in area.named("unbalance_over")] == [(9, 1000)]


def test_small_currents_may_differ(rig):
    area = sampled(rig)
    area.board.sampled.update({4: 600, 5: 0, 6: 0})
    area.run(HOLDS_S + 2)
    assert area.told == []


def test_each_phase_has_its_voltage_limits(rig):
    area = sampled(rig)
    area.board.sampled.update({1: 2355, 3: 2045})
    area.run(HOLDS_S + 2)
    told = {
        (each["kind"], each["phase"], each["value"], each["limit"]) for each in area.named("voltage_limit")
    }
    assert told == {(3, 1, 2355, 2354), (2, 4, 2045, 2046)}


def test_a_limit_reached_is_not_passed(rig):
    area = sampled(rig)
    area.board.sampled.update({1: 2354, 3: 2046})
    area.run(HOLDS_S + 2)
    assert area.told == []


def test_a_missing_sample_starts_the_delay_anew_and_ends_nothing(rig):
    area = sampled(rig)
    area.board.sampled[1] = 2400
    area.run(HOLDS_S - 10)
    area.board.sampled = None
    area.run(120)
    area.board.sampled = dict(CALM)
    area.board.sampled[1] = 2400
    area.run(HOLDS_S - 10)
    assert area.told == []
    area.run(20)
    area.board.sampled = None
    area.run(600)
    assert len(area.told) == 1


def test_a_missing_phase_ends_nothing(rig):
    area = sampled(rig)
    area.board.sampled[1] = 2400
    area.run(HOLDS_S + 2)
    del area.board.sampled[1]
    area.run(60)
    assert len(area.told) == 1


def test_what_was_told_is_not_told_again_after_a_restart(rig):
    area = sampled(rig)
    area.board.sampled[1] = 2400
    area.run(HOLDS_S + 400)
    area.start()
    area.run(2 * HOLDS_S)
    assert len(area.told) == 1
    area.board.sampled = dict(CALM)
    area.run(2)
    assert area.told[1][1]["ended"] == 1


def test_the_gate_meter_stands_in_for_a_board_that_samples_nothing(tmp_path):
    gate = bytearray(row(9, flags=GATE, phase=4))
    gate[10:12] = b"\x64\x00"  # multiplier 100
    area = Rig(tmp_path, archive=Archive(row(1) + bytes(gate)), transformer_va=100_000, unread_s=864000)
    for _ in range(3):
        area.watch.seen(2, 3, {1: 2200, 2: 2200, 3: 2200, 4: 1600, 5: 1600, 6: 1600}, 0, 3, 0)
        area.status(2, w1=0)  # shows no voltage: no missing one
        area.run(900)
    assert [(each["value"], each["metering_point"]) for each in area.named("overload")] == [(1056, 2)]


def test_a_household_s_voltage_is_not_the_transformer_s(rig):
    area = rig(2, holds_s=0)
    area.watch.seen(1, 3, {1: 1500, 4: 0}, 0, 3, 0)
    assert area.told == []


# ---- the mains


def test_the_last_gasp_is_told_once_and_keeps_what_was_told(rig):
    area = rig(unread_s=864000, stop_days=2)
    for day, wh in enumerate((1000, 9000, 9000, 9000)):
        area.freeze(2, wh, day)
    area.board.failing = True
    area.run(5)
    assert len(area.named("power_down")) == 1
    area.board.failing = False
    area.start()  # the power is gone and back; nothing was saved but by the last gasp
    for day in (4, 5):
        area.freeze(2, 9000, day)
    assert len(area.named("meter_stop")) == 1


def test_mains_that_come_back_in_time_end_it(rig):
    area = rig(unread_s=864000)
    area.board.failing = True
    area.run(5)
    area.board.failing = False
    area.run(5)
    assert [each.get("ended") for each in area.named("power_down")] == [None, 1]
    assert area.named("power_down")[1]["lasted_s"] == 5


def test_voltages_of_the_moment_the_mains_go_are_not_judged(rig):
    area = sampled(rig, holds_s=0)
    area.board.failing = True
    area.board.sampled.update({1: 0, 2: 0, 3: 0})
    area.run(30)
    assert [name for name, _fields in area.told] == ["power_down"]


def test_a_damaged_file_is_counted_and_begun_anew(rig, tmp_path):
    area = rig()
    area.board.failing = True
    area.run(1)
    name = next((tmp_path / "watch").glob("*.p1"))
    data = bytearray(name.read_bytes())
    data[500] ^= 1
    name.write_bytes(data)
    area.start()
    assert area.watch.faults == 1


def test_a_flash_that_refuses_is_counted(rig, tmp_path):
    area = rig()
    (tmp_path / "watch").write_text("no folder")
    area.board.failing = True
    area.run(1)
    assert area.watch.faults == 1
