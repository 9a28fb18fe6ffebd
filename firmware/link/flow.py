"""What of one stream to send next; pure bookkeeping in sequence numbers, no I/O.

    stored <= tail ... tail_end   old records, paced: what waited while the link was down
                      head ...    new records, at once

Rules:
1. At most AHEAD records are under way per part: a station that stores nothing gets no more than that.
2. When nothing new is stored for `wait`, everything not stored counts as lost on the way: begin again at
   `stored` with one batch only, and double the wait. The first progress opens the window again.
"""

AHEAD = 1024  # records: four times what a station commits at once
RESEND_MS = 10000
RESEND_MAX_MS = 300000


class Flow:
    """`newest`: so many of the latest records go first after an outage, the older ones follow as the tail."""

    def __init__(self, clock, newest):
        self._clock = clock
        self._newest = newest
        self.resends = 0
        self.start(0, 1)

    def start(self, stored, next_seq):
        """The link is up: all up to `stored` is at the station."""
        self._wait_ms = RESEND_MS
        self._allow = None  # batches still allowed; None = no such limit
        self._place(stored, max(stored, next_seq - 1 - self._newest) if self._newest else stored)

    def _place(self, stored, tail_end):
        self.stored = self._tail = stored
        self._tail_end = self._head = self._head_from = tail_end
        self._progress = self._clock.ticks_ms()

    def _under_way(self):
        return self._tail > self.stored or self._head > max(self._head_from, self.stored)

    def check(self):
        """Call often: notices that the station stores nothing."""
        if not self._under_way():
            return
        if self._clock.ticks_diff(self._clock.ticks_ms(), self._progress) >= self._wait_ms:
            self.resends += 1
            self._wait_ms = min(self._wait_ms * 2, RESEND_MAX_MS)
            self._allow = 1
            self._place(self.stored, self.stored)

    def head(self, next_seq):
        """Number after which to send of the new records, None when there is nothing to send now."""
        if self._head + 1 >= next_seq or self._allow == 0:
            return None
        return self._head if self._head - max(self.stored, self._head_from) < AHEAD else None

    def tail(self, _next_seq):  # same call as `head`
        """The same of the old records."""
        if self._tail >= self._tail_end or self._allow == 0:
            return None
        return self._tail if self._tail - self.stored < AHEAD else None

    def sent(self, after, last):
        """A batch after number `after` is on its way, up to `last`."""
        if not self._under_way():
            self._progress = self._clock.ticks_ms()
        if self._allow:
            self._allow -= 1
        if after == self._head:
            self._head = last
        else:
            self._tail = min(last, self._tail_end)

    def progress(self, stored):
        """The station has stored all up to `stored`."""
        if stored <= self.stored:
            return
        self.stored = stored
        self._tail = max(self._tail, min(stored, self._tail_end))
        self._head = max(self._head, stored)
        self._wait_ms = RESEND_MS
        self._allow = None
        self._progress = self._clock.ticks_ms()
