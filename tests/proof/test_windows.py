"""When a control stands inside its window: each half hour of days, its edges to the second, by a calendar.

The calendar here is a list of half hours, filled by the words of the documents: a control period is a
stretch of one code, numbered from 00:00; a rest window belongs to the day it began on and may cross midnight;
a business stop ends with the day before `until_day`.
"""

import random

import pytest

from firmware.control import core
from protocols.uplink import messages
from protocols.uplink.codes import IDLE, MONITOR, REASON_NO
from tests.proof import driver

DAY_S, HALF_S = 86400, 1800
MONDAY = 20605
EDGES_S = (0, 1, HALF_S - 1)
LOOP = {"rounds": 3, "alarm_s": [60], "slide_s": 60, "safety_w": 0, "post_trip_s": 120}
LOAD_W, FAR_W = 1000, 1_000_000
INSIDE = (MONITOR, REASON_NO["below_setpoint"])


def say(*reasons):
    return {(IDLE, REASON_NO[reason]) for reason in reasons}


def moments(days):
    for half in range(days * 48):
        for edge_s in EDGES_S:
            yield MONDAY * DAY_S + half * HALF_S + edge_s


def put_out(state, local_s):
    """(phase, reason) and setpoint at a local time, with everything else as it was."""
    sample = core.Sample(local_s - driver.OFFSET_S, local_s, 1000, ((LOAD_W, 0),), None, 1)
    _state, outputs, _events = core.step(state, sample)
    (row,) = outputs.controls
    return (row[1], row[2]), outputs.groups[0].setpoint_w


def commanded(kind, params, local_s=MONDAY * DAY_S):
    sample = core.Sample(local_s - driver.OFFSET_S, local_s, 1000, ((LOAD_W, 0),), None, 1)
    state, _outputs, _events = core.step(core.fresh(2), sample)
    state, reason, _events = core.apply(state, kind, {**params, **LOOP}, sample, 1)
    return state, reason


def stretches(halves):
    """[number of the control period or 0 without one] of the 48 half hours."""
    out = []
    number = last = 0
    for code in halves:
        number += code not in (0, last)
        out.append(number if code else 0)
        last = code
    return out


def packed(halves):
    return bytes(sum(halves[4 * at + i] << 2 * i for i in range(4)) for at in range(12))


def day_of(chance, changes):
    cuts = sorted(chance.sample(range(1, 48), changes))
    halves, code = [], chance.randrange(3)
    for half in range(48):
        if half in cuts:
            code = chance.choice([other for other in range(3) if other != code])
        halves.append(code)
    return halves


@pytest.mark.parametrize("seed", range(12))
def test_period_control_follows_the_calendar(seed):
    chance = random.Random(seed)
    halves = day_of(chance, seed % 9)
    numbers = stretches(halves)
    enabled = chance.randrange(1, 256)
    setpoints = [FAR_W + 1000 * n for n in range(chance.randint(1, 8))]
    params = {"codes": packed(halves), "setpoints_w": setpoints, "float_pct": -10, "periods": enabled}
    state, reason = commanded(messages.PERIOD_PLAN, params)
    if max(numbers) > 8:
        assert reason in (REASON_NO["invalid_plan"], REASON_NO["bad_params"])
        return
    assert reason == 0
    for local_s in moments(2):
        number = numbers[local_s % DAY_S // HALF_S]
        row, setpoint_w = put_out(state, local_s)
        if number == 0:
            assert row in say("outside_period"), local_s % DAY_S
        elif not enabled >> (number - 1) & 1:
            assert row in say("not_enabled", "outside_period"), local_s % DAY_S
        elif number > len(setpoints):
            assert row in say("no_setpoint"), local_s % DAY_S
        else:
            assert (row, setpoint_w) == (INSIDE, setpoints[number - 1] * 90 // 100), local_s % DAY_S


@pytest.mark.parametrize("start_min", [0, 600, 1320, 1439])
@pytest.mark.parametrize("halves", [1, 8, 47, 48])
@pytest.mark.parametrize("days", [0b0000001, 0b1000000, 0b0101001])
def test_factory_rest_follows_the_calendar(start_min, halves, days):
    params = {"setpoint_w": FAR_W, "start_min": start_min, "duration_s": halves * HALF_S, "days": days}
    state, reason = commanded(messages.FACTORY_REST, params)
    assert reason == 0
    windows = [
        range(day * DAY_S + start_min * 60, day * DAY_S + start_min * 60 + halves * HALF_S)
        for day in range(MONDAY - 7, MONDAY + 9)
        if days >> (day - MONDAY) % 7 & 1
    ]
    edges = {window.start for window in windows} | {window.stop for window in windows}
    near = {edge + off for edge in edges for off in (-1, 0, 1) if edge >= MONDAY * DAY_S}
    for local_s in sorted({*moments(8), *near}):
        row, _setpoint_w = put_out(state, local_s)
        if any(local_s in window for window in windows):
            assert row == INSIDE, local_s - MONDAY * DAY_S
        else:
            assert row in say("not_rest_day", "before_start", "after_end"), local_s - MONDAY * DAY_S


@pytest.mark.parametrize("length", [1, 3])
def test_business_stop_ends_with_its_last_day(length):
    first = MONDAY + 2
    params = {"setpoint_w": FAR_W, "from_day": first, "until_day": first + length}
    state, reason = commanded(messages.BUSINESS_STOP, params)
    assert reason == 0
    for local_s in moments(7):
        row, _setpoint_w = put_out(state, local_s)
        day = local_s // DAY_S
        if day < first:
            assert row in say("before_start")
        elif day >= first + length:
            assert row in say("after_end")
        else:
            assert row == INSIDE


def test_without_a_trusted_clock_no_window_is_entered():
    """Doubt never trips: nobody knows the hour."""
    params = {"codes": b"\x55" * 12, "setpoints_w": [1], "float_pct": 0, "periods": 255}
    state, _reason = commanded(messages.PERIOD_PLAN, params)
    for seconds in range(0, 7200, 10):
        sample = core.Sample(seconds, None, 1000 + seconds, ((LOAD_W, 0),), None, 1)
        state, outputs, _events = core.step(state, sample)
        assert (outputs.tripped, outputs.alarm) == (0, 0)
