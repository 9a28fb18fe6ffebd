"""A flash filled by records, then worn: money and control find room, and every loss is told. Prints JSON."""

import json

import torn

from firmware.link.outbox import Outbox
from firmware.store.kv import Kv
from firmware.store.record import StoreError
from firmware.store.ring import Ring
from protocols import cbor
from protocols.uplink import messages, topics

BLOCKS = 40
STREAMS = (topics.EV, topics.DA, topics.CV, topics.LG)


def opened():
    kv = Kv(torn.MOUNT + "/kv")
    kv.open()
    rings = {}
    for stream in STREAMS:
        rings[stream] = Ring(torn.MOUNT + "/" + stream, 64 * 4096)  # together far more than the flash
        rings[stream].open()
    return kv, Outbox(rings, b"12345678"), rings


def add(outbox, stream, n):
    return outbox.add(stream, messages.EVENT, 1_800_000_000, 1, {"code": 14, "data": {1: n, 12: "x" * 200}})


def named(rings):
    """Streams whose missing numbers a GAP record does not name."""
    out = []
    for stream in rings:
        ring, gaps, at = rings[stream], [], rings[stream].first_seq
        while at < ring.next_seq:
            for seq, data in ring.read(at, 3000):
                row = cbor.decode(data)
                if row[0] == messages.GAP:
                    gaps.append((row[3][1], row[3][2]))
                at = seq + 1
        waiting = ring.take_lost()
        while waiting:  # told with the next record
            gaps.append((1, waiting[1]))
            waiting = ring.take_lost()
        if ring.first_seq > 1 and not any(first == 1 and last >= ring.first_seq - 1 for first, last in gaps):
            out.append([stream, ring.first_seq, gaps])
    return out


def crowd(with_room):
    """Fill the flash with records of all streams while the journal commits."""
    refused = 0
    image = torn.formatted(BLOCKS)
    with torn.Power(image):
        kv, outbox, rings = opened()
        if with_room:
            kv.room = outbox.make_room  # pyright: ignore[reportAttributeAccessIssue]
        for n in range(4000):
            add(outbox, STREAMS[n % 4], n)
            if n % 5 == 0:
                try:
                    kv.put({"balance": n, "plans": bytes(n % 900), f"k{n % 7}": bytes(120)})
                    last = n
                except StoreError:
                    refused += 1
        for stream in STREAMS:  # a GAP record that the flash refused comes with the next record
            add(outbox, stream, 0)
        told = {"refused": refused, "outbox_refused": outbox.refused, "unnamed": named(rings)}
        told["held"] = {stream: rings[stream].next_seq - rings[stream].first_seq for stream in STREAMS}
        kv.close()
        for ring in rings.values():
            ring.close()
    with torn.Power(image):
        kv, outbox, rings = opened()
        told["after_restart"] = [kv.get("balance") == last, kv.damaged]
        kv.close()
    return told


class Worn(torn.Device):
    """Blocks that take no program any more: what is written there reads back wrong."""

    worn = ()

    def writeblocks(self, n, buf, offset=0):
        if n in self.worn:
            buf = b"\x00" * len(buf)
        super().writeblocks(n, buf, offset)


def worn():
    """A quarter of the blocks fails one after the other; littlefs reads back and moves on."""
    image = torn.formatted(BLOCKS)
    torn.Device, kept = Worn, torn.Device
    bad, lost, refused = [], 0, 0
    try:
        with torn.Power(image) as device:
            kv, outbox, rings = opened()
            for n in range(600):
                if n % 60 == 0:
                    bad.append(5 + 3 * len(bad))
                    device.worn = tuple(bad)  # pyright: ignore[reportAttributeAccessIssue]
                try:
                    kv.put({"balance": n, "x": bytes(200)})
                    last = n
                except StoreError:
                    refused += 1
                add(outbox, topics.EV, n)
                lost += kv.get("balance") != last
            told = {"blocks": len(bad), "refused": refused, "outbox_refused": outbox.refused, "lost": lost}
            kv.close()
            rings[topics.EV].close()
        with torn.Power(image) as device:
            device.worn = tuple(bad)  # pyright: ignore[reportAttributeAccessIssue]
            kv, outbox, rings = opened()
            told["after_restart"] = [kv.get("balance") == last, rings[topics.EV].next_seq - 1]
            kv.close()
    finally:
        torn.Device = kept
    return told


print(json.dumps({"with_room": crowd(True), "without": crowd(False), "worn": worn()}))
