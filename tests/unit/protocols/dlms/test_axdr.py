"""A-XDR trees: every type round, every bound held."""

import struct
from decimal import ROUND_HALF_UP, Context, Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.dlms import axdr
from protocols.lines.refused import REASONS, Refused
from tests.unit.protocols.dlms.support import outcome

HERE = Path(__file__).parent


def array(count: int, item: bytes) -> bytes:
    return bytes([axdr.ARRAY, 0x82]) + count.to_bytes(2, "big") + item * count


FULL = [
    array(498, b"\0"),
    array(166, b"\1\1\0"),
    array(249, b"\x15" + bytes(range(1, 9))),
    array(249, b"\x09\1a"),
    array(83, b"\2\3\x09\1a\x12\1\1\x12\1\1"),
    b"\x04\x82\x1e\x00" + bytes(960),
    b"\x0a\x82\x1f\x00" + b"\xe9" * 7936,
]
CROWDS = [
    bytes([axdr.COMPACT, axdr.STRUCTURE, 127]) + bytes(126) + b"\x11\x20" + bytes(range(32)),
    array(4000, b"\0"),
    b"\x04\x83\1\0\0" + bytes(8192),
    b"\2\6" + (b"\x04\x82\x18\x00" + bytes(768)) * 6,
]
bounded = settings(max_examples=150, deadline=None)


def signed(tag: int, size: int) -> st.SearchStrategy:
    return st.tuples(st.just(tag), st.integers(-(1 << size * 8 - 1), (1 << size * 8 - 1) - 1))


def unsigned(tag: int, size: int) -> st.SearchStrategy:
    return st.tuples(st.just(tag), st.integers(0, (1 << size * 8) - 1))


def fixed(tag: int, size: int) -> st.SearchStrategy:
    return st.tuples(st.just(tag), st.binary(min_size=size, max_size=size))


LEAVES = st.one_of(
    st.sampled_from([(axdr.NULL, None), (axdr.DONT_CARE, None), (axdr.BOOL, True), (axdr.BOOL, False)]),
    st.tuples(st.just(axdr.BITS), st.text("01", max_size=20)),
    st.tuples(st.just(axdr.OCTETS), st.binary(max_size=300)),
    st.tuples(st.just(axdr.TEXT), st.text(st.characters(max_codepoint=255), max_size=20)),
    st.tuples(st.just(axdr.UTF8), st.text(max_size=20)),
    st.tuples(st.just(axdr.BCD), st.integers(0, 99)),
    *[signed(tag, size) for tag, size in ((axdr.I8, 1), (axdr.I16, 2), (axdr.I32, 4), (axdr.I64, 8))],
    *[unsigned(tag, size) for tag, size in ((axdr.U8, 1), (axdr.U16, 2), (axdr.U32, 4), (axdr.U64, 8))],
    unsigned(axdr.ENUM, 1),
    *[fixed(tag, axdr.TYPES[tag][2]) for tag in range(axdr.F32, axdr.TIME + 1)],
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.tuples(st.sampled_from([axdr.ARRAY, axdr.STRUCTURE]), st.lists(inner, max_size=4)),
)


@bounded
@given(TREES)
def test_every_tree_comes_back(tree):
    data = axdr.encode(tree)
    assert axdr.decode(data) == tree
    axdr.plain(tree)


@bounded
@given(st.lists(st.tuples(st.integers(0, 65535), st.binary(max_size=5)), min_size=1, max_size=9))
def test_compact_arrays_come_back(rows):
    description = (axdr.STRUCTURE, (axdr.U16,), (axdr.ARRAY, 1, (axdr.OCTETS,)))
    items = [
        (axdr.STRUCTURE, [(axdr.U16, number), (axdr.ARRAY, [(axdr.OCTETS, data)])]) for number, data in rows
    ]
    tree = (axdr.COMPACT, (description, items))
    assert axdr.decode(axdr.encode(tree)) == tree
    assert axdr.plain(tree) == [[number, [data]] for number, data in rows]


@bounded
@given(st.binary(max_size=120))
def test_any_bytes_are_a_tree_or_refused(data):
    def again() -> None:
        tree = axdr.decode(data)
        assert axdr.decode(axdr.encode(tree)) == tree

    assert outcome(again) in ("", *REASONS)


@bounded
@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float32_keeps_seven_digits(number):
    value, scale = axdr.decimal(struct.pack(">f", number)) or pytest.fail("no number")
    assert abs(value) < 10**7
    assert float(f"{value}e{scale}") == pytest.approx(number, rel=1e-6, abs=1e-51)
    assert value == 0 or value % 10


@bounded
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float64_is_rounded_once(number):
    value, scale = axdr.decimal(struct.pack(">d", number)) or pytest.fail("no number")
    assert Decimal(value).scaleb(scale) == Context(prec=15, rounding=ROUND_HALF_UP).create_decimal(number)


@pytest.mark.parametrize(
    "tree",
    [
        (axdr.U8, 256),
        (axdr.U16, -1),
        (axdr.I8, 128),
        (axdr.BITS, "02"),
        (axdr.DATE, b"1234"),
        (axdr.TEXT, "\u4e00"),
        (7, 1),
    ],
)
def test_our_own_mistakes_are_told(tree):
    with pytest.raises(ValueError):
        axdr.encode(tree)


def test_deep_nests_are_refused():
    axdr.decode(b"\1\1" * axdr.MAX_DEPTH + b"\0")
    with pytest.raises(Refused, match="too_deep"):
        axdr.decode(b"\1\1" * (axdr.MAX_DEPTH + 1) + b"\0")
    with pytest.raises(Refused, match="too_deep"):
        axdr.decode(bytes([axdr.COMPACT]) + b"\2\1" * 20)


def test_compact_arrays_share_the_bound_of_their_tree():
    one = bytes([axdr.COMPACT, axdr.U8]) + axdr.octets_bytes(bytes(120))
    assert len(axdr.plain(axdr.decode(b"\1\4" + one * 4))) == 4
    with pytest.raises(Refused, match="too_long"):
        axdr.decode(b"\1\5" + one * 5)


@pytest.mark.parametrize(("tree", "what"), [(t, "fits") for t in FULL] + [(t, "too_long") for t in CROWDS])
def test_a_tree_fits_a_small_heap_or_is_refused(run_micropython, tmp_path, tree, what):
    """With its plain values and their keys, as a reader makes them."""
    (tmp_path / "tree").write_bytes(tree)
    ended = run_micropython(HERE / "small_heap.py", tmp_path / "tree", heap="192K")
    assert (ended.returncode, ended.stdout) == (0, f"{what}\n"), ended.stdout + ended.stderr


def test_many_values_are_refused_before_they_fill_the_memory():
    """Six bytes that promise 2**32 nulls."""
    promise = bytes([axdr.COMPACT, axdr.ARRAY, 255, 255, axdr.ARRAY, 255, 255, axdr.NULL, 1, 0])
    with pytest.raises(Refused, match="too_long"):
        axdr.decode(promise)
    with pytest.raises(Refused, match="too_long"):
        axdr.decode(b"\x01\x82\xff\xff" + bytes(65535))
