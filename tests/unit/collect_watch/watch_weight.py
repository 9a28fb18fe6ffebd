"""Heap of the watch and the clocks for 1,000 meters, and what a second costs. For MicroPython.

Argument: a folder.
"""

import asyncio
import gc
import json
import sys
import time

from firmware.area.archive import Archive
from firmware.area.plan_duties import OK, STATUS
from firmware.collect.clocks import Clocks
from firmware.collect.watch import Watch
from firmware.hal.fake import Board
from firmware.store.kv import Kv
from tests.unit.area.meters import MIDNIGHT_S, row
from tests.unit.collect_watch.area_rig import Settings

METERS = 1000


class Profile:
    link, serial = "dlt645-2007", (2400, "8E1")

    def reads_of(self, point):
        return (1,) if point == 56 else ()


class Collector:
    """A quarter of all clocks is 100 s fast."""

    def __init__(self, archive, board):
        self.archive, self.profiles = archive, {0: Profile()}
        self.clock, self.sent = board.clock, 0

    async def ask_point(self, meter, point, priority, within_s):
        return OK, {point: self.clock.now_s() + 28800 + (100 if meter % 4 == 0 and not self.sent else 0)}

    async def alone(self, line):
        pass

    async def broadcast(self, line, data):
        self.sent += 1


def archive():
    rows = bytearray(METERS * 24)
    for meter in range(METERS):
        rows[meter * 24 : meter * 24 + 24] = row(meter + 1, meter * 4 // METERS + 1)
    return Archive(bytes(rows))


def used():
    gc.collect()
    return gc.mem_alloc()  # pyright: ignore[reportAttributeAccessIssue]


def now_us():
    return time.ticks_us()  # pyright: ignore[reportAttributeAccessIssue]


class Day:
    def __init__(self, path):
        self.board = Board(path)
        self.board.clock.set_ms((MIDNIGHT_S - 28800) * 1000)
        self.counts = {}
        self.kv = Kv(path + "/kv")
        self.kv.open()
        settings = Settings()
        self.collector = Collector(archive(), self.board)
        before = used()
        self.watch = Watch(self.board, path, self.tell, settings, self.collector)
        self.clocks = Clocks(self.board, self.kv, self.tell, settings, self.collector)
        self.fresh = used() - before
        self.before = before
        self.most_us = 0

    def tell(self, name, fields):
        self.counts[name] = self.counts.get(name, 0) + 1

    async def run(self):
        """A day of 10 s steps: all answer, then a line falls silent at 06:00."""
        for step in range(8640):
            self.board.clock.advance(10000)
            began = now_us()
            self.watch.tick()
            self.clocks.tick()
            self.most_us = max(self.most_us, now_us() - began)
            await self.clocks.step()
            for meter in range(step % 90, METERS, 90):
                if step < 2160 or meter >= 250:
                    self.watch.seen(meter + 1, STATUS, {48: 0, 50: step >> 10 & 8}, 0, 4, 0)


def main():
    gc.collect()
    day = Day(sys.argv[1])
    asyncio.run(day.run())
    told = {"told": day.counts, "fresh": day.fresh, "most_us": day.most_us, "sent": day.collector.sent}
    told["a_meter"] = (used() - day.before) // METERS
    print(json.dumps(told))


main()
