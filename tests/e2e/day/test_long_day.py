"""A whole day of the real terminal against the real broker and station, in virtual time.

Two controls, two orders, a parameter change, a guarantee, an outage, a link cut, the end of a month: every
event and freeze is at the station exactly once and right. Takes 2 minutes; a slow machine takes longer.
"""

import copy

import cbor2
import pytest

from protocols.uplink import codes, messages
from tests.e2e.day import checks, measured
from tests.e2e.day.run import Day, run
from tests.e2e.day.truth import STEP_WH

LIMIT_S = 1800  # the test is stuck, not slow


@pytest.mark.timeout(LIMIT_S)
def test_every_event_and_freeze_of_a_long_day_is_stored_exactly_once(tmp_path):
    day = run(tmp_path, 25, print)
    print(checks.table(day))
    assert checks.is_whole(day)
    assert checks.failures(day) == []
    for spoil in SPOILED:
        spoiled = copy.deepcopy(day)
        spoil(spoiled)
        assert checks.failures(spoiled), f"the checks do not see {spoil.__name__}"


# ---- what the checks must see, done to the same day


def _event(day: Day, name: str) -> dict:
    return next(row for row in day.tables["events"] if codes.EVENTS[row["code"]] == name)


def a_record_lost(day: Day):
    del day.stored[max(day.stored)]


def a_record_changed(day: Day):
    key = next(key for key, record in day.stored.items() if record[0] == messages.DAILY)
    kind, t_s, t_ok, body = day.stored[key]
    day.stored[key] = kind, t_s, t_ok, body | {1: body[1] + 1}


def an_event_twice(day: Day):
    day.tables["events"].append(dict(_event(day, "power_control_trip"), seq=999))


def an_event_gone(day: Day):
    day.tables["events"].remove(_event(day, "guarantee_off"))


def an_event_two_minutes_late(day: Day):
    _event(day, "energy_control_trip")["t_s"] += 121


def a_freeze_two_steps_off(day: Day):
    row = next(row for row in day.tables["readings"] if row["kind"] == messages.MONTHLY)
    values = cbor2.loads(row["points"])
    values[measured.ENERGY] += 20
    row["points"] = cbor2.dumps(values)


def a_slot_of_the_curve_gone(day: Day):
    day.tables["readings"].remove(next(r for r in day.tables["readings"] if r["kind"] == messages.CURVE))


def money_lost(day: Day):
    day.now["remaining_wh"] -= 3 * STEP_WH


def energy_of_the_day_off(day: Day):
    number = measured.NO["group_energy_wh"]
    for row in day.tables["statistics"]:
        values = cbor2.loads(row["points"])
        if number in values:
            values[number] += 3 * STEP_WH
            row["points"] = cbor2.dumps(values)


def outputs_forgotten_by_the_outage(day: Day):
    day.driven = [(t_s, mask) for t_s, mask in day.driven if mask != 3]


SPOILED = [
    a_record_lost,
    a_record_changed,
    an_event_twice,
    an_event_gone,
    an_event_two_minutes_late,
    a_freeze_two_steps_off,
    a_slot_of_the_curve_gone,
    money_lost,
    energy_of_the_day_off,
    outputs_forgotten_by_the_outage,
]
