"""The framer on a bad line: any split, any noise, bounded memory, and it always finds the next good frame."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.mbus import link
from tests.unit.protocols.framer_laws import (
    damage_ends_with_its_frame,
    every_split_gives,
    found_behind_noise,
    holds_little,
)

bounded = settings(max_examples=150, deadline=None)
BYTES = st.integers(0, 255)
SHORT = st.builds(lambda c, a: link.Frame(c, a, None, b""), BYTES, BYTES)
LONG = st.builds(link.Frame, BYTES, BYTES, BYTES, st.binary(max_size=40))
FRAMES = st.one_of(st.just(link.ACK), SHORT, LONG)
NOISE = st.lists(st.one_of(st.sampled_from([0x68, 0x10, 0x16, 0xE5, 3]), BYTES), max_size=40).map(bytes)


def wire(frame) -> bytes:
    return link.encode(*frame)


@bounded
@given(st.lists(FRAMES, max_size=5), st.data())
def test_every_split_gives_the_same_frames(frames, data):
    every_split_gives(frames, link.Framer(), b"".join(map(wire, frames)), data.draw)


@bounded
@given(NOISE, FRAMES, st.data())
def test_a_good_frame_is_found_behind_any_noise_once_the_line_is_quiet(noise, frame, data):
    found_behind_noise(frame, link.Framer(), noise, wire(frame), data.draw)


@bounded
@given(LONG, FRAMES, st.data())
def test_a_damaged_frame_does_not_take_the_next_with_it(first, second, data):
    damage_ends_with_its_frame(first, second, link.Framer(), (wire(first), wire(second)), data.draw)


@bounded
@given(st.lists(NOISE, max_size=6))
def test_memory_is_bounded_and_nothing_raises(pieces):
    holds_little(link.Framer(), [piece * 9 for piece in pieces], link.MAX_FRAME)


def test_a_jabbering_line_is_bounded_too():
    framer = link.Framer()
    assert framer.feed(b"\x68\xff\xff" * 20_000) == []
    assert len(framer._held) < link.MAX_FRAME
    assert framer.skipped > 50_000


def test_a_confirmation_is_not_made_of_the_inside_of_a_damaged_frame():
    hurt = link.encode(8, 1, 0x72, b"\xe5" * 20)[:-2] + b"\x00\x16"
    framer = link.Framer()
    assert framer.feed(hurt) + framer.quiet() == []
    assert (framer.bad, framer.skipped) == (1, len(hurt))
    assert framer.feed(b"\xe5") == [link.ACK], "after silence it is one again"


@bounded
@given(FRAMES, FRAMES)
def test_judging_any_pair_never_raises(asked, answer):
    if asked != link.ACK:
        assert link.match(asked, answer) in ("", "echo", "foreign", "wrong_function", "late")


@pytest.mark.parametrize(
    "call",
    [
        lambda: link.encode(8, 256),
        lambda: link.encode(8, 1, None, b"x"),
        lambda: link.encode(8, 1, 0x72, bytes(253)),
        lambda: link.select(b"1234567"),
        lambda: link.set_baud(1, 1234),
        lambda: link.set_address(1, 251),
    ],
)
def test_our_own_mistakes_are_told(call):
    with pytest.raises(ValueError):
        call()
