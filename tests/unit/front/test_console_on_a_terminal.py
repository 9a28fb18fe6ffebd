"""The console on MicroPython over a PTY, used with pyserial's miniterm as a person would."""

import os
import re
import subprocess
import sys

import pexpect
import pytest

from hil.adapters.pty_link import PtyLink
from tests.conftest import MICROPYTHON, ROOT

pytestmark = pytest.mark.skipif(not MICROPYTHON.exists(), reason="no MicroPython wheel for this platform")


@pytest.fixture
def person():
    """Miniterm and the firmware, each on its end of a link."""
    link = PtyLink()
    firmware = subprocess.Popen(
        [MICROPYTHON, "-X", "heapsize=256K", ROOT / "tests/unit/front/console_scene.py", link.far],
        env={**os.environ, "MICROPYPATH": f"{ROOT}:.frozen"},
    )
    miniterm = ["-m", "serial.tools.miniterm", "--raw", link.near, "9600"]
    terminal = pexpect.spawn(sys.executable, miniterm, encoding="utf-8", timeout=20)
    terminal.expect("Quit")
    yield terminal
    terminal.close(force=True)
    firmware.kill()
    firmware.wait()
    link.close()


def test_a_session(person):
    while person.expect_exact(["lk> ", pexpect.TIMEOUT], timeout=1):  # the firmware may still be starting
        person.send("\r")
    person.send("statux\x7fs\r")
    person.expect_exact("Power 231.45 kW")
    person.expect_exact("Supply guarantee: on")
    person.expect_exact("lk> ")
    person.send("language zh\rguarantee\r")
    person.expect_exact("保电 投入")
    person.send("test 1\r")
    confirm(person)
    person.expect_exact("refused: guaranteed")
    person.send("test 2\r")
    confirm(person)
    person.expect_exact("relays 2 tripped for 60 s")
    person.send("stop\rlog\r")
    person.expect_exact("service_test rounds=2")
    person.expect_exact("service_test ended=1 lasted_s=")


def confirm(person):
    person.expect(re.compile(r"The code: (\d{4})"))
    person.send(f"confirm {person.match.group(1)}\r")
