"""What is kept of one metering point, group or the terminal: its open day and month, and labels made.

A label is a local day number (of a day itself, of the 1st of a month, of a billing day), of a curve the UTC
minute of its slot. One made with a trusted clock is never made again. One made while it was not trusted is
not made again without trust, but the right one may follow it: the station keeps the better quality. So
neither a restart nor any step of the clock doubles a record.
"""

from array import array

from firmware.metering import statistics

DAY_MIN = 1440
DAY, MONTH, CURVE, DAILY, MONTHLY, BILLING = 0, 1, 2, 3, 4, 5  # kinds of labels
UNSURE = 8  # + kind: the last label of that kind made without trust
STEPS = b"\x01\x1f\x00\x01\x1f\x01"  # days by which a label follows the one before it at most
RANGES = 8  # of a kind that are remembered; each missing label ends one

# Numbers of the state, before those of the day and of the month. A period's label is at its own number.
FLAGS = 2  # and 3
LAST = 4  # local minute counted last
KNOWN, ENERGY = 5, 6  # of a group: local minute up to which its energy is counted, and its total then
HEAD = 7
NONE = -1

TRUSTED, DOUBTED = 1, 2  # flags: minutes of both kinds may be in a period
MEASURED, SUSPECT = 0, 4  # points.QUALITIES


def _numbers(values, code):
    """Whether these are whole numbers that an array of this code takes."""
    most = 1 << (31 if code == "i" else 62)
    return isinstance(values, list) and all([type(v) is int and -most < v < most for v in values])


class Tally:
    """`rows` of statistics.table, `code` of the array they are counted in; `kept` as `dump` gave it. What is
    malformed, or of a table that has changed since, is begun anew.

    `demand` samples its power, None for the terminal. `made`: [kind, first label, last label, ...].
    """

    def __init__(self, key, rows, code, kept, demand):
        self.key = key
        self._rows = rows
        self._size = statistics.size(rows)
        self.demand = demand
        self.average = None  # of the demand window that ended with the minute
        self.asked = NONE  # label for which the meter was asked for its freeze
        self.waiting = False  # a minute has ended and is not counted yet
        self.dirty = False
        self.saved_s = 0
        length = HEAD + 2 * self._size
        whole = isinstance(kept, list) and len(kept) == 2 and all([_numbers(part, code) for part in kept])
        if whole and len(kept[0]) == length and len(kept[1]) % 3 == 0:
            self.made = kept[1]
            self.state = array(code, kept[0])
        else:
            self.made = []
            self.state = array(code, [NONE, NONE, 0, 0, NONE, NONE] + [0] * (length - 6))

    def dump(self):
        return [list(self.state), self.made]

    # ---- labels

    def _has(self, kind, label):
        made = self.made
        for i in range(0, len(made), 3):
            if made[i] == kind and made[i + 1] <= label <= made[i + 2]:
                return True
        return False

    def fits(self, kind, label, trusted):
        """Whether a record of this label may be made."""
        return not self._has(kind, label) and bool(trusted or not self._has(UNSURE + kind, label))

    def mark(self, kind, label, trusted, step=0):
        """A record of this label was made; `step`: what a label is above the one before it at most."""
        made, most = self.made, RANGES
        if not trusted:
            kind, most = UNSURE + kind, 1
        mine = [i for i in range(0, len(made), 3) if made[i] == kind]
        if mine and trusted and 0 < label - made[mine[-1] + 2] <= (step or STEPS[kind]):
            made[mine[-1] + 2] = label
            return
        made.extend((kind, label, label))
        if len(mine) >= most:
            del made[mine[0] : mine[0] + 3]

    # ---- minutes

    def told(self, period, offset_s):
        """{statistic number: value} of the open day or month so far."""
        from_s = self.state[period] * 86400 - offset_s
        return statistics.told(self._rows, self.state, HEAD + period * self._size, from_s)

    def count(self, minute, labels, trusted, values, bases, limits, tell):
        """Count local `minute` into its day and month, `labels` of both; True when it counted.

        Each minute of the calendar counts once: what a backward step brings again does not. A period that
        the minute ends is told by tell(tally, period, label, quality); while that is refused (0), what comes
        after it is not counted.
        """
        state = self.state
        if not self._open(DAY, labels, trusted, tell) or minute <= state[LAST]:
            return False
        for period in (DAY, MONTH):
            if period == DAY or self._open(MONTH, labels, trusted, tell):
                state[FLAGS + period] |= TRUSTED if trusted else DOUBTED
                at = HEAD + period * self._size
                passed = minute - labels[period] * DAY_MIN
                statistics.count(self._rows, state, at, values, bases, limits, passed)
        state[LAST] = minute  # only now: a period that ends is judged by what was counted before
        return True

    # ---- energy of a group, from its running total

    def lost(self, minute):
        """Whether a midnight passed since the total was counted last: what was used in between has no day."""
        known = self.state[KNOWN]
        return known != NONE and minute - known > 1 and minute // DAY_MIN != known // DAY_MIN

    def used(self, energy_wh, minute):
        """Since the total was counted last; None when that is not known."""
        if energy_wh is None or self.state[KNOWN] == NONE or self.lost(minute):
            return None
        return energy_wh - self.state[ENERGY]

    def use(self, energy_wh, minute):
        """The total has been counted up to here, or what was used has been lost."""
        if energy_wh is None or abs(energy_wh) >= statistics.LARGEST_SUM:
            return
        state = self.state
        if self.lost(minute):
            state[FLAGS] |= DOUBTED
            state[FLAGS + 1] |= DOUBTED
        state[KNOWN], state[ENERGY] = minute, energy_wh

    # ---- periods

    def _open(self, period, labels, trusted, tell):
        """Whether the period of this label is the open one now; ends the one before it.

        A clock that is not trusted goes to the next period only; a period that ended is not opened again.
        """
        label, old = labels[period], self.state[period]
        if label == old:
            return True
        back, next_one = label < old, 0 < label - old <= STEPS[period]
        if old != NONE and not trusted and not next_one:
            return False
        if not self.fits(period, label, not back):
            return False
        if old != NONE and not self._close(period, back, next_one, tell):
            return False
        if period == DAY and back:
            self.state[LAST] = label * DAY_MIN - 1
        self.state[period] = label
        return True

    def _close(self, period, back, next_one, tell):
        """Tell what was counted, unless it has no place in the calendar: the clock was never trusted in it
        and then set to another time. False when it was refused."""
        state, label = self.state, self.state[period]
        if NONE < state[KNOWN] < state[LAST]:
            state[FLAGS + period] |= DOUBTED  # the last energy of the period was not seen
        sure = state[FLAGS + period] == TRUSTED and not back
        if state[FLAGS + period] & TRUSTED or next_one:
            if not tell(self, period, label, MEASURED if sure else SUSPECT):
                return False
        self.mark(period, label, sure)
        self.dirty = True
        state[FLAGS + period] = 0
        for i in range(HEAD + period * self._size, HEAD + (period + 1) * self._size):
            state[i] = 0
        return True
