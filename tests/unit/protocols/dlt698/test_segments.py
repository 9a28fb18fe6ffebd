"""Segments of a long APDU: cut, acknowledged one by one, joined, and never joined wrongly."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.dlt698 import segments
from protocols.lines.refused import Refused

bounded = settings(max_examples=80, deadline=None)


@bounded
@given(st.binary(min_size=2, max_size=500), st.integers(3, 90), st.lists(st.booleans(), max_size=40))
def test_what_is_cut_is_joined_also_when_acknowledgements_are_lost(apdu, size, repeats):
    pieces = segments.cut(apdu, size)
    joiner, whole = segments.Joiner(), None
    for i, piece in enumerate(pieces):
        assert 2 < len(piece) <= size
        repeated = piece is not pieces[-1] and i < len(repeats) and repeats[i] and len(pieces) < 200
        for _ in range(1 + repeated):
            if len(pieces) > segments.MAX_SEGMENTS // 2:
                joiner._taken = 0
            acknowledgement, whole = joiner.take(piece)
            assert segments.acknowledges(acknowledgement, piece) == (piece is not pieces[-1])
    assert whole == apdu


def test_numbers_go_round_after_4096():
    assert segments.number_of(segments.cut(bytes(4200), 3)[4097]) == 1


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ((1,), "wrong_sequence"),
        ((0, 2), "wrong_sequence"),
        ((0, 1, 0), "wrong_sequence"),
        ((2,), "wrong_sequence"),
    ],
)
def test_pieces_out_of_order_are_refused(order, reason):
    pieces = segments.cut(bytes(10), 6)
    joiner = segments.Joiner()
    with pytest.raises(Refused, match=reason):
        [joiner.take(pieces[i]) for i in order]


@pytest.mark.parametrize(
    ("data", "reason"), [(b"", "bad_length"), (b"\x00", "bad_length"), (b"\x00\x80", "wrong_seq")]
)
def test_what_is_no_segment_is_refused(data, reason):
    with pytest.raises(Refused, match=reason):
        segments.Joiner().take(data)


def take_all(joiner, kinds, piece) -> None:
    for i, kind in enumerate(kinds):
        joiner.take(segments._headed(kind, i if kind else 0, piece))


def test_memory_and_patience_are_bounded():
    with pytest.raises(Refused, match="too_long"):
        take_all(segments.Joiner(), [segments.FIRST] + [segments.MIDDLE] * 8, bytes(4000))
    with pytest.raises(Refused, match="too_long"):
        take_all(segments.Joiner(), [segments.FIRST] * (segments.MAX_SEGMENTS + 1), b"")


def test_nothing_is_cut_into_nothing():
    for data, size in ((b"", 9), (b"12", 2)):
        with pytest.raises(ValueError, match="nothing to cut"):
            segments.cut(data, size)
