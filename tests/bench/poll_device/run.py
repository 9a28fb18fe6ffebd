"""The lines of a concentrator on PTYs: run.py PROFILE BAUD METERS LIVING PATH...; five blocks of each meter.

The last line is JSON: ms from the first exchange to the last value, values, faults, heap a meter and in all.
"""

import asyncio
import gc
import json
import struct
import sys
import time

from firmware.area.archive import MODULE, MOST, ROW_BYTES, Archive
from firmware.area.plan_duties import ALL, DAY_S, FREEZE, FROZEN, Duty
from firmware.collect.collector import Collector
from firmware.hal.unix_port import Port
from protocols import cbor
from protocols.meters.interpret import Profile

POINTS = {16: 321, 17: 1, 18: 4, 19: 9, 20: 1088}  # in the blocks of energies, U, I, P, demand
BLOCKS = Duty(16, tuple(POINTS), FREEZE, DAY_S, FROZEN, 3, 900, ALL, 0)
NOW_S = 20454 * DAY_S + 3600


def used():
    gc.collect()
    return gc.mem_alloc()  # pyright: ignore[reportAttributeAccessIssue]


class Clock:
    ok = True

    def ticks_ms(self):
        return time.ticks_ms()  # pyright: ignore[reportAttributeAccessIssue]

    def ticks_diff(self, a, b):
        return time.ticks_diff(a, b)  # pyright: ignore[reportAttributeAccessIssue]

    def now_s(self):
        return NOW_S + self.ticks_ms() // 1000


class Board:
    clock = Clock()

    def __init__(self):
        self.identity = {"utc_offset_s": 0}


def row(number, line):
    digits = f"{number:012d}"
    address = bytes([int(digits[at : at + 2], 16) for at in (10, 8, 6, 4, 2, 0)])
    return struct.pack("<6sBBBBHBB10x", address, 0, line, 4, 0, 1, 0, 0)


async def main(profile, baud, meters, living, paths):
    before = used()
    archive = Archive(bytes(MOST * ROW_BYTES))
    for n in range(MOST):  # a full archive; who is not simulated is behind a module that is not there
        archive.put(n + 1, row(n + 1, n * len(paths) // meters + 1 if n < meters else MODULE))
    ports = {at + 1: (Port(path), baud) for at, path in enumerate(paths)}
    collector = Collector(Board(), archive, {0: profile}, ports, (BLOCKS,))
    collector.points = POINTS
    clock, began, told, ended = Board.clock, Board.clock.ticks_ms(), [0, 0], asyncio.Event()
    peak = used()

    def heard(*_value):
        told[0] += 1
        told[1] = clock.ticks_diff(clock.ticks_ms(), began)
        if told[0] == 5 * living:
            ended.set()

    collector.heard = heard
    tasks = [asyncio.create_task(run()) for _name, run in collector.tasks()]
    while not ended.is_set():
        try:
            await asyncio.wait_for(ended.wait(), 5)
        except asyncio.TimeoutError:  # noqa: UP041 - of MicroPython
            peak = max(peak, used())
    peak = max(peak, used())
    for task in tasks:
        task.cancel()
    faults = sum([line.faults for line in collector.lines.values()])
    out = {
        "ms": told[1],
        "values": told[0],
        "faults": faults,
        "peak": peak,
        "a_meter": (peak - before) // MOST,
    }
    print(json.dumps(out))


with open(sys.argv[1], "rb") as file:
    compiled = Profile(cbor.decode(file.read()))
asyncio.run(main(compiled, int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:]))
