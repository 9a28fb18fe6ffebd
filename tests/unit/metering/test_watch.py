"""Rules that look at clocks and changes; turns, gaps, exclusion, clock jumps."""

import pytest

from tests.unit.metering.watch_rig import NO, RATED, Point, Rig, steps


def test_a_healthy_meter_tells_nothing():
    day = [NO["reverse_energy"], 10, 10, 7200]
    rig = Rig(contract_w=200_000, rules={1: [day]}).run(20_000)
    assert rig.events == []


# ---- clocks


@pytest.mark.parametrize(("off_s", "told"), [(300, []), (-299, []), (320, [0]), (-320, [0])])
def test_a_meter_clock_that_is_off_by_more_than_five_minutes(off_s, told):
    rig = Rig()
    for _ in range(5):
        rig.run(1, n56=rig.clock.now_s() + rig.offset_s + off_s)
    assert steps(rig, "meter_clock") == told
    for _ in range(5):
        rig.run(1, n56=rig.clock.now_s() + rig.offset_s + 30)
    assert steps(rig, "meter_clock") == ([0, 1] if told else [])


def test_an_unset_clock_judges_no_meter():
    rig = Rig()
    rig.clock.ok = False
    rig.run(20, n56=0)
    assert rig.events == []


def test_a_jump_of_the_clock_begins_and_ends_nothing():
    rig = Rig().run(100).run(50, n1=1500)
    for jump_ms in (86_400_000, -900_000_000):
        rig.clock.set_ms(rig.clock.now_ms() + jump_ms)
        rig.run(2)
    assert rig.told("voltage_loss") == []
    rig.run(20)
    assert steps(rig, "voltage_loss") == [0]
    rig.clock.set_ms(0)
    rig.run(20)
    rig.run(5, n1=2200)
    [_, (_, end)] = rig.told("voltage_loss")
    assert 90 <= end["lasted_s"] <= 105


def test_looks_that_are_far_apart_do_not_belong_together():
    rig = Rig().run(100)
    rig.follow = False
    rig.run(20, n1=1500)
    for _ in range(5):
        rig.clock.advance(900_000)  # the task stood still
        rig.run(20, n320=10_000_000)
    assert rig.told("voltage_loss") == []
    assert rig.told("meter_stop") == []
    rig.clock.advance(800_000)
    rig.run(200, n320=20_000_000)
    assert rig.told("energy_deviation") == []


# ---- changes told at the moment


def test_a_status_word_that_changes_is_told_bit_by_bit():
    rig = Rig().run(10, n50=0b10).run(10, n50=0b110000)
    [(_, fields)] = rig.told("status_word")
    assert (fields["slot"], fields["before"], fields["value"], fields["changed"]) == (3, 2, 48, 50)
    rig.run(90, n50=None).run(10, n50=48)
    assert len(rig.told("status_word")) == 1


@pytest.mark.parametrize(
    ("no", "alias", "name"),
    [
        (3200, "programming", "meter_parameters_changed"),
        (3201, "meter_clear", "meter_parameters_changed"),
        (3202, "demand_clear", "meter_parameters_changed"),
        (3203, "event_clear", "meter_parameters_changed"),
        (3204, "clock_setting", "meter_parameters_changed"),
        (3213, "cover_open", "meter_cover_open"),
        (3214, "terminal_cover_open", "meter_terminal_cover_open"),
    ],
)
def test_a_count_that_rises_tells_what_was_done_to_the_meter(no, alias, name):
    rig = Rig().run(10, **{f"n{no}": 4}).run(10, **{f"n{no}": 4}).run(10, **{f"n{no}": 6})
    assert [event[0] for event in rig.events] == [name]
    [(_, fields)] = rig.told(alias)
    assert (fields["before"], fields["value"], fields["metering_point"]) == (4, 6, 1)
    rig.run(10, **{f"n{no}": 1})
    assert len(rig.events) == 1


def test_status_inputs_are_told_once_they_have_stood():
    rig = Rig()
    for mask in (None, 1, 1, 3, 1, 1, 2, 2, 2, None, 2):
        rig.watch.inputs(mask)
    [(_, fields)] = rig.told("input")
    assert (fields["inputs"], fields["changed"]) == (2, 3)


def test_refused_messages_are_told_when_there_are_more():
    rig = Rig()
    for count in (3, 3, 5, 5):
        rig.watch.refused(count)
    [(_, fields)] = rig.told("authentication")
    assert (fields["before"], fields["value"]) == (3, 5)


def test_traffic_is_told_once_a_month():
    rig = Rig(metering={6: 1 << 20})
    rig.watch.traffic(1 << 20)
    rig.run(4)
    assert rig.events == []
    rig.watch.traffic((1 << 20) + 5000)
    rig.run(20)
    [(_, fields)] = rig.told("traffic")
    assert fields["limit"] == 1024
    rig.watch.traffic(100)
    rig.run(4)
    assert steps(rig, "traffic") == [0, 1]
    rig.settings.change(3, {6: 0})
    rig.watch.traffic(1 << 40)
    rig.run(4)
    assert len(rig.events) == 2


