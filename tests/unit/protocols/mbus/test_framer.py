"""The framer on a bad line: any split, any noise, bounded memory, and it always finds the next good frame."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.mbus import link

bounded = settings(max_examples=150, deadline=None)
BYTES = st.integers(0, 255)
SHORT = st.builds(lambda c, a: link.Frame(c, a, None, b""), BYTES, BYTES)
LONG = st.builds(link.Frame, BYTES, BYTES, BYTES, st.binary(max_size=40))
FRAMES = st.one_of(st.just(link.ACK), SHORT, LONG)
NOISE = st.lists(st.one_of(st.sampled_from([0x68, 0x10, 0x16, 0xE5, 3]), BYTES), max_size=40).map(bytes)


def wire(frame) -> bytes:
    return link.encode(*frame)


def feed_in_pieces(framer, data, cuts) -> list:
    out, at = [], 0
    for cut in [*sorted(cuts), len(data)]:
        out += framer.feed(data[at:cut])
        at = cut
    return out


@bounded
@given(st.lists(FRAMES, max_size=5), st.data())
def test_every_split_gives_the_same_frames(frames, data):
    stream = b"".join(map(wire, frames))
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=6))
    framer = link.Framer()
    assert feed_in_pieces(framer, stream, cuts) == frames
    assert (framer.bad, framer.skipped, framer.quiet()) == (0, 0, [])


@bounded
@given(NOISE, FRAMES, st.data())
def test_a_good_frame_is_found_behind_any_noise_once_the_line_is_quiet(noise, frame, data):
    stream = noise + wire(frame)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=4))
    framer = link.Framer()
    found = feed_in_pieces(framer, stream, cuts) + framer.quiet()
    assert found[-1] == frame
    assert framer.skipped <= len(noise)


@bounded
@given(LONG, FRAMES, st.data())
def test_a_damaged_frame_does_not_take_the_next_with_it(first, second, data):
    hurt = bytearray(wire(first))
    hurt[data.draw(st.integers(0, len(hurt) - 1))] ^= data.draw(st.integers(1, 255))
    framer = link.Framer()
    found = framer.feed(bytes(hurt) + wire(second)) + framer.quiet()
    assert found[-1] == second
    assert first not in found[:-1], "a frame with a changed byte was taken"


@bounded
@given(st.lists(NOISE, max_size=6))
def test_memory_is_bounded_and_nothing_raises(pieces):
    framer = link.Framer()
    for piece in pieces:
        framer.feed(piece * 9)
        assert len(framer._held) < link.MAX_FRAME
    framer.quiet()
    assert framer._held == b""


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
