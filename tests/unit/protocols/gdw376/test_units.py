"""Identifiers: several bits are several units, in the order of their data."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.gdw376 import units
from protocols.lines.refused import Refused


@pytest.mark.parametrize(
    ("wire", "pairs"),
    [
        ("00000100", [(0, 1)]),
        ("01010103", [(1, 25)]),
        ("04010110", [(3, 129)]),
        ("ff000100", [(units.ALL, 1)]),
        ("8001800f", [(8, 128)]),
        ("80ff801e", [(2040, 248)]),
        ("03010500", [(1, 1), (1, 3), (2, 1), (2, 3)]),
        ("00000700", [(0, 1), (0, 2), (0, 3)]),
    ],
)
def test_both_ways(wire, pairs):
    assert units.decode(bytes.fromhex(wire)) == pairs
    assert units.encode(pairs).hex() == wire


@pytest.mark.parametrize("wire", ["00010100", "01000100", "0000011f", "00000000", "010100ff"])
def test_what_names_nothing_is_refused(wire):
    with pytest.raises(Refused, match="bad_value"):
        units.decode(bytes.fromhex(wire))


@pytest.mark.parametrize(
    "pairs",
    [[], [(1, 0)], [(1, 249)], [(2041, 1)], [(-2, 1)], [(1, 1), (9, 1)], [(1, 1), (1, 9)], [(1, 1), (2, 2)]],
)
def test_what_one_identifier_cannot_name(pairs):
    with pytest.raises(ValueError):
        units.encode(pairs)


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=4, max_size=4))
def test_any_identifier_goes_round_or_is_refused(wire):
    try:
        pairs = units.decode(wire)
    except Refused:
        return
    assert units.encode(pairs) == wire
