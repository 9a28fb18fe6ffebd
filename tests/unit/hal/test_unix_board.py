"""The unix board on real PTYs, sockets and a flash image."""

import json
import os
import pty
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.conftest import MICROPYTHON, ROOT

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(not MICROPYTHON.exists(), reason="no MicroPython wheel for this platform")


class Rig:
    """Two PTYs, a start file, and a scene running on them."""

    def __init__(self, folder):
        self.folder = folder
        self.line, self._line = pty.openpty()
        self.panel, self._panel = pty.openpty()
        self.open_fds = {self.line, self._line, self.panel, self._panel}
        self.run = {
            "board": str(ROOT / "boards/unix/board.json"),
            "ports": {"line": os.ttyname(self._line), "panel": os.ttyname(self._panel)},
            "flash": str(folder / "flash.img"),
            "identity": {
                "device": "T0000001",
                "shard": "00",
                "keys": {"operator": "6f" * 32, "approver": "61" * 32},
                "broker": {},
                "multiplier": 80,
                "utc_offset_s": 28800,
                "meter": {"address": "123456789012", "baud": 9600},
            },
        }

    def start(self, scene):
        (self.folder / "run.json").write_text(json.dumps(self.run))
        command = [MICROPYTHON, "-X", "heapsize=256K", HERE / "scenes.py", scene, self.folder / "run.json"]
        environment = {**os.environ, "MICROPYPATH": f"{ROOT}:.frozen"}
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def end(self, process):
        try:
            text, _ = process.communicate(timeout=20)
        finally:
            process.kill()
        assert process.returncode == 0, text
        return json.loads(text.splitlines()[-1])

    def play(self, scene):
        return self.end(self.start(scene))

    def close(self, *fds):
        for fd in fds or list(self.open_fds):
            self.open_fds.discard(fd)
            os.close(fd)


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path)
    yield rig
    rig.close()


def test_what_lies_in_the_receiver_is_read_though_the_loop_stood_longer_than_the_pause(rig):
    scene = rig.start("held")
    for _ in range(20):
        assert os.read(rig.line, 1) == b"?"
        os.write(rig.line, b"first")
        assert os.read(rig.line, 1) == b"!"
        os.write(rig.line, b"second")
    assert rig.end(scene) == {"cut": 0}


def test_line_reads_what_comes_waits_out_timeouts_and_notices_the_end(rig):
    scene = rig.start("line")
    assert os.read(rig.line, 1) == b"?"
    os.write(rig.line, b"answer")
    assert os.read(rig.line, 1) == b"!"
    os.write(rig.line, b"late answer")
    assert os.read(rig.line, 1) == b"x"
    rig.close(rig._line, rig.line)
    told = rig.end(scene)
    assert (told["first"], told["nothing"], told["dropped"], told["after"]) == ("answer", "", "", "")
    assert 115 <= told["waited"] <= 400
    assert 55 <= told["waited_lost"] <= 300
    assert told["written"] == 0
    assert told["worst"] < 100  # a blocking read would have stopped the ticker for 120 ms and more


def test_a_line_set_as_it_is_already_stays_in_use(rig):
    assert rig.play("again") == {"taken": 1}


def test_a_line_nobody_reads_does_not_stop_the_loop(rig):
    told = rig.play("deaf")
    assert told["taken"] + told["discards"] == 5000 * 20
    assert told["taken"] % 20 == 0
    assert told["discards"] > 0
    assert told["ms"] < 3000


