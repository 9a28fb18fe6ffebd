"""Freezes of a midnight without power or reading, from the meter's own last daily freeze."""

from firmware.metering import bus
from firmware.metering.readings import SLOT_LATE_S
from protocols.meters.dlt645_types import DAY_S, date

BACKFILLED = 1  # points.QUALITIES


def _bcd(byte):
    return (byte >> 4) * 10 + (byte & 15)


def is_midnight_of(freeze_time, local_day_s):
    """Whether the meter's freeze (mm hh DD MM YY, BCD) was made at 00:00 of this local day (seconds)."""
    if len(freeze_time) != 5:
        return False
    year, month, day = date(local_day_s // DAY_S)
    return tuple([_bcd(b) for b in freeze_time]) == (0, 0, day, month, year % 100)


async def fill(recorder, point, kept, local_s):
    """Today's freezes of this point that are missing, if its meter made one; False when the meter is mute."""
    day = local_s // DAY_S
    if local_s % DAY_S <= SLOT_LATE_S or kept.asked == day:
        return True  # the midnight may still be cut from readings, or the meter was asked
    kinds = [kind for kind in recorder.kinds_at(day, 0) if kept.fits(kind, day, True)]
    meter = point.meter
    if not kinds or meter is None or point.profile is None or recorder.power(point) is None:
        return True  # a meter that gives no power is not asked for more
    time_di, energy_di = point.profile.freeze
    freeze_time = await meter.read_raw(bus.BACKFILL, time_di)
    if freeze_time is None:
        return False
    values = {}
    if is_midnight_of(freeze_time, day * DAY_S):
        values = await meter.read(bus.BACKFILL, energy_di)
    if values is None:
        return False
    kept.asked = day
    for kind in kinds if values else ():
        recorder.freeze(kept, kind, day, 0, BACKFILLED, values)
    return True
