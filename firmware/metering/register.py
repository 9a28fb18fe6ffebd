"""A meter's energy total that goes on: wrong readings are not believed, and a changed meter breaks nothing.

Wh as the meter shows them. A total that the power explains counts at once. Any other is read again before
everything else (firmware.metering.poller) and counts when it comes twice; then it is one of these:

    usage       a customer can have used so much since the total last moved
    old again   it follows the total before the last break: that break is taken back
    break       another meter, a cleared or damaged register: the running total (total + offset) stands where
                it was, so that nobody pays for it. The command meter_change tells what was used meanwhile.

Seconds are counted by `tick`: no clock is looked at. After a restart it is not known how long the total
stood, so a rise counts as usage unless no time explains it.
"""

LIKELY = 2  # a load seldom doubles between two readings: more is read again, which costs one exchange
SLACK_WH = 20  # two steps of a register XXXXXX.XX
MOST_DW = 1000000  # secondary side: above 3 x 100 A at 230 V
UNKNOWN_S = 31 * 86400
BACK_S = 3600  # so long after a break the old total may come back
ROUNDING_WH = 1000  # of readings that people take: some note whole kWh
MOST_SHIFT_WH = 1000000  # used at most while a meter is changed
MOST_WH = 10**12  # of a total: eight points, each with the largest multiplier, are still 63 bits
WHS = 36000  # 0.1 W seconds in a Wh


def _follows(total_wh, before_wh, power_dw, seconds):
    return 0 <= total_wh - before_wh <= SLACK_WH + power_dw * seconds // WHS


class Register:
    """`no`: its point number. `saved`: what `saved()` gave, or None. `stood_s`: how long its total stood, if
    that is known. `broken`: (total before, total after) of a break that nobody told yet.
    """

    def __init__(self, no, saved, stood_s=None):
        self.no = no
        self.total_wh, self.offset_wh, self._last_wh, self._first_wh = saved or (None, 0, None, None)
        self._stood_s = None if self.total_wh is None else stood_s  # since the total moved
        self._broke_s = BACK_S
        self._power_dw = 0  # highest since then
        self.broken = None

    def saved(self):
        """What flash keeps; the last two are the totals before and after the last break."""
        return [self.total_wh, self.offset_wh, self._last_wh, self._first_wh]

    def tick(self):
        """Call each second."""
        if self._stood_s is not None:
            self._stood_s += 1
        self._broke_s += 1

    def doubts(self, values, power_dw):
        """Whether the answer `values` {point number: value} shows a total that must be read again."""
        total_wh = values.get(self.no)
        if total_wh is None:
            return False
        if self._stood_s is None:
            return True
        power_dw = max(power_dw, self._power_dw)
        return not _follows(total_wh, self.total_wh, LIKELY * power_dw, self._stood_s + 1)

    def agree(self, first, values, power_dw):
        """Leave the total out of the second answer `values` when it does not follow the one in `first`, or
        no meter can show it."""
        before_wh, total_wh = first.get(self.no), values.get(self.no)
        if total_wh is None:
            return
        if before_wh is None or total_wh > MOST_WH or not _follows(total_wh, before_wh, LIKELY * power_dw, 1):
            del values[self.no]

    def take(self, values, power_dw):
        """Believe the total in `values`, if there is one."""
        total_wh, before_wh = values.get(self.no), self.total_wh
        if total_wh is None:
            return
        if before_wh is not None:
            stood_s = UNKNOWN_S if self._stood_s is None else self._stood_s + 1
            self._carry(before_wh, total_wh, _follows(total_wh, before_wh, MOST_DW, stood_s))
        if total_wh != before_wh or self._stood_s is None:
            self._stood_s = self._power_dw = 0
        self._power_dw = max(power_dw, self._power_dw)
        self.total_wh = total_wh

    def _carry(self, before_wh, total_wh, usage):
        """Let the running total stand over a break, or take the last one back; plain usage changes nothing.

        A total that fell and is up again is the old one, not usage, or it would count at each time it falls.
        """
        last_wh, first_wh = self._last_wh, self._first_wh
        back = last_wh is not None and first_wh is not None and self._broke_s < BACK_S
        if back and _follows(total_wh, last_wh, MOST_DW, self._broke_s):
            if not usage or first_wh < last_wh:
                self.offset_wh += first_wh - last_wh
                self._last_wh = self._first_wh = None
                self._broke_s = BACK_S
                self.broken = before_wh, total_wh
        elif not usage:
            self.offset_wh += before_wh - total_wh
            self._last_wh, self._first_wh = before_wh, total_wh
            self._broke_s = 0
            self.broken = before_wh, total_wh

    def change(self, old_wh, new_wh):
        """State to go on from when a meter was taken off at `old_wh` and its follower put on at `new_wh`.

        None when these do not fit what was read: doubt changes nothing. The same change told twice adds
        nothing the second time.
        """
        if self.total_wh is None:
            return None
        if self._last_wh is None:  # no break was seen: is it the new meter that is read?
            if abs(self.total_wh - new_wh) >= abs(self.total_wh - old_wh):
                return None
            lacks_wh = old_wh - new_wh
        else:
            before_wh, after_wh = old_wh - self._last_wh, self._first_wh - new_wh
            if min(before_wh, after_wh) < -ROUNDING_WH or before_wh + after_wh > MOST_SHIFT_WH:
                return None
            lacks_wh = max(0, before_wh + after_wh)
        return [self.total_wh, self.offset_wh + lacks_wh, old_wh, new_wh]
