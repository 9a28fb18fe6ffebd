"""Frames for people: what a frame says, and what is wrong where there is none."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.dlt698 import apdu, axdr, link
from station.decoding import dlt698
from station.decoding.refused import Refused
from tests.unit.protocols.dlt698 import strategies

READ = bytes.fromhex("6817004345AAAAAAAAAAAA10DA5F0501034001020000900F16")
PUBLISHED = [
    case
    for case in json.loads(Path("tests/vectors/lines/dlt698.json").read_text(encoding="utf-8"))
    if case["do"] == "read" and "want" in case
]


RECORD = {"object": "50040200", "columns": [[0, "20000200"]], "result": "undefined"}


def decode(text) -> dict:
    (one,) = dlt698.decode(bytes.fromhex(text))
    assert one["ok"]
    return one


def decoded_apdu(text) -> dict:
    (one,) = dlt698.decode(link.encode(link.to_server("12", bytes.fromhex(text))))
    return one["apdu"]


def test_a_request():
    assert decode(READ.hex()) == {
        "ok": True,
        "frame": {
            "address": "AAAAAAAAAAAA",
            "kind": "wildcard",
            "logical": 0,
            "client": 16,
            "control": "43",
            "from": "client",
            "scrambled": False,
        },
        "apdu": {
            "service": "GET-Request",
            "kind": "Normal",
            "number": 3,
            "priority": False,
            "body": "40010200",
        },
    }


def test_a_secured_record_of_a_real_meter():
    one = decode(
        "684500C305204307001519119D0890002C850301500402000100001002000101010506001D41AD06000000000"
        "6001A008B06000000000600034121000001000461 98DFF4E90316"
    )["apdu"]
    assert (one["service"], one["verification"]) == ("SECURITY-Response", [0, "6198DFF4"])
    body = one["apdu"]["body"]
    assert (body["object"], body["columns"]) == ("50040200", [[0, "00100200"]])
    assert [item["value"] for item in body["rows"][0][0]["values"]] == [1917357, 0, 1704075, 0, 213281]


@pytest.mark.parametrize(
    ("text", "part", "want"),
    [
        ("8501434001020000 04 0000", "body", ["40010200", "undefined"]),
        ("8501434001020000 04 0000", "events_wait", True),
        ("860102400002000 0 0000", "body", ["40000200", "ok"]),
        ("0101010 12c07e0090c0100001f02ab", "body", ["heartbeat", 300, "2016-09-12 00:00:31.683"]),
        (
            "85010120000200011c07e0ffff0005ff0000",
            "body",
            ["20000200", {"type": "date_time_s", "value": "2016------ 00:05:--"}],
        ),
        ("9002140 0", "result", "security_mismatch"),
        ("10010 1aa03000000010 0", "ciphertext", "AA"),
        ("8501012000020001 1b010203 0000", "body", ["20000200", {"type": "time", "value": "01:02:03"}]),
        ("8501012000020001 5901ff 0000", "body", ["20000200", {"type": "scaler_unit", "value": "01FF"}]),
        ("8501012000020001 17435c199a 0000", "body", ["20000200", {"type": "float32", "value": [2201, -1]}]),
        ("86010220000200000102015004020001002000020000 04 00", "report", [2, [RECORD]]),
        (
            "050101400102000107e00114101b0b010005",
            "time",
            {"sent": "2016-01-20 16:27:11", "good_for": "5 minute"},
        ),
        (
            "050101400102000107e00114101b0b090005",
            "time",
            {"sent": "2016-01-20 16:27:11", "good_for": "5 of unit 9"},
        ),
    ],
)
def test_parts_of_services(text, part, want):
    got = decoded_apdu(text.replace(" ", ""))[part]
    assert got == want


def test_all_services_kinds_and_types_have_names():
    assert dlt698.SERVICES.keys() == apdu.SERVICES.keys()
    assert dlt698.TYPES.keys() == axdr.DATA.keys()
    for service, (_tail, kinds) in apdu.SERVICES.items():
        assert None in kinds or kinds.keys() <= dlt698.KINDS[service & 0x7F].keys()


def test_a_password_is_not_shown():
    text = "02000010" + "ff" * 24 + "040004000104000000006401063132333435360 0".replace(" ", "")
    assert decoded_apdu(text)["body"][-1] == [1, "not shown"]


def test_a_segment():
    frame = link.to_server("12", b"\x01\xc0ab", control=link.REQUEST | link.SEGMENT)
    (one,) = dlt698.decode(link.encode(frame))
    assert one["segment"] == {"kind": "middle", "number": 1, "data": "6162"}
    (one,) = dlt698.decode(link.encode(frame._replace(data=b"\x01")))
    assert (one["ok"], one["reason"]) == (False, "a segment without its header")


@pytest.mark.parametrize("case", PUBLISHED, ids=lambda case: case["name"])
def test_published_frames_are_shown(case):
    assert json.loads(json.dumps(decode(case["hex"])))["apdu"]["service"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no start byte 68"),
        (b"\xfe\x00", "no start byte 68"),
        (READ[:4], "truncated: 4 bytes from the first 68, its header is longer"),
        (READ[:12], "truncated: 12 bytes from the first 68, its header is longer"),
        (READ[:-1], "truncated: the length asks for 25 bytes, 24 are here"),
        (READ[:-1] + b"\x17", "end byte is 17, not 16"),
        (READ[:-3] + b"\x91\x0f\x16", "frame checksum is 910F, computed 900F"),
        (READ[:12] + b"\x00" + READ[13:], "header checksum is 005F, computed DA5F"),
        (READ[:3] + b"\x42" + READ[4:], "control 42: function 2 is neither 1 (link) nor 3 (user data)"),
        (READ[:1] + b"\x06" + READ[2:], "length 0006 is shorter than the header or longer than 4098 bytes"),
    ],
)
def test_what_is_wrong_is_told(data, reason):
    with pytest.raises(Refused) as caught:
        dlt698.decode(data)
    assert caught.value.args[0] == reason


def test_what_stands_beside_good_frames_is_told():
    hurt = READ[:-3] + b"\x00\x00\x16"
    got = dlt698.decode(hurt + READ + READ[:20])
    assert [one["ok"] for one in got] == [True, False, False]
    assert got[1]["reason"] == "1 with wrong checksum or end byte beside the good frames"
    assert got[2]["reason"] == "truncated frame of 20 bytes beside the good ones"


def test_a_good_frame_with_bad_content_says_so():
    (one,) = dlt698.decode(link.encode(link.to_server("12", b"\x05\x01\x01")))
    assert (one["ok"], one["data"]) == (False, "050101")
    assert one["reason"] == "the data ends inside a value (4 bytes at 3)"
    inner = b"\x05\x01\x01" + bytes(5)
    for _ in range(5):
        inner = apdu.encode(apdu.request(apdu.SECURITY, 0, None, (inner, (1, b""))))
    (one,) = dlt698.decode(link.encode(link.to_server("12", inner)))
    assert "nested deeper" in one["reason"]


@settings(max_examples=60, deadline=None)
@given(strategies.apdus(), st.binary(max_size=60))
def test_anything_can_be_shown(one, noise):
    frame = link.to_server("12", apdu.encode(one)[:3000])
    json.dumps(dlt698.decode(link.encode(frame) + noise))
    frame = frame._replace(data=noise, control=frame.control | link.SEGMENT * (len(noise) % 2))
    json.dumps(dlt698.decode(link.encode(frame)))
    try:
        json.dumps(dlt698.decode(noise))
    except Refused as refused:
        assert isinstance(refused.args[0], str)  # noqa: PT017
