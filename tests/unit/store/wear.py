"""Erases, bytes programmed and time of a commit; heap and time of opening. For MicroPython; prints JSON."""

# MicroPython's own names
# pyright: reportAttributeAccessIssue=false

import gc
import json
import time

import torn

from firmware.store.kv import Kv
from firmware.store.ring import Ring

MINUTES = 600
STATE = bytes(238)  # with the counter about what the control core dumps
RECORD = bytes(95)  # one curve point


def used():
    gc.collect()
    return gc.mem_alloc()


def main():
    image = torn.formatted(256)
    told = {}
    with torn.Power(image) as device:
        kv, ring = Kv(torn.MOUNT + "/kv"), Ring(torn.MOUNT + "/da", 192 * 1024)
        kv.open()
        ring.open()
        for name, work in (
            ("kv", lambda n: kv.put({"control": [n, STATE], "run": [n, n]})),
            ("ring", lambda n: ring.append(RECORD)),
        ):
            device.erases = device.written = 0
            start = time.ticks_us()
            for n in range(MINUTES):
                work(n)
            spent = time.ticks_diff(time.ticks_us(), start)
            told[name + "_erases_per_1000"] = device.erases * 1000 // MINUTES
            told[name + "_bytes_per_commit"] = device.written // MINUTES
            told[name + "_us_per_commit"] = spent // MINUTES
        kv.close()
        ring.close()
        kv = ring = None
        before = used()
        kv, ring = Kv(torn.MOUNT + "/kv"), Ring(torn.MOUNT + "/da", 192 * 1024)
        start = time.ticks_us()
        kv.open()
        told["kv_open_us"] = time.ticks_diff(time.ticks_us(), start)
        start = time.ticks_us()
        ring.open()
        told["ring_open_us"] = time.ticks_diff(time.ticks_us(), start)
        told["heap_bytes"] = used() - before
        kv.close()
        ring.close()
    print(json.dumps(told))


main()
