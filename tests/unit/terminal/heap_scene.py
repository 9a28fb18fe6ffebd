"""Runs on MicroPython: a whole terminal in virtual time, one of whose tasks eats the heap to the last byte.

Arguments: folder of the flash, seconds the eater holds what it ate, bytes it leaves. Prints JSON.
"""

# MicroPython's own names
# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false

import asyncio
import gc
import json
import sys

from firmware.hal import fake
from firmware.terminal import Terminal
from protocols import cbor
from protocols.lines import dlt645, dlt645_meter
from protocols.meters import profile
from protocols.uplink import codes, envelope, messages, topics
from tests.e2e.day.warp import Warp
from tests.unit.metering.line_rig import Meter

ADDRESS = "123456789012"
ALARM_S, EAT_AT_S, END_S = 20, 12, 240
PLAN = {"codes": b"\x55" * 12, "setpoints_w": [100000], "float_pct": 0, "periods": 255, "rounds": 1}
PLAN.update({"alarm_s": [ALARM_S], "slide_s": 1, "safety_w": 50000, "post_trip_s": 30})
SIZES = (65536, 4096, 512, 64, 16)

folder, hold_s, leave = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
warp = Warp(1000)


class Clock(fake.Clock):
    """Of the warp, and about to wrap."""

    def __init__(self):
        super().__init__()
        self.ok, self._zero = True, warp.ms

    def passed(self):
        return warp.ms - self._zero

    def ticks_ms(self):
        return (fake.WRAP - 20000 + self.passed()) % fake.WRAP

    def now_ms(self):
        return self._utc_ms + self.passed()

    def now_s(self):
        return self.now_ms() // 1000


class Line:
    """A port with a meter of 120 kW behind it that answers at once."""

    lost = False

    def __init__(self):
        self._meter = Meter(power_w=1500)
        self._due = b""

    def write(self, data):
        (request,) = dlt645.Framer().feed(data)
        di = dlt645.di_of(request)
        value = self._meter.data(di)
        if value:
            self._due = dlt645_meter.reply(ADDRESS, dlt645.READ, di=di, data=value)
        else:
            self._due = dlt645_meter.error_reply(ADDRESS, dlt645.READ, "no_such_data")
        return len(data)

    async def read(self, timeout_ms):
        await asyncio.sleep_ms(40 if self._due else timeout_ms)
        due, self._due = self._due, b""
        return due

    def configure(self, baud, form):
        pass

    def drop_input(self):
        self._due = b""


class Relays(fake.Relays):
    """Counts instead of keeping: a list would take the last of the heap."""

    def __init__(self):
        super().__init__()
        self.decided, self.opened, self.opened_ms = 0, 0, 0

    def drive(self, trip_mask):
        self.decided += 1
        if trip_mask & ~self._mask:
            self.opened += 1
            self.opened_ms = board.clock.passed()
        self._mask = trip_mask


async def eater():
    """Once; then it is a task that fails for want of memory."""
    global eaten, errors
    await asyncio.sleep(EAT_AT_S)
    if eaten:
        await asyncio.Event().wait()
    eaten = 1
    spare = bytearray(leave)
    node = None
    gc.collect()
    for size in SIZES:
        try:
            while True:
                node = (node, bytearray(size))
        except MemoryError:
            errors += 1
    spare = None
    await asyncio.sleep(hold_s)
    bytearray(1 << 24)  # more than there is: this one is not caught
    return node, spare


def send(kind, params):
    now_s = board.clock.now_s()
    body = {"device": "T0000001", "command": 1, "not_before_s": 0, "deadline_s": now_s + 60, "kind": kind}
    body["params"] = messages.pack(messages.COMMANDS[kind], params)
    sealed = envelope.seal(
        b"o" * 32, topics.CMD, "T0000001", messages.pack(messages.COMMAND, body), b"a" * 32
    )
    terminal.gate.receive(sealed)


def told():
    """{event: times}, and the tasks of terminal_fault."""
    out, tasks = {}, []
    for stream in (topics.EV, topics.LG):
        ring, at = terminal.outbox._rings[stream], 1
        rows = ring.read(at, 2000)
        while rows:
            for _seq, data in rows:
                kind, _t_s, _ok, body = messages.unpack_record(cbor.decode(data))
                if kind == messages.EVENT:
                    name = codes.EVENTS[body["code"]]
                    out[name] = out.get(name, 0) + 1
                    if name == "terminal_fault":
                        tasks.append(body["data"][codes.EVENT_FIELD_NO["task"]])
            rows = ring.read(rows[-1][0] + 1, 2000)
    return out, sorted(tasks)


async def main():
    life = asyncio.create_task(terminal.run())
    await asyncio.sleep(3)
    send(messages.PERIOD_PLAN, PLAN)
    await asyncio.sleep(END_S)
    counts = [
        board.relays.decided,
        board.feeds,
        terminal.points.counts()[0],
        sum(terminal.session.counts.values()),
    ]
    await asyncio.sleep(60)
    after = [
        board.relays.decided,
        board.feeds,
        terminal.points.counts()[0],
        sum(terminal.session.counts.values()),
    ]
    events, tasks = told()
    report = {"grown": [after[i] - counts[i] for i in range(len(counts))], "events": events, "tasks": tasks}
    report["errors"], report["life"] = errors, not life.done()
    report["opened"], report["opened_s"] = board.relays.opened, board.relays.opened_ms // 1000
    report["power_w"] = terminal.points.main.power_w()
    report["state"] = {name: row[0] for name, row in terminal.supervisor.state().items()}
    report["free"] = gc.mem_free()
    print(json.dumps(report))


eaten = errors = 0
identity = dict(fake.IDENTITY)
identity["meter"] = {"address": ADDRESS, "baud": 9600, "profile": profile.dlt645()}
board = fake.Board(folder, identity=identity)
board.clock, board.relays = Clock(), Relays()
board.inputs = fake.Inputs(board.clock)
board._ports["line"] = Line()
board.tasks = (("eater", eater),)
terminal = Terminal(board)
gc.collect()
gc.threshold(16384)
asyncio.run(main())
