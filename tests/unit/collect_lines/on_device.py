"""A line of key users that was away: on_device.py PTY BAUD FROM_S TO_S ROWS PROFILE...

Archive and profiles (CBOR, by slot) are files; from and to are local. Nobody was asked in between; the last
line is JSON: what was recorded, what is absent.
"""

# pyright: reportAttributeAccessIssue=false

import asyncio
import json
import sys
import time

from firmware.area.archive import ROW_BYTES, Archive
from firmware.area.plan_duties import LOCAL
from firmware.collect.collector import Collector
from firmware.hal.unix_port import Port
from protocols import cbor
from protocols.meters.interpret import Profile

LIMIT_MS = 60000


class Clock:
    ok = True
    now_at_s = 0
    ticks_ms, ticks_diff = staticmethod(time.ticks_ms), staticmethod(time.ticks_diff)

    def now_s(self):
        return self.now_at_s


class Board:
    clock = Clock()

    def __init__(self):
        self.identity = {"utc_offset_s": 0}


def _read(path):
    with open(path, "rb") as file:
        return file.read()


async def main(path, baud, from_s, to_s, rows, *profiles):
    archive = Archive(_read(rows))
    slots = {slot: Profile(cbor.decode(_read(each))) for slot, each in enumerate(profiles)}
    Board.clock.now_at_s = int(from_s)
    collector = Collector(Board(), archive, slots, {1: (Port(path), int(baud))}, LOCAL[2:3])
    earlier, absent = [], []
    collector.recorded = lambda meter, _read, values, _t_s, _duty, slot_s: earlier.append(
        [meter, slot_s, values]
    )
    collector.lost = lambda _duty, first_s, _last_s, meter, _read, reason: absent.append(
        [meter, first_s, reason]
    )
    collector.next(1)  # the slot that it knew last
    Board.clock.now_at_s = int(to_s)
    wanted = len(_read(rows)) // ROW_BYTES * ((int(to_s) - int(from_s)) // 900)
    began = time.ticks_ms()
    task = asyncio.create_task(collector.lines[1].run())
    while len(earlier) + len(absent) < wanted and time.ticks_diff(time.ticks_ms(), began) < LIMIT_MS:
        await asyncio.sleep_ms(20)
    task.cancel()
    faults = collector.lines[1].faults
    print(json.dumps({"earlier": earlier, "absent": absent, "faults": faults, "wanted": wanted}))


asyncio.run(main(*sys.argv[1:]))
