"""An area in virtual time: lines work side by side, meters answer after a delay. Runs on both interpreters.

What an exchange takes is the formula of DL/T 645: (request + answer) * 11 bits / baud + Td + Tg.
"""

from firmware.area.archive import LINES
from firmware.area.plan import TICKS, Planner
from firmware.area.plan_duties import EMPTY, GARBLED, MUTE, OK

BITS = 11
HEAD = 16  # a frame without data: 4 FE, 12 of frame; a request and an answer name what is read with 4 more
TURN_MS, GAP_MS = 100, 30  # Td, Tg
DATA = (20, 6, 9, 12, 8)  # bytes of the blocks: energies, voltages, currents, powers, demand
FIRST_TICKS = TICKS - 90000  # they wrap soon


def wire_us(data, baud):
    return (HEAD + 4 + data) * BITS * 1000000 // baud


def exchange_us(read, baud):
    return wire_us(0, baud) + wire_us(DATA[read % len(DATA)], baud) + (TURN_MS + GAP_MS) * 1000


class Wires:
    """`dead`: meters that never answer. `noise`: of a thousand exchanges so many fail. `slow`: meters whose
    clock is `slow_s` behind, so that a slot has no value before."""

    def __init__(self, archive, duties, start_s, baud, dead=(), noise=0, slow=(), slow_s=0, seed=1):
        self.gaps = []
        self.planner = Planner(archive, duties, lambda *gap: self.gaps.append(gap))
        self._start_s, self.baud = start_s, baud
        self._dead, self._noise, self._slow, self._slow_s = set(dead), noise, set(slow), slow_s
        self._seed = seed
        self._lines = sorted(set([each.line for _, each in archive.rows()]), key=LINES.index)
        self._free_us = [0 for _ in self._lines]
        self._jobs = {}
        self.stored = {}  # (duty, slot, meter, read) -> us when it was done
        self.asked = {}  # meter -> exchanges
        self.dead_us = 0  # spent on waiting for nobody

    def times(self, now_us):
        now_ms = now_us // 1000
        return self._start_s + now_ms // 1000, (FIRST_TICKS + now_ms) & TICKS

    def run(self, until_us, enough=None):
        """Until this time, or until so many values are stored."""
        while len(self.stored) != enough:
            at = self._free_us.index(min(self._free_us))
            if self._free_us[at] >= until_us:
                return
            self._turn(at)

    def _turn(self, at):
        now_us = self._free_us[at]
        local_s, ticks_ms = self.times(now_us)
        if at in self._jobs:
            job, outcome = self._jobs.pop(at)
            self._end(job, outcome, now_us)
        job = self.planner.next(self._lines[at], local_s, ticks_ms)
        if job:
            outcome = self._outcome(job, local_s)
            self._free_us[at] += self._took_us(job, outcome)
            self._jobs[at] = (job, outcome)
        else:
            wait_ms = self.planner.wait_ms(self._lines[at], local_s, ticks_ms)
            assert wait_ms > 0, "nothing is due, and no time to wait"
            self._free_us[at] += wait_ms * 1000

    def _end(self, job, outcome, now_us):
        local_s, ticks_ms = self.times(now_us)
        if self.planner.done(job, outcome, local_s, ticks_ms, TURN_MS):
            key = (job.duty, job.slot_s, job.meter, job.read)
            assert key not in self.stored
            self.stored[key] = now_us

    def _outcome(self, job, local_s):
        self.asked[job.meter] = self.asked.get(job.meter, 0) + 1
        if job.meter in self._dead:
            return MUTE
        chance = self._chance()
        if chance < self._noise:
            return (MUTE, GARBLED)[chance & 1]
        early = job.meter in self._slow and local_s < job.slot_s + self._slow_s
        return EMPTY if early else OK

    def _chance(self):
        """0 to 999, the same on both interpreters."""
        self._seed = (self._seed * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._seed >> 12) % 1000

    def _took_us(self, job, outcome):
        if outcome != MUTE:
            return exchange_us(job.read, self.baud)
        took_us = wire_us(0, self.baud) + (self.planner.timeout_ms(job.meter) + GAP_MS) * 1000
        self.dead_us += took_us
        return took_us
