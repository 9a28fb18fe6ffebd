"""What the area's transformer shows: the reading of the present, for the live state and for statistics.

It is that of AC sampling on the board; without it the gate meter's own, which is asked each minute.
"""

import asyncio

from firmware.area.archive import GATE
from firmware.area.plan_duties import CURVE_POINT, OK, ON_DEMAND
from firmware.collect.gate_day import GateDay
from firmware.metering.measures import VOLTAGE

POWER = 8  # point: active power, 0.1 W
ASK_S, ASK_MOST_S = 60, 900  # a gate meter that does not answer is asked less often
FRESH_S = 90


class Transformer:
    """`run_s()`: seconds that only go forward."""

    def __init__(self, board, kv, add, settings, collector, offset_s, run_s):
        self._board, self._collector, self._offset_s, self._run_s = board, collector, offset_s, run_s
        self._sample, self._taken_s = {}, -FRESH_S
        self._minute = None  # local
        self.day = GateDay(board.clock, kv, add, settings, offset_s)
        self.reload()

    def reload(self):
        """The archive has changed."""
        archive = self._collector.archive
        gates = [meter for meter in range(1, archive.size + 1) if archive.flags(meter) & GATE]
        self.gate = gates[0] if gates else 0  # its row
        if self._board.ac() is None:
            self._sample = {}

    # ---- readings

    def seen(self, meter, _read, values, _t_s, _duty, _slot_s):
        """As Collector.heard."""
        if meter == self.gate and VOLTAGE in values and self._board.ac() is None:
            self._sample, self._taken_s = values, self._run_s()

    def tasks(self):
        return [("gate", self.run)]

    async def run(self):
        pause_s = ASK_S
        while True:
            await asyncio.sleep(pause_s)
            if self.gate and self._board.ac() is None:
                pause_s = ASK_S if await self._ask(self.gate) else min(ASK_MOST_S, 2 * pause_s)

    async def _ask(self, meter):
        """Whether it answered; what it shows goes to all who look at readings."""
        outcome, values = await self._collector.ask(meter, CURVE_POINT, ON_DEMAND, ASK_S)
        if outcome == OK and meter == self.gate:
            self._collector.heard(meter, CURVE_POINT, values, self._board.clock.now_s(), 0, 0)
        return outcome == OK

    def sample(self):
        """{point number: secondary value}; {} when the last one is old."""
        return self._sample if self._run_s() - self._taken_s < FRESH_S else {}

    def multiplier(self):
        if self._board.ac() is not None or not self.gate:
            return self._board.identity["multiplier"]
        return self._collector.archive.get(self.gate).multiplier

    def power_w(self):
        """Of the primary side, None when it is not known."""
        power_dw = self.sample().get(POWER)
        return None if power_dw is None else power_dw * self.multiplier() // 10

    # ---- each second

    def tick(self):
        sample = self._board.ac()
        if sample is not None:
            self._sample, self._taken_s = sample, self._run_s()
        minute = (self._board.clock.now_s() + self._offset_s) // 60
        before, self._minute = self._minute, minute
        if self.gate and before is not None and minute == before + 1:  # the clock simply ran on
            row = self._collector.archive.get(self.gate)
            self.day.count(before, self.gate, row, self.sample(), self.multiplier())
