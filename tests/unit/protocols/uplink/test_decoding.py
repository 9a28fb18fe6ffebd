"""`loadkeeper decode uplink`: every golden message is shown with names, nothing that comes crashes it."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import cbor
from protocols.uplink import envelope, messages
from station.decoding import uplink
from station.decoding.refused import Refused
from tests.vectors import run

bounded = settings(max_examples=200, deadline=None)
CASES = json.loads((Path(run.__file__).parent / "uplink.json").read_text(encoding="utf-8"))
PLAIN = {"HELLO": "hello", "BATCH": "batch", "NOW": "now"}
UP = [
    pytest.param(bytes.fromhex(case["hex"]), PLAIN[case["schema"]], id=f"{case['name']} {i}")
    for i, case in enumerate(CASES)
    if case["do"] == "unpack" and case["schema"] in PLAIN and "want" in case
]
DOWN = [
    pytest.param(run.plain(case["want"]), case["second_key"] != "", id=f"{case['name']} {i}")
    for i, case in enumerate(CASES)
    if case["do"] == "seal" and "want" in case
]


def one(data: bytes) -> dict:
    (shown,) = uplink.decode(data)
    assert json.loads(json.dumps(shown)) == shown
    return shown


@pytest.mark.parametrize(("data", "name"), UP)
def test_golden_messages_from_devices_are_shown(data, name):
    shown = one(data)
    assert (shown["ok"], shown["frame"]) == (True, {"message": name})
    for record in shown["body"].get("records", []):
        assert isinstance(record["kind"], str | int)


@pytest.mark.parametrize(("data", "second"), DOWN)
def test_golden_messages_to_devices_are_shown_unverified(data, second):
    frame = one(data)["frame"]
    assert frame["message"] in ("welcome", "mark", "command")
    assert (frame["seal"].startswith("not verified"), frame["second_mac"]) == (True, second)


def sealed(body: dict) -> bytes:
    return envelope.seal(b"k" * 32, "cmd", "T0000001", body)


def test_a_command_shows_kind_and_parameters_by_name():
    body = {1: "T0000001", 2: 7, 3: 0, 4: 100, 5: messages.TRIP, 6: {1: 1, 2: 60, 3: 0}}
    shown = one(sealed(body))["body"]
    assert (shown["kind"], shown["params"]) == ("trip", {"rounds": 1, "delay_s": 60, "limit_s": 0})
    body |= {5: messages.PARAMETERS, 6: {1: 3, 2: 9, 3: {1: 900}}}
    assert one(sealed(body))["body"]["params"] == {
        "section": "metering",
        "version": 9,
        "values": {"curve_interval_s": 900},
    }
    body |= {5: 999, 6: {1: b"\1"}}
    assert (one(sealed(body))["body"]["kind"], one(sealed(body))["body"]["params"]) == (999, {"1": "01"})


def test_records_show_events_results_and_points_by_name():
    records = [
        [messages.EVENT, 100, 1, {1: 5, 2: {1: 3, 99: 1}}],
        [messages.RESULT, 100, 1, {1: 7, 2: 3, 3: 20, 4: 0, 5: None, 6: None, 7: {}}],
        [messages.CURVE, 100, 1, {1: 0, 2: 900, 3: 1, 4: 0, 5: {1: 2301, 20000: 5, 65000: 1}}],
        [77, 100, 1, {1: b"\1"}],
        ["no record"],
    ]
    shown = one(cbor.encode({0: 1, 1: bytes(8), 2: 1, 3: 1, 4: records}))["body"]["records"]
    assert (shown[0]["body"]["code"], shown[0]["body"]["data"]) == ("remote_trip", {"rounds": 3, "99": 1})
    assert (shown[1]["body"]["outcome"], shown[1]["body"]["reason"]) == ("refused", "guaranteed")
    assert shown[2]["body"]["values"] == {"voltage_a_dv": 2301, "max_power_dw": 5, "65000": 1}
    assert (shown[3]["kind"], shown[3]["body"]) == (77, {"1": "01"})
    assert shown[4] == {"ok": False, "reason": "record is not a list of four"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no message of the uplink"),
        (b"\xff", "no message of the uplink"),
        (cbor.encode([1]), "no version"),
        (cbor.encode({0: 2}), "unknown version"),
        (cbor.encode({0: 1}), "of no message"),
        (cbor.encode({0: 1, 1: "T", 2: b""}), "missing"),
        (cbor.encode({0: 1, 1: b"\xff", 2: bytes(32)}), "no message of the uplink"),
        (cbor.encode({0: 1, 1: cbor.encode(1), 2: bytes(32)}), "not a map"),
    ],
)
def test_what_is_no_message_has_its_reason(data, reason):
    with pytest.raises(Refused, match=reason):
        uplink.decode(data)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 2**40), st.text(max_size=4), st.binary(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.integers(0, 25), inner, max_size=5)
    ),
    max_leaves=12,
)
SHAPES = st.sampled_from([{1: "T", 2: b""}, {1: bytes(8), 2: 1, 3: 1}, {1: 1, 2: 1, 3: None}])


@bounded
@given(SHAPES, st.dictionaries(st.integers(3, 22), VALUES, max_size=12), st.booleans())
def test_any_message_is_shown_or_refused(shape, rest, down):
    body = cbor.encode(rest)
    data = cbor.encode({0: 1, 1: body, 2: bytes(32)} if down else {0: 1, **rest, **shape})
    for payload in (data, data[:-1]):
        try:
            reason = one(payload)["frame"]["message"]
        except Refused as refused:
            reason = refused.args[0]
        assert reason
