"""Files for people."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.sml import messages, tlv, transport
from protocols.lines.sml.meter import Server
from station.decoding.refused import Refused
from station.decoding.sml import decode
from tests.unit.protocols.refusals import outcome

FILE = Server(store={"1-0:1.8.0*255": (123456, -1, "Wh"), "1-0:96.50.1*1": b"EMH"}).feed(b"")


def test_a_file_is_told_message_by_message():
    (told,) = decode(b"\0\x1b" + FILE)
    assert [message["kind"] for message in told["messages"]] == ["open", "list", "close"]
    assert told["messages"][1]["server_id"] == "0a014c4b000000000001"
    assert told["messages"][1]["values"] == [
        {"name": "1-0:1.8.0*255", "value": 123456, "scale": -1, "unit": 30},
        {"name": "1-0:96.50.1*1", "value": "EMH"},
    ]


def test_what_is_broken_beside_good_ones_is_told():
    assert decode(FILE + FILE[:30])[-1] == {
        "ok": False,
        "reason": "1 broken or unfinished beside the good ones",
    }
    broken = transport.encode(messages.encode(b"\1", 0x0201, tlv.sequence([tlv.NONE]))[:-4] + b"\1")
    assert decode(broken)[0]["reason"] == "the checksum is not that of the bytes: message at byte 0"


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        (b"", "no start 1B1B1B1B 01010101"),
        (FILE[:-8], "truncated: no end 1B1B1B1B 1A in the"),
        (FILE[:-2], "truncated: the end lacks 2 bytes"),
        (FILE[:-1] + bytes([FILE[-1] ^ 1]), "computed"),
    ],
)
def test_what_is_no_file_is_said_why(wire, reason):
    with pytest.raises(Refused) as refused:
        decode(wire)
    assert reason in refused.value.args[0]


def test_fill_bytes_that_cannot_be_are_told():
    wire = bytearray(FILE)
    wire[-3] = 9
    wire[-2:] = transport.checks(bytes(wire[:-2]))[0].to_bytes(2, "big")
    with pytest.raises(Refused, match="9 fill bytes"):
        decode(bytes(wire))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.booleans())
def test_any_bytes_give_json_or_a_reason(data, wrapped):
    reason, told = outcome(decode, transport.encode(data) if wrapped else data)
    assert reason or json.dumps(told)
