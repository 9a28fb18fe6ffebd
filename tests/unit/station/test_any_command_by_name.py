"""`loadkeeper command send`: every kind of the contract by its names, refused where the terminal would."""

import json

import pytest

from firmware.collect.prepaid_terms import prices_wrong
from protocols.uplink import area, messages, parameters
from station import controls, prepaid
from station.approvals.policy import BY_POLICY
from station.errors import Invalid
from station.store import commands, db

LOOP = {"rounds": "1,2", "alarm_s": "120,180", "slide_s": "60", "safety_w": "20000", "post_trip_s": "120"}
METER = "010000002620"
GOOD = {
    "trip": {"rounds": "1,3", "delay_s": "60", "limit_s": "0"},
    "permit_close": {"rounds": "1"},
    "period_plan": {
        "codes": "000000005555aaaa55550000",
        "setpoints_w": "150000,120000",
        "float_pct": "-10",
        "periods": "1,2",
        "schemes": "1000,2000;3000,4000",
        "scheme": "2",
        **LOOP,
    },
    "period_enable": {"periods": "1", "scheme": "0"},
    "release": {"control": "6", "group": "2"},
    "purchase": {"order": "1", "flag": "85", "value_wh": "5", "alarm_wh": "1", "trip_wh": "0", "rounds": "1"},
    "fee_order": {
        "order": "1",
        "flag": "170",
        "value_yuan_e4": "5",
        "alarm_yuan_e4": "1",
        "trip_yuan_e4": "-1",
        "rounds": "1",
    },
    "guarantee": {"on": "1", "duration_s": "3600"},
    "auto_release": {},
    "factory_rest": {"setpoint_w": "50000", "start_min": "1320", "duration_s": "14400", "days": "7", **LOOP},
    "business_stop": {"setpoint_w": "20000", "from_day": "20574", "until_day": "20584", **LOOP},
    "down_float": {"float_pct": "-20", "freeze_s": "600", "duration_s": "1800", **LOOP},
    "month_energy": {"setpoint_wh": "5000000", "float_pct": "0", "alarm_pct": "80", "rounds": "2"},
    "exclusion": {"on": "1"},
    "reminder": {"on": "1", "hours": "1023", "text": "请缴费"},
    "message": {"slot": "1", "important": "0", "text": "检修"},
    "parameters": {"section": "metering", "values": '{"curve_interval_s": 300}'},
    "meter_change": {"metering_point": "1", "old_wh": "5", "new_wh": "0"},
    "profile": {"op": "3", "slot": "1"},
    "archive": {"op": "1", "meter": "1", "rows": "00" * 24},
    "meter_order": {"meter": "1", "address": METER, "order": "1", "flag": "85", "value": "5", "fee": "1"},
    "meter_switch": {"meter": "1", "address": METER, "want": "2"},
    "meter_guarantee": {"meter": "1", "address": METER, "on": "1"},
    "meter_replaced": {"meter": "1", "address": METER, "new_address": METER, "old_wh": "5", "new_wh": "0"},
    "forward": {"line": "1", "data": "68", "wait_ms": "500"},
    "patrol": {"point": "1", "first": "1", "last": "9"},
    "search": {"line": "0"},
    "resend": {"kind": "3", "from_s": "0", "until_s": "9"},
}


def test_every_kind_of_the_contract_can_be_sent(engine):
    assert set(GOOD) == set(controls.KINDS)
    for kind, texts in GOOD.items():
        with db.writing(engine) as c:
            if "order" in texts:
                texts = texts | {"order": str(prepaid.next_order(c, "T1"))}
            params = controls.build(c, "T1", kind, texts, 3)
            messages.pack(area.COMMANDS[controls.KINDS[kind]], params)
            number = controls.submit(c, "T1", controls.KINDS[kind], params, "me", leave=BY_POLICY)
            assert commands.get(c, "T1", number)["params"] == params
            commands.move(c, "T1", number, "sent")
            commands.move(c, "T1", number, "refused")  # an order that is open would block the next one


@pytest.mark.parametrize(
    ("kind", "change", "field"),
    [
        ("trip", {"rounds": "x"}, "rounds"),
        ("trip", {"delay_s": "1.5"}, "delay_s"),
        ("trip", {"speed": "9"}, "speed"),
        ("trip", {"delay_s": "901"}, ""),
        ("trip", {"rounds": "4"}, ""),
        ("period_plan", {"codes": "zz"}, "codes"),
        ("period_plan", {"codes": "ff"}, ""),
        ("factory_rest", {"days": "8"}, ""),
        ("business_stop", {"until_day": "1"}, ""),
        ("parameters", {"section": "weather"}, "section"),
        ("parameters", {"values": "{"}, "values"),
        ("parameters", {"values": "[]"}, "values"),
        ("parameters", {"values": '{"curve_interval_s": -1}'}, "values"),
        ("parameters", {"values": '{"curve": 1}'}, "values"),
        ("parameters", {"section": "prices", "values": '{"tariffs": [[1, 0, "3G"]]}'}, "values"),
        ("parameters", {"section": "prices", "values": '{"tariffs": 1}'}, "values"),
    ],
)
def test_what_is_wrong_is_named(engine, kind, change, field):
    with db.writing(engine) as c, pytest.raises(Invalid) as refused:
        controls.build(c, "T1", kind, GOOD[kind] | change, 3)
    assert [error.field for error in refused.value.errors] == [field]


def test_a_missing_field_is_named(engine):
    with db.writing(engine) as c, pytest.raises(Invalid) as refused:
        controls.build(c, "T1", "trip", {"rounds": "1"}, 3)
    assert {(e.field, e.key) for e in refused.value.errors} == {("delay_s", "needed"), ("limit_s", "needed")}


def test_versions_of_parameters_go_up_by_themselves(engine):
    texts = {"section": "tariff", "values": json.dumps({"codes": "22" * 24, "prices_yuan_e4": [5000, 9000]})}
    for version in (1, 2):
        with db.writing(engine) as c:
            params = controls.build(c, "T1", "parameters", texts, 3)
            assert (params["section"], params["version"]) == (parameters.TARIFF, version)
            number = controls.submit(c, "T1", messages.PARAMETERS, params, "me", leave=BY_POLICY)
            assert commands.get(c, "T1", number)["params"]["values"] == {
                1: b"\x22" * 24,
                2: [5000, 9000],
            }


def test_prices_of_an_area_have_their_codes_as_hex(engine):
    row = [1, 0, "33" * 24, [5469], 1, [230_000], [500]]
    texts = {"section": "prices", "values": json.dumps({"tariffs": [row]})}
    with db.writing(engine) as c:
        params = controls.build(c, "T1", "parameters", texts, 1)
        number = controls.submit(c, "T1", messages.PARAMETERS, params, "me", leave=BY_POLICY)
        stored = commands.get(c, "T1", number)["params"]["values"]
    assert stored == {1: [[1, 0, b"\x33" * 24, [5469], 1, [230_000], [500]]]}
    assert prices_wrong(parameters.read(area.PRICES, stored, area.PARAMETERS)) == ""


def test_the_shell_sends_by_name(run, engine):
    row = json.loads(
        run("command", "send", "T1", "down_float", *(f"{k}={v}" for k, v in GOOD["down_float"].items()))
    )
    assert (row["state"], row["params"]["alarm_s"], row["params"]["rounds"]) == ("queued", [120, 180], 3)
    assert "is not FIELD=VALUE" in run("command", "send", "T1", "exclusion", "on", status=2)
    assert "needed" in run("command", "send", "T1", "exclusion", status=1)
