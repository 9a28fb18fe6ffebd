"""RESEND: freezes that are kept are told once more.

It goes on over a restart, from the first meter of the day it was at: nobody has to know that there was one,
and what is told twice the station merges into one. One at a time: a second one is `busy`. Records go only
while few wait in the stream, so that it never pushes out what was not told yet.
"""

from firmware.area.plan_duties import DAY_S, MONTH, slot_of
from firmware.store.kv import StoreError
from protocols.uplink import messages
from protocols.uplink.codes import REASON_NO

KEY = "resend"  # [command, kind, first slot still to do, last slot, meter or 0, records told]
WAITING_MOST = 200  # records in the stream
A_TICK = 10
PERIODS = {messages.DAILY: DAY_S, messages.MONTHLY: MONTH}


class Resend:
    """`books`: {kind: Daybook}; `tell(kind, slot, meter, quality, t_s, values)` -> sequence, 0 when refused;
    `waiting()`: records of the stream that the station has not stored."""

    def __init__(self, kv, books, tell, waiting, offset_s):
        self._kv, self._books, self._tell, self._waiting = kv, books, tell, waiting
        self._offset_s = offset_s
        self._state = kv.get(KEY)
        self._rows = None
        self._row = None  # one that was not taken
        self.error = ""

    def apply(self, params, command):
        """(reason, entries, commit) as the gate wants it."""
        self.error = ""
        kind, meter = params["kind"], params.get("meter", 0)
        if kind not in PERIODS or params["from_s"] > params["until_s"] or meter > 1000:
            self.error = "kind, from_s, until_s or meter"
            return REASON_NO["bad_params"], {}, None
        if self._state:
            self.error = "resend %d is under way" % self._state[0]
            return REASON_NO["busy"], {}, None
        ends = [slot_of(PERIODS[kind], params[at] + self._offset_s) for at in ("from_s", "until_s")]
        state = [command, kind, ends[0], ends[1], meter, 0]

        def commit():
            self._state = state

        return 0, {KEY: state}, commit

    def work(self) -> list:
        """[[command, records told, 0, records wanted at least]] while it is under way."""
        if not self._state:
            return []
        return [[self._state[0], self._state[5], 0, self._state[5] + 1]]

    def tick(self):
        for _ in range(A_TICK):
            if not self._state or self._waiting() >= WAITING_MOST or not self._step():
                return

    def close(self):
        rows, self._rows = self._rows, None
        if rows:
            rows.close()

    def _step(self):
        """One record or one day on; False when the flash refuses."""
        _command, kind, slot, last, meter, _told = self._state
        book = self._books[kind]
        kept = [each for each in book.slots() if slot <= each <= last]
        if not kept:
            return self._save(None)
        if kept[0] != slot or self._rows is None:
            self.close()
            self._state[2] = slot = kept[0]
            self._rows = book.rows(slot)
        row = self._row or self._next()
        if row is None:
            self.close()
            self._state[2] += 1
            return self._save(self._state)
        if meter in (0, row[0]):
            self._row = row
            if not self._tell(kind, slot, *row):
                return False
            self._state[5] += 1
        self._row = None
        return True

    def _next(self):
        for row in self._rows or ():
            return row
        return None

    def _save(self, state):
        try:
            if state:
                self._kv.put({KEY: state})
            else:
                self._kv.delete(KEY)
        except StoreError:
            return False
        self._state = state
        return True
