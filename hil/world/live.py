"""The world in real time: its models advance with CLOCK_MONOTONIC, on demand and once a second.

Wires the pure models to the line, the panel and the control port. Runs on one asyncio loop: whatever looks at
the world first calls `advance`, so nobody sees a stale state and nothing needs a lock.
"""

import asyncio
import json
import os
import sys
import time

from hil.line485 import Line
from hil.panel import Panel
from hil.world.control import VerbError, obey
from hil.world.factory import Factory, part_of
from hil.world.inputs import Pulses, ac_sample
from hil.world.meter import Meter

SAVE_S = 60
STATE_FILE = "world-state.json"
# The meter in the feeder of one section, where there is one: heat-treatment ovens, shed by round 1.
SUB_SECTION, SUB_ADDRESS, SUB_MULTIPLIER = 1, "000000000002", 20


class World:
    """`meter_kind` "ours" or "dlt645" (the public package); `state_dir` (a Path) keeps the registers.

    `sub_meter` "line" or "line2" puts a second meter, of section SUB_SECTION, on the same or its own line.
    """

    def __init__(self, seed, baud, meter_kind, state_dir, turnaround_ms=50, sub_meter=None):
        self._utc_minus_mono_ms = time.time_ns() // 10**6 - time.monotonic_ns() // 10**6
        now = self.now_ms()
        self.factory = Factory(seed, now)
        self.meter = Meter(utc_offset_s=self.factory.utc_offset_s)
        self.meter.t_ms = now
        self.sub = Meter(SUB_ADDRESS, SUB_MULTIPLIER, self.factory.utc_offset_s) if sub_meter else None
        if self.sub:
            self.sub.t_ms = now
        self.energy_wms = 0  # truth since the first start, primary W ms
        self._state = state_dir / STATE_FILE
        self._restore()
        self._show_flow()
        self._contacts = None
        self._inputs = 0
        self._sampling = False
        self.responder = None  # none when the dlt645 package serves
        self._tick: asyncio.TimerHandle | None = None
        self._saved_at = time.monotonic()
        self.line = Line(baud, seed)
        self._terminal = self.line.attach_pty("terminal")
        self._slave, self._peer = self._attach_meter(meter_kind, turnaround_ms)
        self.line2, self.line2_path = None, None
        if sub_meter:
            self._attach_sub(sub_meter, baud, seed, turnaround_ms)
        self.panel = Panel(self._outputs, self._close)
        self.pulses = Pulses(self.panel.edge)
        self._beat()

    def _attach_sub(self, where, baud, seed, turnaround_ms):
        line = self.line
        if where == "line2":
            line = self.line2 = Line(baud, seed + 1)
            self.line2_path = line.attach_pty("terminal").path
        self._attach_ours(line, "meter2", self.sub, turnaround_ms)

    def _attach_meter(self, kind, turnaround_ms):
        if kind == "dlt645":
            from hil.world.peer import PeerMeter  # the package takes a second to import: only who asks pays

            port = self.line.attach_pty("meter", turnaround_ms)
            return port, PeerMeter(self.meter, port.path)
        port, self.responder = self._attach_ours(self.line, "meter", self.meter, turnaround_ms)
        return port, None

    def _attach_ours(self, line, name, meter, turnaround_ms):
        from hil.world.responder import Responder

        responder = Responder(meter)

        def hear(data):
            for request in responder.requests(data):
                self.advance()
                answer = responder.answer(request)
                if answer:
                    port.write(answer)
                self._relay()

        port = line.attach(name, hear, turnaround_ms)
        return port, responder

    # ---- time

    def now_ms(self) -> int:
        """UTC ms that never jumps: the wall clock at the start plus CLOCK_MONOTONIC."""
        return time.monotonic_ns() // 10**6 + self._utc_minus_mono_ms

    @property
    def line_path(self) -> str:
        return self._terminal.path

    def mono_ms(self, t_ms) -> int:
        return t_ms - self._utc_minus_mono_ms

    def advance(self):
        """Bring the models to this moment and report contacts that moved."""
        for t_ms, dt_ms, flow in self.factory.slices(self.now_ms()):
            self.meter.take(t_ms, dt_ms, flow)
            if self.sub:
                self.sub.take(t_ms, dt_ms, part_of(flow, SUB_SECTION))
            self.energy_wms += sum(flow.power_w) * dt_ms
        self._show_flow()
        self.pulses.take(self._secondary_wms())
        contacts = self.factory.mask("open")
        if contacts != self._contacts:
            self._contacts = contacts
            self.panel.show(contacts)

    def _show_flow(self):
        self.meter.flow = flow = self.factory.flow()
        if self.sub:
            self.sub.flow = part_of(flow, SUB_SECTION)

    def _secondary_wms(self):
        return sum(self.meter.import_) // self.meter.multiplier

    def _beat(self):
        self.advance()
        if self._sampling:
            self.panel.sample(ac_sample(self.meter))
        self._feed_peer()
        if time.monotonic() - self._saved_at >= SAVE_S:
            self.save()
        self._arm()

    def _feed_peer(self):
        if self._peer:
            self._peer.push()

    def _arm(self):
        if self._tick:
            self._tick.cancel()
        due = min(self.factory.next_ms() or 10**18, (self.factory.t_ms // 1000 + 1) * 1000)
        self._tick = asyncio.get_running_loop().call_later(max(0, due - self.now_ms()) / 1000, self._beat)

    def _outputs(self, outputs):
        self.advance()
        self.factory.set_outputs(outputs.trip, outputs.permit)
        self.panel.show(self.factory.mask("open"))
        self.panel.inputs(self._inputs)
        self._arm()

    def _close(self, mask):
        """Closing coils: a switch whose release is held does not close."""
        self.advance()
        for i in range(len(self.factory.switches)):
            if mask >> i & 1:
                self.factory.close(i + 1)
        self.advance()

    def _relay(self):
        """The meter's own relay moves the main switch."""
        if self.factory.main_open != self.meter.relay_open:
            self.factory.main_open = self.meter.relay_open
            self._show_flow()

    # ---- verbs of the control port

    def set_load(self, load_w):
        self.advance()
        self.factory.load_w = load_w
        self._show_flow()
        self._feed_peer()

    def close_switch(self, round_no):
        self.advance()
        if not self.factory.close(round_no):
            raise VerbError(f"round {round_no} is held open by its relay")
        self.advance()

    def set_recloses(self, seconds):
        self.advance()
        self.factory.set_recloses(seconds)
        self._arm()

    def set_meter_clock(self, seconds):
        self.advance()
        self.meter.set_clock_offset(seconds)

    def set_inputs(self, mask):
        self._inputs = mask
        self.panel.inputs(mask)

    def press(self, key):
        self.panel.key(key)

    def set_sampling(self, on):
        self._sampling = on

    def set_pulses(self, constant):
        self.advance()
        self.pulses.start(constant, self._secondary_wms())

    def set_mute(self, on):
        self.line.faults.mute = on

    def set_noise(self, probability):
        self.line.faults.flip = probability

    def set_drop(self, probability):
        self.line.faults.drop = probability

    def set_late(self, ms):
        self.line.faults.late_reply_ms = ms

    def set_turnaround(self, ms):
        self._slave.turnaround_ms = ms

    def set_piece(self, count):
        if self.responder is None:
            raise VerbError("this meter knows no follow-up frames")
        self.responder.piece = count

    def set_duplicate(self, on):
        self.line.faults.duplicate = on

    def set_babble(self, on):
        self.line.set_babble(self._slave, on)

    def set_echo(self, on):
        self.line.faults.echo = on

    def truth(self, asked):
        """Primary side, exact. Edges: [CLOCK_MONOTONIC ms, round, what]."""
        if not asked:
            return None
        self.advance()
        factory, line = self.factory, self.line
        return {
            "t_ms": factory.t_ms,
            "mono_ms": self.mono_ms(factory.t_ms),
            "power_w": sum(factory.drawn_w()),
            "wanted_w": sum(factory.wanted_w()),
            "sections_w": list(factory.drawn_w()),
            "energy_wh": self.energy_wms // 3_600_000,
            "switches": ["open" if s.open else "closed" for s in factory.switches],
            "open": factory.mask("open"),
            "tripped": factory.mask("coil"),
            "alarm": self.panel.outputs.alarm,
            "permitted": factory.mask("permitted"),
            "sounding": self.panel.sounding,
            "pulses": self.pulses.sent,
            "sub_energy_wh": self.sub.energy_wh()[0] if self.sub else None,
            "main_open": factory.main_open,
            "edges": [[self.mono_ms(t), round_no, what] for t, round_no, what in factory.edges],
            "meter": {"energy_wh": self.meter.energy_wh(), "local": self.meter.local().isoformat()},
            "line": {n: getattr(line, n) for n in ("lost", "flipped", "dropped", "collided")},
            "panel_bad": self.panel.bad,
        }

    def frames(self, count):
        """The last bursts on the line: [CLOCK_MONOTONIC ms of the first bit, talker, hex]."""
        return [[b.t_ms, b.port, b.data.hex()] for b in list(self.line.log)[-count:]]

    # ---- life

    def play(self, steps):
        """Obey a scenario: [(at_s, verbs)], seconds from now."""
        loop = asyncio.get_running_loop()
        for at_s, verbs in steps:
            loop.call_later(at_s, self._step, verbs)

    def _step(self, verbs):
        print(
            "world step",
            json.dumps({"asked": verbs, "answer": obey(self, verbs)}),
            file=sys.stderr,
            flush=True,
        )

    def save(self):
        """Keep the registers, so that the meter never runs backwards over a restart of the world."""
        self._saved_at = time.monotonic()
        kept = {"meter": self.meter.dump(), "energy_wms": self.energy_wms}
        if self.sub:
            kept["sub"] = self.sub.dump()
        new = self._state.with_suffix(".new")
        with new.open("w", encoding="utf-8") as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._state)

    def _restore(self):
        if self._state.exists():
            kept = json.loads(self._state.read_text(encoding="utf-8"))
            self.meter.load(kept["meter"])
            self.energy_wms = int(kept["energy_wms"])
            if self.sub and "sub" in kept:
                self.sub.load(kept["sub"])
            self.factory.main_open = self.meter.relay_open

    def close(self):
        if self._tick:
            self._tick.cancel()
        self.advance()
        self.save()
        if self._peer:
            self._peer.stop()
        self.pulses.close()
        self.panel.close()
        self.line.close()
        if self.line2:
            self.line2.close()
