"""Parameters come from outside: every one is checked, none can raise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.control import checks, core
from protocols.uplink import messages
from protocols.uplink.codes import PERIOD, REASONS
from tests.unit.control.bench import (
    Terminal,
    down_float,
    fee_order,
    month,
    on,
    order,
    plan,
    released,
    rest,
    stop,
)
from tests.unit.control.outside import anything

TRIP = {"rounds": 1, "delay_s": 0, "limit_s": 0}
TOP = 10**12
GOOD = {
    messages.TRIP: TRIP,
    messages.PERMIT_CLOSE: {"rounds": 1},
    messages.PERIOD_PLAN: plan(),
    messages.PERIOD_ENABLE: {"periods": 1, "scheme": 0},
    messages.FACTORY_REST: rest(),
    messages.BUSINESS_STOP: stop(100, 101),
    messages.DOWN_FLOAT: down_float(),
    messages.MONTH_ENERGY: month(1000),
    messages.RELEASE: released(PERIOD),
    messages.PURCHASE: order(1, 1000),
    messages.FEE_ORDER: fee_order(1, 1000),
    messages.GUARANTEE: on(60),
    messages.EXCLUSION: {"on": 1},
    messages.AUTO_RELEASE: {},
}
LOOP_RANGES = {
    "alarm_s": ([], [0], [3601], [1] * 9, [[1]]),
    "slide_s": (0, 3601),
    "safety_w": (-1, 10**9 + 1),
    "post_trip_s": (0, 601),
    "group": (0, 9, -1, None),
}
OUT_OF_RANGE = {
    messages.TRIP: {"delay_s": (-1, 901), "limit_s": (-1, 604801), "direct": (-1, 2, None)},
    messages.PERMIT_CLOSE: {"direct": (-1, 2, None)},
    messages.PERIOD_PLAN: {
        "codes": (bytes(11), bytes(13), b"\x03" + bytes(11), b"\xc0" + bytes(11), list(bytes(12))),
        "setpoints_w": ([], [1] * 9, [-1], [10**9 + 1], [None], ["1"], [True], 5, {}),
        "float_pct": (-80, 80),
        "periods": (0, 256),
        "schemes": ([[]], [[1], [2], [3]], [[-1]], [1], [[1] * 9], None, 5),
        "scheme": (-1, 1, 3, None),  # 1: there is no such scheme in the plan
        **LOOP_RANGES,
    },
    messages.PERIOD_ENABLE: {"periods": (0, 256), "scheme": (-1, 3), "group": (0, 9)},
    messages.FACTORY_REST: {
        "setpoint_w": (-1, 10**9 + 1),
        "start_min": (-1, 1440),
        "duration_s": (1799, 86401),
        "days": (0, 128),
        **LOOP_RANGES,
    },
    messages.BUSINESS_STOP: {
        "setpoint_w": (-1, 10**9 + 1),
        "from_day": (-1, 101, 102),
        "until_day": (100, 99, 1000001),
        **LOOP_RANGES,
    },
    messages.DOWN_FLOAT: {
        "float_pct": (-80, 80),
        "freeze_s": (299, 3601),
        "duration_s": (1799, 86401),
        **LOOP_RANGES,
    },
    messages.MONTH_ENERGY: {
        "setpoint_wh": (-1, TOP + 1),
        "float_pct": (-80, 80),
        "alarm_pct": (0, 101),
        "group": (0, 9),
    },
    messages.RELEASE: {"control": (0, 1, 8), "group": (0, 9)},
    messages.PURCHASE: {
        "order": (0, -1, 1 << 32),
        "flag": (0, 0x56, 0xAB),
        "value_wh": (TOP + 1, -TOP - 1),
        "alarm_wh": (-1, TOP + 1),
        "trip_wh": (301, -TOP - 1),
        "group": (0, 9),
    },
    messages.FEE_ORDER: {
        "order": (0, -1, 1 << 32),
        "flag": (0, 0x56, 0xAB),
        "value_yuan_e4": (TOP + 1, -TOP - 1),
        "alarm_yuan_e4": (-1, TOP + 1),
        "trip_yuan_e4": (301, -TOP - 1),
        "group": (0, 9),
    },
    messages.GUARANTEE: {"on": (-1, 2), "duration_s": (-1, 86401)},
    messages.EXCLUSION: {"on": (-1, 2)},
}
BAD = [
    (kind, {**GOOD[kind], field: value})
    for kind, fields in OUT_OF_RANGE.items()
    for field, values in fields.items()
    for value in values
]
ODD = (None, True, 1.5, "1", b"1", [], {}, 1 << 70, -(1 << 70))


def name_of(kind, params, rounds=2):
    state = core.fresh(rounds)
    now = Terminal(price_e4=5000).now
    after, reason, events = core.apply(state, kind, params, now, 1)
    if reason:
        assert after is state
        assert events == []
    return REASONS[reason]


@pytest.mark.parametrize("kind", sorted(GOOD))
def test_good_parameters_are_taken(kind):
    nothing = ("nothing_to_permit", "nothing_to_release", "no_setpoint")
    assert name_of(kind, GOOD[kind]) in ("none", *nothing)


@pytest.mark.parametrize(("kind", "params"), BAD)
def test_parameter_out_of_its_range_is_refused(kind, params):
    assert name_of(kind, params) == "bad_params"


@pytest.mark.parametrize("kind", sorted(GOOD))
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_wrong_type_in_any_field_is_refused(kind, odd):
    for field in GOOD[kind]:
        assert name_of(kind, {**GOOD[kind], field: odd}) in ("bad_params", "no_such_round"), field


@pytest.mark.parametrize("kind", sorted(GOOD))
def test_missing_field_is_refused(kind):
    for field in GOOD[kind]:
        assert name_of(kind, {key: GOOD[kind][key] for key in GOOD[kind] if key != field}) == "bad_params"


def test_every_kind_of_the_core_is_tried_here():
    assert set(GOOD) == set(checks.KINDS)


WITH_ROUNDS = [kind for kind in sorted(GOOD) if "rounds" in GOOD[kind]]


@pytest.mark.parametrize("kind", WITH_ROUNDS)
@pytest.mark.parametrize("rounds", [0, 0b100, 0b101, 1 << 31])
def test_rounds_the_terminal_does_not_have(kind, rounds):
    assert name_of(kind, {**GOOD[kind], "rounds": rounds}) == "no_such_round"


@pytest.mark.parametrize("kind", [0, 6, 16, 20, -1, None, "1", True, [1]])
def test_unknown_kind(kind):
    assert name_of(kind, {}) == "unknown_kind"


def test_unknown_fields_are_ignored_for_newer_stations():
    assert name_of(messages.TRIP, {**TRIP, "later": 1}) == "none"
    terminal = Terminal()
    assert terminal.do(messages.PERIOD_PLAN, plan(later=1)) == "none"
    terminal.step()
    assert terminal.reloaded().groups[0].plans == terminal.state.groups[0].plans


@given(kind=st.sampled_from(sorted(messages.COMMANDS)), data=st.data())
def test_no_parameters_raise(kind, data):
    fields = [field for _key, field, _type, _need in messages.rows(messages.COMMANDS[kind])]
    odd = data.draw(anything | st.fixed_dictionaries({field: anything for field in fields}))
    assert name_of(kind, odd)
    if kind in GOOD and fields:
        field = data.draw(st.sampled_from(fields))
        assert name_of(kind, {**GOOD[kind], field: data.draw(anything)})
