"""Freezes of a midnight without power or reading, from the meter's own last daily freeze."""

from firmware.metering import bus
from firmware.metering.readings import SLOT_LATE_S
from protocols.meters.dlt645_types import DAY_S

BACKFILLED = 1  # points.QUALITIES


async def fill(recorder, point, kept, local_s):
    """Today's freezes of this point that are missing, if its meter made one; False when the meter is mute."""
    day = local_s // DAY_S
    if local_s % DAY_S <= SLOT_LATE_S or kept.asked == day:
        return True  # the midnight may still be cut from readings, or the meter was asked
    kinds = [kind for kind in recorder.kinds_at(day, 0) if kept.fits(kind, day, True)]
    meter = point.meter
    if not kinds or meter is None or not point.profile.freeze or recorder.power(point) is None:
        return True  # a meter that gives no power is not asked for more
    time_read, energy_read = point.profile.freeze
    answer = await meter.read_raw(bus.BACKFILL, time_read)
    if answer is None:
        return False
    values = {}
    if point.profile.freeze_s(answer) == day * DAY_S:  # the meter made it at 00:00 of this local day
        values = await meter.read(bus.BACKFILL, energy_read)
    if values is None:
        return False
    kept.asked = day
    for kind in kinds if values else ():
        recorder.freeze(kept, kind, day, 0, BACKFILLED, values)
    return True
