"""Keeps the tasks of a device running: restart with backoff, count, remember the error, feed the watchdog.

running --raises, returns or stuck--> waiting (backoff) --> running
watchdog: fed each beat in which every marked task made progress within its limit
"""

import asyncio
import gc

BEAT_S = 1
BACKOFF_S = (1, 2, 4, 8, 15, 30)  # after the n-th failure in a row
STEADY_BEATS = 60  # ran so long: the next failure is the first in a row again
MAX_ERROR = 120  # characters of a kept error text


class _Entry:
    """One asyncio task each: it makes the coroutine, awaits it, and waits before it makes the next."""

    def __init__(self, factory, limit_ms):
        self.factory, self.limit_ms = factory, limit_ms
        self.task = None
        self.running = False  # the coroutine, and not the wait before it
        self.marked = 0  # ticks of the last sign of progress
        self.stuck = False
        self.beats = 0  # since the last start; ticks would wrap in a task that runs for days
        self.failures = 0  # in a row
        self.restarts = 0
        self.error = ""
        self.error_s = 0


class Supervisor:
    """`log(event, **fields)` gets one call an event; `on_restart(name, error, t_s)` is told of each failure.

    `board` gives clock and feed. `sleep(seconds)` can be replaced by tests.
    """

    def __init__(self, log, on_restart, board, sleep=asyncio.sleep):
        self._log, self._on_restart, self._sleep = log, on_restart, sleep
        self._clock, self._feed = board.clock, board.feed
        self._entries = {}
        self._stopping = False
        self.untold = 0  # failures that log or on_restart could not take

    def add(self, name, factory, limit_ms=None):
        """Add a task before `run`: `factory()` makes the coroutine, which is meant never to end.

        With `limit_ms` the task is marked: it must call `alive(name)` at least that often, or the watchdog
        starves and the task is cancelled and started anew.
        """
        self._entries[name] = _Entry(factory, limit_ms)

    def alive(self, name):
        """Progress mark of a marked task."""
        self._entries[name].marked = self._clock.ticks_ms()

    @property
    def restarts(self) -> int:
        return sum(entry.restarts for entry in self._entries.values())

    def state(self) -> dict:
        """{name: (restarts, last error text, its UTC seconds)} for diagnostics."""
        return {name: (e.restarts, e.error, e.error_s) for name, e in self._entries.items()}

    async def run(self):
        """Run all tasks until cancelled; then all of them are cancelled and have ended."""
        self._stopping = False
        for name, entry in self._entries.items():
            entry.task = asyncio.create_task(self._keep(name, entry))
        try:
            while True:
                try:
                    await self._sleep(BEAT_S)
                    self._beat()
                except MemoryError:
                    gc.collect()  # the next beat tries again
        finally:
            self._stopping = True
            for entry in self._entries.values():
                entry.task.cancel()
            for entry in self._entries.values():
                await _ended(entry.task)

    def _beat(self):
        now = self._clock.ticks_ms()
        fed = True
        for name, entry in self._entries.items():
            entry.beats += 1
            if entry.task.done():  # the keeper itself found no memory: nobody else would start the task again
                fed = False
                entry.restarts += 1
                entry.task = asyncio.create_task(self._keep(name, entry))
                continue
            if entry.limit_ms is None or self._clock.ticks_diff(now, entry.marked) <= entry.limit_ms:
                continue
            fed = False
            if entry.running and not entry.stuck:
                entry.stuck = True
                entry.task.cancel()
        if fed:
            self._feed()

    async def _keep(self, name, entry):
        while True:
            entry.stuck, entry.beats, entry.marked = False, 0, self._clock.ticks_ms()
            entry.running = True
            try:
                await entry.factory()
                error = "returned"
            except asyncio.CancelledError:
                if self._stopping:
                    raise
                error = "stuck" if entry.stuck else "cancelled"
            except Exception as e:
                gc.collect()  # it may be memory that ran out
                error = repr(e)
            entry.running = False
            if self._stopping:
                return
            if entry.beats >= STEADY_BEATS:
                entry.failures = 0
            wait_s = BACKOFF_S[min(entry.failures, len(BACKOFF_S) - 1)]
            entry.failures += 1
            entry.restarts += 1
            entry.error, entry.error_s = error[:MAX_ERROR], self._clock.now_s()
            self._tell(name, entry, wait_s)
            await self._sleep(wait_s)

    def _tell(self, name, entry, wait_s):
        try:
            self._log("task_failed", task=name, error=entry.error, restart_in_s=wait_s)
            self._on_restart(name, entry.error, entry.error_s)
        except Exception as e:  # such as a flash that refuses the event: the restart must go on
            self.untold += 1
            entry.error = (entry.error + "; untold: " + repr(e))[:MAX_ERROR]


async def _ended(task):
    try:
        await task
    except asyncio.CancelledError:
        pass
