"""Meters' clocks are read once a day, told, and mended within the rules."""

import pytest

from firmware.area.archive import MODULE, Archive
from firmware.collect.burst import MOST
from tests.unit.area.meters import MIDNIGHT_S, row
from tests.unit.collect_clocks.line_rig import DAY_S, Rig, profile_of


@pytest.fixture
def rig(tmp_path):
    made = []

    def make(*args, **more):
        made.append(Rig(tmp_path, *args, **more))
        return made[-1]

    yield make
    for each in made:
        each.close()


def second(local_s):
    return local_s % DAY_S


# ---- reading


def test_each_meter_is_read_once_a_day_spread_over_it(rig):
    area = rig(100)
    area.run(DAY_S - 60)
    assert sorted(meter for _at_s, meter in area.line.asked) == list(range(1, 101))
    at_s = [second(local_s) for local_s, _meter in area.line.asked]
    assert 1800 <= min(at_s)
    assert max(at_s) - min(at_s) > 8 * 3600
    area.run(DAY_S)
    assert len(area.line.asked) == 200
    assert area.told == []


def test_one_that_does_not_answer_is_tried_again_and_costs_little(rig):
    area = rig(10)
    area.line.meters[3].mute = True
    area.run(DAY_S - 60)
    tries = [local_s for local_s, meter in area.line.asked if meter == 3]
    assert 5 <= len(tries) <= 13
    area.line.meters[3].mute = False
    area.run(2 * 3600)
    assert len([1 for local_s, meter in area.line.asked if meter == 3]) == len(tries) + 1


def test_nothing_is_asked_while_the_own_clock_is_not_trusted(rig):
    area = rig()
    area.board.clock.ok = False
    area.off(2, 100)
    area.run(DAY_S)
    assert (area.line.asked, area.line.sent, area.told) == ([], [], [])


