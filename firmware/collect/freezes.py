"""Freezes and curves of the area: kept on flash, told to the station, one of each meter and slot.

A record is told before its row is kept. A power cut in between leaves the slot open: it is read and told
again, and the station merges two readings of one slot (station/store/readings.py); it is never missing. What
the flash refuses waits here, and meanwhile the planner's state is not saved: a restart asks again.

Kept: 62 days, 12 months, 10 days of curves. When that is full, or the flash nearly, the oldest goes, curves
first, then days, never the file being written. A label of the future (a wrong clock's) goes first.
"""

import os

from firmware.area import plan_duties
from firmware.area.plan_duties import DAY_S, MONTH, slot_of, start_of
from firmware.collect.daybook import Daybook
from firmware.collect.planned import Planned
from firmware.collect.resend import Resend
from firmware.store import record
from firmware.store.record import StoreError
from protocols.uplink import area, messages, topics

CURVE_S = 900
MEASURED, BACKFILLED = 0, 1  # points.QUALITIES
SPARE_BYTES = 512 * 1024  # below this the flash counts as full: journal and streams come first
LOOK_S = 600
WAITING_MOST = 32  # readings the flash refused
_PAST = {messages.DAILY: 4, messages.MONTHLY: 2, messages.CURVE: 13}  # files that a duty may still ask for
# kind: (suffix, slots of a file, files, files remembered)
_BOOKS = {
    messages.DAILY: (".d1", 1, 62, 4),
    messages.MONTHLY: (".m1", 1, 12, 2),
    messages.CURVE: (".c1", 24, 40, 2),
}
_SPARE = (messages.CURVE, messages.DAILY, messages.MONTHLY)  # which goes first
_DUTIES = {1: messages.DAILY, 2: messages.MONTHLY, 3: messages.CURVE}  # of plan_duties.LOCAL
_PERIODS = {messages.DAILY: DAY_S, messages.MONTHLY: MONTH, messages.CURVE: CURVE_S}


