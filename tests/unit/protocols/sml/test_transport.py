"""SML files out of a noisy stream."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import crc
from protocols.lines.sml import transport
from protocols.lines.sml.transport import Frame, Framer

bounded = settings(max_examples=150, deadline=None)
FILES = st.lists(st.sampled_from([0x1B, 0x1A, 0x01, 0x00, 0x76]), max_size=40).map(bytes)


@bounded
@given(st.lists(st.tuples(FILES, st.booleans()), max_size=3), st.data())
def test_every_split_gives_the_same_files(files, data):
    stream = b"".join(transport.encode(file, kermit) for file, kermit in files)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    framer, out, at = Framer(), [], 0
    for cut in [*cuts, len(stream)]:
        out += framer.feed(stream[at:cut])
        at = cut
    assert out + framer.quiet() == [Frame(file) for file, _ in files]
    assert (framer.bad, framer.skipped) == (0, 0)


@bounded
@given(FILES, FILES)
def test_a_good_file_is_found_behind_any_noise(noise, file):
    """Noise that ends with 1B makes the escape longer; a start inside is a file cut off."""
    framer = Framer()
    assert framer.feed(noise + transport.encode(file))[-1] == Frame(file)


@bounded
@given(FILES, FILES, st.data())
def test_a_changed_byte_is_seen_and_the_next_file_is_found(first, second, data):
    wire = bytearray(transport.encode(first))
    wire[data.draw(st.integers(0, len(wire) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    framer = Framer()
    found = framer.feed(bytes(wire) + transport.encode(second)) + framer.quiet()
    assert found[-1:] == [Frame(second)] or not found  # a hurt end may swallow the next start
    assert len(found) < 2, "a changed file was taken"


@bounded
@given(st.lists(st.binary(max_size=60) | FILES, max_size=6))
def test_nothing_raises(pieces):
    framer = Framer()
    for piece in pieces:
        framer.feed(piece)
    framer.quiet()
    assert framer._held == b""


@pytest.mark.parametrize(
    "noise", [b"\x1b", transport.START, transport.ESCAPE + b"\x1a", b"\x1b\x1b\x1b\x1b\x1b\1", b"v"]
)
def test_a_jabbering_line_is_bounded(noise):
    framer = Framer()
    framer.feed(transport.START + noise * 20_000)
    assert len(framer._held) <= 2 * transport.MAX_FILE
    framer.quiet()
    assert framer._held == b""


class Counting:
    """The sums of transport.crc, and over how many bytes they went."""

    def __init__(self):
        self.bytes = 0

    def x25(self, data):
        self.bytes += len(data)
        return crc.x25(data)


HIDDEN = transport.ESCAPE + transport.START  # an escaped 1B1B1B1B and, if the file was cut off, a start
END = transport.ESCAPE + b"\x1a\0\0\0"


@pytest.mark.parametrize(
    "hostile",
    [
        transport.START + HIDDEN * 1300 + END,
        (transport.START + HIDDEN * 20 + END) * 60,
        (transport.START + HIDDEN * 3 + b"\x1b" + END + END) * 300,
    ],
    ids=["one", "many", "overlapping"],
)
def test_a_broken_file_costs_few_sums_whatever_it_hides(hostile, monkeypatch):
    counting, framer = Counting(), Framer()
    monkeypatch.setattr(transport, "crc", counting)
    assert framer.feed(hostile) == []
    assert counting.bytes <= 3 * (1 + transport.MAX_HIDDEN) * len(hostile)
    assert framer.feed(transport.encode(b"abcd"))[-1:] == [Frame(b"abcd")]


def test_a_file_behind_one_cut_off_at_an_escape_is_found():
    framer = Framer()
    wire = transport.encode(b"abcd")
    assert framer.feed((transport.START + b"x" + transport.ESCAPE) + wire) == [Frame(b"abcd")]


def test_an_unfinished_file_is_given_up_when_the_line_is_quiet():
    framer = Framer()
    wire = transport.encode(b"abcd")
    assert framer.feed(wire[:-3]) == []
    assert framer.quiet() == []
    assert (framer.bad, framer.skipped) == (1, len(wire) - 3)
    assert framer.feed(wire) == [Frame(b"abcd")]


def test_a_file_longer_than_is_taken_is_our_mistake():
    with pytest.raises(ValueError, match="20000 bytes"):
        transport.encode(bytes(20000))


def test_the_checks_of_the_digits_one_to_nine():
    """906E swapped and 2189, the check values of CRC-16/X-25 and CRC-16/KERMIT."""
    assert transport.checks(b"123456789") == (0x6E90, 0x2189)
