"""Our CBOR subset against an independent implementation, on values and on bytes nobody chose."""

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import cbor

INTEGERS = st.integers(-(2**64), 2**64 - 1)
LEAVES = st.one_of(INTEGERS, st.text(max_size=8), st.binary(max_size=40), st.booleans(), st.none())


def nested(keys):
    """Values of the subset, whose maps have keys of one of the given kinds."""
    maps = [lambda inner, kind=kind: st.dictionaries(kind, inner, max_size=4) for kind in keys]
    grow = [lambda inner: st.lists(inner, max_size=4), *maps]
    return st.recursive(LEAVES, lambda inner: st.one_of([make(inner) for make in grow]), max_leaves=8)


# cbor2 sorts keys by length first (RFC 7049), we by bytes (RFC 8949): the same within one of these kinds.
ALIKE = nested([st.integers(0, 2**64 - 1), st.text(max_size=8)])
VALUES = nested([st.one_of(INTEGERS, st.text(max_size=8))])
bounded = settings(max_examples=150, deadline=None)


def decoded(data) -> tuple:
    """(value, "") or (None, reason); any other exception is a failure of the test."""
    try:
        return cbor.decode(data), ""
    except cbor.CborError as error:
        return None, error.args[0]


def depth(value) -> int:
    if isinstance(value, dict):
        return 1 + max([depth(v) for v in value.values()], default=0)
    return 1 + max([depth(v) for v in value], default=0) if isinstance(value, list) else 0


@bounded
@given(ALIKE)
def test_same_bytes(value):
    assert cbor.encode(value) == cbor2.dumps(value, canonical=True)


@bounded
@given(VALUES)
def test_round_trip(value):
    data = cbor.encode(value)
    assert cbor2.loads(data) == value
    if depth(value) < cbor.MAX_DEPTH:
        assert cbor.decode(data) == value


def test_keys_are_sorted_as_rfc_8949_section_4_2_1_shows():
    data = cbor.encode({"aa": 4, -1: 2, 100: 1, "z": 3, 10: 0})
    assert data.hex() == "a5" + "0a00" + "186401" + "2002" + "617a03" + "62616104"


@bounded
@given(st.binary(max_size=60))
def test_any_bytes_give_a_value_or_a_named_refusal(data):
    value, reason = decoded(data)
    if not reason:
        assert cbor2.loads(data) == value
        assert cbor.encode(value) == data, "accepted another encoding than the deterministic one"


@bounded
@given(VALUES, st.data())
def test_one_changed_byte_never_escapes(value, data):
    wire = bytearray(cbor.encode(value))
    wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    value, reason = decoded(wire)
    assert reason or cbor.encode(value) == wire


def test_limits_hold():
    too_deep: list = []
    for _ in range(cbor.MAX_DEPTH):
        too_deep = [too_deep]
    for value, reason in (
        (too_deep, "too deep"),
        (list(range(cbor.MAX_ITEMS + 1)), "too many items"),
        (bytes(cbor.MAX_BYTES), "document too large"),
    ):
        with pytest.raises(cbor.CborError, match=reason):
            cbor.decode(cbor2.dumps(value))


@pytest.mark.parametrize("value", [1.5, 2**64, -(2**64) - 1, object(), {1: {2: 3.0}}])
def test_what_is_outside_the_subset_is_not_encoded(value):
    with pytest.raises(cbor.CborError):
        cbor.encode(value)
