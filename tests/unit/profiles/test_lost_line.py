"""How `meter control` ends: done, not done, unknown because the line was lost, or never sent; and what stays
of a reading that is broken off."""

import json
import threading
from typing import Any

import pytest
from click.testing import CliRunner

from protocols.lines import dlt645
from protocols.meters.points import BY_ALIAS
from station.cli import meter as command
from station.profiles import files, ports, serving
from station.profiles.options import OptionError
from station.profiles.ports import PortError
from station.profiles.reading import LONGEST, Session
from station.profiles.simulated import Line, Meter

DOCUMENT = files.read(files.found("dlt645-2007-3p").read_bytes())
ARGS = ["control", "-p", "dlt645-2007-3p", "--port", "x", "--yes", "-f", "password=000000",
        "-f", "operator=12345678", "trip"]  # fmt: skip


class Breaking(Line):
    """Raises `error` in `method`, from the `after`-th time on."""

    def __init__(self, server, method="", error=None, after=1):
        super().__init__(server)
        self._method, self._error, self._left = method, error, after

    def _count(self, method):
        if method == self._method:
            self._left -= 1
            if self._left <= 0 and self._error:
                raise self._error

    def drop_input(self):
        self._count("drop_input")
        super().drop_input()

    def write(self, data):
        super().write(data)
        self._count("write")

    def read(self, timeout_s):
        self._count("read")
        return super().read(timeout_s)


@pytest.fixture
def run(monkeypatch):
    def start(*breaking, guaranteed=False, args=ARGS):
        meter = Meter(DOCUMENT)
        meter.server.guaranteed = guaranteed
        line = Breaking(meter.server, *breaking)
        monkeypatch.setattr(command, "open_port", lambda *_args: line)
        monkeypatch.setattr(
            command, "Session", lambda *args: Session(*args, clock=line.clock)
        )  # fmt: skip
        return meter, line, CliRunner().invoke(command.meter, args)

    return start


def test_success_is_0(run):
    """The digits of the operator stay digits."""
    meter, line, ended = run()
    assert (ended.exit_code, meter.server.relay_open) == (0, True), ended.output
    assert dlt645.Framer().feed(line.heard[0][0])[0].data[4:8] == bytes.fromhex("78563412")


def test_refused_is_1_with_the_answer(run):
    meter, _line, ended = run(guaranteed=True)
    assert (ended.exit_code, meter.server.relay_open) == (1, False)
    assert "the meter answered: refused" in ended.output


@pytest.mark.parametrize("error", [PortError("port lost"), KeyboardInterrupt()], ids=["lost", "ctrl-c"])
@pytest.mark.parametrize(("method", "after"), [("write", 1), ("read", 1), ("write", 2), ("read", 2)])
def test_once_it_was_sent_the_state_is_unknown(run, error, method, after):
    _meter, line, ended = run(method, error, after)
    assert ended.exit_code == 1
    assert "the state is unknown: read relay_state back" in ended.output
    assert line.heard


@pytest.mark.parametrize("error", [PortError("port lost"), KeyboardInterrupt()], ids=["lost", "ctrl-c"])
def test_2_is_for_nothing_sent(run, error):
    _meter, line, ended = run("drop_input", error)
    assert (ended.exit_code, line.heard) == (2, [])


@pytest.mark.parametrize("field", ["password=xx", "operator", "opreator=1", "level=two"])
def test_wrong_fields_send_nothing(run, field):
    _meter, line, ended = run(args=[*ARGS[:-1], "-f", field, "trip"])
    assert (ended.exit_code, line.heard) == (2, [])
    assert "Error: " in ended.output


def test_a_state_that_cannot_be_read_back_is_told(run):
    class Deaf(Breaking):
        def write(self, data):
            super().write(data)
            self._waiting = b""

    meter = Meter(DOCUMENT)
    line = Deaf(meter.server)
    done = Session(meter.profile, line, meter.address, clock=line.clock).control(
        "trip", {"password": "000000", "operator": "00000001"}, lambda _minutes: (2026, 11, 22, 10, 35, 0)
    )
    assert (done.done, done.answer, done.shown) == (False, "mute", None)


def test_a_lost_line_at_the_end_keeps_what_was_read():
    """Ending a session is all that fails."""
    meter = Meter(files.read(files.found("dlms-landisgyr-e350").read_bytes()))
    whole = Line(meter.server)
    Session(meter.profile, whole, meter.address, clock=whole.clock).read()
    line = Breaking(Meter(meter.document).server, "write", PortError("lost"), len(whole.heard))
    assert Session(meter.profile, line, meter.address, clock=line.clock).read().failed == {}


