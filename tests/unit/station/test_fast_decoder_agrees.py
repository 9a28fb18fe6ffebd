"""The fast decoder of ingest answers exactly as protocols.cbor does, for any bytes."""

from datetime import UTC

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import cbor
from station.ingest import fastcbor

OURS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.binary(max_size=30)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.integers(-30, 2**40) | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=40,
)
FOREIGN = st.recursive(
    st.floats() | st.integers(-(2**80), 2**80) | st.just(cbor2.undefined) | st.datetimes() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.builds(cbor2.CBORTag, st.integers(0, 300), inner),
    max_leaves=9,
)


def answer(decoder, data):
    try:
        return decoder(data)
    except cbor.CborError as error:
        return error.args


def same(data):
    assert answer(lambda d: fastcbor.decode(d)[0], data) == answer(cbor.decode, data)


@given(OURS)
def test_our_values(value):
    data = cbor.encode(value)
    same(data)
    decoded, encode = fastcbor.decode(data)
    assert encode(decoded) == data


@given(st.binary(max_size=60))
def test_any_bytes(data):
    same(data)


@given(OURS.map(cbor.encode), st.integers(0, 200), st.integers(0, 255))
def test_one_byte_wrong(data, at, byte):
    same(data[: at % len(data)] + bytes([byte]) + data[at % len(data) + 1 :])


@settings(max_examples=50)
@given(FOREIGN)
def test_what_only_cbor2_knows(value):
    for canonical in (False, True):
        same(cbor2.dumps(value, canonical=canonical, timezone=UTC))


def references(levels: int, width: int) -> bytes:
    """Lists of `width` times the next inner list: width ** levels values in 3 * width * levels bytes."""
    data = b"\xd8\x1c\x80"
    for inner in range(levels, 0, -1):  # shared values are numbered from the outermost, which is 0
        data = b"\xd8\x1c\x98" + bytes([width]) + data + (b"\xd8\x1d" + bytes([inner])) * (width - 1)
    return data


NASTY = [
    references(6, 60),  # never ends if it is looked at
    b"\xd9\x01\x00\x82\x59\x7f\xff" + bytes(32767) + b"\x99\x02\x00" + b"\xd8\x19\x00" * 512,  # 16 MB
    b"\x81" * 5000 + b"\x00",
    b"\x9f" * 5000,
    b"\x5b" + b"\xff" * 8,
    b"\x9b" + b"\x7f" + b"\xff" * 7,
    b"\xd8\x1c\x81\xd8\x1d\x00",  # a list that contains itself
    b"\xd9\x01\x00\x82\x61aa\xd8\x19\x00",  # string references
    b"\xc2\x41\x05",  # a small number as a bignum
    b"\x81" * 8 + b"\x00",
    b"\x81" * 7 + b"\x00",
    b"\x99\x02\x00" + b"\x00" * 512,
    b"\x99\x02\x01" + b"\x00" * 513,
    b"\xa2\x19\x03\xe8\x00\x61a\x00",
    b"\xa2\x61a\x00\x19\x03\xe8\x00",
    b"\xa2\x01\x00\x01\x00",
    b"\xa2\x02\x00\x01\x00",
    b"\xf4\xf4",
]


@pytest.mark.parametrize("data", NASTY, ids=[str(n) for n in range(len(NASTY))])
def test_nasty(data):
    same(data)
