"""Commands that are a list of fields: from the form to the parameters of the contract, and every refusal."""

import pytest
from werkzeug.datastructures import MultiDict

from station.errors import Invalid
from station.web import drafts, forms
from tests.unit.web.conftest import DEVICE, Station

LOOP = {"rounds": "1", "alarm_s": "2,3", "slide_s": "1", "safety_w": "50", "post_trip_s": "120", "group": "2"}
LOOP_PARAMS = {
    "rounds": 1,
    "alarm_s": [120, 180],
    "slide_s": 60,
    "safety_w": 50_000,
    "post_trip_s": 120,
    "group": 2,
}
METER = bytes.fromhex("070026200000")
FILLED = {
    "release": ({"control": "6", "group": "1"}, {"control": 6, "group": 1}),
    "factory_rest": (
        {"setpoint_w": "80", "days": "7", "start_min": "22:00", "duration_s": "8", **LOOP},
        {"setpoint_w": 80_000, "days": 64, "start_min": 1320, "duration_s": 14_400, **LOOP_PARAMS},
    ),
    "business_stop": (  # both days count: until_day is the day after
        {"setpoint_w": "80", "from_day": "2026-05-01", "until_day": "2026-05-10", **LOOP},
        {"setpoint_w": 80_000, "from_day": 20_574, "until_day": 20_584, **LOOP_PARAMS},
    ),
    "down_float": (
        {"float_pct": "-20", "duration_s": "1", "freeze_s": "10", **LOOP},
        {"float_pct": -20, "duration_s": 1800, "freeze_s": 600, **LOOP_PARAMS},
    ),
    "month_energy": (
        {"setpoint_wh": "1,000", "float_pct": "0", "alarm_pct": "80", "rounds": "2", "group": "1"},
        {"setpoint_wh": 1_000_000, "float_pct": 0, "alarm_pct": 80, "rounds": 2, "group": 1},
    ),
    "period_enable": ({"periods": "2", "scheme": "1", "group": "1"}, {"periods": 2, "scheme": 1, "group": 1}),
    "exclusion": ({"on": "0"}, {"on": 0}),
    "fee_order": (
        {
            "order": "2",
            "flag": "85",
            "value_yuan_e4": "12.3456",
            "alarm_yuan_e4": "5",
            "trip_yuan_e4": "-1.5",
            "rounds": "1",
            "group": "1",
        },
        {
            "order": 2,
            "flag": 85,
            "value_yuan_e4": 123_456,
            "alarm_yuan_e4": 50_000,
            "trip_yuan_e4": -15_000,
            "rounds": 1,
            "group": 1,
        },
    ),
    "auto_release": ({}, {}),
    "reminder": ({"on": "1", "hours": "8", "text": "请缴费"}, {"on": 1, "hours": 256, "text": "请缴费"}),
    "message": ({"slot": "3", "important": "1", "text": "检修"}, {"slot": 3, "important": 1, "text": "检修"}),
    "meter_change": (
        {"metering_point": "1", "old_wh": "1234", "new_wh": "0"},
        {"metering_point": 1, "old_wh": 1_234_000, "new_wh": 0},
    ),
    "meter_order": (
        {"meter": "7", "address": "000020260007", "order": "2", "flag": "85", "fee": "0", "value": "12.345"},
        {"meter": 7, "address": METER, "order": 2, "flag": 85, "fee": 0, "value": 12_345},
    ),
    "meter_switch": (
        {"meter": "7", "address": "000020260007", "want": "1"},
        {"meter": 7, "address": METER, "want": 1},
    ),
    "meter_guarantee": (
        {"meter": "7", "address": "000020260007", "on": "1"},
        {"meter": 7, "address": METER, "on": 1},
    ),
    "meter_replaced": (
        {
            "meter": "7",
            "address": "000020260007",
            "new_address": "000020260008",
            "old_wh": "1,234.56",
            "new_wh": "0",
        },
        {
            "meter": 7,
            "address": METER,
            "new_address": b"\x08\x00\x26\x20\0\0",
            "old_wh": 1_234_560,
            "new_wh": 0,
        },
    ),
    "search": ({"line": "9"}, {"line": 9}),
    "patrol": (
        {"point": "320", "first": "1", "last": "60", "group": "", "within_s": "5"},
        {"point": 320, "first": 1, "last": 60, "within_s": 300},
    ),
    "forward": (
        {"line": "1", "data": "68 1a\n16", "wait_ms": "500", "urgent": "1"},
        {"line": 1, "data": b"\x68\x1a\x16", "wait_ms": 500, "urgent": 1},
    ),
    "resend": (
        {"kind": "11", "from_s": "2026-11-01", "until_s": "2026-11-02", "meter": "3"},
        {"kind": 11, "from_s": 1_793_462_400, "until_s": 1_793_548_800, "meter": 3},
    ),
    "profile": ({"op": "3", "slot": "1"}, {"op": 3, "slot": 1}),
}


