"""Meters that fall silent and come back: each told once, many at once told as one."""

from firmware.collect.silence import GATHER_S

HOUR_S = 3600
ALL = range(1, 21)


def test_a_silent_meter_is_told_once_and_recovers_once(rig):
    area = rig(unread_s=HOUR_S)
    living = [meter for meter in ALL if meter != 7]
    area.run(6 * HOUR_S, living)
    begun = area.named("meter_read_failed")
    assert [fields["metering_point"] for fields in begun] == [7]
    assert HOUR_S <= begun[0]["ago_s"] <= HOUR_S + GATHER_S + 120
    assert area.watch.unread() == 1
    area.status(7)
    area.status(7)
    ended = area.named("meter_read_recovered")
    assert [fields["metering_point"] for fields in ended] == [7]
    assert abs(ended[0]["lasted_s"] - 6 * HOUR_S) <= 60
    assert area.watch.unread() == 0


def test_a_meter_heard_in_time_is_never_told(rig):
    area = rig(unread_s=HOUR_S)
    area.run(12 * HOUR_S, ALL, HOUR_S - 60)
    assert area.told == []


def test_a_line_shorted_is_one_event_with_its_line_and_count(rig):
    area = rig(40, unread_s=HOUR_S)  # rows 1..20 on line 1
    living = range(21, 41)
    area.run(8 * HOUR_S, living)
    assert area.told == [("meter_read_failed", {"kind": 43, "limit": HOUR_S, "failed": 20, "line": 1})]


def test_a_thousand_meters_lost_over_a_patrol_are_one_event(rig):
    area = rig(1000, unread_s=HOUR_S)
    for meter in range(1, 1001):  # the patrol under way when the power went: heard over 15 minutes
        area.status(meter)
        if meter % 10 == 0:
            area.run(9)
    area.run(5 * HOUR_S)
    assert [(name, fields["failed"]) for name, fields in area.told] == [("meter_read_failed", 1000)]
    assert "line" not in area.told[0][1]


def test_a_storm_ends_once_and_the_few_that_stay_silent_are_told_by_name(rig):
    area = rig(1000, unread_s=HOUR_S)
    area.run(3 * HOUR_S)
    area.told.clear()
    back = [meter for meter in range(1, 1001) if meter not in (5, 500)]
    for meter in back:
        area.status(meter)
    area.run(GATHER_S + 120)
    ended = {"kind": 43, "done": 998, "failed": 2, "lasted_s": ended_s(area)}
    assert area.named("meter_read_recovered") == [ended]
    assert [fields["metering_point"] for fields in area.named("meter_read_failed")] == [5, 500]
    area.told.clear()
    area.run(3 * HOUR_S, back)
    assert area.told == []
    assert area.watch.unread() == 2
    area.status(5)
    assert [fields["metering_point"] for fields in area.named("meter_read_recovered")] == [5]


def ended_s(area):
    """Silent for 3 hours, of which one is allowed; over when the few that are left had their time."""
    lasted_s = area.named("meter_read_recovered")[0]["lasted_s"]
    assert abs(lasted_s - (2 * HOUR_S + GATHER_S + GATHER_S)) <= 240
    return lasted_s


def test_a_storm_of_which_all_come_back_is_over_at_once(rig):
    area = rig(40, unread_s=HOUR_S)
    area.run(3 * HOUR_S)
    for meter in range(1, 41):
        area.status(meter)
    area.run(120)
    assert [(each["done"], each["failed"]) for each in area.named("meter_read_recovered")] == [(40, 0)]
    assert len(area.told) == 2


def test_a_storm_ends_when_its_meters_leave_the_archive(rig):
    area = rig(40, unread_s=HOUR_S)
    area.run(3 * HOUR_S)
    area.watch.reload(1, 40)
    area.run(120)
    assert len(area.named("meter_read_recovered")) == 1


def test_more_that_fall_silent_during_a_storm_are_told_with_all(rig):
    area = rig(60, unread_s=HOUR_S)
    area.run(3 * HOUR_S, range(31, 61))
    area.run(3 * HOUR_S)
    assert [fields["failed"] for fields in area.named("meter_read_failed")] == [30, 60]


def test_what_was_told_is_not_told_again_after_a_restart(rig):
    area = rig(40, unread_s=HOUR_S)
    living = [meter for meter in range(1, 41) if meter not in (3, 4)]
    area.run(4 * HOUR_S, living)
    assert len(area.named("meter_read_failed")) == 2
    area.told.clear()
    area.start()
    area.run(6 * HOUR_S, living)
    assert area.told == []
    area.status(3)
    assert [fields["metering_point"] for fields in area.named("meter_read_recovered")] == [3]


def test_a_storm_goes_on_over_a_restart(rig):
    area = rig(40, unread_s=HOUR_S)
    area.run(4 * HOUR_S)
    area.told.clear()
    area.start()
    area.run(4 * HOUR_S)
    assert area.told == []
    for meter in range(1, 41):
        area.status(meter)
    area.run(120)
    assert [fields["done"] for fields in area.named("meter_read_recovered")] == [40]


def test_hours_without_power_make_no_meter_unread(rig):
    area = rig(unread_s=HOUR_S)
    area.run(4 * HOUR_S, ALL)
    area.board.failing = True
    area.run(1)
    area.told.clear()
    area.board.failing = False
    area.board.clock.set_ms(area.board.clock.now_ms() + 48 * HOUR_S * 1000)
    area.start()
    area.run(GATHER_S + 600)
    assert area.told == []


def test_a_set_clock_makes_no_meter_unread(rig):
    area = rig(unread_s=HOUR_S)
    area.run(600, ALL)
    area.board.clock.set_ms(area.board.clock.now_ms() + 86_400_000 * 30)
    area.run(HOUR_S // 2)
    assert area.told == []


def test_a_meter_taken_out_of_the_archive_ends_what_was_told(rig):
    area = rig(unread_s=HOUR_S)
    area.run(4 * HOUR_S, [meter for meter in ALL if meter != 7])
    area.watch.reload(7, 1)
    assert [fields["metering_point"] for fields in area.named("meter_read_recovered")] == [7]
    area.run(60)
    assert area.watch.unread() == 0


def test_silence_of_weeks_still_ends_once(rig):
    area = rig(2, unread_s=HOUR_S)
    area.run(3 * HOUR_S, [1])
    area.board.clock.advance(0)
    for _ in range(50 * 24):  # 50 days: minutes are counted modulo 45
        area.run(60, [1])
        for _skip in range(59):
            area.board.clock.advance(60_000)
            area.watch.tick()
    assert [fields["metering_point"] for fields in area.named("meter_read_failed")] == [2]
    area.status(2)
    assert [fields["lasted_s"] > 27 * 86400 for fields in area.named("meter_read_recovered")] == [True]
