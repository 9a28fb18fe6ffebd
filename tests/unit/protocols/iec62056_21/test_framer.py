"""The framer on a bad line: any split, any noise, bounded memory, and the next good message is found."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from protocols.lines import iec62056_21
from protocols.lines.iec62056_21 import ACKED, DENIED, Frame, Framer, encode

bounded = settings(max_examples=150, deadline=None)
DATA = st.text("0189.*&:()kWh \r\n", max_size=60).map(str.encode)
FRAMES = st.one_of(
    st.builds(Frame, st.just("request"), st.just(""), st.text("0123456789", max_size=32).map(str.encode)),
    st.builds(Frame, st.just("ident"), st.sampled_from(["ISk5", "LGZ4", "ABBA"]), st.just(b"\\2MT382/1")),
    st.builds(Frame, st.just("option"), st.sampled_from(["051", "000", "06A"]), st.just(b"")),
    st.builds(Frame, st.just("command"), st.sampled_from(["R5", "W1", "P0", "E2"]), DATA),
    st.builds(Frame, st.sampled_from(["data", "part"]), st.just(""), DATA),
    st.sampled_from([ACKED, DENIED, Frame("command", "B0", b"")]),
)
BLOCKS = st.builds(Frame, st.sampled_from(["data", "part"]), st.just(""), DATA)
NOISE = st.lists(st.sampled_from(list(b"\x01\x02\x03\x04\x06\x15/!?(1\r\n\x00\xff")), max_size=40).map(bytes)


def feed_in_pieces(framer, data, cuts) -> list:
    out = []
    at = 0
    for cut in [*sorted(cuts), len(data)]:
        out += framer.feed(data[at:cut])
        at = cut
    return out + framer.quiet()


@bounded
@given(st.lists(FRAMES, max_size=4), st.data())
def test_every_split_gives_the_same_frames(frames, data):
    stream = b"".join(encode(*frame) for frame in frames)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=6))
    framer = Framer(options=True)
    assume(not [frame for frame in frames[:-1] if frame in (ACKED, DENIED)])
    assert feed_in_pieces(framer, stream, cuts) == frames
    assert (framer.bad, framer.skipped) == (0, 0)


@bounded
@given(NOISE, BLOCKS, st.data())
def test_a_good_block_is_found_behind_any_noise_once_the_line_is_quiet(noise, frame, data):
    stream = noise + encode(*frame)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=4))
    assert feed_in_pieces(Framer(), stream, cuts)[-1] == frame


@bounded
@given(BLOCKS, FRAMES, st.data())
def test_a_damaged_block_does_not_take_the_next_message_with_it(first, second, data):
    hurt = bytearray(encode(*first))
    hurt[data.draw(st.integers(0, len(hurt) - 1))] ^= 1 << data.draw(st.integers(0, 6))
    framer = Framer(options=True)
    found = framer.feed(bytes(hurt) + encode(*second)) + framer.quiet()
    # A lone ACK or NAK behind a broken block is not believed.
    assert found[-1:] == [second] or second in (ACKED, DENIED)
    assert first not in found[:-1], "a block with a changed bit was taken"


@bounded
@given(st.lists(NOISE, max_size=6))
def test_nothing_raises_and_every_byte_is_counted(pieces):
    framer = Framer()
    found = [frame for piece in pieces for frame in framer.feed(piece)] + framer.quiet()
    assert framer.skipped + sum(len(encode(*frame)) for frame in found) == sum(map(len, pieces))


@pytest.mark.parametrize(
    "noise", [b"\2", b"/", b"\1\1\2", b"\1R5\2", b"\2\3", b"/abc\r\n", b"\2abc", b"\6", b"\2\r\n1"]
)
def test_a_jabbering_line_is_bounded(noise):
    framer = Framer()
    framer.feed(noise * 20_000)
    assert len(framer._held) <= 2 * iec62056_21.MAX_BLOCK
    framer.quiet()
    assert framer._held == b""


def test_a_readout_longer_than_is_taken_is_none():
    wire = b"\2" + b"1" * (iec62056_21.MAX_BLOCK + 1) + b"\3"
    framer = Framer()
    assert framer.feed(wire + bytes([iec62056_21.bcc(wire)])) + framer.quiet() == []


def test_an_ack_stands_alone_for_the_master_and_may_begin_an_option_for_the_meter():
    master = Framer()
    assert master.feed(b"\6") == []
    assert master.quiet() == [ACKED]
    meter = Framer(options=True)
    assert meter.feed(b"\6") == []
    assert meter.quiet() == [ACKED]
    assert meter.feed(b"\x06051\r\n") == [Frame("option", "051", b"")]


def test_a_piece_of_a_broken_block_is_no_acknowledgement():
    """The check character of a refusal is hurt so that it looks like ACK: a write must not count as done."""
    refusal = encode("data", "", b"(ERROR)")
    framer = Framer()
    assert framer.feed(refusal[:-1] + b"\6\6") == []
    assert framer.bad == 1
    assert framer.quiet() == []
    assert framer.feed(b"\6") + framer.quiet() == [ACKED]


@pytest.mark.parametrize("sign", [b"\6", b"\x15"], ids=["ack", "nak"])
@pytest.mark.parametrize(
    "pieces",
    [(b"\x12", b"%s"), (b"%s", b"\x44"), (b"\x12%s\x44",), (b"\x42(ER)\3%s",), (b"%s%s",), (b"\3%s",)],
    ids=["before", "behind", "both", "piece of an error", "twice", "end"],
)
def test_a_byte_among_noise_is_no_acknowledgement(pieces, sign):
    """A write would count as done."""
    framer = Framer()
    found = [frame for piece in pieces for frame in framer.feed(piece.replace(b"%s", sign))]
    assert found + framer.quiet() == []
    assert framer.feed(sign) + framer.quiet() == [ACKED if sign == b"\6" else DENIED]


@given(st.binary(max_size=50))
def test_parity_is_put_in_and_taken_out(data):
    seven = bytes(b & 0x7F for b in data)
    wire = iec62056_21.add_parity(seven)
    assert all(b.bit_count() % 2 == 0 for b in wire)
    assert iec62056_21.strip_parity(wire) == seven
    hurt = bytes(b ^ 0x10 for b in wire)
    assert iec62056_21.strip_parity(hurt) == bytes(len(hurt))


@pytest.mark.parametrize(
    "frame",
    [
        ("request", "", b"12\r\n"),
        ("ident", "I5", b""),
        ("option", "05", b""),
        ("command", "X1", b""),
        ("command", "B0", b"1"),
        ("data", "", b"\3"),
        ("data", "", b"1" * 20000),
        ("nothing", "", b""),
    ],
)
def test_our_own_mistakes_are_told(frame):
    with pytest.raises(ValueError, match="is made of"):
        encode(*frame)


@pytest.mark.parametrize(
    ("head", "mode", "baud"),
    [("ISk0", "C", 300), ("ISk6", "C", 19200), ("ISkA", "B", 600), ("ISkF", "B", 19200), ("ISk9", "A", 300)],
)
def test_the_identification_tells_mode_and_speed(head, mode, baud):
    assert iec62056_21.speed(head) == (mode, baud)


READ = Frame("command", "R5", b"1-0:1.8.0*255(1)")


@pytest.mark.parametrize(
    ("request_frame", "answer", "why"),
    [
        (READ, READ, "echo"),
        (READ, Frame("command", "R5", b"2.8.0(1)"), "echo"),
        (READ, Frame("data", "", b"1.8.0(5*kWh)"), ""),
        (READ, Frame("data", "", b"(5*kWh)"), ""),
        (READ, Frame("data", "", b"(ERROR)"), ""),
        (READ, Frame("data", "", b"2.8.0(5*kWh)"), "late"),
        (READ, Frame("command", "B0", b""), ""),
        (READ, DENIED, ""),
        (READ, ACKED, "wrong_function"),
        (Frame("command", "W5", b"1.8.0(1)"), ACKED, ""),
        (Frame("command", "W5", b"1.8.0(1)"), Frame("ident", "ISk5", b""), "wrong_function"),
        (Frame("request", "", b""), Frame("ident", "ISk5", b""), ""),
        (Frame("request", "", b""), Frame("request", "", b""), "echo"),
        (Frame("option", "050", b""), Frame("data", "", b"1(2)"), ""),
        (ACKED, Frame("part", "", b"1(2)"), ""),
        (ACKED, ACKED, "wrong_function"),
    ],
)
def test_what_answers_what(request_frame, answer, why):
    assert iec62056_21.match(request_frame, answer) == why


@bounded
@given(FRAMES, FRAMES)
def test_judging_any_pair_never_raises(asked, answer):
    assert iec62056_21.match(asked, answer) in ("", "echo", "wrong_function", "late")
