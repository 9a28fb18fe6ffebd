"""Seconds of the run, by ticks: no step of the clock makes a delay longer or shorter."""

STEP_MS = 2000  # the clock moved that far against the ticks: it was set


class Beat:
    def __init__(self, clock):
        self._clock = clock
        self._ticks = clock.ticks_ms()
        self._ahead_ms = clock.now_ms()  # of the run
        self._run_ms = 0

    @property
    def run_s(self):
        return self._run_ms // 1000

    def tick(self):
        """Call each second. By how many ms the clock was set ahead since the last call, 0 when it was not."""
        ticks = self._clock.ticks_ms()
        self._run_ms += max(0, self._clock.ticks_diff(ticks, self._ticks))
        self._ticks = ticks
        ahead_ms = self._clock.now_ms() - self._run_ms
        step_ms, self._ahead_ms = ahead_ms - self._ahead_ms, ahead_ms
        return step_ms if abs(step_ms) > STEP_MS else 0
