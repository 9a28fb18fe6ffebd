"""What is read from the main meter and when: power and energy each second, the rest in turn."""

import asyncio

from firmware.metering import bus

CYCLE_MS = 1000


class Poller:
    """Fills `latest` from `meter`; calls `on_power()` at each power reading: the trip path starts there."""

    def __init__(self, meter, profile, latest, clock, on_power):
        self._meter = meter
        self._power_di, self._energy_di = profile.fast
        self._slow = profile.slow
        self._latest = latest
        self._clock = clock
        self._on_power = on_power
        self._next_slow = 0

    async def run(self):
        while True:
            start = self._clock.ticks_ms()
            if not self._meter.resting():
                await self._cycle()
            spent_ms = self._clock.ticks_diff(self._clock.ticks_ms(), start)
            await asyncio.sleep_ms(max(1, CYCLE_MS - spent_ms))

    async def _cycle(self):
        if await self._read(self._power_di):
            self._on_power()
            if await self._read(self._energy_di):
                slow = self._slow[self._next_slow]
                self._next_slow = (self._next_slow + 1) % len(self._slow)
                await self._read(slow)

    async def _read(self, di):
        values = await self._meter.read(bus.POLL, di)
        if values is None:
            return False
        self._latest.put(values)
        return True
