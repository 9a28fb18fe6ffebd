"""boot.py of the unix board with a watch on it: `boot.py run.json ADDRESS BYTES`, run by power_on.py.

Runs the real terminal under load (_EVENTS_A_S events a second beside its own work) and prints
    trip_us=N moved=0|1     for each decision: last byte of the reading taken -> relay outputs driven (for one
                            that no reading began, from its own begin)
    heap=N                  each second: bytes in use after a collection
The load and the watch allocate too, so the heap figure is above the product's own.
"""

# MicroPython's own names
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false

import gc
import sys

import uctypes
import vfs
from micropython import const

gc.threshold(4096)
vfs.mount(vfs.VfsRom(uctypes.bytearray_at(int(sys.argv[2]), int(sys.argv[3]))), "/rom")
sys.path[:] = ["/rom", ".frozen"]

import asyncio  # noqa: E402
import time  # noqa: E402

from firmware.hal import unix  # noqa: E402
from firmware.terminal import Terminal  # noqa: E402

# Few names of its own, here and below: each would count as the terminal's.
_EVENTS_A_S = const(20)
_EVENT = const(1)  # of protocols.uplink messages and codes, as the next two
_CLOCK_SET = const(41)
_STEP_MS = const(15)


def watch(terminal):
    heard = [None, None]  # ticks of the last byte taken; of the decision in hand, None: begun by no reading
    bus, poller = terminal.points.lines[0]
    port = bus._port
    taken, own_step, own_drive = port.read, terminal.controller.step, terminal.board.relays.drive
    decide, tripped = poller._on_power, terminal.board.relays.tripped

    async def read(timeout_ms):
        data = await taken(timeout_ms)
        if data:
            heard[0] = time.ticks_us()
        return data

    def step(*told):
        if heard[1] is None:
            heard[1] = time.ticks_us()
        own_step(*told)
        heard[1] = None

    def drive(mask):
        before = tripped()
        own_drive(mask)
        took_us = time.ticks_diff(time.ticks_us(), heard[1])
        print("trip_us=%d moved=%d" % (took_us, before != mask))  # noqa: UP031  pieces would be names

    def power():
        heard[1] = heard[0]
        decide()

    port.read, terminal.board.relays.drive, terminal.controller.step = read, drive, step
    poller._on_power = power


async def load(terminal):
    number = 0
    while True:
        await asyncio.sleep_ms(1000 // _EVENTS_A_S)
        body = {"code": _CLOCK_SET, "data": {_STEP_MS: number}}
        terminal.outbox.add("ev", _EVENT, terminal.board.clock.now_s(), 1, body)
        number += 1


async def tick():
    while True:
        await asyncio.sleep_ms(1000)
        gc.collect()
        print("heap=%d" % gc.mem_alloc())  # noqa: UP031


async def main():
    terminal = Terminal(unix.Board(sys.argv[1]))
    gc.collect()
    gc.threshold(16384)
    watch(terminal)
    tasks = [asyncio.create_task(load(terminal)), asyncio.create_task(tick())]
    await terminal.run()
    return tasks


asyncio.run(main())
