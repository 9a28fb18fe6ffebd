"""Power cut at every write of the area's freezes, curves and RESENDs. For MicroPython.

micropython cuts.py area|points|resend PREFILL STEPS [refuse]     as tests/unit/store/sweep.py
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
    command = 0  # of the RESEND under way

    def now_s(self):
        return (FIRST + 100) * 86400 + self.command


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
    kind, duty, period_s, stream, label_s, first = messages.DAILY, 1, 86400, topics.DA, "day_s", FIRST
    per = 1  # slots of a label
    pending = False  # a state was begun and not acknowledged

    def open(self):
        works.Work.open(self)
        self.ring = works.opened(Ring(self.root + "-da", 8 * 4096))
        self.outbox = Outbox({topics.DA: self.ring, topics.CV: self.ring}, b"12345678", area.RECORDS)
        self.planner = Stub()
        self.room = Freezes(Board(), self.store, sweep.torn.MOUNT, self.outbox.add, lambda: 0, None, 0, 0)
        self.book = self.room.books[self.kind]
        self.book._most, self.book._per = DAYS, self.per
        self.room.start(self.planner)
        self.room.tick()

    def close(self):
        self.room.close()
        works.Work.close(self)

    def facts(self):
        return self.book.dropped

    def step(self, _n):
        n = self.acked
        slot_s = (self.first + n // METERS) * self.period_s
        self.room.seen(n % METERS + 1, self.duty, {256: n}, 0, self.duty, slot_s)
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

    def records(self):
        """[(kind, t_s, body)]; ValueError when a number is missing."""
        out, at = [], self.ring.first_seq
        while at < self.ring.next_seq:
            for seq, data in self.ring.read(at, 2000) or [(0, b"")]:
                if seq != at:
                    raise ValueError(f"read {seq} in place of {at}")
                kind, t_s, _ok, body = messages.unpack_record(cbor.decode(data), area.RECORDS)
                out.append((kind, t_s, body))
                at += 1
        return out

    def found(self):
        self.room.tick()
        told, absent = {}, set()
        for kind, _t_s, body in self.records():
            if kind == self.kind:
                told[body["values"][256]] = body[self.label_s] // self.period_s, body["metering_point"]
            elif kind == area.ABSENT:
                absent.add(body["first_s"])
        rows = []
        for slot in self.book.slots():
            meters = []
            for meter, _quality, _t_s, values in self.book.rows(slot):
                n = values[256]
                rows.append(n)
                meters.append(meter)
                if (slot, meter) != (self.first + n // METERS, n % METERS + 1) or told.get(n) != (
                    slot,
                    meter,
                ):
                    return 0, f"row {n} at {slot} {meter} told {told.get(n)}"
            if len(set(meters)) < len(meters):
                return 0, f"doubled {slot} {meters}"
        return self.judged(rows, absent)

    def judged(self, rows, absent):
        state = self.planner.state
        top = self.acked
        label = METERS * self.per
        whole = range(max(0, (top // label - DAYS + 2) * label), top)
        if any(n not in rows for n in whole):
            return 0, f"rows {rows}, acked {top}"
        # where the flash refused to remove a day, there is one more until the next begins
        if len(rows) > (DAYS + 1) * label or (rows and max(rows) > top):
            return 0, f"doubled: rows {rows}, acked {top}"
        if any(n not in absent for n in range(max(0, top - 20), state)):
            return 0, f"gaps {sorted(absent)[-5:]}, state {state}"
        return state, ""


class Points(Rows):
    """The same with points of curves, two slots a file."""

    name = "points"
    kind, duty, period_s, stream, label_s = messages.CURVE, 3, 900, topics.CV, "slot_s"
    per, first = 2, FIRST * 96


class Resent(Rows):
    """A step is a RESEND of one of three days; its records bear its number as seconds."""

    name = "resent"

    def open(self):
        Rows.open(self)
        for n in range(DAYS * METERS):
            self.room.seen(n % METERS + 1, 1, {256: n}, 0, 1, (FIRST + n // METERS) * 86400)
        Clock.command = (self.store.get("resend") or [0])[0]

    def step(self, _n):
        Clock.command = number = self.acked + 1
        day_s = (FIRST + number % DAYS) * 86400
        params = {"kind": messages.DAILY, "from_s": day_s, "until_s": day_s}
        reason, entries, commit = self.room.apply(area.RESEND, params, number)
        if reason:
            raise ValueError(self.room.error)
        self.pending = True
        self.store.put(entries)
        commit()  # pyright: ignore[reportOptionalCall]
        self.finish()
        self.acked, self.pending = number, False

    def finish(self):
        for _ in range(9):
            self.room.tick()
            if not self.room.resend.work():
                return
        raise StoreError("not told")

    def found(self):
        """A RESEND that was taken tells all meters of its day, however often the power goes."""
        self.finish()
        told = {}
        for _kind, t_s, body in self.records():
            row = body["day_s"] // 86400, body["metering_point"]
            told.setdefault(t_s - (FIRST + 100) * 86400, set()).add(row)
        taken = self.acked + (self.acked + 1 in told)
        for number in range(max(1, taken - 9), taken + 1):
            if told.get(number) != {(FIRST + number % DAYS, meter + 1) for meter in range(METERS)}:
                return 0, f"resend {number} told {told.get(number)}"
        return taken, ""


sweep.WORKS.update({"area": Rows, "points": Points, "resend": Resent})

if __name__ == "__main__":
    print(json.dumps(sweep.sweep(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), "refuse" in sys.argv)))
