"""For people: every frame an object that JSON takes, and a reason where there is none."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.mbus import link, records, secondary, telegram
from station.decoding.mbus import decode
from station.decoding.refused import Refused


def test_a_whole_conversation():
    body = records.encode(0xC, b"\x06", 1234) + b"\x1f"
    answer = telegram.encode(5, secondary.pack("12345678.QDS.0A.07"), 1, 0, body)
    selection = link.select(secondary.pack("12345678"))
    selected, confirmed, asked, said, reset = decode(
        selection + b"\xe5" + link.request(253, True) + answer + link.application_reset(5)
    )
    assert selected["frame"]["secondary"] == "12345678.*.*.*"
    assert confirmed == {"ok": True, "frame": {"function": "confirmation"}}
    assert asked["frame"] == {"function": "REQ_UD2", "control": "7B", "address": 253, "fcb": True}
    assert said["header"] == {"address": "12345678.QDS.0A.07", "access": 1, "status": 0, "medium": "water"}
    assert said["points"] == [{"point": "energy/0/0/0/inst", "value": 1234, "scale": 3, "unit": "Wh"}]
    assert said["more"] is True
    assert (reset["frame"]["meaning"], reset["data"]) == ("application reset", "")


def test_what_the_meter_refuses_and_what_is_not_spoken_here():
    assert decode(link.encode(8, 5, 0x70, b"\x01"))[0]["note"] == "refused: unimplemented CI field"
    assert decode(link.encode(8, 5, 0x73, bytes(16)))[0]["note"] == "unsupported: CI 73"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "no start byte"),
        ("00ff", "no start byte"),
        ("68", "truncated: the frame has 9 bytes, 1 are here"),
        ("680304680000", "but 68 03 04 68"),
        ("6803036808", "truncated: the frame has 9 bytes, 5 are here"),
        ("680303680801730016", "checksum is 00, computed 7C"),
        ("680303680801737c17", "end byte is 17"),
        ("107b017d16", "checksum is 7D, computed 7C"),
        ("107b", "truncated: the frame has 5 bytes, 2 are here"),
    ],
)
def test_why_there_is_no_frame(data, reason):
    with pytest.raises(Refused) as caught:
        decode(bytes.fromhex(data))
    assert reason in caught.value.args[0]


def test_noise_beside_a_good_frame_is_told():
    assert decode(b"\x00\x01" + link.request(5, True))[-1]["reason"].startswith("2 bytes")


ANSWERS = st.builds(link.encode, st.just(8), st.just(1), st.integers(0, 255), st.binary(max_size=60))


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=80), ANSWERS))
def test_any_bytes_give_json_or_a_reason(data):
    try:
        said = decode(data)
    except Refused as refused:
        said = refused.args
    assert json.dumps(said)
