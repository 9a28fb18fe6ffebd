"""The owner of a simulated module on line 9 of a fake board; time moves only as somebody waits."""

import asyncio
import struct
from typing import Any

from firmware.area.archive import MODULE, Archive
from firmware.collect.collector import Collector
from firmware.collect.module import Module
from firmware.hal import fake
from protocols.lines.dlt645_server import Server as Meter
from protocols.lines.gdw3762 import items
from protocols.lines.gdw3762.module import Server
from protocols.lines.gdw3762.nodes import Node
from tests.unit.area.meters import MIDNIGHT_S
from tests.unit.collect_lines.bench import OFFSET_S, profile

run_in_loop = asyncio.run  # replaced for a test that runs twice
ENERGY = {"0001FF00": b"\x45\x23\x01\0" * 5, "00010000": b"\x45\x23\x01\0"}


def text(number):
    return f"{number:012d}"


def row(number, line=MODULE, phase=1):
    return struct.pack("<6sBBBBHBB10x", bytes.fromhex(text(number))[::-1], 0, line, phase, 0, 1, 0, 0)


def archive(*numbers, phase=1):
    return Archive(b"".join(row(number, phase=phase) for number in numbers))


class Port(fake.Port):
    """A line with the module at its end; `there` False: nobody is."""

    def __init__(self, clock, server):
        super().__init__(clock)
        self.server, self.there = server, True

    def write(self, data):
        self.sent.append(bytes(data))
        if self.there:
            self.deliver(self.server.feed(data), 20)
        return len(data)

    def say(self, data):
        self.deliver(data, 1)


class Rig:
    """`numbers` are archived on line 9; the module knows `told`, and the carrier reaches `reached`."""

    def __init__(self, numbers=(1, 2, 3), told=(), reached=None, limit=1000, duties=(), phase=1):
        board = fake.Board("unused", None, fake.FACTS, dict(fake.IDENTITY, utc_offset_s=OFFSET_S))
        self.clock = board.clock
        self.clock.set_ms((MIDNIGHT_S + 300 - OFFSET_S) * 1000)
        self.archive = archive(*numbers, phase=phase)
        reached = numbers if reached is None else reached
        world = {text(each): Node(Meter(text(each), dict(ENERGY)), 2) for each in reached}
        self.server = Server(text(99), world, limit)
        self.server.nodes.rows = [(text(each), items.DLT645_2007) for each in told]
        self.port = Port(self.clock, self.server)
        ports = {MODULE: (self.port, 9600)}
        self.collector = Collector(board, self.archive, {0: profile()}, ports, duties, rest=self.rest)
        self.told = []
        self.records = []
        self.module = Module(board, self.collector, self._tell, self._add)
        self.collector.module = self.module

    def _tell(self, name, fields):
        self.told.append((name, fields))

    def _add(self, *record):
        self.records.append(record)
        return True

    async def rest(self, event, ms):
        for _ in range(20):
            if event and event.is_set():
                return
            await asyncio.sleep(0)
        self.clock.advance(ms)

    def run(self, wanted, most_s=3000) -> Any:
        """Until `wanted`, a coroutine or a function that says enough; AssertionError when that never is."""

        async def until():
            end = self.clock.now_ms() + most_s * 1000
            while not wanted():
                assert self.clock.now_ms() < end, "it never was"
                await asyncio.sleep(0)

        async def ticks():
            at = self.clock.now_s()
            while True:
                await asyncio.sleep(0)
                while at < self.clock.now_s():
                    at += 1
                    self.module.tick()

        async def main():
            works = [run for _name, run in self.collector.tasks() + self.module.tasks()] + [ticks]
            tasks = [asyncio.create_task(work()) for work in works]
            try:
                return await asyncio.wait_for(until() if callable(wanted) else wanted, 30)
            finally:
                assert not any(task.done() for task in tasks), "a task has ended"
                for task in tasks:
                    task.cancel()

        return run_in_loop(main())

    def listed(self):
        return {address for address, _protocol in self.server.nodes.rows}

    def names(self):
        return [name for name, _fields in self.told]
