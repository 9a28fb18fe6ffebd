"""AC sampling on the board: the board gives the values, energy is added up here. Integers, exact remainder.

Between two samples the power is taken as the mean of both. A gap above GAP_MS counts nothing, and a power cut
loses what came since the last save: nobody pays for what was not measured.
"""

GAP_MS = 5000
WH_DWMS = 72000000  # 0.1 W milliseconds in a Wh, twice, since the sum of two powers is added up


class Ac:
    """`saved`: what `saved()` gave, or None: Wh imported and exported, and what is not yet a Wh of them."""

    def __init__(self, clock, saved):
        self._diff = clock.ticks_diff
        self._sums = list(saved or (0, 0, 0, 0))
        self._power_dw = None  # of the last sample
        self._at = 0

    def saved(self):
        return list(self._sums)

    def values(self, sample, now):
        """`sample` {point number: value} of ticks `now`, with the energy totals put in."""
        power_dw = sample.get(8)
        if power_dw is not None and self._power_dw is not None:
            span_ms = self._diff(now, self._at)
            if 0 < span_ms <= GAP_MS:
                self._add((power_dw + self._power_dw) * span_ms)
        self._power_dw, self._at = power_dw, now
        out = dict(sample)
        out[320], out[384] = self._sums[:2]
        return out

    def _add(self, work):
        """`work` in 0.1 W milliseconds, twice; below 0 it is exported."""
        sums, to = self._sums, 1 if work < 0 else 0
        work = abs(work) + sums[2 + to]
        sums[to] += work // WH_DWMS
        sums[2 + to] = work % WH_DWMS
