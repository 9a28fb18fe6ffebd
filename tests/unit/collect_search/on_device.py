"""Search, patrol and forwarding on the device's interpreter. Last line is JSON."""

# pyright: reportAttributeAccessIssue=false

import asyncio
import json
import time

from firmware.collect.forward import Forward
from firmware.collect.patrol import Patrol
from firmware.collect.search import Search
from protocols.lines.dlt645_server import Server
from tests.unit.area.meters import area

SERVERS = [Server(f"{number:012d}", {}) for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 555555555555)]


class Clock:
    ok = True
    now_s = staticmethod(lambda: 1767200000)
    ticks_ms, ticks_diff = staticmethod(time.ticks_ms), staticmethod(time.ticks_diff)


class Board:
    clock = Clock()


class Kept(dict):
    def put(self, values):
        self.update(values)


class Collector:
    archive = area(12)

    def __init__(self):
        self.profiles = {}

    async def ask_point(self, meter, point, _priority, _within_s):
        return 0, {point: meter}

    async def raw(self, _line, data, _wait_ms, baud=0, _urgent=False):
        said = [] if baud else [said for said in [server.feed(data) for server in SERVERS] if said]
        return (said[0][:7] if len(said) > 1 else b"".join(said)), 3


def order(room, kv, **params):
    reason, entries, commit = room.apply(0, params, 7)
    kv.put(entries)
    commit()
    return reason


async def at_once(_ms):
    await asyncio.sleep(0)


async def main():
    told, records, kv = [], [], Kept()

    def add(*record):
        records.append(record[4])
        return 1

    def tell(name, _fields):
        told.append(name)

    search = Search(Board, kv, add, tell, Collector(), lambda _line: 2400)
    patrol = Patrol(Board, kv, add, tell, Collector())
    forward = Forward(Board, kv, add, Collector())
    order(search, kv, line=1)
    order(patrol, kv, point=5, first=1, last=1000)
    order(forward, kv, line=1, data=b"x", wait_ms=3)
    _tasks = [asyncio.create_task(make()) for room in (search, patrol, forward) for _, make in room.tasks()]
    for _turn in range(100000):
        await asyncio.sleep(0)
        if "search_ended" in told and "patrol_ended" in told:
            break
    states = sorted([(body["address"][0], body["state"]) for body in records if "state" in body])
    print(json.dumps({"told": sorted(told), "records": len(records), "states": states}))


asyncio.sleep_ms = at_once
asyncio.run(main())
