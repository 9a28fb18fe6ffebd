"""Runs on MicroPython: the link of a terminal on a real store, told by JSON lines on stdin what to do."""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false

import asyncio
import binascii
import gc
import json
import os
import sys
import time

gc.threshold(4096)  # collect early: else imports fill the heap and what stays is scattered all over it
gc.collect()
BEFORE = gc.mem_alloc()

from firmware.link import session as link_session  # noqa: E402
from firmware.link.gate import Gate  # noqa: E402
from firmware.link.mqtt import Client  # noqa: E402
from firmware.link.outbox import Outbox  # noqa: E402
from firmware.link.session import Session  # noqa: E402

gc.collect()
CODE = gc.mem_alloc() - BEFORE

from firmware.store.kv import Kv  # noqa: E402
from firmware.store.ring import Ring  # noqa: E402
from protocols.uplink import codes, messages, topics  # noqa: E402

CONFIG = json.loads(os.getenv("LINK"))
HOME = CONFIG["home"]


class Clock:
    ticks_ms = time.ticks_ms
    ticks_diff = time.ticks_diff

    def __init__(self):
        self.ok = CONFIG.get("clock_ok", False)
        self.step_ms = CONFIG.get("step_ms", 0)

    def now_ms(self):
        return time.time_ns() // 1000000 + self.step_ms

    def now_s(self):
        return self.now_ms() // 1000

    def set_ms(self, t_ms):
        self.step_ms += t_ms - self.now_ms()
        self.ok = True


class Board:
    def __init__(self):
        self.clock = Clock()
        self.random = os.urandom
        keys = {role: binascii.unhexlify(CONFIG[role]) for role in ("operator", "approver")}
        self.identity = {"device": CONFIG["device"], "shard": CONFIG["shard"], "keys": keys}

    async def connect(self, host, port):
        return await asyncio.open_connection(host, port)


class Control:
    """A control state of two numbers, journalled by the gate: commands applied, and the rounds tripped."""

    def __init__(self, kv):
        self.applied, self.tripped = kv.get("control") or [0, 0]

    def apply(self, kind, params, _command, _scope):
        time.sleep_ms(CONFIG.get("apply_ms", 0))
        tripped = params["rounds"] if kind == messages.TRIP else self.tripped
        after = [self.applied + 1, tripped]

        def commit():
            self.applied, self.tripped = after

        return 0, {"control": after}, commit

    def measured(self):
        return self.tripped, self.tripped, self.applied


def tell(**words):
    print(json.dumps(words))


def opened(thing):
    thing.open()
    return thing


board = Board()
kv = opened(Kv(HOME + "/kv"))
sizes = {topics.EV: CONFIG.get("ring", 65536), topics.DA: 65536, topics.LG: 16384, topics.CV: 65536}
rings = {stream: opened(Ring(HOME + "/" + stream, size)) for stream, size in sizes.items()}
boot = (kv.get("boot") or 0) + 1
kv.put({"boot": boot, "epoch": kv.get("epoch") or os.urandom(8)})
outbox = Outbox(rings, kv.get("epoch"))
control = Control(kv)
gate = Gate(
    kv, CONFIG["device"], board.identity["keys"], control.apply, board.clock, outbox.add, control.measured
)
config = {"host": "127.0.0.1", "port": CONFIG["port"], "client_id": CONFIG["device"]}
config.update(CONFIG.get("mqtt", {}))
client = Client(board.connect, board.clock, config)


def hello():
    facts = {"device": CONFIG["device"], "epoch": outbox.epoch, "boot": boot, "multiplier": 80}
    facts.update({"firmware": "0", "product": "terminal", "board": "test", "last_command": gate.last})
    return facts


def now():
    zeros = ("tripped", "open", "alarm", "permitted", "guarantee", "meter_ok", "plan_id", "last_order")
    fields = {name: 0 for name in zeros}
    fields.update({name: None for name in ("power_w", "setpoint_w", "remaining_wh", "guarantee_until_s")})
    fields.update({"controls": [], "points": {}, "frames": []})
    return fields


hearing = []


def heard():
    hearing.append(1)


link_session.BACKOFF_S = CONFIG.get("backoff_s", link_session.BACKOFF_S)
session = Session(board, client, outbox, gate, hello, now, lambda step_ms: tell(step_ms=step_ms), heard)


def add(stream, n):
    clock = board.clock
    for i in range(n):
        if stream == topics.EV:
            body = {"code": codes.EVENT_CODE["power_up"], "data": {1: i, 2: outbox.next_seq(stream)}}
            outbox.add(stream, messages.EVENT, clock.now_s(), int(clock.ok), body)
        else:
            body = {"slot_s": i, "interval_s": 900, "metering_point": 1, "quality": 0}
            body["values"] = {no: outbox.next_seq(stream) * 1000 for no in range(12)}
            outbox.add(stream, messages.CURVE, clock.now_s(), int(clock.ok), body)


def report():
    gc.collect()
    streams = topics.STREAM_NO
    return {
        "state": session.state,
        "links": session.links,
        "counts": session.counts,
        "heard": len(hearing),
        "gate": gate.counts,
        "applied": control.applied,
        "last": gate.last,
        "held": {stream: outbox.next_seq(stream) - outbox.held_from(stream) for stream in streams},
        "heap": gc.mem_alloc(),
        "code": CODE,
    }


async def rate(n, size):
    """Publish n QoS 1 messages and wait for the last PUBACK."""
    topic, payload = topics.up(CONFIG["shard"], CONFIG["device"], topics.LG).encode(), bytes(size)
    start = time.ticks_us()
    for _ in range(n):
        await client.publish(topic, payload, 1)
    while client.in_flight():
        await asyncio.sleep_ms(1)
    return time.ticks_diff(time.ticks_us(), start)


async def obey(words):
    if words["do"] == "add":
        add(words["stream"], words["n"])
    elif words["do"] == "report":
        tell(report=report())
    elif words["do"] == "rate":
        tell(us=await rate(words["n"], words["size"]))


async def listen(words):
    """Lines are read here alone: a read that is cancelled when its line has just come would lose it."""
    lines = asyncio.StreamReader(sys.stdin)
    while True:
        words.append(json.loads(await lines.readline()))


async def main():
    link = asyncio.create_task(session.run())
    words = []
    listener = asyncio.create_task(listen(words))
    tell(boot=boot)
    if CONFIG.get("rate_only"):
        link.cancel()
        await client.open()
    while not listener.done():
        gate.settle()
        while words:
            await obey(words.pop(0))
        await asyncio.sleep_ms(50)


asyncio.run(main())
