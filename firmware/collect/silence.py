"""Meters that are heard no more, and those that are heard again. A line shorted is one event, not a thousand.

    heard --unread_s--> overdue --GATHER_S--> told, by itself or, with more than FEW others, as a storm
    storm --all but FEW heard again, GATHER_S for those--> told as over; who is left is told by itself

Time is the run's: neither a set clock nor hours without power make a meter unread. A look goes over all
meters in a minute, a few each second.
"""

from firmware.area.archive import MOST
from firmware.collect.rows import SAVE_S, STORM, UNREAD
from firmware.metering.measures import SILENT

GATHER_S = 1800  # a patrol goes round twice: meters lost at one moment are overdue within that time
FEW = 8
SLICE = (MOST + 59) // 60
LONGEST_MIN = 40000  # silence is counted modulo 65536 minutes


class Silence:
    """`tell(name, fields)`; `limit_s` may change."""

    def __init__(self, archive, rows, tell, limit_s):
        self._archive, self._rows, self._tell = archive, rows, tell
        self.limit_s = limit_s
        self._next = 1
        self._found = []  # overdue in the look under way; longer than FEW: a storm
        self._count = self._line = 0  # how many, and their line when it is one
        self._since_s = None  # the first of them was found
        self._began_s = 0  # of the storm
        self._few_s = None  # since when only few of it are left
        self._back = 0  # of it, heard again
        self.recount()
        self._open = self._left > 0

    def recount(self):
        """After rows changed: members of the storm that are still silent."""
        self._left = sum([1 for meter in range(1, MOST + 1) if self._rows.has(meter, STORM)])

    def unread(self):
        """For the live state."""
        return sum([1 for meter in range(1, MOST + 1) if self._rows.has(meter, UNREAD)])

    # ---- heard

    def heard(self, meter, run_s):
        rows = self._rows
        if rows.has(meter, UNREAD):
            self._end(meter, run_s)
        rows.hear(meter, run_s // 60)

    def _end(self, meter, run_s):
        stormy, silent_s = self._rows.has(meter, STORM), self._rows.silent_min(meter, run_s // 60) * 60
        self._rows.mark(meter, UNREAD | STORM, False)
        self._rows.touch(run_s, SAVE_S)
        if not stormy:
            self._tell(
                "meter_read_recovered", {"metering_point": meter, "kind": SILENT, "lasted_s": silent_s}
            )
            return
        self._left, self._back = self._left - 1, self._back + 1

    def _settle(self, run_s):
        """Whether the storm is over: all are back, or the few that are left had their time."""
        if self._left > FEW:
            self._few_s = None
            return
        if self._few_s is None:
            self._few_s = run_s
        if not self._left or run_s - self._few_s >= GATHER_S:
            self._calm(run_s)

    def _calm(self, run_s):
        fields = {"kind": SILENT, "done": self._back, "failed": self._left}
        fields["lasted_s"] = run_s - self._began_s
        self._tell("meter_read_recovered", fields)
        for meter in range(1, MOST + 1):
            if self._rows.has(meter, STORM):
                self._rows.mark(meter, STORM, False)
                self._begin(meter, run_s)
        self._left = self._back = 0
        self._open, self._few_s = False, None
        self._rows.touch(run_s, SAVE_S)

    def _begin(self, meter, run_s):
        self._rows.mark(meter, UNREAD)
        fields = {"metering_point": meter, "kind": SILENT, "limit": self.limit_s}
        fields["ago_s"] = self._rows.silent_min(meter, run_s // 60) * 60
        self._tell("meter_read_failed", fields)

    # ---- the look

    def step(self, run_s):
        """Call each second."""
        if self._next > min(MOST, self._archive.size):
            self._judge(run_s)
            self._next, self._found, self._count = 1, [], 0
        end = min(self._next + SLICE, MOST + 1, self._archive.size + 1)
        for meter in range(self._next, end):
            if self._archive.line(meter):
                self._look(meter, run_s // 60)
        self._next = end

    def _look(self, meter, minute):
        silent_min = self._rows.silent_min(meter, minute)
        if silent_min > LONGEST_MIN:
            self._rows.hear(meter, minute - LONGEST_MIN)
        if silent_min * 60 < self.limit_s or self._rows.has(meter, UNREAD):
            return
        line = self._archive.line(meter)
        self._line = line if not self._count or line == self._line else 0
        self._count += 1
        if len(self._found) <= FEW:
            self._found.append(meter)

    def _judge(self, run_s):
        if self._open:
            self._settle(run_s)
        if not self._count:
            self._since_s = None
            return
        if self._since_s is None:
            self._since_s = run_s
        if run_s - self._since_s < GATHER_S:
            return
        self._since_s = None
        self._rows.touch(run_s, SAVE_S)
        if self._count > FEW:
            self._storm(run_s)
            return
        for meter in self._found:
            self._begin(meter, run_s)

    def _storm(self, run_s):
        """Told again, with all of them, when as many more fall silent."""
        if not self._open:
            self._open, self._began_s = True, run_s - self.limit_s
        minute, limit_min = run_s // 60, self.limit_s // 60
        for meter in range(1, min(MOST, self._archive.size) + 1):
            late = self._archive.line(meter) and self._rows.silent_min(meter, minute) >= limit_min
            if late and not self._rows.has(meter, UNREAD):
                self._rows.mark(meter, UNREAD | STORM)
                self._left += 1
        fields = {"kind": SILENT, "limit": self.limit_s, "failed": self._left}
        if self._line:
            fields["line"] = self._line
        self._tell("meter_read_failed", fields)
