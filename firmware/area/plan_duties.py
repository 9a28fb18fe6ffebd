"""Duties: what is read again and again, of whom, and which slot of local time a reading belongs to.

Local time is seconds since 1970 of the local clock. A slot is known by its number; it begins at `start_of`.
"""

from collections import namedtuple

from firmware.area.archive import KEY, PREPAID
from protocols.meters.dlt645_types import date

VERIFY, ON_DEMAND, FREEZE, POLL, BACKFILL = range(5)  # priorities, most urgent first

DAY_S = 86400
MONTH = 0  # a period: slots begin on the first of each month

# How an exchange ended; then, why else a slot of a meter stays without a value.
OK = 0
MUTE, REFUSED, GARBLED = 1, 2, 3  # no answer; the meter will not give this read; nothing that can be believed
EMPTY = 4  # it answers, but has no value of this slot yet
UNASKED, CLOCK = 5, 6  # its turn never came; the clock jumped over the slot
REMOVED, EXPIRED = 7, 8  # meter or duty went away; what was asked for once came too late

# number: 1..255. reads: (number, ...) 0..255; what it means for a meter's profile only the driver knows.
# priority: FREEZE, POLL or BACKFILL. period_s: a part of a day, whole days, or MONTH.
# window: (first, end) second of the local day. tries, retry_s: so many exchanges in a row may fail before
# the meter rests retry_s and longer. who: (flags, group) a meter must have, 0 any.
# back: earlier slots that are still asked for.
Duty = namedtuple(
    "Duty", ("number", "reads", "priority", "period_s", "window", "tries", "retry_s", "who", "back")
)

ALL = (0, 0)
KEY_USERS = (KEY, 0)
BALANCES = (PREPAID, 0)
WHOLE_DAY = (0, DAY_S)
FROZEN = (300, DAY_S)  # a meter's clock may be 5 minutes slow

# Reads of the duties a concentrator has without being told.
DAY_FREEZE, MONTH_FREEZE, CURVE_POINT, STATUS, ENERGY = 1, 2, 3, 4, 5
UNKEPT = (STATUS, ENERGY)  # duties of which neither values nor gaps are records
LOCAL = (
    Duty(1, (DAY_FREEZE,), FREEZE, DAY_S, FROZEN, 3, 900, ALL, 3),
    Duty(2, (MONTH_FREEZE,), FREEZE, MONTH, FROZEN, 3, 900, ALL, 1),
    Duty(3, (CURVE_POINT,), POLL, 900, WHOLE_DAY, 2, 900, KEY_USERS, 3 * 96),
    Duty(4, (STATUS,), POLL, 900, WHOLE_DAY, 2, 900, ALL, 0),
    Duty(5, (ENERGY,), POLL, 900, WHOLE_DAY, 2, 900, BALANCES, 0),  # by which ledgers go on
)


def slot_of(period_s, local_s) -> int:
    """The number of the slot that this second lies in."""
    if period_s:
        return local_s // period_s
    year, month, _day = date(local_s // DAY_S)
    return year * 12 + month - 1


def start_of(period_s, slot) -> int:
    """Its first second."""
    if period_s:
        return slot * period_s
    year, month = slot // 12, slot % 12  # days from 0000-03-01 to the first of the month, then from 1970
    year -= month < 2
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * ((month + 10) % 12) + 2) // 5
    return (days - 719468) * DAY_S


def belongs(duty, archive, meter) -> bool:
    flags, group = duty.who
    has = archive.line(meter) and archive.flags(meter) & flags == flags
    return bool(has) and group in (0, archive.group(meter))
