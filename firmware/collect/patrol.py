"""PATROL: one item of many meters once. Each answer is a READ; the end is told by patrol_ended.

A line asks one meter at a time and then leaves the line alone as long as that took: reads on demand go before
freezes, so half of the line stays theirs. Of meters there is a bit each. Several patrols take turns.
A restart gives them up, with an event: their READs say how far they came, and a new one costs little.
"""

import asyncio

from firmware.area.archive import LINES, MOST
from firmware.area.plan_duties import ON_DEMAND
from firmware.area.plan_sheet import bit_of, set_bit
from firmware.collect.crew import Crew
from firmware.store.record import StoreError
from protocols.uplink import area, topics
from protocols.uplink.codes import REASON_NO

KEY = "patrol"  # kv: command ids under way
AT_ONCE = 4
WITHIN_S, WITHIN_LEAST_S, WITHIN_MOST_S = 3600, 60, 86400
ASK_S = 120  # one meter: the line may be busy with bytes that are forwarded
PAUSE_LEAST_MS, PAUSE_MOST_MS = 20, 5000


class _Work:
    """A patrol. `left`: bit meter - 1 of those that were not asked yet."""

    def __init__(self, command, point, meters, left_s):
        self.command, self.point, self.left_s = command, point, left_s
        self.left = bytearray((MOST + 7) // 8)
        for meter in meters:
            set_bit(self.left, meter - 1)
        self.wanted, self.done, self.failed = len(meters), 0, 0

    def take(self, is_on_line):
        """A meter that was not asked yet, 0 when there is none."""
        for meter in range(1, MOST + 1):
            if bit_of(self.left, meter - 1) and is_on_line(meter):
                self.left[(meter - 1) >> 3] &= ~(1 << ((meter - 1) & 7))
                return meter
        return 0


class Patrol:
    def __init__(self, board, kv, add, tell, collector):
        self._clock, self._kv, self._add, self._tell = board.clock, kv, add, tell
        self._collector = collector
        self._works = []
        self._crew = Crew(self._of_line)
        saved = kv.get(KEY)
        self._cut = list(saved) if isinstance(saved, list) else []
        self.error, self.held = "", None

    def apply(self, _kind, params, command_id, _scope=0):
        self.error, self.held = "", None
        within_s = params.get("within_s") or WITHIN_S
        first, last = params["first"], params["last"]
        if not 1 <= first <= last <= MOST or not WITHIN_LEAST_S <= within_s <= WITHIN_MOST_S:
            self.error = "first, last or within_s"
            return REASON_NO["bad_params"], {}, None
        meters = self._meters(first, last, params.get("group") or 0)
        if not meters:
            self.error = "no such meter"
            return REASON_NO["bad_params"], {}, None
        if len(self._works) >= AT_ONCE:
            return REASON_NO["busy"], {}, None
        ids = [work.command for work in self._works] + [command_id]

        def commit():
            self._works.append(_Work(command_id, params["point"], meters, within_s))
            for line in LINES:
                self._crew.call(line)

        return 0, {KEY: ids}, commit

    def _meters(self, first, last, group):
        archive = self._collector.archive
        meters = [meter for meter in range(first, last + 1) if archive.line(meter)]
        return [meter for meter in meters if group in (0, archive.group(meter))]

    def now(self) -> list:
        """Its part of `work` of NOW_AREA."""
        return [[work.command, work.done, work.failed, work.wanted] for work in self._works]

    def tasks(self):
        return [("patrol", self._crew.run)]

    def idle(self):
        return not (self._works or self._cut)

    async def _of_line(self, line):
        while await self._round(line):
            pass

    async def _round(self, line):
        """One meter of each patrol; whether there was one."""
        archive, found = self._collector.archive, False
        for work in list(self._works):
            meter = work.take(lambda meter: archive.line(meter) == line)
            if meter:
                found = True
                await self._read(work, meter)
        return found

    async def _read(self, work, meter):
        """A fault of ours on the way counts as garbled, so that the patrol still ends."""
        since, outcome, values = self._clock.ticks_ms(), 3, {}
        try:
            within_s = max(1, min(ASK_S, work.left_s))
            outcome, values = await self._collector.ask_point(meter, work.point, ON_DEMAND, within_s)
        finally:
            self._told(work, meter, outcome, values or {})
        took_ms = self._clock.ticks_diff(self._clock.ticks_ms(), since)
        await asyncio.sleep_ms(max(PAUSE_LEAST_MS, min(PAUSE_MOST_MS, took_ms)))

    def _told(self, work, meter, outcome, values):
        if work not in self._works:
            return  # it was given up meanwhile
        body = {"command": work.command, "meter": meter, "reason": outcome, "values": values}
        kept = self._add(topics.DA, area.READ, self._clock.now_s(), int(self._clock.ok), body)
        if kept and not outcome:
            work.done += 1
        else:
            work.failed += 1
        if work.done + work.failed >= work.wanted:
            self._end(work, "")

    def _end(self, work, error):
        self._works.remove(work)
        fields = {"command": work.command, "done": work.done, "failed": work.wanted - work.done}
        if error:
            fields["error"] = error
        self._tell("patrol_ended", fields)
        self._keep()

    def _keep(self):
        try:
            self._kv.put({KEY: [work.command for work in self._works]})
        except StoreError:
            pass  # after a restart its end is told once more

    def tick(self):
        """Each second."""
        for command in self._cut:
            self._tell("patrol_ended", {"command": command, "error": "restart"})
        if self._cut:
            self._cut = []
            self._keep()
        for work in list(self._works):
            work.left_s -= 1
            if work.left_s < 0:
                self._end(work, "expired")
