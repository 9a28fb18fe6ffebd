"""A collector that answers at once, a store in the heap, and the tasks of a room run to their end."""

import asyncio
import time
import types
from typing import Any

from firmware.area.archive import Archive
from tests.unit.area.meters import area

if not hasattr(asyncio, "sleep_ms"):
    setattr(asyncio, "sleep_ms", lambda ms: asyncio.sleep(ms / 1000))  # noqa: B010


class Clock:
    ok = True

    def now_s(self):
        return 1_767_200_000

    def ticks_ms(self):
        return time.monotonic_ns() // 1_000_000

    def ticks_diff(self, later, earlier):
        return later - earlier


class Kept(dict):
    def put(self, values):
        self.update(values)


class Collector:
    """`outcomes`: {meter: outcome}; `asking`: those on a line at once, at most `most`."""

    def __init__(self, archive=None):
        self.archive = archive or area(40, lines=2)
        self.profiles, self.outcomes, self.asked = {}, {}, []
        self.lines, self.most = {}, 0
        self.answers = b"\x01"
        self.asks = 0

    async def ask_point(self, meter, point, _priority, _within_s):
        await self._alone(self.archive.line(meter))
        self.asked.append((meter, point))
        outcome = self.outcomes.get(meter, 0)
        return outcome, {} if outcome else {point: meter * 10}

    async def raw(self, line, data, wait_ms, baud=0, urgent=False):
        await self._alone(line)
        self.asked.append((line, bytes(data), wait_ms, baud, urgent))
        return self.answers, 12

    async def _alone(self, line):
        self.lines[line] = self.lines.get(line, 0) + 1
        self.most = max(self.most, self.lines[line])
        await asyncio.sleep(0)
        self.lines[line] -= 1


class Rig:
    def __init__(self, make, kv=None, collector=None):
        self.kv, self.told, self.records = kv if kv is not None else Kept(), [], []
        self.collector: Any = collector or Collector()
        self.board = types.SimpleNamespace(clock=Clock())
        self.full = False
        self.room: Any = make(self)

    def add(self, _stream, _kind, _t_s, _t_ok, body):
        if self.full:
            return 0
        self.records.append(body)
        return len(self.records)

    def tell(self, name, fields):
        self.told.append((name, fields))

    def order(self, command, **params):
        reason, entries, commit = self.room.apply(0, params, command)
        if not reason:
            self.kv.put(entries)
            commit()
        return reason

    async def until(self, test, most_s=30):
        """Run the room's tasks until `test` holds."""
        tasks = [asyncio.ensure_future(make()) for _name, make in self.room.tasks()]
        deadline = time.monotonic() + most_s
        try:
            while not test() and time.monotonic() < deadline:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert test()


__all__ = ("Archive", "Collector", "Kept", "Rig")
