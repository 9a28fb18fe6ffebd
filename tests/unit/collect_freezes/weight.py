"""Heap and time with 1,000 meters and 62 days and 12 months on a littlefs image of 16 MB. For MicroPython.

micropython weight.py IMAGE fill|measure DAYS     the last line is JSON: bytes, microseconds
"""

# pyright: reportAttributeAccessIssue=false

import gc
import json
import os
import sys
import time

from firmware.collect.freezes import Freezes
from firmware.hal.unix_flash import Flash
from firmware.store.kv import Kv
from protocols.uplink import messages

MONTHS, METERS, FIRST = 12, 1000, 20000
SIZE = 16 * 1024 * 1024
VALUES = {number: 1234567 + number for number in (256, 257, 258, 259, 260, 320, 384)}


class Clock:
    ok = True
    day = FIRST

    def now_s(self):
        return self.day * 86400 + 3600

    ticks_ms = None


class Board:
    clock = Clock()


def add(*_record):
    return 1


class Planner:
    unsaved = True

    def load(self, *_told):
        return True

    def note(self, *_told):
        pass


def used():
    gc.collect()
    return gc.mem_alloc()


def fill(room, days):
    for month in range(MONTHS):
        for meter in range(1, METERS + 1):
            room.books[messages.MONTHLY].put(24000 + month, meter, 0, 0, VALUES, 24100)
    for day in range(days):
        Board.clock.day = FIRST + day
        for meter in range(1, METERS + 1 - (day == days - 1)):
            room.seen(meter, 1, VALUES, 0, 1, (FIRST + day) * 86400)


def opened(root, kv):
    room = Freezes(Board(), kv, root, add, lambda: 0, None, 0, 0)
    start = time.ticks_us()
    room.start(Planner())
    return room, time.ticks_diff(time.ticks_us(), start)


def measure(root, kv, days):
    Board.clock.day = FIRST + days - 1
    before = used()
    room, start_us = opened(root, kv)
    told = {"start_us": start_us, "heap": used() - before}
    start = time.ticks_us()
    room.seen(METERS, 1, VALUES, 0, 1, (FIRST + days - 1) * 86400)
    told["put_us"] = time.ticks_diff(time.ticks_us(), start)
    told["days"] = [count for _slot, count in room.counts(messages.DAILY)]
    told["months"] = [count for _slot, count in room.counts(messages.MONTHLY)]
    status = os.statvfs(root)
    told["free"] = status[0] * status[3]
    print(json.dumps(told))


def main(image, work, days):
    root = Flash(image, SIZE).mount()
    kv = Kv(root + "/kv")
    kv.open()
    if work == "fill":
        fill(opened(root, kv)[0], days)
    else:
        measure(root, kv, days)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
