"""The framer on a bad line, and which answer belongs to which request."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines import cjt188
from tests.unit.protocols.framer_laws import (
    damage_ends_with_its_frame,
    every_split_gives,
    found_behind_noise,
    holds_little,
)

bounded = settings(max_examples=150, deadline=None)
KINDS = st.sampled_from([0x10, 0x13, 0x20, 0x25, 0x30, 0x49, 0xAA])
ADDRESSES = st.text("0123456789ABCDEF", min_size=14, max_size=14)
FRAMES = st.builds(cjt188.Frame, KINDS, ADDRESSES, st.integers(0, 255), st.binary(max_size=60))
# Bytes that matter on this line come often.
NOISE = st.lists(st.one_of(st.sampled_from([0x68, 0x16, 0xFE, 0x10]), st.integers(0, 255)), max_size=40).map(
    bytes
)


def wire(frame, wakeup=4) -> bytes:
    return cjt188.encode(frame.kind, frame.address, frame.control, frame.data, wakeup)


@bounded
@given(st.lists(st.tuples(FRAMES, st.integers(0, 9)), max_size=4), st.data())
def test_every_split_gives_the_same_frames(frames, data):
    stream = b"".join(wire(frame, fe) for frame, fe in frames)
    every_split_gives([frame for frame, _fe in frames], cjt188.Framer(), stream, data.draw)


@bounded
@given(NOISE, FRAMES, st.data())
def test_a_good_frame_is_found_behind_any_noise_once_the_line_is_quiet(noise, frame, data):
    found_behind_noise(frame, cjt188.Framer(), noise, wire(frame, 1), data.draw)


@bounded
@given(FRAMES, FRAMES, st.data())
def test_a_damaged_frame_does_not_take_the_next_with_it(first, second, data):
    damage_ends_with_its_frame(first, second, cjt188.Framer(), (wire(first, 0), wire(second, 0)), data.draw)


@bounded
@given(st.lists(NOISE, max_size=6))
def test_memory_is_bounded_and_nothing_raises(pieces):
    holds_little(cjt188.Framer(), [piece * 9 for piece in pieces], cjt188.MAX_FRAME)


def test_a_jabbering_line_is_bounded_too():
    framer = cjt188.Framer()
    assert framer.feed(b"\x68\x10" * 10_000) == []
    assert len(framer._held) < cjt188.MAX_FRAME
    assert framer.skipped > 19_000


def test_a_stalled_false_start_is_given_up_when_the_line_is_quiet():
    good = cjt188.request(0x10, "12", 0x901F, 1)
    framer = cjt188.Framer()
    assert framer.feed(bytes.fromhex("68 10 11111111111111 81 f0") + good) == []
    assert [frame.control for frame in framer.quiet()] == [cjt188.READ]


def test_a_68_in_front_of_what_is_no_type_of_meter_is_noise():
    framer = cjt188.Framer()
    assert framer.feed(b"\x68\x91") == []
    assert (framer.skipped, framer.bad) == (2, 0)


ASKED = cjt188.Frame(0x10, "78330011223344", cjt188.READ, bytes.fromhex("1f9005"))
VALVE = cjt188.Frame(0x10, "78330011223344", cjt188.WRITE, bytes.fromhex("17a00555"))
READDRESSED = cjt188.Frame(
    0x10, "78330011223344", cjt188.WRITE_ADDRESS, bytes.fromhex("18a00501000000003378")
)
ANYBODY = cjt188.Frame(0xAA, cjt188.ANY_ADDRESS, cjt188.READ_ADDRESS, bytes.fromhex("0a8105"))


@pytest.mark.parametrize(
    ("request_frame", "kind", "address", "control", "data", "why"),
    [
        (ASKED, 0x10, "78330011223344", 0x81, "1f9005" + "00" * 19, ""),
        (ASKED, 0x10, "78330011223344", 0xC1, "050000", ""),
        (ASKED, 0x10, "78330011223344", 0x01, "1f9005", "echo"),
        (ASKED, 0x10, "78330011223345", 0x81, "1f9005", "foreign"),
        (ASKED, 0x20, "78330011223344", 0x81, "1f9005", "foreign"),
        (ASKED, 0x10, "78330011223344", 0x84, "1f9005", "wrong_function"),
        (ASKED, 0x10, "78330011223344", 0x81, "20d105", "late"),
        (ASKED, 0x10, "78330011223344", 0x81, "1f9004", "late"),
        (ASKED, 0x10, "78330011223344", 0x81, "", "late"),
        (ASKED, 0x10, "78330011223344", 0xC1, "040000", "late"),
        (ASKED, 0x10, "78330011223344", 0xC1, "", "late"),
        (VALVE, 0x10, "78330011223344", 0x84, "17a0050000", ""),
        (ANYBODY, 0x30, "00000000000003", 0x83, "0a8105", ""),
        (READDRESSED, 0x10, "78330000000001", 0x95, "18a005", ""),
        (READDRESSED, 0x10, "78330011223344", 0x95, "18a005", ""),
        (READDRESSED, 0x10, "78330000000002", 0x95, "18a005", "foreign"),
    ],
)
def test_answer_is_judged_by_meter_function_identifier_and_ser(
    request_frame, kind, address, control, data, why
):
    assert cjt188.match(request_frame, cjt188.Frame(kind, address, control, bytes.fromhex(data))) == why


@bounded
@given(FRAMES, FRAMES)
def test_judging_any_pair_never_raises(request_frame, answer):
    assert cjt188.match(request_frame, answer) in ("", "echo", "foreign", "wrong_function", "late")
    data, error = cjt188.reply_data(answer)
    assert isinstance(data, bytes)
    assert error == bool(answer.control & cjt188.ERROR)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: cjt188.encode(0x10, "123456789012345", 1), "more than 14 digits"),
        (lambda: cjt188.encode(0x10, "12G4", 1), "hexadecimal|odd|Odd|digit"),
        (lambda: cjt188.encode(0x50, "1", 1), "no type of meter"),
        (lambda: cjt188.encode(0x10, "1", 1, bytes(256)), "longer than 255"),
        (lambda: cjt188.encode(0x10, "1", 256), "bytes must be in range"),
    ],
)
def test_our_own_mistakes_are_told(call, reason):
    with pytest.raises(ValueError, match=reason):
        call()
