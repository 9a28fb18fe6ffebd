"""A flash that is full, then one that fails altogether, under Kv and Ring. For MicroPython; prints JSON."""

import json
import os

import torn

from firmware.store.kv import Kv
from firmware.store.record import StoreError
from firmware.store.ring import Ring

KV, RING = torn.MOUNT + "/kv", torn.MOUNT + "/ring"
JUNK = torn.MOUNT + "/junk"


def opened():
    kv, ring = Kv(KV), Ring(RING, 8 * 4096)
    kv.open()
    ring.open()
    return kv, ring


def fill():
    with open(JUNK, "wb") as f:
        try:
            while True:
                f.write(b"j" * 512)
                f.flush()
        except OSError as e:
            return e.errno


def until_refused(work):
    """Return (times it went well, reason of the refusal)."""
    for n in range(1000):
        try:
            work(n)
        except StoreError as e:
            return n, e.args[0]
    return 1000, ""


def reads(ring, times):
    """What each read gives: a number of records or the refusal."""
    out = []
    for _ in range(times):
        try:
            out.append(len(ring.read(1, 9999)))
        except StoreError as e:
            out.append(e.args[0])
    return out


def main():
    told = {}
    image = torn.formatted(24)
    with torn.Power(image) as device:
        kv, ring = opened()
        kv.put({"a": 1, "b": b"first"})
        ring.append(b"one")
        told["filled"] = fill()
        last = {}

        def put(n):
            kv.put({"a": 100 + n, "b": bytes(300)})
            last["a"] = 100 + n

        told["kv"] = until_refused(put)[1]
        told["kv_old"] = kv.get("a") == last.get("a", 1)
        count, told["ring"] = until_refused(lambda n: ring.append(bytes(300)))
        told["ring_next"] = ring.next_seq - 2 - count
        told["still_reads"] = ring.read(1, 10)[0][1] == b"one"
        kv.close()
        ring.close()
    with torn.Power(image) as device:
        kv, ring = opened()
        told["after_restart"] = kv.get("a") == last.get("a", 1) and ring.next_seq == 2 + count
        os.remove(JUNK)
        kv.put({"a": 7})
        told["room_again"] = kv.get("a") == 7 and ring.append(b"more") == 2 + count
        device.dead = True
        told["dead_kv"] = until_refused(lambda n: kv.put({"a": 8}))
        told["dead_ring"] = until_refused(lambda n: ring.append(b"x"))
        told["dead_reads"] = reads(ring, 2 * len(ring._firsts) + 2)
        told["dead_value"] = kv.get("a")
        device.dead = False
        kv.put({"a": 9})
        told["recovered"] = kv.get("a") == 9 and ring.append(b"again") == 3 + count
        kv.close()
        ring.close()
    with torn.Power(image) as device:
        kv, ring = opened()
        told["end"] = [kv.get("a"), ring.next_seq - count, kv.damaged]
    print(json.dumps(told))


main()
