"""A pulse input: debounce, count, energy and power from edges. No pin, no clock: ticks come with the edges.

A level counts once it has stood for WIDTH_MS, so a pulse is a level 1 and the level 0 before it, each at
least so long (pulse outputs of meters give 80 +- 16 ms); shorter ones are contact bounce or noise. Edges that
were lost, doubled or out of order can only lose pulses, never make one; a power cut loses those since the
last save: nobody pays for what was not counted.
"""

WIDTH_MS = 30
STOP_MS = 900000  # without a pulse for so long the power is 0
KWH_DWMS = 36000000000  # 0.1 W milliseconds in a kWh


class Pulse:
    """`constant`: pulses per kWh. `saved`: what `saved()` gave, or None."""

    def __init__(self, clock, constant, saved):
        self._diff = clock.ticks_diff
        self._constant = constant
        self._count, before, self._base_wh = saved or (0, constant, 0)
        if before != constant:  # what was counted so far was counted at the other constant
            self._base_wh += self._count * 1000 // before
            self._count = 0
        self._level = self._heard = 0  # as it stands, as it was last heard
        self._heard_at = 0
        self._first_at = self._last_at = None  # the power comes from the pulses between these two
        self._pulses = 0
        self._span_ms = 0  # of one pulse, 0 not known

    def saved(self):
        return [self._count, self._constant, self._base_wh]

    def edge(self, level, at):
        """The input went to `level` at ticks `at`."""
        self._settle(at)
        if level != self._heard:
            self._heard, self._heard_at = level, at

    def _settle(self, now):
        """Take the level heard last for the level if it stands long enough."""
        if self._heard == self._level or self._diff(now, self._heard_at) < WIDTH_MS:
            return
        self._level = self._heard
        if self._level:
            self._count += 1
            self._last_at = self._heard_at
            if self._first_at is None:
                self._first_at = self._heard_at
            else:
                self._pulses += 1

    def values(self, now):
        """{point number: value} at ticks `now`: power and energy."""
        self._settle(now)
        return {8: self._power_dw(now), 320: self._base_wh + self._count * 1000 // self._constant}

    def _power_dw(self, now):
        """Mean over the pulses since the last call that saw some; later at most what one pulse allows.

        0 until there were two pulses: a load is known from the second one on.
        """
        if self._first_at is None:
            return 0
        if self._pulses:
            self._span_ms = self._diff(self._last_at, self._first_at) // self._pulses
            self._first_at, self._pulses = self._last_at, 0
        quiet_ms = self._diff(now, self._last_at)
        if quiet_ms > STOP_MS:
            self._first_at, self._span_ms = None, 0
        if self._span_ms <= 0:
            return 0
        return KWH_DWMS // (self._constant * max(self._span_ms, quiet_ms))
