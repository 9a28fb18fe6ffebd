"""For people: every frame an object that JSON takes, and a reason where there is none."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.gdw376 import frame, message
from station.decoding.gdw376 import decode
from station.decoding.refused import Refused


def test_a_request_and_its_answer():
    asked = message.request("4403", 5, 1, 0x0C, [(1, 25, {})], 3, tp=(7, "22T10:30:15", 5))
    values = bytes.fromhex("01010103") + bytes.fromhex("1815220816") + b"\xee" * 62
    said = frame.encode(0xA8, "4403", 5, 2, 0x0C, 0x63, values + b"\x01\x02")
    first, second = decode(asked + said)
    assert first["frame"] == {
        "direction": "down",
        "function": "class 2",
        "control": "4B",
        "region": "4403",
        "terminal": 5,
        "group": False,
        "station": 1,
        "afn": "0C",
        "meaning": "class_1",
        "seq": "E3",
        "version": 2,
        "tp": (7, "22T10:30:15", 5),
    }
    assert first["units"] == [{"p": 1, "f": 25, "name": "instant", "points": []}]
    assert second["frame"]["ec"] == (1, 2)
    time, power, *_ = second["units"][0]["points"]
    assert time == {"point": "time", "value": "2016-08-22T15:18", "scale": 0, "unit": ""}
    assert power == {"point": "p", "value": None, "scale": -4, "unit": "kW", "quality": "absent"}


def test_what_is_not_known_is_raw_and_what_one_source_says_is_marked():
    known = bytes.fromhex("0101010500")[:4] + b"\x00" + bytes(4)
    (said,) = decode(frame.encode(0x88, "4403", 5, 2, 0x0C, 0x63, known + bytes.fromhex("0101011eaa")))
    assert said["units"][0]["note"] == "layout known from one source only"
    assert (said["rest"], said["note"]) == ("0101011eaa", "unknown_item: AFN 0C F241 up")


def test_additions_that_are_not_whole():
    (said,) = decode(frame.encode(0x4A, "4403", 5, 2, 0x05, 0x60, bytes(5)))
    assert (said["data"], said["note"]) == ("0000000000", "truncated: 16 bytes of additions")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "no start byte"),
        ("00ff16", "no start byte"),
        ("6832", "truncated: 2 bytes"),
        ("683200360068", "but 68 32 00 36 00 68"),
        ("683000300068", "version 1 or 2"),
        ("681e001e0068", "length is 7, the least is 8"),
        ("683200320068c903", "truncated: the frame has 20 bytes, 8 are here"),
        ("683200320068c9034404000002710000010088", "truncated: the frame has 20 bytes, 19"),
        ("683200320068c903440400000271000001008917", "end byte is 17"),
        ("683200320068c9034404000002710000010088ff", "end byte is FF"),
        ("683200320068c903440400000271000001008916", "checksum is 89, computed 88"),
    ],
)
def test_why_there_is_no_frame(data, reason):
    with pytest.raises(Refused) as caught:
        decode(bytes.fromhex(data))
    assert reason in caught.value.args[0]


def test_noise_beside_a_good_frame_is_told():
    good = message.request("4403", 5, 1, 0x0C, [(0, 2, {})], 3)
    assert decode(b"\x00\x01" + good)[-1]["reason"].startswith("2 bytes")


FRAMES = st.builds(
    frame.encode,
    st.integers(0, 255),
    st.just("4403"),
    st.just(5),
    st.just(2),
    st.sampled_from(sorted(frame.AFN)),
    st.integers(0, 255),
    st.binary(max_size=80),
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=80), FRAMES))
def test_any_bytes_give_json_or_a_reason(data):
    try:
        said = decode(data)
    except Refused as refused:
        said = refused.args
    assert json.dumps(said)
