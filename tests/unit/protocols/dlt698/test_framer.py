"""The framer on a bad line: any split, any noise, bounded memory, and it always finds the next good frame."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.dlt698 import link
from tests.unit.protocols.framer_laws import (
    damage_ends_with_its_frame,
    every_split_gives,
    found_behind_noise,
    holds_little,
)

bounded = settings(max_examples=60, deadline=None)
CONTROLS = st.sampled_from((link.LINK, link.USER)).flatmap(
    lambda function: st.integers(0, 15).map(lambda bits: function | (bits & 7) << 5 | (bits & 8))
)
DIGITS = st.text("0123456789A", min_size=1, max_size=30)
FRAMES = st.builds(
    link.Frame,
    st.integers(0, 3),
    st.integers(0, 255),
    DIGITS,
    st.integers(0, 255),
    CONTROLS,
    st.binary(max_size=60),
)
# Bytes that matter on this line come often.
NOISE = st.lists(
    st.one_of(st.sampled_from([0x68, 0x16, 0xFE, 0x43, 0]), st.integers(0, 255)), max_size=40
).map(bytes)
READ = bytes.fromhex("6817004345AAAAAAAAAAAA10DA5F0501034001020000900F16")


@bounded
@given(st.lists(st.tuples(FRAMES, st.integers(0, 9)), max_size=4), st.data())
def test_every_split_gives_the_same_frames(frames, data):
    stream = b"".join(link.encode(frame, fe) for frame, fe in frames)
    every_split_gives([frame for frame, _fe in frames], link.Framer(), stream, data.draw)


@bounded
@given(NOISE, FRAMES, st.data())
def test_a_good_frame_is_found_behind_any_noise_once_the_line_is_quiet(noise, frame, data):
    found_behind_noise(frame, link.Framer(), noise, link.encode(frame, 1), data.draw)


@bounded
@given(FRAMES, FRAMES, st.data())
def test_a_damaged_frame_does_not_take_the_next_with_it(first, second, data):
    wires = link.encode(first, 0), link.encode(second, 0)
    damage_ends_with_its_frame(first, second, link.Framer(), wires, data.draw)


@bounded
@given(st.lists(NOISE, max_size=6))
def test_memory_is_bounded_and_nothing_raises(pieces):
    holds_little(link.Framer(), [piece * 9 for piece in pieces], link.MAX_FRAME)


def test_a_jabbering_line_is_bounded_too():
    framer = link.Framer()
    assert framer.feed(b"\x68" * 20_000) == []
    assert len(framer._held) < link.MAX_FRAME
    assert framer.skipped > 19_000


def test_a_wrong_header_checksum_gives_the_frame_up_before_its_length_comes():
    hurt = bytearray(READ)
    hurt[2], hurt[1] = 0x0F, 0xF0  # asks for 4080 bytes
    framer = link.Framer()
    assert [frame.address for frame in framer.feed(bytes(hurt[:15]) + READ)] == [link.ANY_ADDRESS]
    assert framer.bad == 1


def test_a_stalled_frame_is_given_up_when_the_line_is_quiet():
    framer = link.Framer()
    long = link.encode(link.to_server("123456789012", bytes(200)), 0)
    assert framer.feed(long[:40] + READ) == []
    assert [frame.address for frame in framer.quiet()] == [link.ANY_ADDRESS]
    assert framer.bad == 0


def test_a_length_in_kilobytes_is_understood():
    """Bit 14 of L; no public frame has it, so its meaning is that of the standard's text alone."""
    data = bytes(1024 - 15)
    wire = b"\x01\x40\x43\x05" + bytes(6) + b"\x10"
    wire += link.checksum(wire) + data
    framer = link.Framer()
    (frame,) = framer.feed(b"\x68" + wire + link.checksum(wire) + b"\x16")
    assert (frame.data, framer.bad, framer.skipped) == (data, 0, 0)


@pytest.mark.parametrize("length", ["0080", "0600", "ff3f", "0560"])
def test_an_impossible_length_starts_no_frame(length):
    framer = link.Framer()
    framer.feed(bytes.fromhex(f"68{length}4305") + READ)
    assert framer.quiet() == []
    assert (framer.bad, framer.skipped) == (0, 5)


def test_scrambled_data_carry_33h_a_byte_and_are_summed_as_sent():
    frame = link.to_server("123456789012", b"\x00\xcd\x33", 16, link.REQUEST | link.SCRAMBLED)
    wire = link.encode(frame, 0)
    assert wire[14:17] == b"\x33\x00\x66"
    assert link.Framer().feed(wire) == [frame]


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("123456789012", link.SINGLE),
        ("AAAAAAAAAAAA", link.WILDCARD),
        ("12A", link.WILDCARD),
        ("AA", link.BROADCAST),
    ],
)
def test_the_kind_of_address_shows_in_its_digits(address, kind):
    assert link.to_server(address, b"").kind == kind


@bounded
@given(FRAMES, FRAMES)
def test_judging_any_pair_never_raises(request, answer):
    assert link.match(request, answer) in ("", "echo", "foreign", "wrong_function")


ASKED = link.to_server("1234567890AA", b"", 16)


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, ""),
        ({"control": 0xE3}, ""),
        ({"control": 0x43}, "echo"),
        ({"control": 0x83}, "wrong_function"),
        ({"control": 0xC1}, "wrong_function"),
        ({"client": 17}, "foreign"),
        ({"logical": 1}, "foreign"),
        ({"address": "123456789112"}, "foreign"),
        ({"address": "123456789"}, "foreign"),
    ],
)
def test_only_the_frame_asked_for_answers(changed, verdict):
    answer = link.Frame(0, 0, "123456789012", 16, 0xC3, b"")._replace(**changed)
    assert link.match(ASKED, answer) == verdict


def test_only_wildcards_fit_an_address_of_any_length():
    assert link.fits_address("AAAAAAAAAAAA", "12345678")
    assert not link.fits_address("AAAAAAAAAA78", "12345678")


@pytest.mark.parametrize(
    "frame",
    [
        link.to_server("1" * 33, b""),
        link.to_server("1" * 31, b"", logical=2),
        link.to_server("", b""),
        link.to_server("12345F", b""),
        link.to_server("12G4", b""),
        link.to_server("12", b"", client=256),
        link.to_server("12", b"", logical=256),
        link.to_server("12", b"", control=0x40),
        link.to_server("12", bytes(link.MAX_FRAME)),
        link.Frame(4, 0, "12", 0, 0x43, b""),
    ],
)
def test_our_own_mistakes_are_told(frame):
    with pytest.raises(ValueError):
        link.encode(frame)


def test_the_longest_frame_has_room_for_the_stated_overhead():
    frame = link.to_server("1" * 32, bytes(10))
    assert len(link.encode(frame, 0)) == 10 + link.OVERHEAD
