"""The bus owner with a scripted port; `bus_scenes.py SCENE` prints JSON. For MicroPython.

Time is the fake clock's: a read that waits moves it on. The script of the port is one row for each write:
[(data, ms after the write), ...].
"""

import asyncio
import json
import sys

from firmware.hal import fake
from firmware.metering import bus as rooms
from firmware.metering.bus import BACKFILL, ON_DEMAND, POLL, VERIFY, Bus, BusFull
from protocols.lines import dlt645, dlt645_meter
from protocols.meters.readers.ask import ask
from protocols.meters.readers.default import Reader

METER, OTHER = "123456789012", "000000000007"
POWER, VOLTS = 0x02030000, 0x0201FF00


def answer(di, data=b"\x11\x22\x33", address=METER):
    return dlt645_meter.reply(address, dlt645.READ, di=di, data=data)


class Asker:
    """What the bus must know of a meter."""

    serial, baud = ("8E1", 500, 500), 0

    def __init__(self, address):
        self.address, self.reader = address, Reader(address, {})

    def ask(self, data):
        (request,) = dlt645.Framer().feed(data)
        return ask(data, lambda frame: dlt645.match(request, frame))


class Port(fake.Port):
    """Once lost, the script has no more to say."""

    def __init__(self, clock, script):
        super().__init__(clock)
        self.script = script
        self.at = []  # UTC ms of each write

    def write(self, data):
        self.at.append(self._clock.now_ms())
        row = self.script.pop(0) if self.script else ()
        size = super().write(data)
        for reply, after_ms in row:
            if reply is None:
                self.lost = True
            else:
                self.deliver(reply, after_ms)
        return size


class Rig:
    def __init__(self, *script):
        self.clock = fake.Clock(before_wrap_ms=700)
        self.port = Port(self.clock, list(script))
        self.bus = Bus(self.port, self.clock, 9600)
        self.task = asyncio.create_task(self.bus.run())

    async def ask(self, di=POWER, address=METER, priority=POLL):
        """(data of the answer in hex or None, ms it took)."""
        start = self.clock.now_ms()
        meter = Asker(address)
        reply = await self.bus.exchange(priority, meter.ask(dlt645.read(address, di)), meter)
        return (None if reply is None else reply.data[4:].hex()), self.clock.now_ms() - start


async def order():
    rig = Rig()
    asked = ((BACKFILL, 1), (POLL, 2), (POLL, 3), (VERIFY, 4), (ON_DEMAND, 5), (VERIFY, 6))
    tasks = [asyncio.create_task(rig.ask(di, priority=priority)) for priority, di in asked]
    await asyncio.gather(*tasks)
    sent = [dlt645.di_of(dlt645.Framer().feed(data)[0]) for data in rig.port.sent]
    at = rig.port.at
    return {"sent": sent, "gaps": [at[n + 1] - at[n] for n in range(len(at) - 1)]}


async def late():
    """The answer to the power read comes while the voltages are read; their own comes after it."""
    rig = Rig((), ((answer(POWER, b"\x99\x99\x99"), 30), (answer(VOLTS, b"\x01\x22"), 90)))
    first = await rig.ask(POWER)
    second = await rig.ask(VOLTS)
    return {"first": first, "second": second, "counts": [rig.bus.ok, rig.bus.timeouts, rig.bus.bad]}


async def lying():
    """What lay in the receiver before the request was sent is thrown away, half a frame too."""
    rig = Rig(((answer(POWER), 40),), ((answer(POWER, b"\x44\x55\x66"), 40),))
    await rig.ask()
    rig.port.deliver(answer(POWER, b"\x99\x99\x99")[:-3])
    return {"got": await rig.ask()}


async def echo():
    """A line driver that hears itself, then another meter, then noise, then the answer in three pieces."""
    good = answer(POWER)
    script = [
        (dlt645.read(METER, POWER), 1),
        (answer(POWER, b"\x99\x99\x99", OTHER), 30),
        (b"\x68\x00\xff\x68\x16", 45),
        (good[:9], 60),
        (good[9:15], 80),
        (good[15:], 100),
    ]
    rig = Rig(script)
    return {"got": await rig.ask(), "counts": [rig.bus.ok, rig.bus.timeouts]}


