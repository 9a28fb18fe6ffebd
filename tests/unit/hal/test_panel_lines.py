"""The terminal block's side of the text protocol, and the PNG display, on CPython."""

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.hal import fake
from firmware.hal.unix_display import Display
from firmware.hal.unix_panel import EDGES_MAX, HEAD_MS, KEYS_MAX, LATE_MS, MAX_LINE, STALE_MS, Panel
from hil.panel import Buzzer, Close, Outputs, PanelParser
from tests.unit.front.test_screen import pixels


@pytest.fixture
def panel():
    clock = fake.Clock(before_wrap_ms=10**6)
    port = fake.Port(clock)
    it = Panel(port, clock)
    it.port, it.clock = port, clock  # type: ignore[attr-defined]
    return it


def said(panel):
    return PanelParser().feed(b"".join(panel.port.sent))


def test_the_world_understands_what_the_terminal_says(panel):
    panel.drive(5)
    panel.show(2, 4)
    panel.close(3)
    panel.sound(True)
    panel.sound(1)
    panel.sound(False)
    wanted = [Outputs(5, 0, 0), Outputs(5, 2, 4), Close(3), Buzzer(True), Buzzer(False)]
    assert said(panel) == wanted


def test_a_buzzer_that_sounds_is_said_again_each_second(panel):
    async def scene():
        await asyncio.wait_for(panel.run(), 0.05)

    panel.sound(True)
    with pytest.raises(TimeoutError):
        asyncio.run(scene())
    told = said(panel)
    assert told.count(Buzzer(True)) - 1 in (told.count(Outputs(0, 0, 0)), told.count(Outputs(0, 0, 0)) - 1)
    assert told.count(Buzzer(True)) > 2


def test_keys_inputs_contacts_and_samples_come_as_they_are(panel):
    panel.feed(b"I 5\nS a\nK u\nK b\nK o\nK d\nA 1=2310 8=-55\n")
    assert (panel.open(), panel.levels(), panel.ac()) == (5, 10, {1: 2310, 8: -55})
    assert (panel.keys(), panel.keys()) == (["up", "back", "ok", "down"], [])
    assert panel.bad == 0


@pytest.mark.parametrize("line", [b"I 1", b"S 1", b"A 1=1"])
def test_what_is_not_heard_for_long_is_not_known(panel, line):
    panel.feed(line + b"\n")
    read = {b"I": panel.open, b"S": panel.levels, b"A": panel.ac}[line[:1]]
    panel.clock.advance(STALE_MS)
    assert read() is not None
    panel.clock.advance(1)
    assert read() is None
    panel.clock.advance(2**30 - STALE_MS)  # a full turn of the ticks later it must not look fresh again
    assert read() is None


def test_the_mains_fail_until_they_are_back(panel):
    assert not panel.power_failing()
    panel.feed(b"F 1\n")
    panel.clock.advance(STALE_MS + 1)  # a block without mains may be silent
    assert panel.power_failing()
    panel.feed(b"F 0\n")
    assert not panel.power_failing()


@pytest.mark.parametrize(
    "line",
    b"|I|I x|I 10000|I 1 2|S -1|K|K x|K ud|P 1|P 0 1|P 17 1|P 1 2|P 1 x|P 1 1 x|P 1 1 1 1"
    b"|F|F 2|F 1 1|A|A 1|A 1=|A 1=2 x|A 1=2=3|O 1 1 1|\xff\xfe".split(b"|"),
)
def test_a_line_that_says_nothing_is_counted_and_changes_nothing(panel, line):
    panel.feed(line + b"\n")
    assert panel.bad == 1
    assert (panel.open(), panel.levels(), panel.ac(), panel.keys(), panel.edges()) == (
        None,
        None,
        None,
        [],
        [],
    )


@given(st.lists(st.binary(max_size=100), max_size=40))
def test_any_bytes_do_no_harm(pieces):
    clock = fake.Clock()
    panel = Panel(fake.Port(clock), clock)
    for piece in pieces:
        panel.feed(piece)
    panel.feed(b"\nI 3\n")
    assert panel.open() == 3
    assert len(panel._line) <= MAX_LINE


def test_what_nobody_takes_is_bounded_and_lost_edges_are_counted(panel):
    panel.feed(b"P 1 1\nP 1 0\n" * EDGES_MAX + b"K u\n" * 100)
    assert len(panel.edges()) == EDGES_MAX
    assert panel.lost == EDGES_MAX
    assert len(panel.keys()) == KEYS_MAX


def spans(edges):
    return [b[2] - a[2] for a, b in itertools.pairwise(edges)]


def test_edges_that_wait_in_one_read_are_as_far_apart_as_they_were(panel):
    panel.feed(b"P 1 1 500\nP 1 0 580\nP 1 1 660\n")
    edges = panel.edges()
    assert [edge[:2] for edge in edges] == [(1, 1), (1, 0), (1, 1)]
    assert spans(edges) == [80, 80]
    assert edges[0][2] == panel.clock.ticks_ms() - HEAD_MS
    panel.clock.advance(1000)
    panel.feed(b"P 1 0 740\nP 1 1 1640\n")
    assert spans([edges[-1], *panel.edges()]) == [80, 900]


def test_a_block_whose_clock_starts_anew_is_followed(panel):
    panel.feed(b"P 1 1 900000\n")
    panel.edges()
    panel.clock.advance(LATE_MS)
    panel.feed(b"P 1 0 5\nP 1 1 85\n")
    edges = panel.edges()
    assert spans(edges) == [80]
    assert 0 <= panel.clock.ticks_ms() - edges[-1][2] <= HEAD_MS


def test_an_edge_without_a_time_is_of_now(panel):
    panel.feed(b"P 2 1\n")
    assert panel.edges() == [(2, 1, panel.clock.ticks_ms())]


def test_what_stood_on_the_line_before_the_start_is_not_taken():
    clock = fake.Clock()
    port = fake.Port(clock)
    port.deliver(b"P 1 1\n")
    Panel(port, clock)
    assert port._due == []


def test_a_picture_is_pixel_by_pixel_what_the_buffer_holds(tmp_path):
    display = Display(str(tmp_path / "display.png"))
    buffer = bytearray((i * 37 + i // 256 * 11) & 255 for i in range(160 * 20))
    display.show(buffer)
    picture = pixels(tmp_path / "display.png")
    wanted = [[buffer[y * 20 + x // 8] >> (7 - x % 8) & 1 for x in range(160)] for y in range(160)]
    assert picture == wanted
    assert [path.name for path in tmp_path.iterdir()] == ["display.png"]  # nothing half written beside it


def test_a_file_system_that_refuses_is_counted(tmp_path):
    display = Display(str(tmp_path / "nowhere" / "display.png"))
    display.show(bytearray(3200))
    assert display.errors == 1
