"""What people enter becomes the parameters of a command, or a list of all that is wrong with it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.uplink import messages
from station import controls, plans
from station.checks import MAX_ROUNDS
from station.errors import KEYS, Invalid
from station.store import commands, db
from station.store.commands import recent

GOOD = {"periods": [(16, 24, 90)], "rounds": [1, 2], "alarm_s": [120, 180], "slide_s": 60, "safety_kw": 50}


def errors(call):
    with pytest.raises(Invalid) as refused:
        call()
    for error in refused.value.errors:
        assert KEYS[error.key].format(**error.args)
    return [(error.field, error.key) for error in refused.value.errors]


def test_plan_of_the_worked_example():
    # domain 2f vector 1: base 100 kW, -10 %, safety 50 kW, slide 1 min, rounds 1 and 2, alarms 2 and 3 min
    params = plans.build([(0, 48, 100)], [1, 2], [120, 180], 60, 50, float_pct=-10)
    assert params == {
        "codes": b"\x55" * 12,
        "setpoints_w": [100_000],
        "float_pct": -10,
        "periods": 1,
        "rounds": 3,
        "alarm_s": [120, 180],
        "slide_s": 60,
        "safety_w": 50_000,
        "post_trip_s": 120,
    }
    messages.pack(messages.PERIOD_PLAN_PARAMS, params)


def test_neighbouring_periods_get_different_codes():
    params = plans.build([(2, 4, 80), (0, 2, 90), (4, 6, 70), (8, 9, 60)], [1], [60], 60, 0)
    codes = [(params["codes"][n // 4] >> 2 * (n % 4)) & 3 for n in range(48)]
    assert codes[:10] == [1, 1, 2, 2, 1, 1, 0, 0, 1, 0]
    assert params["setpoints_w"] == [90_000, 80_000, 70_000, 60_000]


@st.composite
def days(draw):
    cuts = sorted(draw(st.sets(st.integers(0, 48), min_size=2, max_size=12)))
    spans = list(pairwise(cuts))
    kept = draw(st.lists(st.sampled_from(spans), min_size=1, max_size=8, unique=True))
    return sorted((start, end, draw(st.integers(1, 999))) for start, end in kept)


@given(days())
def test_what_was_entered_can_be_read_back(day):
    assert plans.periods(plans.build(day, [1], [60], 60, 0)) == day


WRONG = [
    ({"periods": []}, ("periods", "no_periods")),
    ({"periods": [(0, 49, 90)]}, ("periods-0-end", "out_of_range")),
    ({"periods": [(5, 5, 90)]}, ("periods-0-end", "period_empty")),
    ({"periods": [(0, 4, 90), (3, 5, 90)]}, ("periods", "periods_overlap")),
    ({"periods": [(n, n + 1, 90) for n in range(9)]}, ("periods", "too_many_periods")),
    ({"periods": [(0, 4, "x")]}, ("periods-0-setpoint_kw", "not_a_number")),
    ({"periods": [(0, 4)]}, ("periods-0-start", "needed")),
    ({"periods": [(0, 4, 40)]}, ("periods-0-setpoint_kw", "setpoint_below_safety")),
    ({"float_pct": -80}, ("float_pct", "out_of_range")),
    ({"float_pct": -50}, ("periods-0-setpoint_kw", "setpoint_below_safety")),
    ({"rounds": []}, ("rounds", "no_rounds")),
    ({"rounds": [4]}, ("rounds", "no_such_round")),
    ({"rounds": [0]}, ("rounds", "no_such_round")),
    ({"alarm_s": []}, ("alarm_s", "needed")),
    ({"alarm_s": [1, -1]}, ("alarm_s-1", "out_of_range")),
    ({"slide_s": 0}, ("slide_s", "out_of_range")),
    ({"safety_kw": None}, ("safety_kw", "needed")),
    ({"post_trip_s": True}, ("post_trip_s", "not_a_number")),
]


@pytest.mark.parametrize(("change", "expected"), WRONG)
def test_wrong_plan_names_the_field(change, expected):
    assert expected in errors(lambda: plans.build(**(GOOD | change), have=3))


def test_all_problems_are_named_at_once():
    found = errors(lambda: plans.build([(5, 5, 90)], [], [60], 0, 50))
    assert {field for field, _key in found} == {"periods-0-end", "rounds", "slide_s"}


def test_trip_permit_guarantee():
    assert controls.trip([1, 3], 300, 2, 3) == {"rounds": 5, "delay_s": 300, "limit_s": 3600}
    assert controls.permit([2]) == {"rounds": 2}
    assert controls.guarantee(True, 48) == {"on": 1, "duration_s": 86_400}
    assert controls.guarantee(False, 3) == {"on": 0, "duration_s": 0}
    assert errors(lambda: controls.trip([9], 901, 16)) == [
        ("rounds", "no_such_round"),
        ("delay_s", "out_of_range"),
        ("limit_half_hours", "out_of_range"),
    ]
    assert errors(lambda: controls.guarantee(True, 49)) == [("half_hours", "out_of_range")]
    assert controls.permit(list(range(1, MAX_ROUNDS + 1))) == {"rounds": 255}


def test_preview_tells_who_is_guaranteed_and_what_would_trip(handler, device, engine):
    handler.take([device.now(tripped=1, guarantee=2, power_w=95_000)])
    with db.reading(engine) as c:
        trip = controls.preview(c, "T1", messages.TRIP, controls.trip([1, 2], 0, 0, 3))
        plan = controls.preview(c, "T1", messages.PERIOD_PLAN, plans.build(**GOOD))
        away = controls.preview(c, "T2", messages.PERMIT_CLOSE, controls.permit([1]))
    assert trip["effect"] == {"rounds_newly_tripped": 2}
    assert trip["guaranteed"], "unreadable counts as guaranteed"
    assert trip["warnings"] == ["guaranteed_refuses"]
    assert plan["effect"] == {"power_w": 95_000, "lowest_setpoint_w": 90_000, "over": True}
    assert away["warnings"] == ["offline", "never_seen", "nothing_to_permit"]
    assert not away["guaranteed"]


def test_nothing_is_stored_for_a_request_that_is_refused(c):
    trip = controls.trip([1], 0, 0)
    assert errors(lambda: controls.submit(c, "T9", messages.TRIP, trip, "me")) == [
        ("device", "no_such_device")
    ]
    refused = errors(lambda: controls.submit(c, "T1", messages.TRIP, trip, "me", "x" * 201, deadline_s=1))
    assert refused == [("deadline_s", "deadline_past"), ("note", "too_long")]
    with pytest.raises(KeyError):
        controls.submit(c, "T1", messages.TRIP, {"rounds": 1}, "me")
    assert recent(c) == []
    command = controls.submit(c, "T1", messages.TRIP, trip, "me", "drill")
    assert commands.get(c, "T1", command)["note"] == "drill"
