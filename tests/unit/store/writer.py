"""Writes to the unix board's flash image until it is killed; says what it finds first. Runs on MicroPython.

found <n> <twin> <first> <next>     what stands after the last kill
kv <n> / ring <seq>                 acknowledged
"""

import sys

from firmware.hal.unix_flash import Flash
from firmware.store.kv import Kv
from firmware.store.ring import Ring


def held(ring):
    """Check all records held; return how many."""
    at = ring.first_seq
    while at < ring.next_seq:
        for seq, data in ring.read(at, 2000) or [(0, b"")]:
            if seq != at or data != b"record %d" % seq * 5:
                raise ValueError(f"read {seq} in place of {at}")
            at += 1
    return at - ring.first_seq


flash = Flash(sys.argv[1], 256 * 1024)
root = flash.mount()
kv, ring = Kv(root + "/kv"), Ring(root + "/ev", 4 * 4096)
kv.open()
ring.open()
held(ring)
n = kv.get("n") or 0
print("found", n, kv.get("twin") or 0, ring.first_seq, ring.next_seq, len(kv.damaged))
while True:
    n += 1
    kv.put({"n": n, "state": bytes(n % 500), "twin": n})
    print("kv", n)
    print("ring", ring.append(b"record %d" % ring.next_seq * 5))
    if n % 50 == 0:
        ring.forget(ring.next_seq - 20)
