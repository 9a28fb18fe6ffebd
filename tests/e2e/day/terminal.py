"""The terminal of the long day as a process, and what it says."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from hil.adapters.process import ROOT, Child, ChildError
from hil.adapters.unix import BOARD, POWER_ON
from protocols.meters import profile
from tests.e2e.day import plant
from tools import build

HERE = Path(__file__).parent
BOOT = HERE / "boot.py"
BESIDE = [HERE / name for name in ("boot.py", "meter.py", "plant.py", "warp.py")]  # run there too
METER_ADDRESS = "000000000088"
BAUD = 9600
HEAP_BYTES = 1 << 20  # the product has 192 KB; here the customer, his meter and their source lie in it too


def image(out: Path) -> Path:
    """The product's program, with the names kept that what runs beside it says."""
    made = build.rom_image(ROOT, out, "unix", BESIDE)
    if made.errors:
        raise ChildError("\n".join(made.errors))
    return out / "unix.romfs"


class DayTerminal:
    """`start` gives power at a virtual instant, `kill` takes it. `lines()`: what it said since the last call,
    as (first word, rest)."""

    def __init__(self, folder: Path, rom: Path, identity: dict[str, Any], broker_port: int, factor: int):
        self.folder, self._rom, self._identity = folder, rom, identity
        self._identity["broker"] |= {"host": "127.0.0.1", "port": broker_port}
        self._identity["meter"] = {"profile": profile.dlt645()} | identity.get("meter", {})
        self._identity["meter"] |= {"address": METER_ADDRESS, "baud": BAUD}
        self._factor = factor
        self._go = folder / "go"
        self.log_path = folder / "terminal.log"
        self._said = b""
        self._read = 0
        self._child: Child | None = None

    def start(self, start_s: int, marks: list[list[int]]):
        day = {"start_s": start_s, "factor": self._factor, "marks": marks, "go": str(self._go)}
        run = {
            "board": str(BOARD),
            "ports": {},
            "flash": str(self.folder / "flash.img"),
            "identity": self._identity,
            "day": day | {"plant": str(self.folder / "plant.json")},
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "run.json"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:  # it holds keys
            json.dump(run, f)
        command = [sys.executable, POWER_ON, self._rom, HEAP_BYTES, path, BOOT]
        self._child = Child(command, self.log_path, env={"MICROPYPATH": ".frozen"})

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.alive

    def go(self, mark: int):
        """Let time run on from this mark."""
        new = self._go.with_suffix(".new")
        new.write_text(str(mark))
        new.replace(self._go)

    def kill(self):
        if self._child:
            self._child.kill()
        if self._said and not self._said.endswith(b"\n"):
            self._said = b""  # cut off in the middle of a line

    def tail(self) -> str:
        return self._child.tail(60) if self._child else ""

    def lines(self) -> list[tuple[str, str]]:
        with self.log_path.open("rb") as f:
            f.seek(self._read)
            new = f.read()
        self._read += len(new)
        *whole, self._said = (self._said + new).split(b"\n")
        out = []
        for line in whole:
            word, _, rest = line.decode(errors="replace").partition(" ")
            out.append((word, rest))
        return out


def local(t_s: int) -> str:
    """HH:MM:SS of the customer, for people."""
    second = (t_s + plant.OFFSET_S) % 86400
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