# ---- a reading that is broken off

READ = ["read", "-p", "dlt645-2007-3p", "--port"]


@pytest.mark.parametrize("error", [PortError("port lost"), KeyboardInterrupt()], ids=["lost", "ctrl-c"])
@pytest.mark.parametrize("after", [2, 5, 20])
def test_what_was_read_before_is_kept(run, error, after):
    meter, _line, ended = run("write", error, after, args=[*READ, "x", "--json"])
    told = json.loads(ended.stdout)
    assert (ended.exit_code, told["broken"]) == (1, str(error) or "interrupted")
    assert f"Error: {told['broken']}; the rest was not read" in ended.stderr
    values = {BY_ALIAS[row["point"]][0]: row["value"] for row in told["points"]}
    assert values
    assert values.items() <= meter.values.items()
    assert len(told["failed"]) + after - 1 == len(
        meter.profile.fast + meter.profile.slow + meter.profile.freeze
    )
    assert {*told["failed"].values()} == {"not read"}


def test_the_singles_that_were_read_are_kept():
    meter = Meter(DOCUMENT)
    del meter.server.store["0201FF00"]
    line = Breaking(meter.server, "write", PortError("lost"), 4)  # twice the block, one single
    wanted = [BY_ALIAS[f"voltage_{phase}_dv"][0] for phase in "abc"]
    reading = Session(meter.profile, line, meter.address, clock=line.clock).read(wanted)
    assert reading.values == {wanted[0]: meter.values[wanted[0]]}
    assert (reading.broken, reading.failed) == ("lost", {"0201FF00": "not read"})


def test_a_line_that_is_lost_before_anything_came_is_2(run):
    _meter, _line, ended = run("write", PortError("port lost"), 1, args=[*READ, "x"])
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr == "Error: port lost\n"


def test_a_counter_that_cannot_be_written_any_more_keeps_what_was_read():
    meter = Meter(DOCUMENT)
    line = Breaking(meter.server, "write", OptionError("state: No space left on device"), 3)
    reading = Session(meter.profile, line, meter.address, clock=line.clock).read()
    assert reading.broken.startswith("state: ")
    assert reading.values


def _dies(line, answers):
    """Serves the profile's meter on a real line that goes when one more request comes than this."""
    server = Meter(DOCUMENT).server
    while True:
        answer = server.feed(line.take() or b"")
        if answer and not answers:
            return line.close()
        if answer:
            line.give(answer)
            answers -= 1


@pytest.mark.parametrize(("port", "says"), [("tcp://127.0.0.1:0", "connection lost"), ("pty", "port lost")])
def test_a_port_that_dies_in_the_middle(port, says):
    line = serving.open_line(port, 9600, "8E1")
    thread = threading.Thread(target=_dies, args=(line, 3))
    thread.start()
    ended = CliRunner().invoke(command.meter, [*READ, line.name])
    thread.join()
    assert ended.exit_code == 1, ended.output
    assert f"Error: {says}" in ended.stderr
    assert "power_dw" in ended.stdout


# ---- the port


def test_a_vanished_adapter_is_a_lost_port():
    termios = pytest.importorskip("termios")

    class Gone:
        def flush(self):
            raise termios.error(5, "Input/output error")

        def write(self, _data):
            return None

        reset_input_buffer = close = flush

        def read(self, _count):
            raise termios.error(5, "Input/output error")

    port: Any = object.__new__(ports._Serial)
    port._port = Gone()
    for lost in (lambda: port.write(b"x"), lambda: port.read(0.0)):
        with pytest.raises(PortError, match="port lost: Input/output error"):
            lost()
    port.drop_input()
    port.close()


def test_a_peer_that_drips_has_the_time_of_the_longest_frame():
    meter = Meter(DOCUMENT)

    class Drips(Line):
        def read(self, timeout_s):
            self._now_s += 0.05
            return b"\x55"

    line = Drips(meter.server, baud=2400)
    session = Session(meter.profile, line, meter.address, clock=line.clock)
    session.read([meter.profile.fields(0)[0][0]])
    _baud, _form, timeout_ms, gap_ms, tries = meter.profile.serial
    frame_s = LONGEST["dlt645-2007"] * 11 / 2400
    assert line.clock() <= tries * (timeout_ms / 1000 + frame_s + gap_ms / 1000 + 0.3)


def test_every_link_has_its_longest_frame():
    assert set(LONGEST) == {files.read(files.found(name).read_bytes())["link"] for name in files.catalogue()}