async def glued():
    """Echo, late reply and answer arrive in one piece: the loop was busy meanwhile."""
    pieces = dlt645.read(METER, POWER) + answer(VOLTS, b"\x99\x99") + answer(POWER)
    rig = Rig(((pieces, 90),), ((answer(POWER), 90),))
    return {"first": await rig.ask(), "second": await rig.ask()}


async def function():
    """The right identifier under the wrong function, and a broken checksum."""
    wrong = dlt645_meter.reply(METER, dlt645.READ_NEXT, di=POWER, data=b"\x99\x99\x99", seq=1)
    broken = bytearray(answer(POWER))
    broken[-2] ^= 1
    rig = Rig(((wrong, 30), (bytes(broken), 60)))
    return {"got": await rig.ask(), "bad": rig.bus.bad}


async def learned():
    """A quick meter gets a short time-out, a silent one beside it the full one; slow again is not dead."""
    quick = [((answer(POWER), 40),) for _ in range(40)]
    rig = Rig((), *quick, (), (), ((answer(POWER), 400),), ())
    before = (await rig.ask(address=OTHER))[1]
    for _ in range(40):
        await rig.ask()
    short = await rig.ask()
    full = await rig.ask()
    slow = await rig.ask()
    other = (await rig.ask(address=OTHER))[1]
    return {"before": before, "short": short, "full": full, "slow": slow, "other": other}


async def babble():
    """A slave that never stops, with frames of its own and without."""
    noise = [(bytes([0x68, n & 0xFF, 0xAA]), 5 * n) for n in range(1, 700)]
    frames = [(answer(POWER, b"\x99\x99\x99", OTHER), 50 * n) for n in range(1, 70)]
    rig = Rig(noise)
    first = await rig.ask()
    again = Rig(frames)
    second = await again.ask()
    heard = max(len(data) for _t_s, _direction, data in rig.bus.trace + again.bus.trace)
    return {"first": first, "second": second, "heard": heard, "limit": rooms.REPLY_MAX_MS}


async def full():
    rig = Rig()
    rig.task.cancel()
    waiting = [asyncio.create_task(rig.ask(n)) for n in range(rooms.QUEUE_MAX)]
    await asyncio.sleep(0)
    try:
        await rig.ask(99)
        refused = False
    except BusFull:
        refused = True
    rig.task = asyncio.create_task(rig.bus.run())
    await asyncio.gather(*waiting)
    return {"refused": refused, "sent": len(rig.port.sent)}


async def lost():
    """The line goes in the middle of an exchange: the task fails, the asker is free, the next run goes on."""
    rig = Rig((), ((None, 0),), ((answer(POWER), 40),))
    rig.task.cancel()
    ended = []

    async def supervised():
        for _ in range(2):
            try:
                await rig.bus.run()
            except OSError as error:
                ended.append(str(error))

    supervisor = asyncio.create_task(supervised())
    first = await rig.ask()
    second = await rig.ask()
    rig.port.lost = False
    third = await rig.ask()
    supervisor.cancel()
    return {"first": first[0], "second": second[0], "third": third[0], "ended": ended}


async def unset():
    """A port that refuses its speed once is set again before the next request."""
    rig = Rig(((answer(POWER), 40),))
    rig.task.cancel()
    configure, tries = rig.port.configure, []

    def refuse(baud, form):
        tries.append(baud)
        if len(tries) == 1:
            raise OSError("refused")
        configure(baud, form)

    rig.port.configure = refuse

    async def supervised():
        while True:
            try:
                await rig.bus.run()
            except OSError:
                await asyncio.sleep(0)

    task = asyncio.create_task(supervised())
    got = [await rig.ask(), await rig.ask()]
    task.cancel()
    return {"got": [data for data, _ms in got], "lines": rig.port.lines}


async def trace():
    rig = Rig(*[((answer(POWER, bytes([n])), 40),) for n in range(9)])
    for _ in range(9):
        await rig.ask()
    rows = [[direction, len(data)] for _t_s, direction, data in rig.bus.trace]
    return {"rows": rows, "last": rig.bus.trace[-1][2].hex()}


SCENES = (order, late, lying, echo, glued, function, learned, babble, full, lost, unset, trace)
BY_NAME = {scene.__name__: scene for scene in SCENES}

if __name__ == "__main__":
    print(json.dumps(asyncio.run(BY_NAME[sys.argv[1]]())))
