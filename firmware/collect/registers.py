"""What the daily freezes of one meter say: a total that falls, flies away, or stands. Pure.

Freezes come in any order: only one of a later day than the last is judged. Energies in Wh as the meter shows.
"""

from collections import namedtuple

from firmware.collect.rows import FLIES, STANDS, TOTAL, USED
from firmware.metering.measures import DECREASE, FLY_AWAY, STOP

SLACK_WH = 10  # one step of a register XXXXXX.XX: rule 26 of a terminal
MOST_WH = 316800  # of a day, a phase: 60 A at 220 V
OLD_DAYS = 200  # further behind, modulo 256, it is an earlier day
LONGEST = 255  # days that are counted

# roll_wh: registers begin again at 0 there. fly_e1: tenths of the most that could be used. stop_days.
Limits = namedtuple("Limits", ("roll_wh", "fly_e1", "stop_days"))
# what the rows keep: flags are TOTAL USED STANDS FLIES of rows.py
Seen = namedtuple("Seen", ("wh", "day", "stands", "flags"))


def judge(seen, wh, day, phases, is_cut, limits):
    """(Seen, [(event name, fields)]) after the freeze of that local day.

    `phases` 1 or 3. A meter whose switch is open may stand as long as it likes.
    """
    day &= 255
    if not seen.flags & TOTAL:
        return Seen(wh, day, 0, seen.flags | TOTAL), []
    days = (day - seen.day) & 255
    if not days or days > OLD_DAYS:
        return seen, []
    used = wh - seen.wh
    if used < 0 and seen.wh >= limits.roll_wh * 999 // 1000 and wh <= limits.roll_wh // 1000:
        used += limits.roll_wh
    if used < -SLACK_WH:
        fallen = ("register_decrease", {"kind": DECREASE, "value": wh, "before": seen.wh})
        return Seen(wh, day, 0, seen.flags), [fallen]
    stands, flags, events = _stand(seen, max(0, used), days, is_cut, limits.stop_days)
    most_wh = MOST_WH * phases * days * limits.fly_e1 // 10
    if (used > most_wh) != bool(flags & FLIES):
        flags ^= FLIES
        events += [_told("meter_fly_away", FLY_AWAY, flags & FLIES, used, most_wh, days)]
    return Seen(wh, day, stands, flags), events


def _stand(seen, used, days, is_cut, stop_days):
    """(days it has stood, flags, events)."""
    if used:
        flags, events = (seen.flags | USED) & ~STANDS, []
        if seen.flags & STANDS:
            events.append(_told("meter_stop", STOP, 0, used, stop_days, seen.stands))
        return 0, flags, events
    if is_cut or not seen.flags & USED:
        return seen.stands, seen.flags, []
    stands = min(LONGEST, seen.stands + days)
    if stands < stop_days or seen.flags & STANDS:
        return stands, seen.flags, []
    return stands, seen.flags | STANDS, [_told("meter_stop", STOP, 1, 0, stop_days, stands)]


def _told(name, kind, begins, value, limit, days):
    fields = {"kind": kind, "value": value, "limit": limit}
    if not begins:
        fields["ended"], fields["lasted_s"] = 1, days * 86400
    return name, fields