def test_panel_speaks_lines_and_forgets_contacts_not_heard(rig):
    scene = rig.start("panel")
    assert os.read(rig.line, 1) == b"1"
    os.write(rig.panel, b"I 3\n")
    time.sleep(0.2)
    os.write(rig.line, b"2")
    assert os.read(rig.line, 1) == b"2"
    os.write(rig.panel, b"\xff\x00noise" * 500 + b"\nI \nI 1ffff\nI x\nI 7 7\nI 6\n")
    time.sleep(0.2)
    os.write(rig.line, b"3")
    assert os.read(rig.line, 1) == b"3"
    told = rig.end(scene)
    assert told == {"seen": [None, 3, 6, None], "bad": 5, "tripped": 5}
    lines = os.read(rig.panel, 4096).split(b"\n")
    assert lines[:2] == [b"O 5 0 0", b"O 5 2 4"]  # each change once, at once
    assert set(lines[2:]) <= {b"O 5 2 4", b""}
    assert 4 <= len(lines) - 3 <= 6  # about once a second


def kept(told):
    return told["count"], told["lost"]


def test_flash_is_formatted_on_first_use_and_keeps(rig):
    assert kept(rig.play("flash")) == (0, False)
    told = rig.play("flash")
    assert kept(told) == (1, False)
    assert 0 < told["free"] < 1 << 20
    assert (rig.folder / "flash.img").stat().st_size == 1 << 20


@pytest.mark.parametrize("erased", [b"", b"\xff" * 5000, b"\xff" * (1 << 20)])
def test_an_erased_flash_has_nothing_to_lose(rig, erased):
    (rig.folder / "flash.img").write_bytes(erased)
    assert kept(rig.play("flash")) == (0, False)
    assert kept(rig.play("flash")) == (1, False)


@pytest.mark.parametrize("filler", [b"\0", b"\xff"])
def test_a_flash_that_lost_its_file_system_says_so(rig, filler):
    assert kept(rig.play("flash")) == (0, False)
    image = rig.folder / "flash.img"
    data = bytearray(image.read_bytes())
    data[:8192] = filler * 8192  # both superblocks; the files behind them still stand
    data[-1] = 0
    image.write_bytes(data)
    assert kept(rig.play("flash")) == (0, True)
    assert kept(rig.play("flash")) == (1, False)


def test_an_image_that_cannot_be_opened_now_is_not_written_over(rig):
    assert kept(rig.play("flash")) == (0, False)
    told = rig.play("busy_flash")
    assert told["errno"] == 24
    assert kept(told) == (1, False)


def test_clock_is_unset_unless_trusted_and_can_start_wrong(rig):
    told = rig.play("clock")
    assert abs(told["now"] - time.time()) < 5
    assert (told["ok"], told["set"], told["then"]) == (False, True, 100)
    assert 99_000 <= told["step"] <= 100_000
    rig.run["identity"].update(clock_trusted=True, clock_step_s=-86400)
    told = rig.play("clock")
    assert told["ok"] is True
    assert abs(told["now"] + 86400 - time.time()) < 5


def test_connect_tells_open_from_closed(rig):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as closed:
        rig.run["identity"]["broker"] = {
            "open": server.getsockname(),
            "closed": closed.getsockname(),
            "unknown": ["no-such-host.invalid", 1],
        }
        closed.close()

        def echo():
            peer, _ = server.accept()
            with peer:
                peer.sendall(peer.recv(4))

        thread = threading.Thread(target=echo)
        thread.start()
        told = rig.play("connect")
        thread.join()
    assert told["open"] == "ping"
    assert told["closed"] == 111
    assert told["unknown"] == 113  # EHOSTUNREACH
    assert told["closed_ms"] < 1000


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda run: run.pop("flash"), "flash"),
        (lambda run: run.update(board="/nowhere/board.json"), "/nowhere/board.json"),
        (lambda run: run["identity"].pop("shard"), "shard"),
        (lambda run: run["identity"]["keys"].update(operator="xyz"), "keys"),
        (lambda run: run["identity"].update(keys=None), "keys"),
        (lambda run: run["ports"].pop("panel"), "panel"),
    ],
)
def test_an_unusable_start_file_is_named(rig, spoil, said):
    spoil(rig.run)
    process = rig.start("clock")
    text, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "BoardError" in text
    assert said in text
