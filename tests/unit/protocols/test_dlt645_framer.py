"""The framer on a bad line: any split, any noise, bounded memory, and it always finds the next good frame."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines import dlt645, dlt645_meter
from tests.unit.protocols.framer_laws import (
    damage_ends_with_its_frame,
    every_split_gives,
    found_behind_noise,
    holds_little,
)

bounded = settings(max_examples=200, deadline=None)
ADDRESSES = st.text("0123456789", min_size=12, max_size=12)
FRAMES = st.builds(dlt645.Frame, ADDRESSES, st.integers(0, 255), st.binary(max_size=60))
# Bytes that matter on this line come often.
NOISE = st.lists(st.one_of(st.sampled_from([0x68, 0x16, 0xFE, 0x11]), st.integers(0, 255)), max_size=40).map(
    bytes
)


def wire(frame, wakeup=4) -> bytes:
    return dlt645.encode(frame.address, frame.control, frame.data, wakeup)


@bounded
@given(st.lists(st.tuples(FRAMES, st.integers(0, 9)), max_size=4), st.data())
def test_every_split_gives_the_same_frames(frames, data):
    stream = b"".join(wire(frame, fe) for frame, fe in frames)
    every_split_gives([frame for frame, _fe in frames], dlt645.Framer(), stream, data.draw)


@bounded
@given(NOISE, FRAMES, st.data())
def test_a_good_frame_is_found_behind_any_noise_once_the_line_is_quiet(noise, frame, data):
    found_behind_noise(frame, dlt645.Framer(), noise, wire(frame, 1), data.draw)


@bounded
@given(FRAMES, FRAMES, st.data())
def test_a_damaged_frame_does_not_take_the_next_with_it(first, second, data):
    damage_ends_with_its_frame(first, second, dlt645.Framer(), (wire(first, 0), wire(second, 0)), data.draw)


@bounded
@given(st.lists(NOISE, max_size=6))
def test_memory_is_bounded_and_nothing_raises(pieces):
    holds_little(dlt645.Framer(), [piece * 9 for piece in pieces], dlt645.MAX_FRAME)


def test_a_jabbering_line_is_bounded_too():
    framer = dlt645.Framer()
    assert framer.feed(b"\x68" * 20_000) == []
    assert len(framer._held) < dlt645.MAX_FRAME
    assert framer.skipped > 19_000


@bounded
@given(FRAMES, FRAMES)
def test_judging_any_pair_never_raises(request_frame, answer):
    assert dlt645.match(request_frame, answer) in ("", "echo", "foreign", "wrong_function", "late")
    di, data, more, errors = dlt645.reply_data(answer)
    assert isinstance(data, bytes)
    assert not (errors and (di is not None or data or more))


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: dlt645.encode("1234567890123", 0x11), "more than 12 digits"),
        (lambda: dlt645.encode("12345B", 0x11), "digits are 0-9 and A"),
        (lambda: dlt645.encode("12", 0x11, bytes(256)), "longer than 255"),
        (lambda: dlt645.write("12", 1, 2, "1234567", "0", b""), "more than 6 digits"),
        (lambda: dlt645.freeze("12", day=1), "missing"),
        (lambda: dlt645.freeze("12", month=1, minute=1), "missing"),
        (lambda: dlt645_meter.error_reply("12", 0x11, "on fire"), "not in"),
        (lambda: dlt645.encode("12", 256), "bytes must be in range"),
    ],
)
def test_our_own_mistakes_are_told(call, reason):
    with pytest.raises(ValueError, match=reason):
        call()


def test_a_stalled_false_start_is_given_up_when_the_line_is_quiet():
    """68 x6 68 91 F0 asks for 240 data bytes that never come; the good frame inside must not be lost."""
    good = dlt645.read("123456789012", 0x00010000)
    framer = dlt645.Framer()
    assert framer.feed(bytes.fromhex("681111111111116891f0") + good) == []
    assert [frame.control for frame in framer.quiet()] == [dlt645.READ]
    assert framer.feed(good)
