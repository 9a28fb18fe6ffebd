"""Status words, covers, totals of meters: changes told at the moment, states told at begin and end."""

import pytest

from firmware.collect.burst import HOUR_S, MOST
from tests.unit.area.meters import row
from tests.unit.collect_watch.area_rig import Rig

DAY_WH = 9000


def test_a_word_that_changes_is_told_with_before_and_what_moved(rig):
    area = rig()
    area.status(3, w1=0, w3=0x0100)
    area.status(3, w1=4, w3=0x0100)
    fields = {"metering_point": 3, "kind": 34, "slot": 1, "value": 4, "before": 0, "changed": 4}
    assert area.told == [("status_word_changed", fields)]


@pytest.mark.parametrize(("word", "before", "after"), [("w1", 0, 0x30), ("w3", 0x10, 0x31)])
def test_directions_and_tables_of_time_move_by_themselves(rig, word, before, after):
    area = rig()
    area.status(3, **{word: before})
    area.status(3, **{word: after})
    assert area.told == []


def test_a_switch_that_opened_is_a_change(rig):
    area = rig()
    area.status(3, w3=0)
    area.status(3, w3=0x50)
    assert [(fields["slot"], fields["changed"]) for fields in area.named("status_word_changed")] == [
        (3, 0x50)
    ]


def test_words_are_compared_over_a_restart(rig):
    area = rig()
    area.status(3, w7=0)
    area.run(3700)
    area.start()
    area.status(3, w7=1)
    assert [fields["slot"] for fields in area.named("status_word_changed")] == [7]


def test_a_cover_opened_is_told_with_its_count(rig):
    area = rig()
    for count in (300, 300, 302, 302):
        area.covers(5, count)
    assert area.told == [("meter_cover_open", {"metering_point": 5, "kind": 40, "value": 302, "before": 300})]


def test_a_thousand_changes_at_once_are_few_events_and_a_number(rig):
    area = rig(1000)
    for word in (0, 4):
        for meter in range(1, 1001):
            area.status(meter, w1=word)
    assert len(area.told) == MOST
    area.run(HOUR_S + 1)
    assert area.told[MOST:] == [("status_word_changed", {"repeats": 1000 - MOST})]


# ---- totals


def test_a_total_that_falls_is_told_and_the_next_day_is_judged_from_there(rig):
    area = rig()
    for day, wh in enumerate((500_000, 490_000, 495_000)):
        area.freeze(2, wh, day)
    fallen = {"metering_point": 2, "kind": 26, "value": 490_000, "before": 500_000}
    assert area.told == [("register_decrease", fallen)]


def test_one_step_of_the_register_is_no_fall(rig):
    area = rig()
    area.freeze(2, 500_000, 0)
    area.freeze(2, 499_990, 1)
    assert area.told == []


def test_a_register_that_begins_again_has_not_fallen(rig):
    area = rig()
    area.freeze(2, 999_995_000, 0)
    area.freeze(2, 4_000, 1)
    assert area.told == []


def test_a_freeze_of_an_earlier_day_is_no_fall(rig):
    area = rig()
    area.freeze(2, 500_000, 3)
    area.freeze(2, 480_000, 1)
    area.freeze(2, 510_000, 4)
    assert area.told == []


def test_a_total_falls_over_a_restart_too(rig):
    area = rig()
    area.freeze(2, 500_000, 0)
    area.run(3700)
    area.start()
    area.freeze(2, 100, 1)
    assert len(area.named("register_decrease")) == 1


def test_a_total_that_flies_away_begins_and_ends(rig):
    area = rig()
    most = 5 * 316_800
    for day, wh in enumerate((0, most, 2 * most + 1, 3 * most + 2, 3 * most + 5000)):
        area.freeze(2, wh, day)
    begun, ended = area.named("meter_fly_away")
    assert (begun["value"], begun["limit"], begun.get("ended")) == (most + 1, most, None)
    assert (ended["ended"], ended["lasted_s"]) == (1, 86400)


def test_three_phases_may_use_three_times_as_much(tmp_path):
    from firmware.area.archive import Archive

    area = Rig(tmp_path, archive=Archive(row(1, phase=4) + row(2, phase=1)))
    for meter in (1, 2):
        area.freeze(meter, 0, 0)
        area.freeze(meter, 6 * 316_800, 1)
    assert [fields["metering_point"] for fields in area.named("meter_fly_away")] == [2]


def test_days_that_are_missing_are_counted(rig):
    area = rig()
    area.freeze(2, 0, 0)
    area.freeze(2, 3 * 5 * 316_800, 3)
    assert area.told == []


def stand(area, days, meter=2, start=0):
    for day in range(start, start + days):
        area.freeze(meter, 1000 + DAY_WH, day)


def test_a_total_that_stands_is_told_once_and_ends_once(rig):
    area = rig(stop_days=7)
    area.freeze(2, 1000, 0)
    stand(area, 8, start=1)
    assert [fields["value"] for fields in area.named("meter_stop")] == [0]
    stand(area, 30, start=9)
    assert len(area.named("meter_stop")) == 1
    area.freeze(2, 99_000, 39)
    ended = area.named("meter_stop")[1]
    assert (ended["ended"], ended["lasted_s"]) == (1, 37 * 86400)


def test_a_day_too_few_is_no_stop(rig):
    area = rig(stop_days=7)
    area.freeze(2, 1000, 0)
    stand(area, 7, start=1)
    assert area.told == []


def test_a_meter_that_never_used_does_not_stand(rig):
    area = rig(stop_days=2)
    stand(area, 30)
    assert area.told == []


def test_a_meter_that_is_cut_off_may_stand(rig):
    area = rig(stop_days=2)
    area.freeze(2, 1000, 0)
    area.freeze(2, 2000, 1)
    area.status(2, w3=0x50)
    stand(area, 30, start=2)
    assert area.named("meter_stop") == []


def test_a_meter_that_stands_is_not_told_again_after_a_restart(rig):
    area = rig(stop_days=2)
    area.freeze(2, 1000, 0)
    stand(area, 5, start=1)
    area.run(400)
    area.start()
    stand(area, 5, start=6)
    assert len(area.named("meter_stop")) == 1


def test_what_the_hour_had_no_room_for_begins_at_the_next_look(rig):
    area = rig(40, stop_days=2)
    for meter in range(1, 41):
        area.freeze(meter, 1000, 0)
        stand(area, 3, meter, 1)
    assert len(area.named("meter_stop")) == MOST
    area.run(HOUR_S + 1)
    for meter in range(1, 41):
        stand(area, 1, meter, 4)
    named = [fields["metering_point"] for fields in area.named("meter_stop") if "metering_point" in fields]
    assert sorted(named) == list(range(1, 41))


def test_ends_are_told_however_many_they_are(rig):
    area = rig(MOST, stop_days=2)
    for meter in range(1, MOST + 1):
        area.freeze(meter, 1000, 0)
        stand(area, 3, meter, 1)
        area.freeze(meter, 99_000, 4)
    assert len([1 for each in area.named("meter_stop") if each.get("ended")]) == MOST


def test_another_meter_in_the_row_is_not_compared(rig):
    area = rig()
    area.freeze(2, 500_000, 0)
    area.status(2, w1=0)
    area.watch.reload(2, 1)
    area.freeze(2, 100, 1)
    area.status(2, w1=4)
    assert area.told == []
