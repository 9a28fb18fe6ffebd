"""`station.decoding.cjt188`: what people see of a frame, and what is wrong when there is none."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines import cjt188
from station.decoding.cjt188 import decode
from station.decoding.refused import Refused


def test_totals_of_a_water_meter():
    (out,) = decode(bytes.fromhex("68104433221100337881161f9000007766552c007766552c3101221105152021841316"))
    assert out["frame"] == {
        "type": "10",
        "address": "78330011223344",
        "control": "81",
        "function": "read-reply",
        "di": "901F",
        "ser": 0,
    }
    assert out["points"][0] == {"point": "volume_now", "value": 55667700, "scale": -2, "unit": "m3"}
    assert out["points"][2]["text"] == "2015-05-11 22:01:31"
    assert out["points"][3]["flags"] == ["valve_closed"]


@pytest.mark.parametrize("di", ["901f", "1f90"])
def test_both_orders_of_an_identifier_are_read(di):
    (out,) = decode(cjt188.encode(0x10, "1", 1, bytes.fromhex(di + "07")))
    assert (out["frame"]["di"], out["frame"]["ser"]) == ("901F", 7)


def test_absent_errors_unknown_items_and_requests():
    fill = cjt188.encode(0x10, "1", 0x81, bytes.fromhex("20d100ffffffff2c"))
    error = cjt188.encode(0x10, "1", 0xC1, bytes.fromhex("000500"))
    unknown = cjt188.encode(0x10, "1", 0x81, bytes.fromhex("3f900001"))
    write = cjt188.encode(0x10, "1", 0x04, bytes.fromhex("17a00055"))
    bare = cjt188.encode(0x10, "1", 0x2A, b"")
    outs = decode(fill + error + unknown + write + bare)
    assert outs[0]["points"][0]["quality"] == "absent"
    assert outs[1]["flags"] == ["valve_closed", "battery_low"]
    assert outs[2]["note"] == "unknown_item: 903F"
    assert outs[3]["data"] == "55"
    assert list(outs[4]) == ["ok", "frame"]


def test_noise_beside_good_frames_is_told():
    good = cjt188.request(0x10, "1", 0x901F, 1)
    assert [item["ok"] for item in decode(good + b"\0\1" + good)] == [True, True, False]


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        ("fefe", "no start byte 68"),
        ("6810", "truncated: 2 bytes from the first 68, a frame has at least 13"),
        ("6891" + "00" * 11, "91 after the first 68 is no type of meter: 10 to 4F and AA are"),
        ("6810443322110033780103 1f90", "truncated: length 3 asks for 16 bytes, 13 are here"),
        ("68104433221100337801031f90008017", "end byte is 17, not 16"),
        ("68104433221100337801031f90008116", "checksum is 81, computed 80"),
    ],
)
def test_without_a_frame_the_first_fault_is_told(wire, reason):
    with pytest.raises(Refused) as told:
        decode(bytes.fromhex(wire))
    assert told.value.args[0] == reason


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 255), st.binary(max_size=60))
def test_any_bytes_give_json_or_refused(noise, control, data):
    for record in (noise, noise[:9] + cjt188.encode(0x20, "1", control, data)):
        try:
            json.dumps(decode(record))
        except Refused as refused:
            assert refused.args[0]  # noqa: PT017
