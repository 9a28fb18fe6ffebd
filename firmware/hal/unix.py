"""The board of the unix port: PTYs for lines and terminal block, an image file for flash, the host's clock.

A `board` has the same few verbs on every backend:

    facts, identity          dicts, see boards/README.md
    clock                    ticks_ms() ticks_diff(a, b) now_s() now_ms() set_ms(t_ms) ok
    serial(name) -> port     write(data) -> bytes taken, await read(timeout_ms) -> b"" on timeout,
                             drop_input(), configure(bits/s, format such as "8E1"), lost, discards; None for
                             an optional port that is not there
    relays                   drive(trip_mask), tripped() -> mask, open() -> mask or None,
                             close(mask): one pulse, only where facts["direct_close"]
    lamps                    show(alarm_mask, permit_mask), sound(on)
    inputs                   edges() -> [(channel, level, ticks_ms)] since the last call, levels() -> mask or
                             None, lost
    keys()                   "up" "down" "ok" "back" pressed since the last call
    ac()                     {point number: secondary value} or None
    power_failing()          True while a reserve feeds the board, for seconds: the mains are gone
    display                  None, or width, height, show(buffer of MONO_HLSB)
    await connect(host, port) -> (reader, writer)
    flash                    mount() -> path, free() -> bytes, lost (what was kept before)
    random(n), feed()
    tasks                    ((name, factory), ...) the backend needs run; the supervisor takes them
"""

import os
import time

from firmware.hal.unix_flash import Flash
from firmware.hal.unix_net import Net
from firmware.hal.unix_panel import Panel
from firmware.hal.unix_port import Port
from firmware.overlay import Overlay


class Clock:
    """UTC of the host plus a step that the station sets; kept nowhere, so each start begins unset."""

    def __init__(self, trusted=False, step_s=0):
        self.ok = trusted
        self._step_ms = step_s * 1000
        self.ticks_ms = time.ticks_ms
        self.ticks_diff = time.ticks_diff

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self._step_ms

    def now_s(self) -> int:
        return self.now_ms() // 1000

    def set_ms(self, t_ms) -> int:
        """Set UTC; return the step in ms (positive: the clock was slow)."""
        step_ms = t_ms - self.now_ms()
        self._step_ms += step_ms
        self.ok = True
        return step_ms


class Board:
    """All verbs of one running terminal. Raises `identity.BoardError` when the start file is unusable."""

    def __init__(self, run_path):
        with Overlay():
            from firmware.hal import identity

            run, self.facts, self.identity = identity.load(run_path)
        self._paths = run["ports"]
        self._ports = {}
        self.clock = Clock(self.identity.get("clock_trusted", False), self.identity.get("clock_step_s", 0))
        self.flash = Flash(run["flash"], self.facts["flash_bytes"])
        panel = Panel(self.serial("panel"), self.clock)
        self.relays = self.lamps = self.inputs = panel
        self.keys, self.ac, self.power_failing = panel.keys, panel.ac, panel.power_failing
        self.display = None
        if run.get("display"):
            from firmware.hal.unix_display import Display  # only who has one pays for it

            self.display = Display(run["display"])
        self.tasks = (("panel", panel.run),)
        self.connect = Net().connect
        self.random = os.urandom
        self.feeds = 0

    def serial(self, name):
        """The port of that name in board.json, opened on first use; OSError when its PTY is gone."""
        fact = self.facts["ports"].get(name)
        if fact and fact.get("optional") and name not in self._paths:
            return None
        if fact is None or name not in self._paths:
            from firmware.hal.identity import BoardError  # it ends the start

            raise BoardError("no port " + name)
        if name not in self._ports:
            self._ports[name] = Port(self._paths[name])
        return self._ports[name]

    def feed(self):
        """Feed the watchdog. The unix port has none: the count shows that it would have been fed."""
        self.feeds += 1
