"""A day of the real terminal in a minute: `boot.py run.json FOLDER SECONDS`, on MicroPython, compiled.

Time is what the tasks wait for: when all of them wait, the clock goes on to the first that is due. The meter
answers at once, its energy grows and its power swings; the station is away, so that the streams fill and
overflow. Prints `heap=N` each hour: bytes in use after a collection.
"""

# MicroPython's own names
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false

import asyncio
import gc
import json
import sys
import time
from asyncio import core
from binascii import unhexlify

from firmware import terminal as product
from firmware.hal import fake
from protocols.lines import dlt645, dlt645_meter

RUN, FOLDER, SECONDS = sys.argv[1], sys.argv[2], int(sys.argv[3])
HOUR_MS = 3_600_000


class Clock(fake.Clock):
    def ticks_diff(self, a, b):
        return a - b

    def advance(self, ms):
        self._ticks += ms
        self._utc_ms += ms


class Line:
    """A port with one meter behind it."""

    lost, discards = False, 0

    def __init__(self, clock):
        self._clock, self._reply = clock, b""

    def write(self, data):
        for request in dlt645.Framer().feed(data):
            di = dlt645.di_of(request)
            if di not in LENGTHS:
                self._reply = dlt645_meter.error_reply(request.address, request.control, "no_such_data")
                continue
            seconds = self._clock.ticks_ms() // 1000
            value = seconds // 60 % 10000 if di >> 24 == 0 else seconds % 90  # energy only grows
            digits = bytes((value % 100 // 10 << 4 | value % 10, value // 1000 << 4 | value // 100 % 10))
            answer = digits[: LENGTHS[di]] + bytes(max(0, LENGTHS[di] - 2))
            self._reply = dlt645_meter.reply(request.address, request.control, di=di, data=answer)
        return len(data)

    def configure(self, baud, form):
        pass

    def drop_input(self):
        self._reply = b""
        return b""

    async def read(self, timeout_ms):
        data, self._reply = self._reply, b""
        await asyncio.sleep_ms(30 if data else timeout_ms)
        return data


with open(RUN) as f:
    IDENTITY = json.load(f)
IDENTITY["keys"] = {role: unhexlify(key) for role, key in IDENTITY["keys"].items()}
LENGTHS = {}  # identifier -> bytes of its data, off the reading profile
for number, rows in IDENTITY["meter"]["profile"]["reads"]:
    LENGTHS[number] = sum(list(unhexlify(rows))[3::5])


class Board(fake.Board):
    def __init__(self):
        super().__init__(FOLDER, identity=IDENTITY)
        self.clock = Clock()
        self.clock._ticks = time.ticks_ms() + 1000  # asyncio pushes what is due at once with the real ticks
        self.clock.ok = True
        self.absent = ["console", "line2"]
        self._ports["line"] = Line(self.clock)


def jump(clock):
    """Make asyncio live in the board's time."""
    core.ticks = clock.ticks_ms

    def wait(ms):
        if ms > 0:
            clock.advance(ms)

    core._io_queue.wait_io_event = wait


async def day(board, running):
    first = board.clock.ticks_ms()
    for hour in range(SECONDS * 1000 // HOUR_MS + 1):
        gc.collect()
        print(f"heap={gc.mem_alloc()} hour={hour} spent={(board.clock.ticks_ms() - first) // 1000}")
        await asyncio.sleep_ms(HOUR_MS)
    running.cancel()


async def main():
    board = Board()
    jump(board.clock)
    terminal = product.Terminal(board)
    board.relays.drives = Nothing()
    running = asyncio.create_task(terminal.run())
    await day(board, running)
    for name, (restarts, error, _t_s) in terminal.supervisor.state().items():
        print(f"task={name} restarts={restarts} error={error}")


class Nothing(list):
    """The fake relays note every mask driven: here that would be the growth."""

    def append(self, _item):
        pass


asyncio.run(main())