# ---- read failure


def test_a_silent_meter_is_told_and_its_recovery_too():
    rig = Rig(count=2)
    rig.points.points[1].silent_s = 59
    rig.run(6)
    assert rig.events == []
    rig.points.points[1].silent_s = 60
    rig.run(6)
    rig.points.points[1].silent_s = 10
    rig.run(6)
    assert [event[0] for event in rig.events] == ["meter_read_failed"]
    rig.points.points[1].silent_s = 0
    rig.run(6)
    assert [event[0] for event in rig.events] == ["meter_read_failed", "meter_read_recovered"]
    assert all(fields["metering_point"] == 2 for _name, fields in rig.events)


def test_pulses_may_be_silent():
    rig = Rig()
    rig.points.points[0].kind = 2
    rig.points.points[0].silent_s = 9999
    assert rig.run(10).events == []


# ---- filters and turns


def test_power_that_cannot_be_true_judges_nothing_and_is_counted():
    rig = Rig(contract_w=100_000).run(10)
    rig.run(200, n8=37_510, n1=0)  # 300.08 kW
    assert rig.events == []
    assert rig.watch.dropped >= 90
    rig.run(200, n8=37_500)
    assert rig.told("phase_loss") == []
    assert steps(rig, "under_voltage") == [0]


def test_the_filter_can_be_switched_off():
    rig = Rig(contract_w=100_000, rules={1: [[NO["implausible"], 3000, 0, -1]]}).run(200, n8=99_999, n1=0)
    assert rig.watch.dropped == 0
    assert steps(rig, "under_voltage") == [0]


def test_fly_away_keeps_its_window_when_deviation_is_switched_off():
    rig = Rig(rules={1: [[NO["energy_deviation"], 2000, 2000, -1]]}).run(10)
    rig.follow = False
    for second in range(0, 1900, 2):
        rig.run(2, n320=20_000_000 + second * 8000 // 3600)
    assert steps(rig, "meter_fly_away") == [0]
    assert rig.told("energy_deviation") == []


def test_only_the_main_point_is_held_against_the_contract():
    rig = Rig(count=2, contract_w=100_000).run(2000, n8=13_000)
    assert {fields["metering_point"] for fields in [f for _, f in rig.told("contract_power")]} == {1}


def test_eight_points_are_judged_in_turn():
    rig = Rig(count=8).run(100, n1=1500)
    assert sorted(fields["metering_point"] for _, fields in rig.told("voltage_loss")) == list(range(1, 9))


def test_a_point_that_is_there_no_more_leaves_nothing_open():
    rig = Rig(count=2).run(100, n1=1500)
    assert steps(rig, "voltage_loss") == [0, 0]
    gone = rig.points.points.pop()
    rig.run(4)
    ends = [fields for ended, fields in rig.told("voltage_loss") if ended]
    assert [end["metering_point"] for end in ends] == [gone.no]
    rig.points.points.append(Point(rig.clock, gone.no, RATED))
    rig.run(100)
    assert steps(rig, "voltage_loss") == [0, 0, 1, 0]


def test_an_exclusion_starts_a_running_delay_anew():
    rig = Rig().run(40, n1=1500)
    rig.watch.exclude(1, 10)
    rig.run(62)
    assert rig.events == []
    rig.run(20)
    assert steps(rig, "voltage_loss") == [0]


def test_an_outage_that_is_planned_begins_and_ends_nothing():
    rig = Rig(count=2).run(100, n2=1500)
    rig.watch.exclude(0, 600)
    rig.run(590, n1=0, n2=2200)
    assert len(rig.events) == len([1 for _, fields in rig.events if not fields.get("ended")])
    assert {fields.get("phase") for _, fields in rig.told("voltage_loss")} == {2}
    rig.run(20, n1=2200)
    assert steps(rig, "voltage_loss") == [0, 0, 1, 1]


def test_values_that_are_no_numbers_are_missing():
    rig = Rig().run(10)
    rig.run(100, **{f"n{no}": "?" for no in [*list(rig.base), 320, 56]})
    assert rig.events == []


def test_apparent_power_is_made_of_what_there_is():
    rig = Rig().run(910, n16=None, n8=24_000, n12=25_000)
    [(_, fields)] = rig.told("apparent_power_high")
    assert fields["value"] == 1050  # 3.4655 of 3.3 kVA
    rig = Rig().run(910, n16=None, n12=None, n4=6000, n5=6000, n6=6000)
    assert rig.told("apparent_power_high")[0][1]["value"] == 1200


def test_the_neutral_of_unequal_phases_is_expected():
    rig = Rig().run(100, n4=4000, n5=2000, n6=2000, n7=2000)
    assert rig.told("neutral_current") == []
    rig.run(100, n7=4500)
    assert len(rig.told("neutral_current")) == 1
