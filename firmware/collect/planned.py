"""The planner over a restart, and the gaps it names, in one file.

    plan   a record a duty (sequence: its number), then those with its number and gaps (256)

A gap is told (ABSENT) only when the state that knows of it is on flash; those of one file have a number, kept
when all are told. A cut in between tells them again, with the same bodies. Slots whose gap was not on flash
are open after a cut: they are asked, or named, once more.
"""

import struct

from firmware.area import plan_duties
from firmware.store import sheaf
from firmware.store.record import StoreError
from protocols.uplink import area, topics

GAPS = 256
KEY = "gaps"  # number of the file whose gaps are all told
A_TICK = 16  # gaps told at once: an hour without meters must not hold the device up
_GAP = "<BHBBII"  # duty, meter, read, reason, first_s, last_s (local)
_GAP_BYTES = struct.calcsize(_GAP)
PIECE = 4000 * _GAP_BYTES  # of gaps in one record
_SAME = 5  # bytes of it that say whose


class Planned:
    """`add`, `kv`, `root` as in freezes; `now()` gives (t_s, t_ok). `errors` counts what flash refused."""

    def __init__(self, kv, root, add, now, offset_s, period_s):
        self._kv, self._path, self._add, self._now = kv, root + "/plan", add, now
        self._offset_s, self._period_s = offset_s, period_s
        self._fresh = []  # gaps that no file knows of yet
        self._gaps, self._at, self._number = b"", 0, 0  # those of the file, how many bytes of them are told
        self._saved = True  # False: the planner believes that it is, the flash refused
        self.errors = 0

    # ---- gaps

    def gap(self, duty, first_s, last_s, meter, read, reason):
        """The planner's callback. Slots next to each other become one record."""
        if duty in plan_duties.UNKEPT:  # who is unread, and since when, is told by an event
            return
        row = bytearray(struct.pack(_GAP, duty, meter, read, reason, max(0, first_s), max(0, last_s)))
        period_s = self._period_s(duty)
        for had in self._fresh if period_s and period_s < plan_duties.DAY_S else ():
            if had[:_SAME] == row[:_SAME] and self._next_to(had, row, period_s):
                return
        self._fresh.append(row)

    @staticmethod
    def _next_to(had, row, period_s):
        first_s, last_s = struct.unpack_from("<II", row, _SAME)
        if struct.unpack_from("<I", had, _SAME + 4)[0] + period_s != first_s:
            return False
        struct.pack_into("<I", had, _SAME + 4, last_s)
        return True

    def tick(self):
        """Tell some of the gaps that are on flash."""
        for _ in range(A_TICK):
            if self._at >= len(self._gaps):
                return
            if not self._tell(struct.unpack_from(_GAP, self._gaps, self._at)):
                self.errors += 1
                return
            self._at += _GAP_BYTES
            if self._at >= len(self._gaps):
                self._all_told()

    def _tell(self, gap):
        duty, meter, read, reason, first_s, last_s = gap
        first_s, last_s = max(0, first_s - self._offset_s), max(0, last_s - self._offset_s)
        body = {"duty": duty, "first_s": first_s, "last_s": last_s}
        body.update({"meter": meter, "read": read, "reason": reason})
        return self._add(topics.DA, area.ABSENT, *self._now(), body)

    def _all_told(self):
        self._gaps, self._at = b"", 0
        try:
            self._kv.put({KEY: self._number})
        except StoreError:
            self.errors += 1

    # ---- state

    def is_due(self, planner) -> bool:
        return planner.unsaved or not self._saved

    def keep(self, planner) -> bool:
        """Before the next exchange whenever the planner is `unsaved`; False when the flash refused."""
        gaps = self._gaps[self._at :] + b"".join(self._fresh)
        rows = [row for row in planner.save() if row[1]]
        for at in range(0, max(1, len(gaps)), PIECE):
            rows.append((GAPS, struct.pack("<I", self._number + 1) + gaps[at : at + PIECE]))
        self._saved = False
        try:
            sheaf.save(self._path, "plan", rows)
        except StoreError:
            self.errors += 1
            return False
        self._number += 1
        self._gaps, self._at, self._fresh, self._saved = gaps, 0, [], True
        return True

    def load(self, planner):
        """At the start, before the first `next`. What cannot be believed begins as new."""
        self._fresh = []
        self._gaps, self._at, self._number = b"", 0, self._kv.get(KEY) or 0
        told = self._number
        for duty, data in sheaf.load(self._path, "plan"):
            if duty == GAPS:
                self._number = struct.unpack_from("<I", data)[0]
                self._gaps += data[4:]
            else:
                planner.load(duty, data)
        if told == self._number:
            self._gaps = b""
