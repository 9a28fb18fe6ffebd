"""Virtual time for MicroPython's asyncio: it moves on when nobody has work, straight to the next timer.

    run(factor)        at most `factor` virtual ms a real one; a slow machine only makes the day longer
    ticks_ms()         what the firmware's clock and every timer of asyncio see

While a task works, virtual time stands still: no load of the machine can make a control miss a second.
Sockets stay in real time; while one is waited for, time goes on at the factor. A loop that only yields gets a
millisecond each SPIN passes: on a board it would pass time too.

asyncio keys what is ready (create_task, Event.set, a socket) by the real ticks, in C, and timers by
`core.ticks`. Virtual ticks begin AHEAD of the real ones and are never overtaken, so that what is ready comes
before every timer.
"""

# MicroPython's own names
# pyright: reportAttributeAccessIssue=false

import time
from asyncio import core

AHEAD_MS = 1_000_000_000_000  # 31 years
SPIN = 64
SLACK_US = 50_000  # of real time the process is behind: made good, more is not


class Warp:
    def __init__(self, factor):
        self.factor = factor
        self.ms = time.ticks_ms() + AHEAD_MS
        self._paid_us = time.ticks_us()  # real instant at which `ms` was due
        self._spins = 0
        core.ticks = self.ticks_ms
        core.IOQueue.wait_io_event = lambda queue, dt: self._wait(queue, dt)

    def ticks_ms(self):
        return self.ms

    def _wait(self, queue, dt):
        """In place of IOQueue.wait_io_event: `dt` virtual ms to the next timer, -1 when there is none."""
        if dt == 0:
            self._spins += 1
            if self._spins >= SPIN:
                self._spins = 0
                self.ms += 1
            self._poll(queue, 0)
            return
        self._spins = 0
        now_us = time.ticks_us()
        dt = dt if dt > 0 else 1000
        due_us = max(self._paid_us, now_us - SLACK_US) + dt * 1000 // self.factor
        rest_us = max(0, due_us - now_us)
        if self._poll(queue, rest_us // 1000):
            after_us = time.ticks_us()
            self.ms += min(dt, max(0, after_us - now_us) * self.factor // 1000)
            self._paid_us = after_us
        else:
            self.ms += dt
            self._paid_us = due_us

    def _poll(self, queue, ms):
        """Wake what waits for sockets; whether there was any."""
        woken = False
        for s, flags in queue.poller.ipoll(ms):
            woken = True
            waiting = queue.map[id(s)]
            if flags & ~core.select.POLLOUT and waiting[0] is not None:
                core._task_queue.push(waiting[0])
                waiting[0] = None
            if flags & ~core.select.POLLIN and waiting[1] is not None:
                core._task_queue.push(waiting[1])
                waiting[1] = None
            if waiting[0] is None and waiting[1] is None:
                queue._dequeue(s)
            else:
                queue.poller.modify(s, core.select.POLLOUT if waiting[0] is None else core.select.POLLIN)
        return woken
