"""The service console: what it answers, how it edits a line, what it never says, and what noise does."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.front.console import CODE_MS, LINE_MAX, Console
from firmware.front.panel import Front
from firmware.front.serve import FLOOD, IDLE_MS, serve
from firmware.hal import fake
from protocols.uplink import parameters
from protocols.uplink.codes import REASON_NO
from tests.unit.front.views import LOCAL_S, full, outputs, view


class Settings:
    """The verbs of firmware.parameters.Parameters that the console uses."""

    def versions(self):
        return {parameters.CONTROL: 4}

    def get(self, section):
        return parameters.read(section, {})


class Bench:
    """A console with its board, and the masks that were asked to be tested."""

    def __init__(self, **changed):
        self.board = fake.Board("unused")
        self.board.inputs.mask, self.board.relays.contacts = 0b11, 0b101
        self.front = Front(self.board, lambda: view(**changed))
        self.reason, self.asked = 0, []
        self.console = Console(self.front, self.board, Settings(), self._test)

    def _test(self, mask):
        self.asked.append(mask)
        return self.reason

    def type(self, text):
        return b"".join(self.console.feed(text.encode())).decode()

    def says(self, command):
        """The lines behind the echo, without the prompt."""
        echo, *lines, prompt = self.type(command + "\r").split("\r\n")
        assert (echo, prompt) == (command, "lk> ")
        return lines


@pytest.fixture
def bench():
    return Bench()


def test_status_tells_the_state_in_english_and_in_chinese(bench):
    lines = bench.says("status")
    assert lines[:3] == ["-- Overview", "  Power 231.45 kW", "  Limit 200.00 kW"]
    assert "  Version 0.1.0" in lines
    bench.says("language zh")
    assert bench.says("overview")[:2] == ["-- 用电概况", "  功率 231.45 kW"]


@pytest.mark.parametrize(
    "command", ["readings", "points", "controls", "energy", "guarantee", "link", "about", "help"]
)
def test_each_page_can_be_asked_for(bench, command):
    assert len(bench.says(command)) > 1


def test_inputs_are_those_of_the_board(bench):
    bench.board.sampled = {1: 2310, 8: -55}
    assert bench.says("inputs") == [
        "outputs tripped    none",
        "switches open      1 3",
        "status inputs      1 2",
        "pulse edges lost   0",
        "AC point 1 = 2310",
        "AC point 8 = -55",
    ]
    bench.board.inputs.mask = bench.board.relays.contacts = bench.board.sampled = None
    assert bench.says("inputs")[1:3] == ["switches open      not readable", "status inputs      not readable"]


def test_parameters_are_read_by_section(bench):
    assert bench.says("parameters")[0].split() == ["control", "version", "4"]
    assert "energy_step_s = 60" in bench.says("parameters control")
    assert f"codes = {'11' * 24}" in bench.says("parameters tariff")
    assert bench.says("parameters nothing") == []


def test_the_log_has_the_last_events_with_their_local_time(bench):
    bench.front.note("power_up", {"boot": 3})
    bench.front.watch(outputs(), 1, LOCAL_S)
    bench.front.note("remote_trip", {"rounds": 2})
    assert bench.says("log") == ["-- power_up boot=3", "07-01 14:05 remote_trip rounds=2"]


def test_nothing_of_the_identity_but_its_name_is_said():
    bench = Bench(**full())
    bench.board.identity = dict(
        fake.IDENTITY, broker={"host": "h", "port": 1, "user": "u", "password": "hunter2"}
    )
    told = "".join(
        bench.type(command + "\r")
        for command in (
            "status messages inputs readings points energy log parameters help keys identity broker".split()
            + [f"parameters {name}" for _no, name in parameters.SECTIONS.items()]
        )
    )
    for secret in ("hunter2", "oooo", "aaaa", "6f6f6f", "616161", "password"):
        assert secret not in told


# ---- relay test


def test_a_relay_test_needs_the_code_that_is_shown(bench):
    lines = bench.says("test 1 3")
    code = bench.front.code
    assert len(code) == 4
    assert code in lines[1]
    assert bench.asked == []
    assert bench.says(f"confirm {code}") == [
        "relays 1 3 tripped for 60 s; `stop` ends it. Close the switches by hand."
    ]
    assert bench.asked == [0b101]
    assert bench.front.code == ""
    assert bench.says(f"confirm {code}") == ["nothing to confirm"]
    assert bench.says("stop") == ["relay test off"]
    assert bench.asked == [0b101, 0]


def test_the_code_stands_on_the_display_alone_where_there_is_one(bench):
    bench.board.display = fake.Display()
    told = "".join(bench.says("test 1"))
    assert bench.front.code not in told
    assert bench.front.view()["code"] == bench.front.code != ""


def test_three_wrong_codes_or_a_minute_end_it(bench):
    bench.says("test 2")
    code = bench.front.code
    for wrong in ("", "confirm", "9"):
        assert bench.says(f"confirm {wrong}") == ["wrong code"]
    assert bench.says(f"confirm {code}") == ["nothing to confirm"]
    bench.says("test 2")
    bench.board.clock.advance(CODE_MS + 1)
    assert bench.says(f"confirm {bench.front.code}") == ["nothing to confirm"]
    assert bench.asked == []


def test_a_refusal_is_said_in_words(bench):
    bench.reason = REASON_NO["guaranteed"]
    bench.says("test 1")
    assert bench.says(f"confirm {bench.front.code}") == ["refused: guaranteed"]


@pytest.mark.parametrize("words", ["", "0", "9", "1 x", "-1", "1,2", "all"])
def test_rounds_that_are_none_begin_nothing(bench, words):
    bench.says(f"test {words}".strip())
    assert bench.front.code == ""
    assert bench.says("confirm ") == ["nothing to confirm"]


# ---- the line


def test_a_line_can_be_corrected(bench):
    assert bench.type("helx\x08p") == "helx\b \bp"
    assert bench.type("\x7f\x7f\x7f\x7f\x7f") == "\b \b" * 4
    assert bench.type("lo\x03") == "lo\r\nlk> "
    assert bench.type("\x1b[A\x1b[1;5Clo\x15") == "lo\r\nlk> "


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_any_line_end_ends_one_line(bench, end):
    assert bench.type("x" + end + end).count("lk> ") == 2


def test_a_line_is_bounded(bench):
    assert bench.type("x" * (LINE_MAX + 5)) == "x" * LINE_MAX + "\a" * 5


@given(st.lists(st.binary(max_size=80), max_size=20))
def test_any_bytes_leave_a_console_that_answers(pieces):
    bench = Bench()
    for piece in pieces:
        b"".join(bench.console.feed(piece))
    b"".join(bench.console.feed(b"\x1b~\x15"))
    assert bench.says("link")[0] == "-- Link"
    assert bench.asked in ([], [0])


# ---- the task


class Line(fake.Port):
    """Ends the task after its deliveries."""

    def __init__(self, clock, *pieces):
        super().__init__(clock)
        for piece in pieces:
            self.deliver(piece)

    async def read(self, timeout_ms):
        if not self._due:
            raise asyncio.CancelledError
        return await super().read(timeout_ms)


def run(port, bench, made):
    def make():
        made.append(bench.board.clock.ticks_ms())
        return bench.console

    async def scene():
        with pytest.raises(asyncio.CancelledError):
            await serve(port, bench.board.clock, make)

    asyncio.run(scene())
    return b"".join(port.sent).decode()


@pytest.fixture
def sleeps(monkeypatch):
    monkeypatch.setattr(asyncio, "sleep_ms", lambda ms: asyncio.sleep(0), raising=False)


def test_the_task_makes_a_console_at_the_first_byte(bench, sleeps):
    made = []
    assert run(Line(bench.board.clock, b"bogus", b"\r\n"), bench, made) == (
        "bogus\r\nunknown: help shows what there is\r\nlk> "
    )
    assert len(made) == 1


def test_a_flood_is_thrown_away_and_the_next_second_is_heard(bench, sleeps):
    port = Line(bench.board.clock, *[b"\r" * 200] * 10)
    port.deliver(b"link\r", after_ms=2000)
    told = run(port, bench, [])
    assert told.count("lk> ") == FLOOD + 1
    assert "-- Link" in told


def test_a_looped_back_line_dies_out(bench, sleeps):
    port = Line(bench.board.clock, b"x\r")
    port.answer = lambda data: data
    run(port, bench, [])
    assert len(b"".join(port.sent)) < 4 * FLOOD


def test_an_idle_console_is_let_go(bench, sleeps):
    made = []
    port = Line(bench.board.clock, b"\r")
    port.deliver(b"\r", after_ms=IDLE_MS // 2)
    port.deliver(b"\r", after_ms=2 * IDLE_MS)
    run(port, bench, made)
    assert len(made) == 2


def test_who_does_not_read_stops_nothing(bench, sleeps):
    port = Line(bench.board.clock, b"stop\r")
    port.write = lambda data: 0  # type: ignore[method-assign]
    run(port, bench, [])
    assert bench.asked == [0]
