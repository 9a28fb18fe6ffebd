"""What `tools/run` shows: factory and area live, display and console answer, nothing stays behind."""

import contextlib
import re
import subprocess
import sys
import time

import psutil
import pytest
import serial

from hil.demo import district, factory, households
from station.store import area, db, live
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


NOT_AGAIN = ("archive_loaded", "purchase_applied", "register_decrease")
AREA_STORY = ("archive_loaded", "purchase_applied", "energy_control_alarm")


@pytest.fixture
def demo(tmp_path):
    """Starts it on one folder, as often as it is called."""
    command = [sys.executable, "-m", "hil.demo", "--home", tmp_path, "--port", "0", "--once"]
    with contextlib.ExitStack() as started:

        def start():
            pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
            process = started.enter_context(subprocess.Popen(command, cwd=ROOT, **pipe))
            started.callback(process.terminate)
            return process

        yield start


@pytest.mark.timeout(600)
def test_the_story(demo, tmp_path):
    lines, console, display = [], "", b""
    running = demo()
    for line in running.stdout:
        lines.append(line)
        if found := re.search(r"miniterm --raw (\S+) 9600", line):
            console = ask(found[1], b"about\r")
        display = picture(tmp_path) or display
    told = "".join(lines)
    assert running.wait(30) == 0, told
    assert events(told, factory.DEVICE, STORY)[: len(STORY)] == list(STORY), told
    assert list(dict.fromkeys(events(told, district.DEVICE, AREA_STORY))) == list(AREA_STORY), told
    assert "Clock and version" in console
    assert display.startswith(b"\x89PNG"), told
    assert "terminal_fault" not in told
    assert left(tmp_path) == []
    before = kept(tmp_path)
    assert before["freezes"] >= district.METERS * district.ENOUGH_E2 // 100
    assert before["paid"] == len(households.PAID_YUAN_E4)
    again(demo(), before, tmp_path)


def again(running, before, home):
    """A second start finds all as it was: no archive is loaded, nobody pays twice, no register falls."""
    lines = []
    for line in running.stdout:
        lines.append(line)
        if "sending a plan" in line:
            running.terminate()
    told = "".join(lines)
    assert running.wait(30) == 0, told
    assert "sending a plan" in told
    assert events(told, district.DEVICE, ("power_up",)), told
    assert events(told, district.DEVICE, ("archive_loaded", "purchase_applied", "register_decrease")) == [], (
        told
    )
    now = kept(home)
    assert (now["hash"], now["paid"]) == (before["hash"], before["paid"])
    assert now["freezes"] >= before["freezes"]
    assert left(home) == []


def events(told, device, names) -> list:
    """Those of these names that the station had of a device, in their order."""
    return re.findall(rf"{device} event ({'|'.join(names)})\b", told)


def kept(home) -> dict:
    """What the station holds of the area: meters with freezes, orders, the archive that runs."""
    engine = db.engine(home / "station")
    try:
        with db.reading(engine) as c:
            assert live.latest(c, factory.DEVICE)
            meters = [row["meter"] for row in area.archive(c, district.DEVICE)]
            return {
                "freezes": len({meter for meter, _label in area.frozen(c, district.DEVICE, 0)}),
                "paid": sum(len(area.orders(c, district.DEVICE, meter)) for meter in meters),
                "hash": area.now(c, district.DEVICE)["hash"],
            }
    finally:
        engine.dispose()


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


def left(home) -> list:
    """Processes that know this folder, after the demo said that all ended."""
    return [p for p in psutil.process_iter(["cmdline"]) if str(home) in " ".join(p.info["cmdline"] or [])]
