"""Curve points and daily freezes as records, from the latest readings or from the meter's own freeze."""

import asyncio

from firmware.metering import bus
from firmware.metering.readings import CURVE_FRESH_MS, SLOT_LATE_S, Slots
from firmware.store.kv import StoreError
from protocols.meters.dlt645_types import date
from protocols.uplink import messages

DAY_S = 86400
MAIN_POINT = 1  # metering point of the main meter
MEASURED, BACKFILLED, SUSPECT = 0, 1, 4  # points.QUALITIES
BACKFILL_S, BACKFILL_MAX_S = (
    5,
    3600,
)  # pause before the meter is asked for its freeze, doubled while it is mute


def _bcd(byte):
    return (byte >> 4) * 10 + (byte & 15)


def is_midnight_of(freeze_time, local_day_s):
    """Whether the meter's freeze (mm hh DD MM YY, BCD) was made at 00:00 of this local day (seconds)."""
    if len(freeze_time) != 5:
        return False
    year, month, day = date(local_day_s // DAY_S)
    return tuple(_bcd(b) for b in freeze_time) == (0, 0, day, month, year % 100)


class Recorder:
    """`add(stream, kind, t_s, t_ok, body)` is the outbox's; `kv` keeps the label of the last freeze."""

    def __init__(self, meter, profile, latest, clock, kv, add, interval_s, utc_offset_s):
        self._meter = meter
        self._profile = profile
        self._latest = latest
        self._clock = clock
        self._kv = kv
        self._add = add
        self._interval_s = interval_s
        self._offset_s = utc_offset_s
        self._curve = Slots(interval_s)
        self._made_s = kv.get("day_s") or 0  # local day of the last freeze made
        self._day = Slots(DAY_S, self._made_s)
        self._backfill_tried_s = 0
        self.store_errors = 0

    def tick(self):
        """Call each second. It never waits for the meter: the same task decides on trips."""
        if self._latest.get(self._profile.power) is None:
            return  # the meter is mute; a slot that passes so stays missing
        now_s = self._clock.now_s()
        slot_s = self._curve.due(now_s)
        if slot_s is not None:
            self._put_curve(slot_s, now_s)
        day_s = self._day.due(now_s + self._offset_s)
        if day_s is not None:
            values = self._latest.pick(self._profile.daily, CURVE_FRESH_MS)
            self._put_daily(day_s, now_s, self._quality(), values)

    async def run(self):
        """The task that fetches a freeze which was missed."""
        pause_s = BACKFILL_S
        while True:
            await asyncio.sleep(pause_s)
            answered = not self._clock.ok or await self.backfill()
            pause_s = BACKFILL_S if answered else min(BACKFILL_MAX_S, 2 * pause_s)

    def _quality(self):
        return MEASURED if self._clock.ok else SUSPECT

    def _put_curve(self, slot_s, now_s):
        values = self._latest.pick(self._profile.curve, CURVE_FRESH_MS)
        body = {
            "slot_s": slot_s,
            "interval_s": self._interval_s,
            "metering_point": MAIN_POINT,
            "quality": self._quality(),
            "values": values,
        }
        self._add("da", messages.CURVE, now_s, int(self._clock.ok), body)

    def _put_daily(self, local_day_s, now_s, quality, values):
        body = {
            "day_s": local_day_s - self._offset_s,
            "metering_point": MAIN_POINT,
            "quality": quality,
            "values": values,
        }
        self._add("da", messages.DAILY, now_s, int(self._clock.ok), body)
        self._made_s = local_day_s
        try:
            self._kv.put({"day_s": local_day_s})
        except StoreError:
            # At worst the freeze is made again after a restart, and the station keeps one of the two.
            self.store_errors += 1

    async def backfill(self):
        """After a midnight without power or reading: today's freeze from the meter, if the meter made one.

        False when the meter is mute: ask again.
        """
        now_s = self._clock.now_s()
        local_s = now_s + self._offset_s
        today_s = local_s - local_s % DAY_S
        if local_s - today_s <= SLOT_LATE_S or today_s in (self._made_s, self._backfill_tried_s):
            return True  # the midnight may still be cut from readings, or nothing is missing
        if self._latest.get(self._profile.power) is None:
            return True  # a meter that gives no power is not asked for more
        time_di, energy_di = self._profile.freeze
        freeze_time = await self._meter.read_raw(bus.BACKFILL, time_di)
        if freeze_time is None:
            return False
        values = {}
        if is_midnight_of(freeze_time, today_s):
            values = await self._meter.read(bus.BACKFILL, energy_di)
        if values is None:
            return False
        self._backfill_tried_s = today_s
        if values:
            self._day.last_s = today_s
            self._put_daily(today_s, now_s, BACKFILLED, values)
        return True
