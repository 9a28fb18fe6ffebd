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

    `doubts`: totals that were read again. `refused`: cycles given up because the bus had too much to do.
    """

    def __init__(self, clock, on_power):
        self.points = []  # of this line; a change takes effect with the next cycle
        self._clock = clock
        self._on_power = on_power
        self._turn = self._slow_turn = 0
        self.doubts = self.refused = 0

    async def run(self):
        while True:
            start = self._clock.ticks_ms()
            try:
                await self._cycle(self.points, start)
            except bus.BusFull:
                self.refused += 1
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
            fine = await self._fast(awake[self._turn % len(awake)]) and fine
        for n in range(len(points)):
            # A slow meter gets at least one; a mute one has had its time.
            if (n or not fine) and self._spent_ms(start) > SLOW_UNTIL_MS:
                return
            await self._slow(points)

    async def _fast(self, point):
        """Power and energy; False when the meter is mute."""
        power_di, energy_di = point.profile.fast
        read = point.meter.read
        if not await self._read(point, power_di, read):
            return False
        self._on_power()
        if not await self._read(point, energy_di, read):
            return False
        return point.export_di is None or await self._read(point, point.export_di, read)

    async def _slow(self, points):
        """The next of what is read in turn, of the next meter that answers."""
        for _ in points:
            self._slow_turn += 1
            point = points[self._slow_turn % len(points)]
            if not point.meter.failures:
                di = point.meter.next_slow()
                if di is not None:
                    await self._read(point, di, point.meter.read_one)
                return

    async def _read(self, point, di, read):
        """Read into `latest`; False when the meter is mute.

        A total that does not follow the last one is asked again before anything else on the line, and left
        out when the second answer does not follow the first.
        """
        values = await read(bus.POLL, di)
        if values is None:
            return False
        power_dw = abs(point.latest.get(point.profile.power) or 0)
        if any(register.doubts(values, power_dw) for register in point.registers):
            self.doubts += 1
            first, values = values, await read(bus.VERIFY, di)
            if values is None:
                return False
            for register in point.registers:
                register.agree(first, values, power_dw)
        for register in point.registers:
            register.take(values, power_dw)
        point.latest.put(values)
        return True
