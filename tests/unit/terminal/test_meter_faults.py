"""A meter that is silent, wrong or doubled: nobody is tripped by it, no money is lost, it is told."""

import random

import pytest

from hil.world.meter import MWS_PER_COUNT, Meter
from hil.world.responder import Responder
from protocols.uplink import codes, messages
from tests.unit.terminal.site import ADDRESS, ALARM_S, LOAD_W, LOW_W, MULTIPLIER, ORDER, PLAN

FRESH_S = 10  # a reading counts for so long
KWH = 100 * MWS_PER_COUNT * MULTIPLIER  # a step of the registers by 1 kWh as the meter shows it


class Fixed:
    """A flow that never changes, for a second meter."""

    def __init__(self, power_w):
        self.power_w = (power_w // 3,) * 3
        self.reactive_var = (0, 0, 0)
        self.volt_dv = (2300,) * 3
        self.frequency_chz = 5000


def mute(_reply):
    return b""


def test_a_meter_silent_in_an_alarm_trips_nobody_and_each_round_is_warned_of_anew(site):
    """Silent for more than FRESH_S before the end of the alarm; a younger reading still counts, below."""
    site.boot().run(5)
    site.overload()
    site.run(ALARM_S - FRESH_S - 4)
    site.line.spoil = mute
    site.run(300)
    assert (site.trips, site.outputs.alarm, site.gaps) == ([], 0, [])
    assert len(site.told("meter_read_failed")) == 1
    site.line.spoil = None
    back = site.run_until(lambda: site.outputs.alarm, 60)
    assert back <= 32, "a dead meter is asked again after 30 s at the latest"
    assert ALARM_S - 3 <= site.run_until(site.tripped) <= ALARM_S + 3
    assert len(site.told("meter_read_recovered")) == 1


def test_a_round_is_never_opened_on_a_reading_older_than_10_s(site):
    """The load goes and the meter falls silent together, at each second of the alarm."""
    for before_s in range(1, ALARM_S + 4):
        site.boot().run(5)
        site.overload()
        site.run(ALARM_S - before_s if before_s < ALARM_S else 0)
        site.line.spoil = mute
        site.factory.load_w = LOW_W
        silent_s = site.true_s
        site.run(40)
        assert all(second - silent_s <= FRESH_S + 1 for second, _rounds, _w in site.trips)
        assert before_s <= FRESH_S + 2 or site.trips == []
        site.trips.clear()
        site.line.spoil = None
        site.do(messages.RELEASE, {"control": codes.PERIOD})
        site.cut()
        for round_no in (1, 2, 3):
            site.factory.close(round_no)


def test_a_meter_silent_after_a_trip_lets_nothing_go_and_opens_nothing(site):
    site.boot().run(5)
    site.overload()
    site.run_until(site.tripped)
    site.line.spoil = mute
    site.run(900)
    assert (site.tripped(), len(site.trips), site.gaps) == (1, 1, [])


def test_a_silent_meter_delays_the_use_and_loses_no_money(site):
    site.boot().run(5)
    before = site.used_wh()
    assert site.do(messages.PURCHASE, ORDER) == "executed"
    site.factory.load_w = LOAD_W
    site.run(60)
    left = site.remaining_wh()
    site.line.spoil = mute
    site.run(600)
    assert left - 1600 <= site.remaining_wh() <= left
    site.line.spoil = None
    site.run(60)
    assert abs(site.remaining_wh() - (ORDER["value_wh"] - site.used_wh() + before)) <= 2000


@pytest.mark.parametrize("kwh", [-500, 500, 90_000])
def test_a_register_wrong_for_a_moment_takes_no_money_and_trips_nobody(site, kwh):
    site.boot().run(5)
    before = site.used_wh()
    assert site.do(messages.PURCHASE, ORDER) == "executed"
    site.run(60)
    for _ in range(3):
        left = site.remaining_wh()
        site.meter.import_[0] += kwh * KWH
        for _second in range(4):
            site.run()
            assert left - 1600 <= site.remaining_wh() <= left
        site.meter.import_[0] -= kwh * KWH
        site.run(30)
    assert abs(site.remaining_wh() - (ORDER["value_wh"] - site.used_wh() + before)) <= 3000
    assert (site.trips, site.outputs.alarm) == ([], 0)


@pytest.mark.parametrize("kwh", [-500, 500])
def test_a_register_that_stays_wrong_is_a_new_meter_and_told_once(site, kwh):
    site.boot().run(5)
    before = site.used_wh()
    assert site.do(messages.PURCHASE, ORDER) == "executed"
    site.run(60)
    site.meter.import_[0] += kwh * KWH
    site.run(300)
    used = site.used_wh() - before - kwh * 1000 * MULTIPLIER
    assert abs(site.remaining_wh() - (ORDER["value_wh"] - used)) <= 3000
    assert len(site.told("register_rebased")) == 1
    site.cut()
    site.boot().run(60)
    used = site.used_wh() - before - kwh * 1000 * MULTIPLIER
    assert abs(site.remaining_wh() - (ORDER["value_wh"] - used)) <= 4000, "over a cut too"
    assert len(site.told("register_rebased")) == 1
    assert site.trips == []


def test_a_register_that_stands_still_is_told_and_the_money_waits(site):
    site.boot().run(5)
    assert site.do(messages.PURCHASE, ORDER) == "executed"
    site.factory.load_w = LOAD_W
    site.run(60)
    stood, left = list(site.meter.import_), site.remaining_wh()
    take = site.meter.take

    def stands(*slice_):
        take(*slice_)
        site.meter.import_ = list(stood)

    site.meter.take = stands
    site.run(2400)
    assert left - 1600 <= site.remaining_wh() <= left
    assert site.trips == []
    assert [fields.get("ended") for fields in site.told("meter_stop")] == [None]


@pytest.mark.parametrize("off_s", [-90_000, -1200, 1200])
def test_a_meter_clock_that_is_off_is_told_and_changes_no_decision(site, off_s):
    site.meter.set_clock_offset(off_s)
    site.boot().run(5)
    site.overload()
    assert ALARM_S - 3 <= site.run_until(site.tripped) <= ALARM_S + 3
    site.run(300)
    assert (site.tripped(), len(site.trips)) == (1, 1)
    told = site.told("meter_clock_off")
    assert [fields.get("ended") for fields in told] == [None]
    assert abs(told[0]["value"] - abs(off_s)) <= 15


@pytest.mark.parametrize("first", [0, 1])
def test_two_meters_with_one_address_are_told_once_and_trip_nobody(site, first):
    """The other customer's meter shows an overload that is not ours, and answers first or second."""
    other = Meter(ADDRESS, MULTIPLIER)
    other.import_[0] += 700 * KWH
    other.take(site.true_ms, 1, Fixed(300_000))
    site.boot().run(5)
    before = site.used_wh()
    assert site.do(messages.PERIOD_PLAN, PLAN) == "executed"
    assert site.do(messages.PURCHASE, ORDER) == "executed"
    site.run(30)
    left = site.remaining_wh()
    site.line.responders.insert(first, Responder(other))
    site.run(600)
    assert (site.trips, site.gaps) == ([], [])
    assert [fields.get("ended") for fields in clashes(site)] == [None]
    assert site.read_w() is None, "nobody can say which one is meant"
    assert left - 1600 <= site.remaining_wh() <= left
    site.line.responders.pop(first)
    site.run(200)
    assert abs(site.read_w() - LOW_W) < 200
    assert [fields.get("ended") for fields in clashes(site)] == [None, 1]
    assert abs(site.remaining_wh() - (ORDER["value_wh"] - site.used_wh() + before)) <= 3000


def clashes(site):
    return [fields for fields in site.told("meter_fault") if fields["kind"] == 101]


def test_two_meters_that_answer_over_each_other_are_no_reading(site):
    """The wired AND of both frames, at the same moment."""
    other = Responder(Meter(ADDRESS, MULTIPLIER))
    other.meter.take(site.true_ms, 1, Fixed(300_000))
    asked = []
    respond = site.responder.answer

    def both(frame):
        asked.append(1)
        one, two = respond(frame), other.answer(frame)
        return bytes(a & b for a, b in zip(one, two, strict=False))

    site.boot().run(5)
    assert site.do(messages.PERIOD_PLAN, PLAN) == "executed"
    site.responder.answer = both
    site.run(300)
    assert (site.trips, site.gaps) == ([], [])
    assert asked


def test_noise_on_the_line_is_no_reading_and_the_overload_is_tripped_all_the_same(site):
    chance = random.Random(7)

    def noisy(reply):
        if reply and chance.random() < 0.2:
            at = chance.randrange(len(reply))
            return reply[:at] + bytes([reply[at] ^ 1 << chance.randrange(8)]) + reply[at + 1 :]
        return reply

    site.boot().run(5)
    site.line.spoil = noisy
    before = site.used_wh()
    assert site.do(messages.PURCHASE, ORDER) == "executed"
    site.overload()
    assert ALARM_S - 3 <= site.run_until(site.tripped) <= ALARM_S + 10
    site.run(300)
    assert (site.tripped(), len(site.trips)) == (1, 1)
    assert site.terminal.points.counts()[2] > 10
    assert abs(site.remaining_wh() - (ORDER["value_wh"] - site.used_wh() + before)) <= 3000


def test_an_unloaded_customer_is_not_tripped_by_what_was_read_before(site):
    """The load goes in the moment before the alarm is over."""
    site.boot().run(5)
    site.overload()
    site.run(ALARM_S - 6)
    site.factory.load_w = LOW_W
    site.run(120)
    assert (site.trips, site.outputs.alarm) == ([], 0)


def test_a_lost_line_is_a_silent_meter(site):
    site.boot().run(5)
    site.overload()
    site.line.lost = True
    site.line.spoil = mute
    site.run(120)
    assert (site.trips, site.gaps) == ([], [])
    site.line.lost, site.line.spoil = False, None
    assert site.run_until(site.tripped) >= ALARM_S - 3
