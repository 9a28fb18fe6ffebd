"""What the customer and the fitter meet: display, keys, buzzer and the service console."""

import re
import time

import pytest
import serial

from hil.adapters.pty_link import PtyLink
from protocols.uplink import messages, parameters
from tests.e2e.rig import STEP_S
from tests.unit.front.test_font import glyph
from tests.unit.front.test_screen import pixels

PROMPT = "lk> "
ALL_HOURS = (1 << 24) - 1
GLYPHS = {bytes(glyph(chr(code))): chr(code) for code in range(32, 127)}
LINES = range(17, 129, 16)  # where the lines between title and foot begin
ASKS = (
    "help,status,overview,tripped,controls,energy,readings,points,link,guarantee,about,messages,inputs,"
    "parameters,parameters control,parameters guarantee,parameters metering,parameters points,log"
)


class Glass:
    """The display as an English reader sees it."""

    def __init__(self, path):
        self._path = path

    def read(self):
        """[title, line, ...]; [] before the first picture. What is no ASCII is a question mark."""
        if not self._path.exists():
            return []
        rows = pixels(self._path)
        titles = [self._line(rows, 0, x, 1) for x in (0, 4)]  # centred, to half a cell
        lines = [self._line(rows, y, 0, 0) for y in LINES]
        return [next((title for title in titles if "?" not in title), "?").strip(), *lines]

    def text(self):
        """All but the title, as one line."""
        return " ".join(self.read()[1:])

    @staticmethod
    def _line(rows, top, left, inverse):
        text = ""
        for x in range(left, 160 - 8 + 1, 8):
            cell = bytes(
                int("".join(str(bit ^ inverse) for bit in row[x : x + 8]), 2) for row in rows[top : top + 16]
            )
            text += GLYPHS.get(cell, "?")
        return text.rstrip()


class Fitter:
    """A person with a terminal program at the service port. `said` is all that ever came out of it."""

    def __init__(self, path):
        self._port = serial.Serial(path, 9600, timeout=0.2)
        self.said = ""

    def ask(self, line):
        """The answer to a line, without its echo."""
        self._port.write(line.encode() + b"\r")
        answer, end = "", time.monotonic() + STEP_S
        while not answer.endswith(PROMPT):
            assert time.monotonic() < end, f"no prompt after {line!r}: {answer!r}"
            answer += self._port.read(4096).decode()
        self.said += answer
        return answer.partition("\r\n")[2].removesuffix(PROMPT)

    def close(self):
        self._port.close()


@pytest.fixture
def has_display():
    return True


@pytest.fixture
def service():
    link = PtyLink()
    yield link
    link.close()


@pytest.fixture
def identity(identity):
    return {**identity, "language": "en"}


@pytest.fixture
def terminal(terminal, tmp_path, has_display, service):
    terminal.display = tmp_path / "display.png" if has_display else None
    terminal.service = service.far
    return terminal


@pytest.fixture
def glass(terminal):
    return Glass(terminal.display)


@pytest.fixture
def fitter(service):
    person = Fitter(service.near)
    yield person
    person.close()


# ---- display, keys, buzzer


def _message(rig, text):
    rig.done(rig.send(messages.MESSAGE, {"slot": 1, "important": 1, "text": text}))


def test_messages_and_the_reminder_are_on_the_display(rig, glass):
    rig.load(120_000)
    rig.wait(lambda: "Power 120.00 kW" in glass.text(), "the power on the display")
    assert glass.read()[0] == "Overview"
    _message(rig, "No supply on July 8")
    rig.wait(lambda: "Important messages 1" in glass.text(), "the message announced")
    rig.world.ask(key="down")
    rig.wait(lambda: "No supply on July 8" in glass.text(), "the message after a key")
    _message(rig, "Supply goes on")
    rig.wait(lambda: "Supply goes on" in glass.text(), "the new message in its place")
    _message(rig, "")

    reminder = {"on": 1, "hours": ALL_HOURS, "text": "Please pay soon"}
    rig.done(rig.send(messages.REMINDER, reminder))
    rig.wait(lambda: glass.read()[0] == "Payment reminder", "the reminder by itself")
    assert "Please pay soon" in glass.text()
    rig.wait(lambda: rig.now()["reminder"] == 1, "the reminder told")
    rig.done(rig.send(messages.REMINDER, reminder | {"on": 0}))
    rig.wait(lambda: glass.read()[0] == "Overview", "the overview again")
    assert "Important" not in glass.text()


