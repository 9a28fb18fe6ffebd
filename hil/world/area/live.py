"""An area on PTYs: its racks on paced lines, time that runs or leaps, and the verbs of the control port.

Whatever looks at the area first calls `advance`. On a line one port hears for all meters, and as many talk as
answer at once: that is how two at one address, a late answer and a babbler garble each other.
"""

import asyncio
import time
from datetime import timedelta

from hil.line485 import Line
from hil.world.area import truth
from hil.world.area.module import Module, way
from hil.world.area.served import Rack
from hil.world.control import VerbError
from hil.world.inputs import ac_sample
from protocols.uplink.archive_rows import MODULE

OWN_MS = 20  # until the module begins to answer
VOICES_MAX = 16  # that talk or wait at once on one line; a meter that finds none free says nothing


class Wire:
    """Line `number` of the area: `path` is the concentrator's PTY."""

    def __init__(self, area, number, baud, before):
        self.rack = Rack(area, number)
        self.line = Line(baud, area.seed + number)
        self.path = self.line.attach_pty("terminal").path
        self.unheard = 0  # replies for which no voice was free
        self._before = before
        self._ears = self.line.attach("meters", self._hear)
        self.babbler = self.line.attach("babbler", _deaf, 1)
        self._voices = []
        self._heard_at = self._ears.heard_at

    def _hear(self, data):
        gap_s = self._ears.heard_at - self._heard_at - self.line.byte_s
        self._heard_at = self._ears.heard_at
        self._before()
        for reply in self.rack.quiet(int(gap_s * 1000)) + self.rack.feed(data):
            voice = self._voice(reply.address)
            if voice:
                voice.turnaround_ms = reply.delay_ms
                voice.write(reply.data)

    def _voice(self, name):
        """A port that is silent and has nothing to say; None when there is none."""
        voice = next((port for port in self._voices if not port.queued), None)
        if voice is None and len(self._voices) == VOICES_MAX:
            self.unheard += 1
            return None
        if voice is None:
            voice = self.line.attach(name, _deaf, 1)
            self._voices.append(voice)
        voice.name, voice.heard_at = name, self._ears.heard_at
        return voice


