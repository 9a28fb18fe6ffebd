"""HDLC and wrapper on a bad line: any split, any noise, bounded memory, and the next good frame is found."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.dlms import hdlc, wrapper
from tests.unit.protocols.dlms.support import outcome
from tests.unit.protocols.framer_laws import damage_ends_with_its_frame, every_split_gives, found_behind_noise

bounded = settings(max_examples=150, deadline=None)
ADDRESSES = st.one_of(
    st.builds(hdlc.address, st.integers(0, 127)),
    st.builds(hdlc.address, st.integers(0, 127), st.integers(0, 127)),
    st.builds(hdlc.address, st.integers(0, 16383), st.integers(0, 16383), st.just(4)),
)
FRAMES = st.builds(
    hdlc.Frame, ADDRESSES, ADDRESSES, st.integers(0, 255), st.booleans(), st.binary(max_size=140)
)
NOISE = st.lists(st.one_of(st.sampled_from([0x7E, 0xA0, 0xA8, 0x00, 0x01]), st.integers(0, 255)), max_size=40)
WRAPPED = st.builds(
    wrapper.Frame,
    st.integers(0, 65535),
    st.integers(0, 65535),
    st.builds(
        lambda tag, rest: bytes([tag]) + rest,
        st.sampled_from([0x60, 0xC0, 0xC4, 0xDB]),
        st.binary(max_size=60),
    ),
)


def wire(frame) -> bytes:
    return hdlc.encode(frame.to, frame.by, frame.control, frame.info, frame.segmented)


@bounded
@given(st.lists(FRAMES, max_size=4), st.booleans(), st.data())
def test_every_split_gives_the_same_frames(frames, shared, data):
    """The closing flag of one frame may be the opening one of the next."""
    parts = [wire(frame) for frame in frames]
    stream = b"\x7e" + b"".join(part[1:] for part in parts) if shared else b"".join(parts)
    every_split_gives(frames, hdlc.Framer(), stream, data.draw)


@bounded
@given(NOISE, FRAMES, st.data())
def test_a_good_frame_is_found_behind_any_noise_once_the_line_is_quiet(noise, frame, data):
    found_behind_noise(frame, hdlc.Framer(), bytes(noise), wire(frame), data.draw)


@bounded
@given(FRAMES, FRAMES, st.data())
def test_a_damaged_frame_does_not_take_the_next_with_it(first, second, data):
    damage_ends_with_its_frame(first, second, hdlc.Framer(), (wire(first), wire(second)), data.draw)


@bounded
@given(st.lists(NOISE, max_size=6))
def test_memory_is_bounded_and_nothing_raises(pieces):
    for framer, most in ((hdlc.Framer(), hdlc.MAX_FRAME), (wrapper.Framer(), wrapper.MAX_FRAME)):
        for piece in pieces:
            framer.feed(bytes(piece) * 9)
            assert len(framer._held) <= most
        framer.quiet()
        assert framer._held == b""


def test_a_jabbering_line_is_bounded_too():
    for framer, noise in ((hdlc.Framer(), b"\x7e\xa7"), (wrapper.Framer(), b"\0\1")):
        framer.feed(noise * 20_000)
        assert len(framer._held) <= wrapper.MAX_FRAME


@pytest.mark.parametrize("low", range(16))
def test_noise_full_of_flags_costs_little(monkeypatch, low):
    """Each flag begins a candidate of 2 kB: it is given up before its long check."""
    summed, x25 = [], hdlc.x25
    monkeypatch.setattr(hdlc, "x25", lambda data: summed.append(len(data)) or x25(data))
    noise = bytes([0x7E, 0xA7, 0xF0 | low]) * 2000
    framer = hdlc.Framer()
    assert framer.feed(noise) + framer.quiet() == []
    assert sum(summed) < 10 * len(noise)


@bounded
@given(FRAMES, FRAMES)
def test_judging_any_pair_never_raises(asked, answer):
    assert hdlc.match(asked, answer) in ("", "echo", "foreign", "wrong_function", "late")


@pytest.mark.parametrize(
    ("asked", "answer", "why"),
    [
        (hdlc.SNRM, hdlc.UA, ""),
        (hdlc.SNRM, hdlc.DM, ""),
        (hdlc.SNRM, hdlc.information(0, 0), "wrong_function"),
        (hdlc.information(2, 5), hdlc.information(5, 3), ""),
        (hdlc.information(2, 5), hdlc.information(4, 3), "late"),
        (hdlc.information(2, 5), hdlc.information(5, 2), "late"),
        (hdlc.information(7, 7), hdlc.information(7, 0), ""),
        (hdlc.information(2, 5), hdlc.ready(3), ""),
        (hdlc.information(2, 5), hdlc.ready(2), "late"),
        (hdlc.ready(5), hdlc.information(5, 3), ""),
        (hdlc.ready(5), hdlc.information(4, 3), "late"),
        (hdlc.ready(5), hdlc.FRMR, ""),
        (hdlc.ready(5), hdlc.UI, "wrong_function"),
    ],
)
def test_sequence_numbers_tell_a_late_reply(asked, answer, why):
    master, meter = hdlc.address(16), hdlc.address(1, 17)
    request = hdlc.Frame(meter, master, asked, False, b"")
    assert hdlc.match(request, hdlc.Frame(master, meter, answer, False, b"")) == why
    assert hdlc.match(request, hdlc.Frame(master, hdlc.address(1, 18), answer, False, b"")) == "foreign"
    assert hdlc.match(request, request) == "echo"


@bounded
@given(st.binary(max_size=30))
def test_link_parameters_are_read_or_refused(info):
    def positive(data) -> None:
        assert min(hdlc.limits(data)) > 0

    for data in (info, b"\x81\x80" + info):
        assert outcome(lambda data=data: positive(data)) in ("", "truncated", "bad_value")


@pytest.mark.parametrize(
    "call",
    [
        lambda: hdlc.address(128, None, 1),
        lambda: hdlc.address(1, 2, 3),
        lambda: hdlc.address(1, 2, 1),
        lambda: hdlc.address(1, None, 2),
        lambda: hdlc.address(1, 200, 2),
        lambda: hdlc.address(16384, 1),
        lambda: hdlc.encode(b"\3", b"\3", 0, bytes(2048)),
        lambda: wrapper.encode(1, 1, b""),
        lambda: wrapper.encode(1, 1, bytes(wrapper.MAX_APDU + 1)),
    ],
)
def test_our_own_mistakes_are_told(call):
    with pytest.raises(ValueError):
        call()


@bounded
@given(st.lists(WRAPPED, max_size=4), st.data())
def test_every_split_of_the_wrapper_gives_the_same_frames(frames, data):
    stream = b"".join(wrapper.encode(*frame) for frame in frames)
    every_split_gives(frames, wrapper.Framer(), stream, data.draw)


@bounded
@given(NOISE, WRAPPED)
def test_a_wrapped_frame_is_found_behind_noise_once_the_line_is_quiet(noise, frame):
    framer = wrapper.Framer()
    found = framer.feed(bytes(noise) + wrapper.encode(*frame)) + framer.quiet()
    assert frame in found or b"\0\1" in bytes(noise), "noise that is a frame may hold the good one"