def made(station: Station, kind: str, filled: dict[str, str]) -> dict[str, object]:
    with station.writing() as c:
        return forms.build(
            c, kind, MultiDict(filled), {"device": DEVICE, "rounds": 3, "utc_offset_s": 8 * 3600}
        )


def test_every_form_is_tried_here() -> None:
    assert set(FILLED) == set(forms.FORMS)
    assert set(drafts.KINDS) == set(drafts.BUILD) | set(forms.FORMS)


def test_what_is_filled_in_becomes_the_contracts_parameters(station: Station) -> None:
    for kind, (filled, params) in FILLED.items():
        assert made(station, kind, filled) == params, kind


def test_a_fresh_form_needs_only_what_nobody_can_guess(station: Station) -> None:
    needed = {
        "factory_rest": {"setpoint_w"},
        "business_stop": {"setpoint_w", "from_day", "until_day"},
        "month_energy": {"setpoint_wh"},
        "fee_order": {"value_yuan_e4"},
        "meter_change": {"old_wh"},
        "release": {"control"},
        "meter_order": {"meter", "address", "value"},
        "meter_switch": {"meter", "address"},
        "meter_guarantee": {"meter", "address"},
        "meter_replaced": {"meter", "address", "new_address", "old_wh"},
        "forward": {"line", "data"},
        "resend": {"from_s", "until_s"},
    }
    for kind in forms.FORMS:
        first = MultiDict(forms.first_values(kind, 3, 2))
        try:
            made(station, kind, first)
            wrong: set[str] = set()
        except Invalid as invalid:
            wrong = {error.field for error in invalid.errors}
        assert wrong == needed.get(kind, set()), kind


WRONG = [
    ("factory_rest", "days", "", "needed"),
    ("factory_rest", "start_min", "24:00", "not_a_time"),
    ("factory_rest", "duration_s", "49", "out_of_range"),
    ("factory_rest", "rounds", "", "needed"),
    ("factory_rest", "alarm_s", "2;3", "not_a_number"),
    ("factory_rest", "setpoint_w", "1.5", "not_a_number"),
    ("business_stop", "from_day", "yesterday", "not_a_date"),
    ("business_stop", "until_day", "2026-04-29", "end_before_start"),
    ("fee_order", "value_yuan_e4", "1.23456", "not_money"),
    ("fee_order", "value_yuan_e4", "", "needed"),
    ("meter_order", "value", "12.3456", "not_money"),  # less than a Wh
    ("meter_order", "value", "", "needed"),
    ("meter_switch", "address", "20260007", "bad_meter_address"),
    ("meter_switch", "want", "3", "out_of_range"),
    ("meter_replaced", "old_wh", "1.2345", "not_a_register"),
    ("meter_replaced", "old_wh", "-1", "not_a_register"),
    ("forward", "data", "6816 1", "not_hex"),
    ("forward", "wait_ms", "60001", "out_of_range"),
    ("patrol", "group", "0", "out_of_range"),
    ("resend", "from_s", "yesterday", "not_a_date"),
    ("message", "text", "x" * 67, "too_long"),
    ("release", "control", "1", "out_of_range"),
    ("month_energy", "group", "9", "out_of_range"),
]


@pytest.mark.parametrize(("kind", "field", "text", "key"), WRONG)
def test_a_wrong_field_is_named(station: Station, kind: str, field: str, text: str, key: str) -> None:
    filled = {k: v for k, v in (FILLED[kind][0] | {field: text}).items() if (k, v) != ("days", "")}
    with pytest.raises(Invalid) as refused:
        made(station, kind, filled)
    assert [(error.field, error.key) for error in refused.value.errors] == [(field, key)]


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_from_form_to_command(station: Station, language: str) -> None:
    desk = station.desk(language)
    for kind in ("down_float", "factory_rest", "auto_release", "message"):
        reply = desk.post(
            f"/terminals/{DEVICE}/commands/new/{kind}",
            data=FILLED[kind][0] | {"group": "1", "valid_min": "5"},
        )
        assert reply.status_code == 200, (kind, reply.text)
        assert 'name="token"' in reply.text
