"""The framer on a bad line, frames for a terminal, and which answer belongs to which request."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from protocols.gdw376 import frame
from protocols.lines.refused import Refused
from tests.unit.protocols.framer_laws import damage_ends_with_its_frame, every_split_gives, found_behind_noise

bounded = settings(max_examples=120, deadline=None)
BYTE = st.integers(0, 255)
REGION = st.text("0123456789", min_size=4, max_size=4)
FRAMES = st.builds(
    frame.Frame,
    BYTE,
    REGION,
    st.integers(0, 0xFFFF),
    BYTE,
    BYTE,
    BYTE,
    st.binary(max_size=60),
    st.sampled_from([1, 2]),
)
NOISE = st.lists(st.one_of(st.sampled_from([0x68, 0x16, 0xFE, 0x32]), BYTE), max_size=40).map(bytes)


def wire(one) -> bytes:
    return frame.encode(*one)


@bounded
@given(st.lists(FRAMES, max_size=4), st.data())
def test_every_split_gives_the_same_frames(frames, data):
    stream = b"\xfe\xfe".join(map(wire, frames))
    every_split_gives(frames, frame.Framer(), stream, data.draw)


@bounded
@given(NOISE, FRAMES, st.data())
@example(bytes.fromhex("68fefffeff68"), frame.Frame(0xC9, "4403", 4, 0, 2, 0x71, b"", 2), None)
def test_a_good_frame_is_found_behind_any_noise_once_the_line_is_quiet(noise, one, data):
    draw = data.draw if data else lambda _strategy: []
    found_behind_noise(one, frame.Framer(), noise, wire(one), draw)


@bounded
@given(FRAMES, FRAMES, st.data())
def test_a_damaged_frame_does_not_take_the_next_with_it(first, second, data):
    damage_ends_with_its_frame(first, second, frame.Framer(), (wire(first), wire(second)), data.draw)


def test_it_holds_no_more_than_one_frame():
    framer = frame.Framer()
    framer.feed(bytes.fromhex("68feff") + b"\xfe\xff\x68" + bytes(5 * frame.MAX_FRAME))
    assert len(framer._held) <= frame.MAX_FRAME
    assert framer.bad == 1


def test_the_longest_frame_goes_round():
    one = frame.Frame(0x88, "0001", 1, 2, 0x0F, 0x60, bytes(frame.MAX_LENGTH - 8), 2)
    assert frame.Framer().feed(wire(one)) == [one]


@pytest.mark.parametrize(
    "wrong",
    [
        {"region": "12"},
        {"region": "12345"},
        {"terminal": 65536},
        {"terminal": -1},
        {"version": 0},
        {"data": bytes(frame.MAX_LENGTH)},
    ],
)
def test_a_builder_refuses_our_own_mistakes(wrong):
    good = {"control": 0x4B, "region": "1234", "terminal": 1, "a3": 2, "afn": 12, "seq": 0x60, "data": b""}
    with pytest.raises(ValueError):
        frame.encode(**(good | wrong))


ASKED = frame.Frame(0x4B, "1234", 5, 2, 0x0C, 0x63, b"", 2)


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, ""),
        ({"afn": 0}, ""),
        ({"control": 0x4B}, "echo"),
        ({"terminal": 6}, "foreign"),
        ({"region": "1235"}, "foreign"),
        ({"control": 0xC9, "afn": 2}, "unasked"),
        ({"afn": 0x0A}, "wrong_function"),
        ({"seq": 0x62}, "late"),
        ({"seq": 0x24}, ""),
    ],
)
def test_which_answer_belongs_to_a_request(changed, verdict):
    answer = ASKED._replace(control=0x88)._replace(**changed)
    assert frame.match(ASKED, answer) == verdict


def test_a_group_may_be_answered_by_anyone():
    asked = ASKED._replace(terminal=frame.ALL_TERMINALS, a3=3)
    assert frame.match(asked, ASKED._replace(control=0x88)) == ""


ADDITIONS = st.builds(
    frame.Additions,
    st.binary(min_size=16, max_size=16),
    st.tuples(BYTE, BYTE),
    st.tuples(BYTE, st.just("22T10:30:15"), BYTE),
)


@bounded
@given(st.binary(max_size=30), ADDITIONS, st.booleans())
def test_additions_come_off_as_they_were_put_on(data, added, up):
    added = added._replace(**({"pw": None} if up else {"ec": None}))
    control = frame.UP | frame.ACD | frame.DATA if up else frame.request_control(0x05)
    one = ASKED._replace(control=control, afn=0x05, seq=0xE3, data=frame.add(data, added))
    assert frame.split(one) == (data, added)


def test_additions_that_are_not_whole_are_refused():
    with pytest.raises(Refused, match="truncated"):
        frame.split(ASKED._replace(control=0x4A, afn=5, data=bytes(15)))
    with pytest.raises(ValueError, match="16 bytes"):
        frame.add(b"", frame.Additions(bytes(15), None, None))
