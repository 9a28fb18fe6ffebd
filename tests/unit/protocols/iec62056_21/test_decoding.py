"""Messages for people: what they hold, or what is wrong with the first of them."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines import iec62056_21, p1
from station.decoding.iec62056_21 import decode
from station.decoding.refused import Refused
from tests.unit.protocols.refusals import outcome

READOUT = iec62056_21.encode("data", "", b"1.8.0(000123.45*kWh)\r\n0.0.0(12)\r\n!\r\n")
TELEGRAM = p1.encode("ISk5\\2MT382", b"\r\n1-3:0.2.8(50)\r\n1-0:1.8.1(1.5*kWh)\r\n")


def test_a_session_is_told_message_by_message():
    wire = b"/?!\r\n/ISk5\\2MT382\r\n\x06050\r\n" + READOUT
    request, ident, option, data = decode(wire)
    assert request["frame"] == {"kind": "request", "head": "", "text": ""}
    assert (ident["frame"]["mode"], ident["frame"]["baud"]) == ("C", 9600)
    assert option["frame"]["head"] == "050"
    assert data["values"] == [
        {"address": "1.8.0", "value": 12345, "scale": 1},
        {"address": "0.0.0", "value": "12"},
    ]
    assert decode(iec62056_21.add_parity(wire)) == [request, ident, option, data]


def test_a_telegram_is_told_with_its_values():
    (told,) = decode(b"noise" + TELEGRAM)
    assert told["frame"] == {"kind": "telegram", "ident": "ISk5\\2MT382", "crc": True}
    assert told["values"][1] == {"address": "1-0:1.8.1", "value": 15, "scale": 2}


def test_what_is_broken_beside_good_ones_is_told():
    hurt = READOUT.replace(b"123", b"124")
    assert decode(hurt + READOUT)[-1] == {"ok": False, "reason": "1 with a wrong check beside the good ones"}
    assert decode(TELEGRAM.replace(b"1.5", b"1.6") + TELEGRAM)[-1]["ok"] is False


def test_data_that_are_no_values_are_told_as_such():
    assert decode(iec62056_21.encode("data", "", b"(ERROR)")) == [
        {"ok": True, "frame": {"kind": "data", "head": "", "text": "(ERROR)"}}
    ]
    told = decode(iec62056_21.encode("data", "", b"1.8.0(12"))[0]
    assert (told["ok"], told["reason"]) == (False, "the data ends inside a value: no ) after 1.8.0")


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        (b"", "no start: neither / nor 01 nor 02"),
        (b"abc", "no start: neither / nor 01 nor 02"),
        (READOUT[:-5], "truncated: no 03 or 04 in the 34 bytes from the first 02"),
        (READOUT[:-1], "truncated: no check character"),
        (READOUT[:-1] + b"\x11", "check character is 11, computed"),
        (b"\2\0\3\3", "control characters inside the block"),
        (b"/abc", "truncated: neither ! nor 03 in the 4 bytes from the first /"),
        (TELEGRAM[:-6], "truncated: no checksum after !"),
        (TELEGRAM.replace(b"1.5", b"1.6"), "checksum is 'C41E', computed"),
    ],
)
def test_what_is_no_message_is_said_why(wire, reason):
    with pytest.raises(Refused) as refused:
        decode(wire)
    assert reason in refused.value.args[0]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.binary(max_size=20) | st.sampled_from([READOUT, TELEGRAM, b"\2(", b"/IS", b"\3", b"!", b"\r\n"]),
        max_size=6,
    ).map(b"".join)
)
def test_any_bytes_give_json_or_a_reason(wire):
    reason, told = outcome(decode, wire)
    assert reason or json.dumps(told)
