"""`loadkeeper decode dlt645-1997`."""

import json

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines import dlt645, dlt645_97
from station.cli.decode import decode
from station.decoding import dlt645_1997
from station.decoding.refused import Refused

ADDRESS = "123456789012"
BLOCK = "689532060000006881 16 52C3 6C333333 33333333 36333333 57333333 45333333 B716"
bounded = settings(max_examples=200, deadline=None)


def test_a_captured_block_is_read_from_the_command_line():
    result = CliRunner().invoke(decode, ["dlt645-1997", BLOCK])
    shown = json.loads(result.output)
    assert (result.exit_code, shown["frame"]["di"], shown["frame"]["address"]) == (0, "901F", "000000063295")
    assert [point["value"] for point in shown["points"]] == [39, 0, 3, 24, 12]


@pytest.mark.parametrize(
    ("frame", "function", "note"),
    [
        (dlt645_97.read(ADDRESS, 0x9010), "read", ""),
        (dlt645.encode(ADDRESS, 0xA1, b"\x1f\x90\0"), "read-reply", "part of a longer answer"),
        (dlt645.encode(ADDRESS, 0x82, b"\x1f\x90\0"), "read_next-reply", "part of a longer answer"),
        (dlt645.encode(ADDRESS, 0x81, b"\x99\x99\0"), "read-reply", "9999 is not in the table"),
        (dlt645.encode(ADDRESS, 0xC1, b"\2"), "read-error", ""),
    ],
)
def test_frames_without_points(frame, function, note):
    (shown,) = dlt645_1997.decode(frame)
    assert (shown["ok"], shown["frame"]["function"], shown["points"]) == (True, function, [])
    assert note in shown.get("note", "")


def test_a_time_without_year_stays_a_text():
    (shown,) = dlt645_1997.decode(dlt645.encode(ADDRESS, 0x81, b"\x10\xb0\x30\x10\x22\x11"))
    assert shown["points"] == [{"point": "1-0:129.6.0*255", "value": "11-22 10:30", "scale": 0, "unit": ""}]


def test_what_is_wrong_is_told():
    (shown,) = dlt645_1997.decode(dlt645.encode(ADDRESS, 0x81, b"\x10\x90\0"))
    assert (shown["ok"], shown["reason"]) == (False, "1 bytes cannot be the data of 9010")
    with pytest.raises(Refused, match="no start byte"):
        dlt645_1997.decode(b"123")


@bounded
@given(st.integers(0, 255), st.sampled_from([b"\x10\x90", b"\x1f\xb0", b"\x11\xb6"]), st.binary(max_size=60))
def test_any_frame_is_shown(control, di, data):
    shown = dlt645_1997.decode(dlt645.encode(ADDRESS, control, di + data))
    assert json.loads(json.dumps(shown)) == shown
