"""The energy a group has used: believed increments of its running total (domain 2c).

One bad reading neither takes money nor trips anybody: a total that does not follow the last one is ignored
three times in a row, then it is what the meter says. Whatever counts energy takes its increments from here.
"""

from firmware.control.records import Count, evolve

STRAYS_IGNORED = 3  # readings: first a bad reading, then a new meter
STRAY_APART_S = 20  # a sample repeats the last reading: only after so long is it surely another one
OLD_S = 900  # so long after a re-base the old total may come back, then the new meter is believed
READ_S = 3600  # a total that stands is noted as read this often, for the wear of the flash
# A rise is believed at once up to 20 times the power of now (a load seldom falls to a 20th between two
# readings), or 1 MW where the power says little; SPARE_S is for registers that move in coarse steps.
LIKELY_TIMES = 20
LIKELY_W = 1000000
MOST_W = 1000000000  # nobody behind one terminal uses more
SPARE_S = 60

NOTHING = Count(None, 0, 0, None, 0, 0)


def used(count, no, power_w, energy_wh, now_s, events):
    """(count, Wh used since the last reading that was believed)."""
    if energy_wh is None:
        return count, 0
    if count.base_wh is None:
        return evolve(count, base_wh=energy_wh, read_s=now_s), 0
    if energy_wh == count.base_wh and not count.strays and now_s - count.read_s < READ_S:
        return count, 0
    from_wh, since_s = _start(count, energy_wh, now_s)
    used_wh = energy_wh - from_wh
    span_s = now_s - since_s + SPARE_S
    if 0 <= used_wh <= max(LIKELY_TIMES * abs(power_w or 0), LIKELY_W) * span_s // 3600:
        return _believe(count, energy_wh, now_s), used_wh
    return _stray(count, no, energy_wh, used_wh, now_s, MOST_W * span_s // 3600, events)


def _start(count, energy_wh, now_s):
    """(total, run_s) to count from: a total back over the old one tells that the re-base was wrong."""
    old_wh = count.old_wh
    if old_wh is None or energy_wh < old_wh or now_s - count.old_s >= OLD_S:
        return count.base_wh, count.read_s
    return old_wh, count.old_s


def _believe(count, energy_wh, now_s):
    old_wh = count.old_wh
    if old_wh is not None and (energy_wh >= old_wh or now_s - count.old_s >= OLD_S):
        old_wh = None
    return Count(energy_wh, 0, 0, old_wh, count.old_s, now_s)


def _stray(count, no, energy_wh, used_wh, now_s, most_wh, events):
    """What somebody can have used is deducted in the end: it was, while nobody read. Else: a new meter."""
    if count.strays and now_s - count.since_s < STRAY_APART_S:
        return count, 0
    if count.strays < STRAYS_IGNORED:
        return evolve(count, strays=count.strays + 1, since_s=now_s), 0
    if 0 <= used_wh <= most_wh:
        return _believe(count, energy_wh, now_s), used_wh
    events.append(("register_rebased", {"group": no, "old_wh": count.base_wh, "new_wh": energy_wh}))
    old_wh = None
    if used_wh < 0:
        old_wh = count.base_wh if count.old_wh is None else max(count.old_wh, count.base_wh)
    return Count(energy_wh, 0, 0, old_wh, now_s, now_s), 0
