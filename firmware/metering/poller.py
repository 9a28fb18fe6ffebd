"""What is read from the meters of one line and when.

Each second: power and energy of the first meter, of one other in turn, and then, while time is left, the
rest of all in turn. So eight meters on a line of 9600 bits/s stay younger than readings.FRESH_MS. A meter
that does not answer costs one time-out, at most once a second, and rests longer and longer (see meter).
"""

import asyncio

from firmware.metering import bus

CYCLE_MS = 1000
SLOW_UNTIL_MS = 850  # of a cycle; an exchange that begins later would put off the next power reading


class Poller:
    """Fills `latest` of its `points`; calls `on_power()` at each power reading: the trip path starts there.

    `doubts`: totals that were read again.
    """

    def __init__(self, clock, on_power):
        self.points = []  # of this line; a change takes effect with the next cycle
        self._clock = clock
        self._on_power = on_power
        self._turn = self._slow_turn = self.doubts = 0

    async def run(self):
        while True:
            start = self._clock.ticks_ms()
            await self._cycle(self.points, start)
            await asyncio.sleep_ms(max(1, CYCLE_MS - self._spent_ms(start)))

    def _spent_ms(self, start):
        return self._clock.ticks_diff(self._clock.ticks_ms(), start)

    async def _cycle(self, points, start):
        awake = [point for point in points if not point.meter.resting()]
        if not awake:
            return
        fine = True
        first = points[0]
        if first in awake:
            fine = await self._fast(first)
            awake.remove(first)
        if awake:
            self._turn += 1
            fine = await self._fast(awake[self._turn % len(awake)], self._clock.ticks_ms()) and fine
        for n in range(len(points)):
            # A slow meter gets at least one; a mute one has had its time.
            if (n or not fine) and self._spent_ms(start) > SLOW_UNTIL_MS:
                return
            await self._slow(points)

    async def _fast(self, point, start=None):
        """Power and energy; False when the meter is mute, or its turn that began at `start` is over."""
        told = False
        for each in point.profile.fast:
            if start is not None and self._spent_ms(start) > bus.SHARE_MS:
                return False
            if not await self._read(point, each, point.meter.read):
                return False
            if not told:
                told = True
                self._on_power()
        return point.export is None or await self._read(point, point.export, point.meter.read)

    async def _slow(self, points):
        """The next of what is read in turn, of the next meter that answers."""
        for _ in points:
            self._slow_turn += 1
            point = points[self._slow_turn % len(points)]
            # A failure is tried again by what is read fast; where there is none, here.
            if not point.meter.resting() and not (point.meter.failures and point.profile.fast):
                each = point.meter.next_slow()
                if each is not None:
                    await self._read(point, each, point.meter.read_one)
                return

    async def _read(self, point, each, read):
        """Read into `latest`; False when the meter is mute. What its profile does wrong is its own matter.

        A total that does not follow the last one is asked again before anything else on the line, and left
        out when the second answer does not follow the first.
        """
        try:
            values = await read(bus.POLL, each)
            if point.trial:
                point.profile.tried(point.trial, each, values, point.meter.heard)
                return values is not None
            if values is None:
                return False
            power_dw = abs(point.latest.get(point.profile.power) or 0)
            if any(register.doubts(values, power_dw) for register in point.registers):
                self.doubts += 1
                first, values = values, await read(bus.VERIFY, each)
                if values is None:
                    return False
                for register in point.registers:
                    register.agree(first, values, power_dw)
            for register in point.registers:
                register.take(values, power_dw)
            point.latest.put(values)
            return True
        except Exception:
            point.meter.faults += 1
            if point.trial:
                point.trial[0] += 1
            return False
