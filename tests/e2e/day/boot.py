"""boot.py of the long day: `boot.py run.json ADDRESS BYTES`, run by boards/unix/power_on.py.

The real terminal from its image, with its real flash, MQTT and network; clock, meter line and relay outputs
are of this folder and run in virtual time (warp.py), the customer is plant.py. Said to standard output, a
line each, times in virtual UTC seconds:

    adding STREAM HEX, added SEQ     a record, as it goes into the outbox
    drive t_s= mask=                 the trip outputs changed; bit 0 = round 1
    switch t_s= open=                a switch moved
    truth t_s= energy_ws=            the customer's registers, at each full hour
    now t_s=                         each ten minutes
    mark N t_s=                      time crawls until the file `go` says N
    gap t_s= lasted_s=               seconds were missed, which must not be
    heap used=                       each hour, after a collection
"""

# MicroPython's own names
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false

import gc
import sys

import uctypes
import vfs

gc.threshold(65536)
vfs.mount(vfs.VfsRom(uctypes.bytearray_at(int(sys.argv[2]), int(sys.argv[3]))), "/rom")
sys.path[:] = ["/rom", ".frozen", sys.argv[0].rsplit("/", 1)[0]]

import asyncio  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import time  # noqa: E402
from binascii import hexlify, unhexlify  # noqa: E402

import meter  # noqa: E402
import plant  # noqa: E402
import warp  # noqa: E402

from firmware.hal.unix_flash import Flash  # noqa: E402
from firmware.hal.unix_net import Net  # noqa: E402
from firmware.terminal import Terminal  # noqa: E402

CRAWL = 1  # factor while somebody outside has to act: real time, however slow he is
GC_BYTES = 262144
KEEP_S = 600
GAP_S = 10  # the controls would take it for a doubt


def started(path):
    """What firmware.hal.identity reads; this image has no place for it."""
    with open(path) as f:
        run = json.load(f)
    with open(run["board"]) as f:
        facts = json.load(f)
    identity = run["identity"]
    identity["keys"] = {role: unhexlify(text) for role, text in identity["keys"].items()}
    return run, facts, identity


class Clock:
    """Virtual and trusted; the station's time is another one and is not taken."""

    ok = True

    def __init__(self, ticks, start_ms):
        self.ticks_ms, self.ticks_diff = ticks.ticks_ms, time.ticks_diff
        self._start_ms = start_ms - ticks.ms

    def now_ms(self):
        return self._start_ms + self.ticks_ms()

    def now_s(self):
        return self.now_ms() // 1000

    def set_ms(self, t_ms):
        return 0


class LinkClock:
    """Broker and station answer in real time, so the link's own patience is real time too."""

    ok = True
    ticks_ms, ticks_diff = time.ticks_ms, time.ticks_diff

    def now_ms(self):
        return time.time_ns() // 1_000_000

    def now_s(self):
        return self.now_ms() // 1000

    def set_ms(self, t_ms):
        return 0


class Block:
    """Relays, lamps and contacts, wired to the customer."""

    lost = 0

    def __init__(self, customer, clock):
        self._customer, self._clock = customer, clock

    def drive(self, mask):
        if mask != self._customer.coil:
            print(f"drive t_s={self._clock.now_s()} mask={mask}")
            self._customer.drive(mask, self._clock.now_s())

    def tripped(self):
        return self._customer.coil

    def open(self):
        return self._customer.open

    def close(self, mask):
        self._customer.close(mask, self._clock.now_s())

    def show(self, alarm_mask, permit_mask):
        if permit_mask != self._customer.permitted:
            self._customer.permit(permit_mask, self._clock.now_s())

    def sound(self, on):
        pass

    def edges(self):
        return []

    def levels(self):
        return None


class Board:
    display = None
    tasks = ()

    def __init__(self, run, facts, identity, clock, customer):
        self.facts, self.identity, self.clock = facts, identity, clock
        self.flash = Flash(run["flash"], facts["flash_bytes"])
        self.relays = self.lamps = self.inputs = Block(customer, clock)
        self._line = meter.Port(customer, clock)
        self.connect = Net().connect
        self.random = os.urandom

    def serial(self, name):
        return self._line if name == "line" else None

    def keys(self):
        return []

    def ac(self):
        return None

    def feed(self):
        pass


def show_records(outbox):
    append = type(outbox)._append

    def told(self, stream, data):
        print("adding", stream, hexlify(data).decode())
        seq = append(self, stream, data)
        print("added", seq)
        return seq

    type(outbox)._append = told


class Day:
    def __init__(self):
        run, facts, identity = started(sys.argv[1])
        self._day = run["day"]
        self.ticks = warp.Warp(self._day["factor"])
        self.clock = Clock(self.ticks, self._day["start_s"] * 1000)
        self._path = self._day["plant"]
        self.customer = plant.Plant(self._day["start_s"], print)
        self._restore()
        self.terminal = Terminal(Board(run, facts, identity, self.clock, self.customer))
        show_records(self.terminal.outbox)
        self._link_in_real_time(self.terminal.session, self.terminal.client)

    def _link_in_real_time(self, session, client):
        clock = LinkClock()
        session._clock = client._clock = clock
        for flow in session._flows.values():
            flow._clock = clock
        for name in ("connect_ms", "reply_ms"):  # waits of asyncio are virtual
            client._config[name] *= self._day["factor"]

    def _restore(self):
        try:
            with open(self._path) as f:
                self.customer.load(json.load(f))
        except OSError:
            return
        self.customer.advance(self._day["start_s"])

    def _keep(self):
        with open(self._path + ".new", "w") as f:
            json.dump(self.customer.dump(), f)
        os.rename(self._path + ".new", self._path)

    async def watch(self):
        """Each virtual second: tell, keep, stop at marks."""
        marks = [mark for mark in self._day["marks"] if mark[1] > self._day["start_s"]]
        seen, opened = self._day["start_s"], self.customer.open
        self._keep()
        while True:
            await asyncio.sleep_ms(1000 - self.clock.now_ms() % 1000)
            now = self.clock.now_s()
            self.customer.advance(now)
            if self.customer.open != opened or now // KEEP_S != seen // KEEP_S:
                opened = self.customer.open
                self._keep()
            if now - seen > GAP_S:
                print(f"gap t_s={now} lasted_s={now - seen}")
            if now // 600 != seen // 600:
                print(f"now t_s={now}")
            if now // 3600 != seen // 3600:
                self._truth(now)
            seen = now
            if marks and now >= marks[0][1]:
                await self._stop(marks.pop(0)[0], now)
                seen = self.clock.now_s()

    def _truth(self, now):
        gc.collect()
        energy = ",".join([str(ws) for ws in self.customer.energy_ws])
        print(f"truth t_s={now} energy_ws={energy}")
        print(f"heap used={gc.mem_alloc()}")

    async def _stop(self, number, now):
        print(f"mark {number} t_s={now}")
        self._keep()
        factor, self.ticks.factor = self.ticks.factor, min(CRAWL, self.ticks.factor)
        while self._gone() < number:
            await asyncio.sleep_ms(500)
        self.ticks.factor = factor

    def _gone(self):
        try:
            with open(self._day["go"]) as f:
                return int(f.read() or 0)
        except OSError:
            return 0

    async def main(self):
        watching = asyncio.create_task(self.watch())
        await self.terminal.run()
        return watching


async def main():
    day = Day()
    gc.collect()
    gc.threshold(GC_BYTES)
    print(f"boot heap={gc.mem_alloc()}")
    await day.main()


asyncio.run(main())
