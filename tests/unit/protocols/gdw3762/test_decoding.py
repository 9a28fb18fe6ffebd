"""`station.decoding.gdw3762`: what people see of a frame, and what is wrong when there is none."""

import json

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines import dlt645, dlt645_meter
from protocols.lines.gdw3762 import frame, items
from station.cli.decode import decode as command
from station.decoding.gdw3762 import decode
from station.decoding.refused import Refused

OWN, NODE = "049999888888", "123456789012"
REPLY = dlt645_meter.reply(NODE, dlt645.READ, 0x00010000, b"\x26\0\0\0", wakeup=0)


def carried(data: bytes, protocol: int = items.DLT645_2007) -> bytes:
    values = {"duration_s": 2, "protocol": protocol, "data": data}
    return frame.answer(
        0x13, 1, items.encode("forward", True, values), 9, (NODE, OWN), level=2, phase=3, answer_signal=7
    )


def test_an_answer_shows_how_it_came_and_what_the_meter_said():
    (out,) = decode(carried(REPLY))
    assert out["frame"] == {
        "direction": "up",
        "started": False,
        "mode": "broadband carrier",
        "number": 9,
        "afn": "13",
        "fn": [1],
        "name": "forward",
        "addresses": [NODE, OWN],
        "info": {
            "bypass": 0,
            "to_node": 1,
            "level": 2,
            "channel": 0,
            "phase": 3,
            "meter_channel": 0,
            "command_signal": 0,
            "answer_signal": 7,
            "flags": 0,
        },
    }
    assert out["values"] == {"duration_s": 2, "protocol": 2, "data": REPLY.hex()}
    (inside,) = out["carried"]
    assert inside["points"] == [{"point": "1-0:1.8.0*255", "value": 26, "scale": -2, "unit": "kWh"}]


def test_what_is_inside_may_be_anything():
    (out,) = decode(carried(b"\x68\x01"))
    assert out["carried"] == [
        {"ok": False, "reason": "truncated: 2 bytes from the first 68, a frame has at least 12"}
    ]
    (raw,) = decode(carried(b"\x68\x01", items.TRANSPARENT))
    assert "carried" not in raw


def test_denials_lists_and_unknown_items():
    deny = frame.answer(0, 2, b"\x0c", 1)
    vendor = frame.answer(0, 2, b"\x63", 1)
    nodes = bytes.fromhex("0100 01 129078563412 9312")
    listed = frame.answer(0x10, 2, nodes, 1)
    unknown = frame.request(0x10, 77, b"\1\2", 1)
    several = frame.encode(0x43, bytes(6), (), 3, 0x0003)
    file = frame.answer(0x15, 1, bytes(4), 1)
    outs = decode(deny + vendor + listed + unknown + several + file)
    assert [out.get("error") for out in outs[:2]] == ["node_not_in_network", "error 99"]
    assert outs[2]["values"] == {
        "total": 1,
        "nodes": [{"address": NODE, "level": 3, "signal": 9, "phases": 2, "protocol": 2}],
    }
    assert (outs[3]["data"], outs[3]["note"]) == ("0102", "unknown_item: AFN 10 F77 down")
    assert (outs[4]["frame"]["fn"], outs[4]["frame"]["name"]) == ([1, 2], "unknown")
    assert outs[5]["note"] == "layout known from one source only"


def test_the_command_reads_a_published_frame():
    published = "68 0F 00 41 01 00 FF 00 00 00 03 01 00 45 16"
    result = CliRunner().invoke(command, ["gdw3762", published])
    assert result.exit_code == 0
    out = json.loads(result.output)
    assert (out["frame"]["name"], out["frame"]["mode"]) == ("vendor", "carrier, central routing")
    assert (out["frame"]["info"]["bypass"], out["frame"]["info"]["answer_bytes"]) == (1, 255)


def test_noise_beside_good_frames_is_told():
    good = frame.request(3, 1, b"", 1)
    assert decode(good + b"\0\1" + good)[2] == {
        "ok": False,
        "reason": "2 bytes of no good frame beside the good ones",
    }


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        ("fefe", "no start byte 68"),
        ("680f", "truncated: 2 bytes from the first 68, a frame has at least 15"),
        ("680e00", "length is 14, a frame has 15 to 2048 bytes"),
        ("680f0041", "truncated: the frame has 15 bytes, 4 are here"),
        ("680f00410100ff000000030100" + "4517", "end byte is 17, not 16"),
        ("680f00410100ff000000030100" + "4616", "checksum is 46, computed 45"),
        (
            "680f00410400ff000000030100" + "4816",
            "15 bytes are too few for the addresses that R 04 00 FF 00 00 00 names",
        ),
    ],
)
def test_without_a_frame_the_first_fault_is_told(wire, reason):
    with pytest.raises(Refused) as told:
        decode(bytes.fromhex(wire))
    assert told.value.args[0] == reason


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(sorted(items.ITEMS)), st.booleans(), st.binary(max_size=60))
def test_any_bytes_give_json_or_refused(noise, key, up, data):
    for record in (noise, noise[:9] + (frame.answer if up else frame.request)(key[0], key[1], data, 1)):
        try:
            json.dumps(decode(record))
        except Refused as refused:
            assert refused.args[0]  # noqa: PT017
