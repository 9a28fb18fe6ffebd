"""What `tools/run` shows a visitor: the story happens, display and console answer, nothing stays behind."""

import re
import subprocess
import sys
import time

import psutil
import pytest
import serial

from tests.conftest import ROOT

STORY = (  # events in the order in which they must come
    "plan_set",
    "power_control_alarm",
    "power_control_trip",
    "energy_control_alarm",
    "energy_control_trip",
    "close_permitted",
)
ANSWER_S = 20


@pytest.fixture
def demo(tmp_path):
    command = [sys.executable, "-m", "hil.demo", "--home", tmp_path, "--port", "0", "--once"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        yield process
        process.terminate()


@pytest.mark.timeout(400)
def test_the_story(demo, tmp_path):
    lines, console, display = [], "", b""
    for line in demo.stdout:
        lines.append(line)
        if found := re.search(r"miniterm --raw (\S+) 9600", line):
            console = ask(found[1], b"about\r")
        display = picture(tmp_path) or display
    told = "".join(lines)
    assert demo.wait(30) == 0, told
    assert re.findall(rf"event ({'|'.join(STORY)}) ", told)[: len(STORY)] == list(STORY), told
    assert "Clock and version" in console
    assert display.startswith(b"\x89PNG"), told
    assert "terminal_fault" not in told
    assert running(tmp_path) == []


def ask(path, line) -> str:
    """What the service console answers."""
    with serial.Serial(path, 9600, timeout=1) as port:
        said, end = b"", time.monotonic() + ANSWER_S
        port.write(line)
        while said.count(b"lk> ") < 1 and time.monotonic() < end:
            said += port.read(200)
    return said.decode()


def picture(home) -> bytes:
    path = home / "terminal" / "display.png"
    return path.read_bytes() if path.exists() else b""


def running(home) -> list:
    """Processes that know this folder, after the demo said that all ended."""
    return [p for p in psutil.process_iter(["cmdline"]) if str(home) in " ".join(p.info["cmdline"] or [])]