def test_the_time_of_the_answer_on_the_line_is_counted_back(rig):
    """Read back at the instant the meter looked, 27 bytes at 2400 baud are 124 ms: no meter seems slow."""
    area = rig(200, clock_off_s=5)
    seen = []
    area.clocks._judge = lambda meter, row, profile, off_ms: seen.append(off_ms)
    area.run(DAY_S // 2)
    assert len(seen) >= 100
    assert abs(sum(seen) // len(seen)) < 60  # half a second of what is not shown lies on both sides
    assert max(map(abs, seen)) <= 520


def test_a_meter_with_date_and_time_apart_is_read_in_two(rig):
    class Apart:
        def __init__(self, whole):
            self._whole = whole
            self.link, self.serial = whole.link, whole.serial

        def reads_of(self, point):
            return [point] if point in (57, 58) else []

        def decode(self, point, data):
            clock = self._whole.decode(self._whole.reads_of(56)[0], b"\0\0\0" + data)  # only the date's part
            if point == 58:
                hms = [byte >> 4 for byte in data], [byte & 15 for byte in data]
                s, m, h = [high * 10 + low for high, low in zip(*hms, strict=True)]
                return {58: h * 3600 + m * 60 + s}
            return {57: clock[56] // DAY_S * DAY_S}

    area = rig(2)
    area.line.profiles[0] = Apart(profile_of())
    area.off(2, 33)
    area.run(DAY_S // 2)
    told = area.named("meter_clock_off")
    assert [(each["metering_point"], each["value"]) for each in told] == [(2, 33)]


def test_a_meter_without_a_clock_is_left_alone(rig):
    area = rig(2)
    area.line.profiles[0].reads_of = lambda point: []
    area.run(DAY_S)
    assert area.line.asked == []


# ---- telling


@pytest.mark.parametrize(("off_s", "told"), [(9, 0), (-9, 0), (12, 1), (-12, 1)])
def test_the_limit_is_ten_seconds(rig, off_s, told):
    area = rig().off(2, off_s)
    area.run(DAY_S)
    assert len(area.named("meter_clock_off")) == told


def test_told_once_and_ended_once_also_over_a_restart(rig):
    area = rig().off(2, 30)
    area.run(DAY_S)
    area.start()
    area.run(2 * DAY_S)
    assert [each["value"] for each in area.named("meter_clock_off")] == [30]
    area.off(2, 0)
    area.run(DAY_S)
    ended = area.named("meter_clock_off")[1]
    assert (ended["ended"], ended["lasted_s"], ended["kind"]) == (1, 3 * DAY_S, 23)
    area.run(DAY_S)
    assert len(area.told) == 2


def test_a_thousand_clocks_off_are_some_events_an_hour(rig):
    area = rig(1000, clock_mend_s=0)
    for meter in range(1, 1001):
        area.off(meter, 400)
    area.run(DAY_S // 2)
    named = [each for each in area.named("meter_clock_off") if "metering_point" in each]
    assert len(named) <= 13 * MOST
    assert [each for each in area.named("meter_clock_off") if each.get("repeats")]


# ---- mending


def test_a_clock_is_told_then_mended_then_read_back(rig):
    area = rig().off(2, 100).off(3, -200)
    area.run(DAY_S - 60)
    assert [name for name, _fields in area.told[:2]] == ["meter_clock_off"] * 2
    set_ = {each["metering_point"]: (each["before"], each["value"]) for each in area.named("meter_clock_set")}
    assert set(set_) == {2, 3}
    assert set_[2][0] == 100
    assert set_[3][0] == -200
    assert all(abs(value) <= 1 for _before, value in set_.values())
    assert [each["metering_point"] for each in area.named("meter_clock_off") if each.get("ended")] == [2, 3]
    assert abs(area.off_ms(2)) <= 520
    assert len(area.line.sent) == 1


def test_the_broadcast_goes_in_the_middle_of_a_quarter_far_from_midnight(rig):
    area = rig(4, 2).off(2, 100).off(4, 100)
    area.run(DAY_S)
    assert [line for _at_s, line in area.line.sent] == [1, 2]
    for local_s, _line in area.line.sent:
        assert 300 <= local_s % 900 <= 600
        assert 20 * 3600 <= second(local_s) < 22 * 3600


def test_time_in_a_queue_and_on_the_line_does_not_make_it_old(rig):
    area = rig().off(2, 100)
    area.line.busy_ms = 4000
    area.run(DAY_S - 60)
    assert abs(area.off_ms(2)) <= 520


def test_once_a_day_and_line_even_if_it_did_not_help(rig):
    area = rig().off(2, 100)
    area.line.meters[2].hears = lambda frame, local_ms, hears=area.line.meters[2].hears: (
        b"" if frame[12:].find(b"\x08\x06") >= 0 else hears(frame, local_ms)
    )
    area.run(DAY_S - 60)
    assert len(area.line.sent) == 1
    assert area.named("meter_clock_set") == []
    area.run(DAY_S)
    assert len(area.line.sent) == 2
    assert len(area.named("meter_clock_off")) == 1


@pytest.mark.parametrize("off_s", [301, -301, 73 * 365 * DAY_S])
def test_what_is_too_far_off_is_told_and_moves_nothing(rig, off_s):
    area = rig().off(2, off_s)
    own_ms = area.board.clock.now_ms() - area.true_ms
    area.run(DAY_S)
    assert area.line.sent == []
    assert [each["value"] for each in area.named("meter_clock_off")] == [off_s]
    assert area.board.clock.now_ms() - area.true_ms == own_ms
    assert area.off_ms(2) == off_s * 1000


def test_a_clock_at_2099_stays_alone_when_the_others_are_mended(rig):
    area = rig().off(2, 73 * 365 * DAY_S).off(3, 100)
    area.run(DAY_S)
    assert abs(area.off_ms(3)) <= 520
    assert area.off_ms(2) == 73 * 365 * DAY_S * 1000
    assert [each["metering_point"] for each in area.named("meter_clock_set")] == [3]


@pytest.mark.parametrize(("off_s", "mend_s", "sent"), [(59, 60, 0), (60, 60, 1), (200, 0, 0), (300, 60, 1)])
def test_the_setting_says_from_where_on_it_is_mended(rig, off_s, mend_s, sent):
    area = rig(clock_mend_s=mend_s).off(2, off_s)
    area.run(DAY_S)
    assert len(area.line.sent) == sent


def test_meters_of_another_protocol_and_behind_the_module_are_only_told(rig):
    area = rig(archive=Archive(row(1, line=MODULE) + row(2)))
    area.line.profiles[0].link = "modbus"
    area.off(1, 100).off(2, 100)
    area.run(DAY_S)
    assert len(area.named("meter_clock_off")) == 2
    area.line.profiles[0].link = "dlt645-2007"
    area.off(2, 0)
    area.run(DAY_S)
    assert area.line.sent == []


def test_a_clock_that_was_set_throws_away_what_was_measured(rig):
    area = rig()
    area.set_own(100_000)  # the own clock is wrong: all seem slow
    area.run(20 * 3600)
    assert len([each for each in area.named("meter_clock_off") if each["value"] < 0]) == 4
    area.set_own(0)
    area.run(4 * 3600 - 60)
    assert area.line.sent == []
    assert len([each for each in area.named("meter_clock_off") if each.get("ended")]) == 4


def test_a_clock_that_is_set_during_a_reading_spoils_it(rig):
    area = rig(1)
    area.line.on_ask = lambda meter: area.set_own(30_000)
    area.run(1900)
    assert len(area.line.asked) == 1
    area.line.on_ask = lambda meter: None
    area.set_own(0)
    area.run(7200)
    assert len(area.line.asked) > 1
    assert area.told == []


def test_a_clock_that_is_set_before_the_read_back_does_not_count_as_the_correction(rig):
    area = rig().off(2, 100)
    area.after_broadcast = lambda: area.set_own(60_000)
    area.run(DAY_S - 60)
    set_ = area.named("meter_clock_set")
    assert [(each["before"], each["value"]) for each in set_] == [(40, -60)]


# ---- power cuts


def test_after_a_cut_behind_the_broadcast_it_is_read_back_and_not_sent_again(rig):
    area = rig().off(2, 100)

    class Cut(Exception):
        pass

    def cut():
        raise Cut

    area.after_broadcast = cut
    with pytest.raises(Cut):
        area.run(DAY_S - 60)
    area.after_broadcast = lambda: None
    area.off(3, 100)
    area.start()
    area.run(600)
    assert [(each["metering_point"], each["before"]) for each in area.named("meter_clock_set")] == [(2, 100)]
    area.run(3 * 3600)
    assert len(area.line.sent) == 1


def test_what_flash_refuses_is_not_sent(rig):
    area = rig().off(2, 100)
    area.run(10 * 3600)

    def refuse(_values):
        from firmware.store.kv import StoreError

        raise StoreError("flash full")

    area.kv.put = refuse
    area.run(14 * 3600 - 60)
    assert area.line.sent == []
    assert area.clocks.faults > 0


def test_a_meter_that_is_gone_ends_what_was_told(rig):
    area = rig().off(2, 100)
    area.run(12 * 3600)
    area.clocks.reload(2, 1)
    assert [each.get("ended") for each in area.named("meter_clock_off")] == [None, 1]


def test_the_day_begins_where_the_rig_says(rig):
    assert rig().local_s() == MIDNIGHT_S
