"""Power cut at every write of the area's freezes: rows, records, the planner's state. For MicroPython.

micropython cuts.py PREFILL STEPS [refuse]     as tests/unit/store/sweep.py, whose last line is JSON
"""

# pyright: reportMissingImports=false

import json
import struct
import sys

sys.path.append(__file__.rsplit("/", 2)[0] + "/store")

import sweep
import works

from firmware.collect.freezes import Freezes
from firmware.link.outbox import Outbox
from firmware.store.record import StoreError
from firmware.store.ring import Ring
from protocols import cbor
from protocols.uplink import area, messages, topics

METERS, DAYS, FIRST = 5, 3, 20000


class Clock:
    ok = True

    def now_s(self):
        return (FIRST + 100) * 86400


class Board:
    clock = Clock()


class Stub:
    """A planner whose state is a number."""

    unsaved, state = True, 0

    def save(self):
        return [(1, struct.pack("<I", self.state))]

    def load(self, _number, data):
        self.state = struct.unpack("<I", data)[0]
        return True

    def note(self, *_told):
        pass


class Rows(works.Work):
    """A step is a freeze of one of five meters; three days are kept. Then the state is, with a gap."""

    name = "area"
    pending = False  # a state was begun and not acknowledged

    def open(self):
        works.Work.open(self)
        self.ring = works.opened(Ring(self.root + "-da", 8 * 4096))
        self.outbox = Outbox({topics.DA: self.ring}, b"12345678", area.RECORDS)
        self.planner = Stub()
        self.room = Freezes(Board(), self.store, sweep.torn.MOUNT, self.outbox.add, lambda: 0, None, 0, 0)
        self.book = self.room.books[messages.DAILY]
        self.book._most = DAYS
        self.room.start(self.planner)
        self.room.tick()

    def close(self):
        self.room.close()
        works.Work.close(self)

    def facts(self):
        return self.book.dropped

    def step(self, _n):
        n = self.acked
        self.room.seen(n % METERS + 1, 1, {256: n}, 0, 1, (FIRST + n // METERS) * 86400)
        if self.room._refused:
            self.pending = True
            raise StoreError("refused")
        self.planner.state = n + 1
        self.room.planned.gap(1, n, n, 1, 1, 1)
        self.pending = True
        if not self.room.keep(self.planner):
            self.planner.state = n
            raise StoreError("refused")
        self.room.tick()
        if self.room.planned._gaps:
            raise StoreError("not told")
        self.acked, self.pending = n + 1, False

    def check(self, cut):
        """A refused state may stand all the same."""
        return works.Work.check(self, cut or self.pending)

    def found(self):
        self.room.tick()
        told, absent = {}, set()
        at = self.ring.first_seq
        while at < self.ring.next_seq:
            for seq, data in self.ring.read(at, 2000) or [(0, b"")]:
                if seq != at:
                    return 0, f"read {seq} in place of {at}"
                kind, _t_s, _ok, body = messages.unpack_record(cbor.decode(data), area.RECORDS)
                if kind == messages.DAILY:
                    told[body["values"][256]] = body["day_s"] // 86400, body["metering_point"]
                elif kind == area.ABSENT:
                    absent.add(body["first_s"])
                at += 1
        rows = []
        for slot in self.book.slots():
            meters = []
            for meter, _quality, _t_s, values in self.book.rows(slot):
                n = values[256]
                rows.append(n)
                meters.append(meter)
                if (slot, meter) != (FIRST + n // METERS, n % METERS + 1) or told.get(n) != (slot, meter):
                    return 0, f"row {n} at {slot} {meter} told {told.get(n)}"
            if len(set(meters)) < len(meters):
                return 0, f"doubled {slot} {meters}"
        return self.judged(rows, absent)

    def judged(self, rows, absent):
        state = self.planner.state
        top = self.acked
        whole = range(max(0, (top // METERS - DAYS + 2) * METERS), top)
        if any(n not in rows for n in whole):
            return 0, f"rows {rows}, acked {top}"
        # where the flash refused to remove a day, there is one more until the next begins
        if len(rows) > (DAYS + 1) * METERS or (rows and max(rows) > top):
            return 0, f"doubled: rows {rows}, acked {top}"
        if any(n not in absent for n in range(max(0, top - 20), state)):
            return 0, f"gaps {sorted(absent)[-5:]}, state {state}"
        return state, ""


sweep.WORKS["area"] = Rows

if __name__ == "__main__":
    print(json.dumps(sweep.sweep("area", int(sys.argv[1]), int(sys.argv[2]), "refuse" in sys.argv)))
