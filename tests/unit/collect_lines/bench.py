"""A collector on a fake board: lines of simulated meters, time moves only as somebody waits."""

import asyncio
import json
from pathlib import Path
from typing import Any

from firmware.area.plan_duties import LOCAL
from firmware.collect.collector import Collector
from firmware.hal import fake
from protocols.lines import dlt645
from protocols.meters import compile as compiler
from protocols.meters import interpret
from tests.unit.area.meters import MIDNIGHT_S, area
from tests.unit.collect_lines.rack import BITS, Rack

CATALOGUE = Path(compiler.__file__).parent / "catalogue"
OFFSET_S = 28800


def profile(name="dlt645-2007-3p", **changes):
    document = json.loads((CATALOGUE / (name + ".json")).read_text(encoding="utf-8"))
    document.update(changes)
    return interpret.Profile(compiler.compiled(document))


def address(meter):
    return f"{meter:012d}"


class Port(fake.Port):
    """A paced line with its rack."""

    def __init__(self, clock, rack, baud, turn_ms=50):
        super().__init__(clock)
        self.rack: Any = rack
        self.baud, self.turn_ms = baud, turn_ms
        self.late = {}  # address -> ms more
        self.babbles = False

    def _ms(self, data):
        return len(data) * BITS * 1000 // self.baud

    def write(self, data):
        if self.lost:
            return super().write(data)
        self.sent.append(bytes(data))
        for frame in dlt645.Framer().feed(data):
            at_ms = self._ms(data) + self.turn_ms + self.late.get(frame.address, 0)
            for reply in self.rack.replies(frame):
                self.deliver(reply[:4], at_ms)
                at_ms += self._ms(reply)
                self.deliver(reply[4:], at_ms)
        return len(data)

    async def read(self, timeout_ms):
        if self.babbles and not self.lost:
            await asyncio.sleep(0)
            self._clock.advance(min(timeout_ms, 20))
            return b"\x5a\xa5" * 10
        self._due.sort(key=lambda due: self._clock.ticks_diff(due[0], self._clock.ticks_ms()))
        return await super().read(timeout_ms)


class Bench:
    """`meters` on so many lines at local `start_s`. `values`: [(meter, read, values, duty, slot_s)] heard."""

    def __init__(self, meters=4, lines=1, baud=2400, start_s=MIDNIGHT_S + 300, duties=LOCAL, profiles=None):
        board = fake.Board("unused", None, fake.FACTS, dict(fake.IDENTITY, utc_offset_s=OFFSET_S))
        self.board, self.clock = board, board.clock
        self.clock.set_ms((start_s - OFFSET_S) * 1000)
        self.archive = area(meters, lines)
        self.rack = Rack([address(each) for each in range(1, meters + 1)])
        self.ports = {line: Port(self.clock, self.rack, baud) for line in range(1, lines + 1)}
        ports = {line: (port, baud) for line, port in self.ports.items()}
        profiles = profiles or {0: profile()}
        self.collector = Collector(board, self.archive, profiles, ports, duties, rest=self.rest)
        self.values, self.gaps = [], []
        self.collector.heard = lambda *what: self.values.append(what[:3] + what[4:])
        self.collector.lost = lambda *what: self.gaps.append(what)

    async def rest(self, event, ms):
        for _ in range(20):
            if event and event.is_set():
                return
            await asyncio.sleep(0)
        self.clock.advance(ms)

    def run(self, wanted, most_ms=600000, limit_s=20) -> Any:
        """Lines work until `wanted`, a coroutine or a function that says enough, or till the time is over."""

        async def until():
            end = self.clock.now_ms() + most_ms
            while not wanted() and self.clock.now_ms() < end:  # noqa: ASYNC110 - the clock is a fake
                await asyncio.sleep(0)

        async def main():
            tasks = [asyncio.create_task(run()) for _name, run in self.collector.tasks()]
            try:
                return await asyncio.wait_for(until() if callable(wanted) else wanted, limit_s)
            finally:
                assert not any(task.done() for task in tasks), "a line's task has ended"
                for task in tasks:
                    task.cancel()

        return asyncio.run(main())
