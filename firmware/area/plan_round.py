"""One duty going round its meters: who is next on each line, and what an outcome makes of it."""

from firmware.area.archive import LINES
from firmware.area.plan_duties import DAY_S, EMPTY, OK, REFUSED, slot_of
from firmware.area.plan_sheet import Sheet, bit_of, set_bit

FAR_S = 1 << 29
NOW, BACK = 0, 1  # the present slot, earlier ones


class Part:
    """A block that its meter refuses, being asked in singles."""

    def __init__(self, slot, column):
        self.slot, self.column = slot, column
        self.next = 0
        self.good = False  # one of them gave a value

    def is_of(self, slot, column):
        return (self.slot, self.column) == (slot, column)


class Round:
    """`singles(slot of a profile, read)`: the reads that replace a block which a meter refuses, or b"".

    `gap` is a Sheet's. `lane` is the index of a line in LINES. `run_s` are seconds that only go forward.
    """

    def __init__(self, duty, archive, health, gap, singles):
        self.duty = duty
        self.sheet = Sheet(duty, archive, health, gap)
        self._archive, self._health, self._singles = archive, health, singles
        self._opened = -1  # the slot whose window has opened
        self._reset()

    def _reset(self):
        self._broken = None  # columns whose block is refused, once there is one
        self._later = None  # columns that had no value yet
        self._later_s = FAR_S  # run_s when they are asked again
        self._parts = {}  # lane -> Part
        self._at = [0 for _ in LINES]  # column to look at next
        self.stir()

    def stir(self):
        """Something may be due again that was not."""
        self._quiet = [[0 for _ in LINES], [0 for _ in LINES]]  # run_s before which nothing is: NOW, BACK

    def reload(self):
        """The archive has changed."""
        self.sheet.reload()
        self._reset()

    def tick(self, local_s, run_s, believed) -> bool:
        """Whether the window of another slot has opened."""
        if self.sheet.tick(local_s, believed) or run_s >= self._later_s:
            self._later, self._later_s = None, FAR_S
            self.stir()
        if self._opened == self.sheet.now or not self.in_window(local_s):
            return False
        self._opened = self.sheet.now
        return True

    # ---- what is next

    def in_window(self, local_s):
        first, end = self.duty.window
        return first <= local_s % DAY_S < end

    def next(self, lane, back, run_s):
        """(meter, read, slot_s, column) of the present slot, or with BACK of earlier ones; or None."""
        if run_s < self._quiet[back][lane]:
            return None
        sheet, low, top = self.sheet, self.sheet.low(), self.sheet.top
        self._wake_s = FAR_S
        first, last = (min(sheet.now - 1, top), low) if back else (sheet.now, max(sheet.now, low))
        for slot in range(first, last - 1, -1):
            column = self._search(slot, lane, run_s) if slot <= top else -1
            if column >= 0:
                self._at[lane] = column + 1
                return sheet.meter(column), self._read(slot, column, lane), sheet.start_s(slot), column
        self._quiet[back][lane] = self._wake_s
        return None

    def _search(self, slot, lane, run_s):
        """Round from where the last one stopped; a block that is being asked in singles goes on first."""
        part, slots = self._parts.get(lane), self.sheet.slots
        at = part.column if part and part.slot == slot else self._at[lane]
        for first, end in ((at, slots.columns), (0, at)):
            column = slots.find(slot, first)
            while 0 <= column < end:
                past = self._past(slot, column, LINES[lane], run_s)
                if not past:
                    return column
                column = slots.find(slot, past)
        return -1

    def _past(self, slot, column, line, run_s):
        """0 when this column can be asked now, else where to look further."""
        meter = self.sheet.meter(column)
        next_meter = (column // self.sheet.reads + 1) * self.sheet.reads
        if self._archive.line(meter) != line:
            return next_meter
        rest_s = self._health.rest_s(meter)
        if rest_s > run_s:
            self._wake_s = min(self._wake_s, rest_s)
            return next_meter
        waits = self._later and slot == self.sheet.now and bit_of(self._later, column)
        return column + 1 if waits else 0

    def _read(self, slot, column, lane):
        if not self._is_broken(column):
            return self.sheet.read(column)
        part = self._parts.get(lane)
        if not part or not part.is_of(slot, column):
            part = self._parts[lane] = Part(slot, column)
        return self._singles_of(column)[part.next]

    def wait_s(self, lane, local_s, run_s):
        """Seconds in which next() gives nothing, after it gave nothing."""
        wait_s = min(self._quiet[NOW][lane], self._quiet[BACK][lane], self._later_s) - run_s
        if not self.in_window(local_s):
            wait_s = (self.duty.window[0] - local_s) % DAY_S
        return max(0, min(wait_s, self.sheet.ends_s - local_s))

    # ---- what came of it

    def done(self, job, outcome, run_s) -> bool:
        """Whether this value is wanted; what the outcome leaves of the slot is noted."""
        slot, column = slot_of(self.duty.period_s, job.slot_s), job.item
        ours = column < self.sheet.columns and self.sheet.meter(column) == job.meter
        if not ours or not self.sheet.is_open(slot, column):
            return False
        lane = LINES.index(self._archive.line(job.meter))
        if outcome == EMPTY and slot == self.sheet.now:
            self._put_off(column, lane, run_s)
        elif self._is_broken(column):
            return self._single(slot, column, lane, job.read, outcome)
        elif outcome == OK:
            self.sheet.slots.settle(slot, column, True)
        elif outcome == REFUSED and self._singles_of(column):
            self._break(slot, column, lane)
        elif outcome in (REFUSED, EMPTY):
            self.sheet.absent(slot, column, outcome)
        return outcome == OK

    def _put_off(self, column, lane, run_s):
        if self._later is None:
            self._later, self._later_s = self.sheet.bits(), run_s + self.duty.retry_s
        set_bit(self._later, column)
        self._parts.pop(lane, None)

    def _singles_of(self, column):
        return self._singles(self._archive.slot(self.sheet.meter(column)), self.sheet.read(column))

    def _is_broken(self, column):
        return bool(self._broken and bit_of(self._broken, column))

    def _break(self, slot, column, lane):
        """This meter's block is asked in singles from now on."""
        self._broken = self._broken or self.sheet.bits()
        set_bit(self._broken, column)
        self._parts[lane] = Part(slot, column)

    def _single(self, slot, column, lane, read, outcome):
        part, singles = self._parts.get(lane), self._singles_of(column)
        if not part or not part.is_of(slot, column) or read != singles[part.next]:
            return False
        if outcome not in (OK, REFUSED, EMPTY):
            return False
        part.good = part.good or outcome == OK
        part.next += 1
        if part.next == len(singles):
            self._parts.pop(lane, None)
            if part.good:
                self.sheet.slots.settle(slot, column, True)
            else:
                self.sheet.absent(slot, column, REFUSED)
        return outcome == OK
