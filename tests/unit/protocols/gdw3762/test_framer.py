"""The framer on a bad line, the fields of R, and which answer belongs to which request."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.gdw3762 import frame
from tests.unit.protocols.framer_laws import (
    damage_ends_with_its_frame,
    every_split_gives,
    found_behind_noise,
    holds_little,
)

bounded = settings(max_examples=150, deadline=None)
OWN, NODE = "049999888888", "123456789012"
ADDRESSES = st.text("0123456789", min_size=12, max_size=12)
PAUSE = bytes.fromhex("680f004300002832004c120200fd16")
# Bytes that matter on this line come often.
NOISE = st.lists(st.one_of(st.sampled_from([0x68, 0x16, 0x0F, 0]), st.integers(0, 255)), max_size=40).map(
    bytes
)


@st.composite
def frames(draw):
    control = draw(st.integers(0, 255))
    info = bytearray(draw(st.binary(min_size=6, max_size=6)))
    count = 0
    if info[0] & 4:
        count = 2 if control & frame.UP else 2 + (info[0] >> 4)
    ends = tuple(draw(st.lists(ADDRESSES, min_size=count, max_size=count)))
    body = draw(st.integers(0, 255)), draw(st.integers(0, 0xFFFF)), draw(st.binary(max_size=40))
    return frame.Frame(control, bytes(info), ends, *body)


FRAMES = frames()


# ---- the stream ----------------------------------------------------------------------------------


@bounded
@given(st.lists(FRAMES, max_size=4), st.data())
def test_every_split_gives_the_same_frames(sent, data):
    every_split_gives(sent, frame.Framer(), b"".join(frame.encode(*one) for one in sent), data.draw)


@bounded
@given(NOISE, FRAMES, st.data())
def test_a_good_frame_is_found_behind_any_noise_once_the_line_is_quiet(noise, one, data):
    found_behind_noise(one, frame.Framer(), noise, frame.encode(*one), data.draw)


@bounded
@given(FRAMES, st.data())
def test_a_damaged_frame_does_not_take_the_next_with_it(one, data):
    (pause,) = frame.Framer().feed(PAUSE)
    damage_ends_with_its_frame(one, pause, frame.Framer(), (frame.encode(*one), PAUSE), data.draw)


@bounded
@given(st.lists(NOISE, max_size=6))
def test_memory_is_bounded_and_nothing_raises(pieces):
    holds_little(frame.Framer(), [piece * 99 for piece in pieces], frame.MAX_FRAME)


def test_a_jabbering_line_is_bounded_too():
    framer = frame.Framer()
    assert framer.feed(b"\x68\x00\x08" * 10_000) == []
    assert len(framer._held) <= frame.MAX_FRAME
    assert framer.skipped + len(framer._held) == 30_000


def test_frames_of_meters_inside_are_no_frames_of_ours():
    inside = bytes.fromhex("680f004300002832004c120200fd16") * 3
    wire = frame.request(0x13, 1, b"\2\0\0" + bytes([len(inside)]) + inside, 7, (OWN, NODE))
    (got,) = frame.Framer().feed(wire)
    assert got.data.endswith(inside)


def test_a_frame_hidden_in_a_broken_one_comes_when_the_line_is_quiet():
    framer = frame.Framer()
    assert framer.feed(b"\x68\x40\x00\x43" + PAUSE) == []
    assert [got.afn for got in framer.quiet()] == [0x12]


# ---- R, A and DT ---------------------------------------------------------------------------------


def test_published_frames_are_built_byte_for_byte():
    built = frame.request(0x12, 2, b"", 0x4C, answer_bytes=40, rate=50)
    assert built == PAUSE
    relay = frame.request(
        0x0A, 1, b"\0\1\1", 10, ("161514131211", "262524232221", "363534333231"), mode=frame.RADIO
    )
    assert relay == bytes.fromhex("6824004a14000000000a1112131415162122232425263132333435360a0100000101f416")


@pytest.mark.parametrize("name", [name for name, _width in frame._DOWN])
def test_every_field_of_a_request_has_its_own_bits(name):
    widths = dict(frame._DOWN)
    most = (1 << widths[name]) - 1
    info = frame.word(dict.fromkeys(widths, 0) | {name: most}, frame._DOWN).to_bytes(6, "little")
    one = frame.Frame(0x43, info, (), 3, 1, b"")
    assert frame.view(one) == dict.fromkeys(widths, 0) | {name: most}


def test_the_fields_of_an_answer():
    given_: dict[str, Any] = {
        "channel": 1,
        "phase": 3,
        "meter_channel": 4,
        "command_signal": 7,
        "answer_signal": 9,
        "flags": 1,
    }
    wire = frame.answer(0x13, 1, b"", 200, (NODE, OWN), level=5, bypass=1, **given_)
    (got,) = frame.Framer().feed(wire)
    assert got.info == bytes([0x55, 0x01, 0x43, 0x97, 0x01, 200])
    assert got.addresses == (NODE, OWN)  # no relays on the way up, whatever the level
    assert frame.view(got) == given_ | {"bypass": 1, "to_node": 1, "level": 5, "number": 200}


@bounded
@given(st.integers(0, 30), st.sets(st.integers(1, 8), min_size=1))
def test_dt_is_a_bitmap_of_one_group_of_eight(group, numbers):
    fns = tuple(sorted(group * 8 + number for number in numbers))
    assert frame.fns(frame.dt_of(*fns)) == fns


def test_known_dts():
    assert [frame.dt_of(fn) for fn in (1, 8, 9, 10, 100)] == [0x0001, 0x0080, 0x0101, 0x0102, 0x0C08]
    assert frame.fns(0x0300) == ()


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: frame.request(3, 1, b"", 1, ("1234567890123", NODE)), "more than 12 digits"),
        (lambda: frame.request(3, 1, b"", 256), "number takes 8 bits"),
        (lambda: frame.request(3, 1, b"", 1, rate=40000), "rate takes 15 bits"),
        (lambda: frame.request(3, 1, b"", 1, (NODE,) * 18), "level takes 4 bits"),
        (lambda: frame.request(3, 1, b"", 1, (NODE,)), "how many addresses"),
        (lambda: frame.encode(0x43, bytes(6), (OWN, NODE), 3, 1), "how many addresses"),
        (lambda: frame.encode(0x43, bytes(5), (), 3, 1), "R has 6 bytes"),
        (lambda: frame.request(3, 1, bytes(2048), 1), "longer than 2048"),
        (lambda: frame.dt_of(8, 9), "of one group"),
        (lambda: frame.dt_of(249), "1 to 248"),
        (lambda: frame.dt_of(0), "1 to 248"),
        (lambda: frame.dt_of(), "1 to 248"),
    ],
)
def test_our_own_mistakes_are_told(call, reason):
    with pytest.raises(ValueError, match=reason):
        call()


# ---- which answer is it --------------------------------------------------------------------------


def parsed(wire):
    return frame.Framer().feed(wire)[0]


READ = parsed(frame.request(0x13, 1, b"\2\0\0\0", 9, (OWN, NODE)))
ADD = parsed(frame.request(0x11, 1, b"\0", 9))
OTHER = "000000000005"


@pytest.mark.parametrize(
    ("asked", "answer", "why"),
    [
        (READ, frame.answer(0x13, 1, b"", 9, (NODE, OWN)), ""),
        (READ, frame.answer(0x13, 1, b"", 9, (NODE, "0" * 12)), ""),
        (READ, frame.encode(*READ), "echo"),
        (READ, frame.answer(0x13, 1, b"", 9, (OTHER, OWN)), "foreign"),
        (READ, frame.answer(0x13, 1, b"", 9, (NODE, OTHER)), "foreign"),
        (READ, frame.answer(0x13, 1, b"", 9), "foreign"),
        (READ, frame.answer(0x13, 1, b"", 8, (NODE, OWN)), "late"),
        (READ, frame.answer(0x02, 1, b"", 9, (NODE, OWN)), "wrong_function"),
        (READ, frame.answer(0x13, 2, b"", 9, (NODE, OWN)), "wrong_function"),
        (READ, frame.answer(0x13, 1, b"", 9, (NODE, OWN), started=True), "report"),
        (READ, frame.answer(0, 2, b"\x0b", 9), ""),
        (READ, frame.answer(0, 2, b"\x0b", 9, (NODE, OWN)), ""),
        (READ, frame.answer(0, 2, b"\x0b", 9, (OTHER, OWN)), "foreign"),
        (READ, frame.answer(0, 2, b"\x0b", 8), "late"),
        (READ, frame.answer(0, 1, bytes(6), 9), "wrong_function"),
        (ADD, frame.answer(0, 1, bytes(6), 9), ""),
        (ADD, frame.answer(0, 2, b"\6", 9), ""),
        (ADD, frame.answer(0, 3, b"", 9), "wrong_function"),
        (ADD, frame.answer(0x11, 1, b"", 9), "wrong_function"),
        (ADD, frame.answer(0, 1, bytes(6), 10), "late"),
        (ADD, frame.answer(0x13, 1, b"", 9, (NODE, OWN)), "foreign"),
        (
            parsed(frame.answer(6, 3, b"\1", 4, started=True)),
            frame.request(0, 1, bytes(6), 4, started=False),
            "",
        ),
    ],
)
def test_an_answer_is_judged_by_direction_node_number_and_function(asked, answer, why):
    assert frame.match(asked, parsed(answer)) == why


@bounded
@given(FRAMES, FRAMES)
def test_judging_any_pair_never_raises(asked, answer):
    assert frame.match(asked, answer) in ("", "echo", "report", "foreign", "late", "wrong_function")
