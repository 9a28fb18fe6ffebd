"""boot.py of the unix board with a watch on it: `boot.py run.json ADDRESS BYTES`, run by power_on.py.

Runs the real terminal under load (EVENTS_A_S events a second beside its own work) and prints
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

gc.threshold(4096)
vfs.mount(vfs.VfsRom(uctypes.bytearray_at(int(sys.argv[2]), int(sys.argv[3]))), "/rom")
sys.path[:] = ["/rom", ".frozen"]

import asyncio  # noqa: E402
import time  # noqa: E402

from firmware.hal import unix  # noqa: E402
from firmware.terminal import Terminal  # noqa: E402

EVENTS_A_S = 20
EVENT, CLOCK_SET, STEP_MS = 1, 41, 15  # of protocols.uplink messages and codes


class Watch:
    def __init__(self, terminal):
        self.heard_us = None  # last byte taken
        self.begin_us = None  # of the decision in hand, None: begun by no reading
        bus, poller = terminal.points.lines[0]
        port = bus._port
        read = port.read

        async def stamped_read(timeout_ms):
            data = await read(timeout_ms)
            if data:
                self.heard_us = time.ticks_us()
            return data

        port.read = stamped_read
        relays = terminal.board.relays
        controller = terminal.controller
        step = controller.step

        drive = relays.drive

        def timed_step(*told):
            if self.begin_us is None:
                self.begin_us = time.ticks_us()
            step(*told)
            self.begin_us = None

        def timed_drive(mask):
            before = relays.tripped()
            drive(mask)
            took_us = time.ticks_diff(time.ticks_us(), self.begin_us)
            print(f"trip_us={took_us} moved={int(before != mask)}")

        relays.drive = timed_drive
        controller.step = timed_step
        decide = poller._on_power

        def timed_power():
            self.begin_us = self.heard_us
            decide()

        poller._on_power = timed_power


async def load(terminal):
    number = 0
    while True:
        await asyncio.sleep_ms(1000 // EVENTS_A_S)
        body = {"code": CLOCK_SET, "data": {STEP_MS: number}}
        terminal.outbox.add("ev", EVENT, terminal.board.clock.now_s(), 1, body)
        number += 1


async def weigh():
    while True:
        await asyncio.sleep_ms(1000)
        gc.collect()
        print(f"heap={gc.mem_alloc()}")


async def main():
    terminal = Terminal(unix.Board(sys.argv[1]))
    gc.collect()
    gc.threshold(16384)
    Watch(terminal)
    tasks = [asyncio.create_task(load(terminal)), asyncio.create_task(weigh())]
    await terminal.run()
    return tasks


asyncio.run(main())
