"""`station.decoding.modbus`: what people see of a frame, and what is wrong when there is none."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines import modbus
from station.decoding.modbus import decode
from station.decoding.refused import Refused


def one(unit, function, data) -> dict:
    (out,) = decode(modbus.encode(unit, function, bytes.fromhex(data)))
    assert out["ok"]
    return {key: value for key, value in out.items() if key not in ("ok", "frame")} | {
        "direction": out["frame"]["direction"],
        "name": out["frame"]["name"],
    }


@pytest.mark.parametrize(
    ("function", "data", "want"),
    [
        (3, "006b0003", {"name": "read_holding", "direction": "request", "address": 107, "count": 3}),
        (
            3,
            "06022b00000064",
            {
                "name": "read_holding",
                "direction": "reply",
                "registers": [555, 0, 100],
                "data": "022b00000064",
            },
        ),
        (1, "00130013", {"name": "read_coils", "direction": "request", "address": 19, "count": 19}),
        (1, "03cd6b05", {"name": "read_coils", "direction": "either", "data": "cd6b05"}),
        (1, "01cd", {"name": "read_coils", "direction": "reply", "data": "cd"}),
        (6, "00010003", {"name": "write_register", "direction": "either", "address": 1, "value": 3}),
        (16, "00010002", {"name": "write_registers", "direction": "reply", "address": 1, "count": 2}),
        (
            16,
            "0001000204000a0102",
            {"name": "write_registers", "direction": "request", "address": 1, "count": 2, "data": "000a0102"},
        ),
        (0x2B, "0e0100", {"name": "identify", "direction": "request", "code": 1, "object": 0}),
        (
            0x2B,
            "0e01010000020002414201ff".replace("01ff", "0101ff"),
            {
                "name": "identify",
                "direction": "reply",
                "code": 1,
                "objects": {"0": "AB", "1": "\\xff"},
                "more_from": None,
            },
        ),
        (
            0x83,
            "02",
            {"name": "read_holding-error", "direction": "reply", "exception": "illegal_data_address"},
        ),
        (0x83, "63", {"name": "read_holding-error", "direction": "reply", "exception": "exception_63"}),
        (0x07, "", {"name": "unknown-07", "direction": "request", "data": ""}),
    ],
)
def test_a_frame_in_words(function, data, want):
    assert one(17, function, data) == want


def test_noise_beside_good_frames_is_told():
    good = modbus.read(1, 3, 0, 1)
    assert [item["ok"] for item in decode(good + b"\xff\xff" + good)] == [True, True, False]


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        ("", "truncated: 0 bytes, a frame has at least 4"),
        ("0103", "truncated: 2 bytes, a frame has at least 4"),
        ("f8030000000144", "248 is no unit: 0 to 247 are"),
        ("01630000", "function 63 is not known, or its byte count cannot be"),
        ("0103000000", "truncated: 5 bytes of 8"),
        ("010304000000", "truncated: 6 bytes of 8 or truncated: 6 bytes of 9"),
        ("010300000002c40c", "CRC is C40C, computed C40B"),
        ("012b0e01010000", "CRC is 0000, computed B1B7 or truncated: 7 bytes of more"),
    ],
)
def test_without_a_frame_the_first_fault_is_told(wire, reason):
    with pytest.raises(Refused) as told:
        decode(bytes.fromhex(wire))
    assert told.value.args[0] == reason


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 255), st.binary(max_size=40))
def test_any_bytes_give_json_or_refused(noise, function, data):
    for record in (noise, noise[:9] + modbus.encode(1, function, data)):
        try:
            json.dumps(decode(record))
        except Refused as refused:
            assert refused.args[0]  # noqa: PT017
