"""Telegrams out of a noisy stream."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines import p1

bounded = settings(max_examples=150, deadline=None)
DATA = st.text("0189.*:()kWh \r\n", max_size=80).map(str.encode)
TELEGRAMS = st.builds(
    p1.Telegram, st.sampled_from(["ISk5\\2MT382", "HLY5/D545-METER", "KFM5KAIFA"]), DATA, st.booleans()
)
NOISE = st.lists(st.sampled_from(list(b"/!\r\n ISk51(")), max_size=60).map(bytes)
GOOD = p1.Telegram("ISk5\\2MT382", b"\r\n1-3:0.2.8(50)\r\n1-0:1.8.1(1.5*kWh)\r\n", True)


@bounded
@given(st.lists(TELEGRAMS, max_size=3), st.data())
def test_every_split_gives_the_same_telegrams(telegrams, data):
    stream = b"".join(p1.encode(*telegram) for telegram in telegrams)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    framer, out, at = p1.Framer(), [], 0
    for cut in [*cuts, len(stream)]:
        out += framer.feed(stream[at:cut])
        at = cut
    assert out + framer.quiet() == telegrams
    assert (framer.bad, framer.skipped) == (0, 0)


@bounded
@given(NOISE)
def test_a_good_telegram_is_found_behind_any_noise_once_the_line_is_quiet(noise):
    framer = p1.Framer()
    assert (framer.feed(noise + p1.encode(*GOOD)) + framer.quiet())[-1] == GOOD


@bounded
@given(st.data())
def test_a_changed_byte_is_seen_and_the_next_telegram_is_found(data):
    wire = bytearray(p1.encode(*GOOD))
    wire[data.draw(st.integers(0, len(wire) - 3))] ^= 1 << data.draw(st.integers(0, 6))
    framer = p1.Framer()
    found = framer.feed(bytes(wire) + p1.encode(*GOOD)) + framer.quiet()
    assert found[-1] == GOOD
    assert found in ([GOOD], [GOOD, GOOD]), (
        "a changed telegram was taken"
    )  # the CRC in small letters is the same


def test_a_telegram_that_tells_its_version_needs_its_crc():
    framer = p1.Framer()
    assert framer.feed(p1.encode(*GOOD)[:-6] + b"\r\n") == []
    assert framer.bad == 1


@pytest.mark.parametrize(
    "noise", [b"/", b"!", b"/abc5\r\n", b"/abc5\r\nx!\r\n/1-3:0.2.8(", b"/abcd", b"/abc5\r\n!0000\r\n"]
)
def test_a_jabbering_line_is_bounded(noise):
    framer = p1.Framer()
    framer.feed(noise * 5_000)
    assert len(framer._held) <= 2 * p1.MAX_TELEGRAM
    framer.quiet()
    assert framer._held == b""


@pytest.mark.parametrize("data", [b"a!b", b"a/b", b"1" * 20000])
def test_our_own_mistakes_are_told(data):
    with pytest.raises(ValueError, match="no telegram is made"):
        p1.encode("ISk5", data)


def test_names_and_messages_are_text_where_they_are_hex_of_text():
    data = (
        b"0-0:96.1.1(4B3845)\r\n0-0:96.13.0()\r\n0-1:96.1.0(00FF)\r\n0-0:96.14.0(3031)\r\n0-2:96.1.0(4B3)\r\n"
    )
    assert p1.values(p1.Telegram("", data, True)) == {
        "0-0:96.1.1": "K8E",
        "0-0:96.13.0": "",
        "0-1:96.1.0": "00FF",
        "0-0:96.14.0": "3031",
        "0-2:96.1.0": "4B3",
    }
