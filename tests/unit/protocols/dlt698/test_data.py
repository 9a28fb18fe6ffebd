"""A-XDR: every type goes round, outside bytes end in a value or a named refusal, sizes are bounded."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.dlt698 import axdr, floats, values
from protocols.lines.refused import REASONS, Refused
from tests.unit.protocols.dlt698 import strategies

bounded = settings(max_examples=100, deadline=None)


@pytest.mark.parametrize("tag", sorted(axdr.DATA), ids=hex)
def test_each_type_goes_round_and_none_of_it_may_be_missing(tag):
    @settings(max_examples=8, deadline=None)
    @given(strategies.values(axdr.DATA[tag]))
    def check(value):
        wire = axdr.encode("data", (tag, value))
        assert axdr.decode("data", wire) == (tag, value)
        for size in range(len(wire)):
            with pytest.raises(Refused):
                axdr.decode("data", wire[:size])

    check()


@bounded
@given(st.binary(max_size=60), st.sampled_from(sorted(axdr.DATA)))
def test_any_bytes_end_in_a_value_or_a_named_refusal(data, tag):
    for wire in (data, bytes([tag]) + data):
        ended = strategies.reason(lambda wire=wire: values.flat(axdr.decode("data", wire)))
        assert ended in (None, *REASONS)


@bounded
@given(strategies.DATA)
def test_flat_keys_are_paths_and_values_are_plain(data):
    for key, value in values.flat(data, "20000200/").items():
        assert key.startswith("20000200/")
        assert all(step.isdigit() for step in key.split("/")[1:])
        assert value is None or isinstance(value, (int, str, bytes, tuple))


def test_a_lone_value_stands_under_0_and_nested_ones_under_their_path():
    assert values.flat((0x12, 7)) == {"0": 7}
    inner = (2, [(0x11, 1), (1, [(0x0A, "x"), (0x03, True)])])
    assert values.flat((1, [(0x11, 9), inner])) == {"0": 9, "1/0": 1, "1/1/0": "x", "1/1/1": 1}


@pytest.mark.parametrize(
    ("tag", "value", "plain"),
    [
        (0x04, (16, b"\x80\x04"), 1 << 0 | 1 << 13),
        (0x04, (9, b"\x00\x80"), 1 << 8),
        (0x04, (3, b"\xff"), 7),
        (0x04, (800, b"\x01" * 100), sum(1 << n for n in range(7, 800, 8))),
        (0x17, (2201, -1), (2201, -1)),
        (0x1C, (2016, 1, 20, 16, 27, 11), bytes.fromhex("07e00114101b0b")),
        (0x50, 0x4001, "4001"),
        (0x51, 0x00100200, "00100200"),
        (0x59, (-2, 27), b"\xfe\x1b"),
        (0x00, None, None),
    ],
)
def test_plain_values(tag, value, plain):
    assert values.plain(tag, value) == plain


def test_bombs_are_refused():
    with pytest.raises(Refused, match="too_deep"):
        axdr.decode("data", b"\x01\x01" * 40 + b"\x00")
    with pytest.raises(Refused, match="too_long"):
        axdr.decode("data", b"\x01\x82\x20\x00" + bytes(0x2000))
    with pytest.raises(Refused, match="truncated"):
        axdr.decode("data", bytes.fromhex("0184ffffffff"))


def test_lengths_need_not_be_minimal_but_are_written_so():
    assert axdr.decode("data", bytes.fromhex("0a8200024142")) == (0x0A, "AB")
    for size, head in ((0x7F, "097f"), (0x80, "098180"), (0x100, "09820100")):
        assert axdr.encode("data", (0x09, bytes(size)))[:-size].hex() == head
    assert axdr.encode("octets", bytes(0x10000))[:5].hex() == "8400010000"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("u8", 256),
        ("u8", -1),
        ("i16", 40000),
        ("bits", (9, b"1")),
        ("bytes8", b"1"),
        ("text", "中"),
        ("text", 5),
        ("float32", (1, 40)),
        ("float64", (1, 10**6)),
        ("data", (7, 1)),
        ("data", 5),
        (("u8", "u8"), (1,)),
        (axdr.RSD, (11, None)),
        (axdr.RCSD, 4),
        ("record", (1, [(0, 2)], (1, [[]]))),
    ],
)
def test_our_own_mistakes_are_told(kind, value):
    with pytest.raises(ValueError):
        axdr.encode(kind, value)


# ---- floats


def test_no_number_is_written_as_one_that_is_none():
    assert axdr.encode("float32", None).hex() == "7fc00000"
    assert axdr.encode("float64", None).hex() == "7ff8000000000000"


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))
def test_floats_are_the_shortest_decimals_that_mean_their_bits(single, double):
    for bits, width, form, size in ((single, floats.SINGLE, ">f", 4), (double, floats.DOUBLE, ">d", 8)):
        got = floats.decode(bits, width)
        (want,) = struct.unpack(form, bits.to_bytes(size, "big"))
        if got is None:
            assert want != want or want in (float("inf"), -float("inf"))
            continue
        number, ten = got
        assert floats.encode(got, width) == (bits if want else 0)
        assert size == 4 or float(f"{number}e{ten}") == want


@settings(max_examples=200, deadline=None)
@given(st.integers(-(10**17), 10**17), st.integers(-340, 280))
def test_encoding_rounds_as_the_processor_does(number, ten):
    (want,) = struct.unpack(">Q", struct.pack(">d", float(f"{number}e{ten}")))
    got = floats.encode((number, ten), floats.DOUBLE)
    assert got == want or not (got | want) & ((1 << 63) - 1)  # zero has two signs
