"""The run of a device: its seconds, and what fails in it: told and counted, it stops nothing else."""

import gc

# A power cut counts for no longer: a clock set wrong must not end a guarantee (at most 24 h), and the longest
# remote limit (7.5 h) ends all the same.
OFF_MAX_S = 12 * 3600
FAULT_S = 3600  # one task is told as failed once in so long, with how often it was since the start


class RunClock:
    """`run_s`: seconds that only go forward and survive restarts.

    The time without power is added once, when the clock is trusted.
    """

    def __init__(self, clock, saved):
        self._clock = clock
        well_formed = isinstance(saved, list) and len(saved) == 2 and all(isinstance(v, int) for v in saved)
        self._run_s, self._saved_t_s = saved if well_formed else (0, 0)
        self._tick = clock.ticks_ms()
        self._rest_ms = 0
        self._owed = self._saved_t_s > 0  # time without power not added yet
        self._boot_run_s = self._run_s
        self.off_s = 0

    def now_s(self):
        tick = self._clock.ticks_ms()
        self._rest_ms += max(0, self._clock.ticks_diff(tick, self._tick))
        self._tick = tick
        self._run_s += self._rest_ms // 1000
        self._rest_ms %= 1000
        if self._owed and self._clock.ok:
            self._owed = False
            since_boot_s = self._run_s - self._boot_run_s
            self.off_s = min(OFF_MAX_S, max(0, self._clock.now_s() - self._saved_t_s - since_boot_s))
            self._run_s += self.off_s
        return self._run_s

    def saved(self):
        """What the journal keeps: run_s and the UTC second it belongs to, 0 while that is not known.

        While time is owed the older stamp moves on with run_s: no time is lost and none counted twice.
        """
        if self._clock.ok and not self._owed:
            return [self._run_s, self._clock.now_s()]
        since_boot_s = self._run_s - self._boot_run_s
        return [self._run_s, self._saved_t_s + since_boot_s if self._owed else 0]


class Running:
    """`tell(name, fields)` of the events."""

    def __init__(self, clock, kv, tell):
        self._clock = clock
        self._kv = kv
        self._tell = tell
        self._run = RunClock(clock, kv.get("run"))
        self._faults = {}  # task -> [run_s of its last event or None, failures since the start]
        self._failed = []  # (task, error) not told yet

    def run_s(self):
        return self._run.now_s()

    def off_s(self):
        """How long the power was off before this start; 0 while the clock cannot tell."""
        return self._run.off_s

    def safely(self, task, function, *args):
        """Call it and return whether it went well; if not, `report` tells of the task."""
        try:
            function(*args)
            return True
        except Exception as error:
            self._failed.append((task, error))
            return False

    def report(self):
        """Tell what failed: never before the relays are driven, for it may write flash."""
        failed, self._failed = self._failed, []
        for task, error in failed:
            if isinstance(error, MemoryError):
                gc.collect()
            self.fault(task, repr(error))

    def fault(self, task, error):
        """A part of the device failed, or was restarted."""
        run_s = self.run_s()
        row = self._faults.setdefault(task, [None, 0])
        row[1] += 1
        if row[0] is None or run_s - row[0] >= FAULT_S:
            row[0] = run_s
            self._tell("terminal_fault", {"task": task, "error": error[:60], "value": row[1]})