class Freezes:
    """`add`: outbox.add. `waiting()`: records of the stream `da` that the station has not stored. `settings`:
    for the periods of section TASKS. `lost` counts readings that found no place, `errors` what the flash
    refused."""

    def __init__(self, board, kv, root, add, waiting, settings, utc_offset_s, spare=SPARE_BYTES):
        self._clock, self._root, self._add, self._settings = board.clock, root, add, settings
        self._offset_s, self._spare = utc_offset_s, spare
        self.books = {kind: Daybook(root + "/freezes", *row) for kind, row in _BOOKS.items()}
        self.planned = Planned(kv, root, add, self._now, utc_offset_s, self.period_s)
        self.resend = Resend(kv, self.books, self._again, waiting, utc_offset_s)
        self._refused = []  # [told, kind, slot, meter, quality, t_s, values]
        self._looked = 0  # when the flash was looked at last, in units of LOOK_S
        self.lost = self.errors = 0

    @property
    def error(self):
        return self.resend.error

    def _now(self):
        return self._clock.now_s(), int(self._clock.ok)

    def _slot_now(self, kind):
        return slot_of(_PERIODS[kind], self._clock.now_s() + self._offset_s)

    def period_s(self, duty):
        """Of a local duty or a task."""
        if duty in _DUTIES:
            return _PERIODS[_DUTIES[duty]]
        for row in self._settings.get(area.TASKS)["tasks"]:
            if row[0] == duty:
                return row[3]
        return CURVE_S

    # ---- over a restart

    def start(self, planner):
        """Before the planner's first `next`: its state, and what was stored since."""
        for book in self.books.values():
            book.open()
        self.planned.load(planner)
        for duty, kind in _DUTIES.items():
            for slot in self.books[kind].slots()[-_PAST[kind] * _BOOKS[kind][1] :]:
                slot_s = start_of(_PERIODS[kind], slot)
                for meter in self.books[kind].meters(slot):
                    planner.note(duty, slot_s, meter, duty)

    def keep(self, planner) -> bool:
        """Call before each exchange: saves the planner's state when it has changed and nothing waits here."""
        return not self.planned.is_due(planner) or (not self._refused and self.planned.keep(planner))

    def close(self):
        self.resend.close()
        for book in self.books.values():
            book.close()

    # ---- readings

    def seen(self, meter, _read, values, t_s, duty, slot_s):
        """A value the planner wants kept, all of its slot in one call; `slot_s`: local second it begins."""
        if not duty or duty in plan_duties.UNKEPT or not values:
            return
        kind = _DUTIES.get(duty)
        if not kind:  # a task: the station keeps it; here only the planner remembers that it was done
            period_s = self.period_s(duty)
            over = slot_of(period_s, slot_s) < slot_of(period_s, t_s + self._offset_s)
            body = self._curve(slot_s, period_s, meter, BACKFILLED if over else MEASURED, values)
            self._record(topics.CV, messages.CURVE, body)
            return
        slot = slot_of(_PERIODS[kind], slot_s)
        if self.books[kind].has(slot, meter):
            return
        quality = MEASURED if slot >= self._slot_now(kind) else BACKFILLED
        row = [False, kind, slot, meter, quality, t_s, values]
        if not self._keep(row):
            self._wait(row)

    def _wait(self, row):
        if len(self._refused) >= WAITING_MOST:
            self.lost += 1
        else:
            self._refused.append(row)

    def _keep(self, row):
        """Tell, then store; whether both are done."""
        told, kind, slot, meter, quality, t_s, values = row
        if not told and not self._again(kind, slot, meter, quality, t_s, values):
            self.errors += 1
            return False
        row[0] = True
        try:
            self._store(row[1:])
        except StoreError:
            self.errors += 1
            return False
        return True

    def _store(self, row):
        kind, slot, meter, quality, t_s, values = row
        if not self.books[kind].has(slot, meter) and self._is_nearly_full():
            self.make_room()
        for _ in range(3):
            try:
                self.books[kind].put(slot, meter, quality, t_s, values, self._slot_now(kind))
                return
            except StoreError as e:
                if e.args[0] != record.FULL or not self.make_room():
                    raise
        raise StoreError(record.FULL)

    def _is_nearly_full(self):
        """Asked seldom: littlefs walks the whole flash for it."""
        now = self._clock.now_s() // LOOK_S
        if now == self._looked:
            return False
        self._looked = now
        status = os.statvfs(self._root)
        return status[0] * status[3] < self._spare

    def make_room(self) -> bool:
        """The label that is missed least goes; for Kv.room too."""
        return any(self.books[kind].drop(self._slot_now(kind)) for kind in _SPARE)

    # ---- records

    def _again(self, kind, slot, meter, quality, _t_s, values):
        slot_s = start_of(_PERIODS[kind], slot)
        if kind == messages.CURVE:
            return self._record(topics.CV, kind, self._curve(slot_s, CURVE_S, meter, quality, values))
        body = {"day_s": slot_s - self._offset_s, "metering_point": meter}
        body.update({"quality": quality, "values": values})
        return self._record(topics.DA, kind, body)

    def _curve(self, slot_s, interval_s, meter, quality, values):
        body = {"slot_s": slot_s - self._offset_s, "interval_s": interval_s, "metering_point": meter}
        body.update({"quality": quality, "values": values})
        return body

    def _record(self, stream, kind, body):
        return self._add(stream, kind, *self._now(), body)

    # ---- for the composition

    def apply(self, kind, params, command_id):
        """RESEND: (reason, entries, commit)."""
        return self.resend.apply(params, command_id)

    def tick(self):
        """Each second."""
        while self._refused and self._keep(self._refused[0]):
            self._refused.pop(0)
        self.planned.tick()
        self.resend.tick()

    def tasks(self) -> list:
        return []

    def duties(self, planner, numbers) -> list:
        """For NOW: [[duty, slot_s UTC, done, absent, wanted], ...] of their present slots."""
        out = []
        for number in numbers:
            period_s = self.period_s(number)
            slot_s = start_of(period_s, slot_of(period_s, self._clock.now_s() + self._offset_s))
            out.append([number, slot_s - self._offset_s] + list(planner.progress(number)))
        return out

    def counts(self, kind) -> list:
        """[(slot, meters)] of what is kept of a kind, oldest first. Reads all of its files."""
        return [(slot, self.books[kind].count(slot)) for slot in self.books[kind].slots()]