def test_an_alarm_is_seen_and_heard_and_a_trip_says_why(rig, glass):
    rig.world.ask(recloses_after_s=None)
    rig.load(120_000)
    rig.plan(setpoint_kw=60, rounds=(1,), alarm_s=900)
    rig.wait(lambda: glass.read()[0] == "TRIP ALARM !", "the alarm on the display")
    assert "Round 1 off in 1" in glass.text()
    rig.wait(lambda: rig.world.truth()["sounding"], "the buzzer")
    rig.configure(parameters.SOUND, alarm_hours=0)
    rig.wait(lambda: not rig.world.truth()["sounding"], "silence in hours without sound")
    assert rig.world.truth()["alarm"] == 1
    rig.release_plan()
    rig.done(rig.trip(2))
    rig.wait(lambda: glass.read()[0] == "Tripped", "the trip on the display")
    assert "Round 2" in glass.text()
    assert "remote trip" in glass.text()


# ---- service console


def test_the_console_shows_everything_but_secrets(rig, fitter, identity):
    rig.load(120_000)
    rig.done(rig.trip(3))
    _message(rig, "No supply on July 8")
    rig.configure(parameters.METERING, curve_interval_s=300)
    rig.wait(lambda: "Power 90.00 kW" in fitter.ask("status"), "the power in the status")
    assert "curve_interval_s = 300" in fitter.ask("parameters metering")
    assert re.search(r"metering +version 1\b", fitter.ask("parameters"))
    assert "switches open      3" in fitter.ask("inputs")
    assert "parameters_changed" in fitter.ask("log")
    for line in ASKS.split(","):
        assert fitter.ask(line), line
    assert fitter.ask("keys").startswith("unknown")

    secrets = [identity["broker"]["password"], *identity["keys"].values()]
    assert all(len(secret) >= 16 for secret in secrets)
    for secret in secrets:
        assert secret.lower() not in fitter.said.lower()


@pytest.mark.parametrize("has_display", [True, False])
def test_a_relay_test_needs_its_code_and_ends_by_a_word(rig, fitter, terminal, has_display):
    glass = Glass(terminal.display) if has_display else None

    def code(line):
        if glass is None:
            return re.search(r"The code: (\d{4})", fitter.ask(line))[1]
        rig.wait(lambda: glass.read()[:1] == ["Overview"], "the display at rest")
        assert not re.search(r"\d{4}", fitter.ask(line))
        rig.wait(lambda: glass.read()[0] == "Relay test", "the code on the display")
        return re.search(r"confirm (\d{4})", glass.text())[1]

    rig.world.ask(recloses_after_s=None)
    right = code("test 1")
    wrong = f"{(int(right) + 1) % 10000:04d}"
    assert "wrong code" in fitter.ask(f"confirm {wrong}")
    assert rig.world.truth()["edges"] == []
    assert "tripped for 60 s" in fitter.ask(f"confirm {right}")
    rig.wait(lambda: rig.world.truth()["open"] == 1, "the switch opened by the test")
    rig.event("service_test", rounds=1)
    assert "relay test off" in fitter.ask("stop")
    rig.holds(0)
    rig.event("service_test", rounds=1, ended=1)
    rig.world.ask(close=1)

    rig.guarantee(on=True)
    edges = rig.world.truth()["edges"]
    assert "refused: guaranteed" in fitter.ask("confirm " + code("test 2"))
    assert "nothing to confirm" in fitter.ask(f"confirm {right}")
    assert rig.world.truth()["edges"] == edges