class ModuleWire:
    """Line 9: one module that answers, and talks by itself, for all meters behind it."""

    def __init__(self, area, baud, before):
        self.rack = Rack(area, MODULE)
        homes = {counter.address: home for home in area.homes for counter in home.counters}
        ways = [(meter, way(area.seed, homes[meter.address])) for meter in self.rack.meters]
        self.module = Module(area.seed, ways, time.monotonic_ns() // 10**6)
        self.line = Line(baud, area.seed + MODULE)
        self.path = self.line.attach_pty("terminal").path
        self._before = before
        self._port = self.line.attach("module", self.step, OWN_MS)
        self._loop, self._timer = asyncio.get_running_loop(), None
        self.step()

    def step(self, data=b""):
        self._before()
        out, wait_ms = self.module.step(time.monotonic_ns() // 10**6, data)
        if out:
            self._port.write(out)
        if self._timer:
            self._timer.cancel()
        self._timer = wait_ms and self._loop.call_later(_seconds(wait_ms), self.step)

    def close(self):
        if self._timer:
            self._timer.cancel()
        self.line.close()


def _seconds(ms):
    return timedelta(milliseconds=ms).total_seconds()


def _deaf(_data):
    """A voice hears nothing: the ears do."""


class Live:
    """`speed` seconds of the area a second of CLOCK_MONOTONIC; 0 = it stands still but for `skip`."""

    def __init__(self, area, baud, speed=1):
        self.area = area
        self._speed = speed
        self._from_s, self._from_ns = area.t_s, time.monotonic_ns()
        self.wires = [Wire(area, number, baud, self.advance) for number in range(1, area.lines + 1)]
        behind = any(home.line == MODULE for home in area.homes)
        self.module = ModuleWire(area, baud, self.advance) if behind else None

    # ---- time

    def advance(self):
        self.area.advance(self._from_s + (time.monotonic_ns() - self._from_ns) * self._speed // 10**9)

    def _restart(self, at_s):
        self.area.advance(at_s)
        self._from_s, self._from_ns = self.area.t_s, time.monotonic_ns()

    def set_speed(self, speed):
        self.advance()
        self._restart(self.area.t_s)
        self._speed = speed

    def skip(self, seconds):
        self.advance()
        self._restart(self.area.t_s + seconds)

    # ---- one meter

    def _find(self, address):
        """(rack, meter) that answers at the address."""
        self.advance()
        for wire in [*self.wires, self.module] if self.module else self.wires:
            for meter in wire.rack.meters:
                if meter.address == address:
                    meter.refresh()
                    return wire, meter
        raise VerbError(f"{address}: no such meter on the lines")

    def _counter(self, address):
        return self._find(address)[1].counter

    def mute(self, pair):
        self._counter(pair[0]).mute = pair[1]

    def late(self, pair):
        self._counter(pair[0]).late_ms = pair[1]

    def delay(self, pair):
        self._counter(pair[0]).delay_ms = pair[1]

    def move(self, pair):
        wire, meter = self._find(pair[0])
        wire.rack.move(meter.address, pair[1])

    def babble(self, pair):
        wire, meter = self._find(pair[0])
        if wire is self.module:
            raise VerbError(f"{pair[0]}: behind the module nobody hears it")
        wire.babbler.name = meter.address
        wire.line.set_babble(wire.babbler, pair[1])

    def clock(self, pair):
        self._counter(pair[0]).set_clock_offset(pair[1])

    def stop(self, pair):
        self._counter(pair[0]).stopped = pair[1]

    def fly(self, pair):
        self._counter(pair[0]).flying = pair[1]

    def fall(self, pair):
        self._counter(pair[0]).fall(pair[1])

    def replace(self, address):
        """The night in which the other meter is hung there is now."""
        counter = self._counter(address)
        if not any(home.hang(self.area.t_s) for home in self.area.homes if home.counter is counter):
            raise VerbError(f"{address}: no other meter is to come")

    def press(self, address):
        relay = self._counter(address).relay
        if relay is None or not relay.permitted:
            raise VerbError(f"{address}: its relay does not let it close")
        relay.switch(False)

    def walk(self, seconds):
        self.area.walk_s = seconds

    # ---- one line

    def _line(self, number):
        if number == MODULE:
            return self._of_module().line
        if number > len(self.wires):
            raise VerbError(f"there is no line {number}")
        return self.wires[number - 1].line

    def short(self, pair):
        self._line(pair[0]).faults.mute = pair[1]

    def noise(self, pair):
        self._line(pair[0]).faults.flip = pair[1]

    def drop(self, pair):
        self._line(pair[0]).faults.drop = pair[1]

    def frames(self, pair):
        """[CLOCK_MONOTONIC ms of the first bit, talker, hex]"""
        return [[b.t_ms, b.port, b.data.hex()] for b in list(self._line(pair[0]).log)[-pair[1] :]]

    # ---- the module

    def _of_module(self):
        if not self.module:
            raise VerbError("there is no module")
        return self.module

    def plug(self, plugged):
        self._of_module().module.plug(plugged)
        self._of_module().step()

    def keep_nodes(self, count):
        self._of_module().module.keep(count)

    # ---- all

    def ac(self, asked):
        self.advance()
        return ac_sample(self.area.gate_now()) if asked else None

    def archive(self, asked):
        return truth.archive(self.area) if asked else None

    def truth(self, asked):
        self.advance()
        if not asked:
            return None
        return truth.truth(self.area) | ({"module": self.module.module.truth()} if self.module else {})

    def close(self):
        for wire in self.wires:
            wire.line.close()
        if self.module:
            self.module.close()
