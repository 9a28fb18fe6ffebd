"""Modbus has no start byte and no length: frames are told by function and CRC, in any noise and any split."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import crc
from protocols.lines import modbus
from tests.unit.protocols.framer_laws import (
    cuts,
    damage_ends_with_its_frame,
    every_split_gives,
    fed,
    holds_little,
)

# The same examples in each run: among random ones, one frame in 65,536 has a CRC that fits by chance.
bounded = settings(max_examples=150, deadline=None, derandomize=True)

UNITS = st.integers(1, modbus.MAX_UNIT)
ADDRESSES = st.integers(0, 0xFE00)
READS = st.builds(modbus.read, UNITS, st.integers(1, 4), ADDRESSES, st.integers(1, 125))
WRITES = st.builds(
    modbus.write_registers,
    UNITS,
    ADDRESSES,
    st.integers(1, 123).flatmap(lambda n: st.binary(min_size=2 * n, max_size=2 * n)),
)
COILS = st.builds(modbus.write_coils, UNITS, ADDRESSES, st.just(9), st.binary(min_size=2, max_size=2))
SINGLES = st.builds(modbus.write_register, UNITS, ADDRESSES, st.binary(min_size=2, max_size=2))
IDENTIFY = st.builds(modbus.identify, UNITS, st.integers(1, 4), st.integers(0, 255))
REPLIES = st.builds(
    lambda unit, function, body: modbus.encode(unit, function, bytes([len(body)]) + body),
    UNITS,
    st.integers(1, 4),
    st.binary(min_size=1, max_size=250),
)
EXCEPTIONS = st.builds(
    lambda unit, function, code: modbus.encode(unit, function | 0x80, bytes([code])),
    UNITS,
    st.sampled_from(sorted(modbus.REQUESTS)),
    st.integers(1, 11),
)
NAMES = st.builds(
    lambda unit, texts: modbus.encode(
        unit,
        modbus.IDENTIFY,
        bytes([0x0E, 1, 1, 0, 0, len(texts)]) + b"".join(bytes([n, len(t)]) + t for n, t in enumerate(texts)),
    ),
    UNITS,
    st.lists(st.binary(max_size=60), max_size=3),
)
REQUESTS = st.one_of(READS, WRITES, COILS, SINGLES, IDENTIFY)
ANSWERS = st.one_of(REPLIES, EXCEPTIONS, NAMES)
FRAMES = st.one_of(REQUESTS, ANSWERS)
# Bytes that matter come often: units, functions, small counts.
NOISE = st.lists(
    st.one_of(st.sampled_from([0, 1, 3, 4, 0x10, 0x83, 0x2B, 0x0E]), st.integers(0, 255)), max_size=30
)


def content(wire) -> modbus.Frame:
    return modbus.Frame(wire[0], wire[1], wire[2:-2])


@bounded
@given(st.lists(REQUESTS, max_size=4), st.data())
def test_every_split_gives_the_same_requests(frames, data):
    sent = [content(frame) for frame in frames]
    every_split_gives(sent, modbus.Framer(modbus.request_sizes), b"".join(frames), data.draw)


@bounded
@given(ANSWERS, st.data())
def test_every_split_gives_the_same_answer(wire, data):
    request = modbus.Frame(wire[0], wire[1] & 0x7F, b"\0\0\0\1")
    every_split_gives([content(wire)], modbus.Framer(modbus.answers(request)), wire, data.draw)


@bounded
@given(NOISE.map(bytes), FRAMES)
def test_a_good_frame_is_found_behind_any_noise_once_the_line_is_quiet(noise, wire):
    framer = modbus.Framer()
    found = framer.feed(noise + wire) + framer.quiet()
    assert content(wire) in found
    assert framer.skipped <= len(noise)


@bounded
@given(FRAMES, FRAMES, st.data())
def test_a_damaged_frame_does_not_take_the_next_with_it(first, second, data):
    damage_ends_with_its_frame(content(first), content(second), modbus.Framer(), (first, second), data.draw)


@bounded
@given(st.lists(NOISE.map(bytes), max_size=8))
def test_memory_is_bounded_and_nothing_raises(pieces):
    holds_little(modbus.Framer(), [piece * 20 for piece in pieces], modbus.MAX_FRAME)


def test_a_jabbering_line_is_bounded_too():
    framer = modbus.Framer()
    assert framer.feed(b"\x01\x03\xfa" * 2000) == []
    assert len(framer._held) < modbus.MAX_FRAME
    assert framer.bad > 1500


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("CRC ends in 00: 8 of its 9 bytes have CRC 0", "5b0104ce9f9379a200"),
        ("a good CRC stands in its data", "01030c00e6000cfa" + "00" * 9),
    ],
)
def test_an_answer_that_begins_like_a_request_is_never_cut_short(name, wire):
    wire = bytes.fromhex(wire)
    assert crc.modbus(wire) == crc.modbus(wire[:8]) == 0, name
    framer = modbus.Framer(modbus.answers(modbus.Frame(wire[0], wire[1], b"\0\0\0\6")))
    assert fed(framer, wire, range(1, len(wire))) == [content(wire)]
    assert modbus.Framer().feed(wire) == [content(wire)]


def test_zeros_behind_an_echo_are_no_part_of_an_answer():
    """Every length of them has a good CRC."""
    request = content(modbus.identify(1, 1, 0))
    good = modbus.encode(1, modbus.IDENTIFY | 0x80, b"\x02")
    for zeros in range(9):
        framer = modbus.Framer(modbus.answers(request))
        assert framer.feed(modbus.identify(1, 1, 0) + bytes(zeros) + good) == [request, content(good)]


@bounded
@given(st.one_of(READS, WRITES, COILS, IDENTIFY), NOISE.map(bytes), st.data())
def test_knowing_the_request_echo_and_answer_are_found_at_once(wire, noise, data):
    request = content(wire)
    good = modbus.encode(request.unit, request.function | 0x80, b"\x02")
    stream = wire + bytes(b for b in noise if b != request.unit) + good
    framer = modbus.Framer(modbus.answers(request))
    assert fed(framer, stream, cuts(data.draw, stream)) == [request, content(good)]
    assert modbus.match(request, content(wire)) == "echo"


def test_knowing_the_request_nothing_else_is_looked_at():
    framer = modbus.Framer(modbus.answers(modbus.Frame(1, 3, b"\0\0\0\1")))
    assert framer.feed(modbus.encode(2, 3, b"\2ab") + modbus.encode(1, 4, b"\2ab")) == []
    late = modbus.encode(1, 3, b"\4abcd")
    assert framer.feed(late) == [content(late)], "judged by match"


def test_a_pause_inside_a_frame_does_no_harm():
    """USB adapters pause 16 ms and more: bytes come one by one, nobody says that the line was silent."""
    framer = modbus.Framer()
    wire = modbus.encode(7, 3, b"\x04\x01\x02\x03\x04")
    found = [framer.feed(wire[at : at + 1]) for at in range(len(wire))]
    assert [len(frames) for frames in found] == [0] * (len(wire) - 1) + [1]


def test_a_false_start_that_waits_for_more_is_given_up_when_the_line_is_quiet():
    good = modbus.read(1, 3, 0, 2)
    framer = modbus.Framer()
    assert framer.feed(b"\x05\x04\xc8" + good) == [], "noise that looks like a reply of 200 bytes"
    assert framer.quiet() == [content(good)]
    assert (framer.skipped, framer.feed(good)) == (3, [content(good)])


@pytest.mark.parametrize(
    ("name", "wire", "sizes"),
    [
        ("unit 248 is reserved", "f80300000002", []),
        ("a reply of no registers: only a request can be", "010300", [8]),
        ("a byte count of 251", "0103fb", [8]),
        ("unknown function", "0163000000", []),
        ("exception of an unknown function", "01e30100", []),
        ("another encapsulated interface", "012b0d0100", [7]),
        ("objects longer than a frame", "012b0e01010000030080" + "20" * 128 + "0180", [7]),
        ("the function is still to come", "01", [0, 0]),
        ("the count of objects is still to come", "012b0e01010000", [7, 0]),
    ],
)
def test_what_cannot_be_a_frame_is_not_waited_for(name, wire, sizes):
    assert [size for size in modbus.frame_sizes(bytes.fromhex(wire), 0) if size >= 0] == sizes, name


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: modbus.encode(248, 3), "unit is 0..247"),
        (lambda: modbus.encode(-1, 3), "unit is"),
        (lambda: modbus.encode(1, 3, bytes(253)), "longer than 252"),
        (lambda: modbus.read(0, 3, 0, 1), "never by broadcast"),
        (lambda: modbus.read(1, 5, 0, 1), "1..4 read"),
        (lambda: modbus.read(1, 3, 0, 126), "1..125"),
        (lambda: modbus.read(1, 3, 0, 0), "1..125"),
        (lambda: modbus.read(1, 1, 0, 2001), "1..2000"),
        (lambda: modbus.read(1, 3, 0xFFFF, 2), "16 bits"),
        (lambda: modbus.read(1, 3, -1, 1), "16 bits"),
        (lambda: modbus.write_coil(1, 0, b"\0\1"), "FF00 or 0000"),
        (lambda: modbus.write_register(1, 0, b"\0"), "two bytes"),
        (lambda: modbus.write_coils(1, 0, 9, b"\0"), "9 coils are 2 bytes"),
        (lambda: modbus.write_coils(1, 0, 1969, bytes(247)), "1..1968"),
        (lambda: modbus.write_registers(1, 0, b"\0"), "two bytes"),
        (lambda: modbus.write_registers(1, 0, bytes(248)), "1..123"),
        (lambda: modbus.identify(1, 5), "1..4"),
    ],
)
def test_our_own_mistakes_are_told(call, reason):
    with pytest.raises(ValueError, match=reason):
        call()
