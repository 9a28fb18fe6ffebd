"""The sheet of one duty: which slots of which reads of which meters are open, done or absent.

Law: a slot of a read of a meter ends once, done or absent with a reason that is told; what ended is not open
again. The clock may jump: forwards, the slots in between that are still kept are open, the others absent;
backwards, what is done stays done. After a far jump (past all kept slots) the duty rests until the clock is
believed: a wrong one that is put right again has done nothing. If it went back, the labels of the time before
were wrong: the sheet begins anew with the next slot.
"""

import hashlib
import struct
from array import array

from firmware.area.archive import MOST
from firmware.area.plan_duties import ALL, CLOCK, REMOVED, UNASKED, belongs, slot_of, start_of
from firmware.area.plan_slots import Slots

MAP_BYTES = 4096  # of one of its two maps: many meters with a short period have fewer earlier slots
FAR_AHEAD_S, FAR_BACK_S = 86400, 3600  # beyond the kept slots
_HEAD = "<4siiH"  # check of members and reads, newest and first slot, rows
_HEAD_BYTES = struct.calcsize(_HEAD)


def bit_of(bits, column):
    return bits[column >> 3] & 1 << (column & 7)


def set_bit(bits, column):
    bits[column >> 3] |= 1 << (column & 7)


class Sheet:
    """A column is one read of one meter: (rank of the meter in `members`) * reads + index of the read.

    `gap(duty, first_s, last_s, meter, read, reason)`: slots that begin from first_s to last_s stay without a
    value; meter 0 and read 0: of all. `now` is the slot of the present time; `low` to `top` are kept.
    """

    def __init__(self, duty, archive, health, gap):
        self.duty, self.reads = duty, len(duty.reads)
        self._archive, self._health, self._gap = archive, health, gap
        self.top = self.now = self._floor = -1
        self._begins_s = self.ends_s = 0  # of the present slot
        self._enlist()

    # ---- members

    def _enlist(self):
        self.unsaved = True  # slots or members have changed since the last `save`
        self.members = range(1, MOST + 1)  # numbers that stay, whoever comes and goes
        if self.duty.who != ALL:
            self.members = array("H", [m for m in self.members if belongs(self.duty, self._archive, m)])
        self.columns = len(self.members) * self.reads
        self._wanted = self.bits()
        for column in range(self.columns):
            if self._archive.line(self.meter(column)):
                set_bit(self._wanted, column)
        rows = MAP_BYTES // len(self._wanted) if self._wanted else 1
        self.slots = Slots(self.columns, max(1, min(self.duty.back + 1, rows)))

    def bits(self):
        """One for each column."""
        return bytearray((self.columns + 7) // 8)

    def meter(self, column):
        return self.members[column // self.reads]

    def read(self, column):
        return self.duty.reads[column % self.reads]

    def column(self, meter, index):
        """-1 when the meter is no member."""
        return _column(self.members, meter, index, self.reads)

    def reload(self):
        """The archive has changed: who stays keeps what is done, who is new begins with the present slot."""
        old, low = (self.members, self.slots, self._wanted), self.low()
        self._enlist()
        if self.top < 0:
            return
        for slot in range(max(low, self.low()), self.top + 1):
            self.slots.begin(slot, self.bits())
            for column in range(self.columns):
                if bit_of(self._wanted, column):
                    self._carry(slot, column, old)
        for slot in range(low, self.top + 1):
            self._leave(slot, old)

    def _carry(self, slot, column, old):
        members, slots, wanted = old
        was = _column(members, self.meter(column), column % self.reads, self.reads)
        known = was >= 0 and bit_of(wanted, was)
        if known or slot >= self.now:
            self.slots.want(slot, column)
        if known and not slots.is_open(slot, was):
            self.slots.settle(slot, column, slots.is_done(slot, was))

    def _leave(self, slot, old):
        """Tell of what was open and is no more."""
        members, slots, _ = old
        column = slots.find(slot, 0)
        while column >= 0:
            meter, index = members[column // self.reads], column % self.reads
            at = self.column(meter, index)
            if not (at >= 0 and self.is_open(slot, at)):
                self._tell(slot, meter, self.duty.reads[index], REMOVED)
            column = slots.find(slot, column + 1)

    # ---- time

    def tick(self, local_s, believed) -> bool:
        """Whether another slot is the present one; there is none while a far jump is not believed."""
        if self._begins_s <= local_s < self.ends_s:
            return False
        slot = slot_of(self.duty.period_s, local_s)
        begins_s, ends_s = self.start_s(slot), self.start_s(slot + 1)
        ahead = self.top >= 0 and begins_s - self.start_s(self.top + 1 + self.slots.rows) > FAR_AHEAD_S
        back = self.top >= 0 and self.start_s(self.low()) - ends_s > FAR_BACK_S
        if (ahead or back) and not believed:
            return self._rest(local_s)
        self._begins_s, self.ends_s, self.now = begins_s, ends_s, slot
        if self.top < 0:
            self._floor, self.top = slot, slot - 1
        elif back:
            self._close(self.low(), self.top, CLOCK)
            self._floor, self.top = slot + 1, slot
            self.unsaved = True
        if slot > self.top:
            self._advance(slot)
        return True

    def _rest(self, local_s):
        had, self.now = self.now, -1
        self._begins_s = self.ends_s = local_s + FAR_BACK_S  # look again at each tick
        return had >= 0

    def _advance(self, slot):
        low = slot - self.slots.rows + 1
        first = max(self.top + 1, low)
        self._close(self.low(), min(self.top, low - 1), 0)
        if first > self.top + 1:
            self._gap(self.duty.number, self.start_s(self.top + 1), self.start_s(first - 1), 0, 0, CLOCK)
        self.top, self.unsaved = slot, True
        for each in range(first, slot + 1):
            self.slots.begin(each, self._wanted)

    def low(self):
        return max(self._floor, self.top - self.slots.rows + 1)

    def start_s(self, slot):
        return start_of(self.duty.period_s, slot)

    # ---- what ends

    def is_open(self, slot, column):
        return self.low() <= slot <= self.top and self.slots.is_open(slot, column)

    def absent(self, slot, column, reason):
        self.slots.settle(slot, column, False)
        self._tell(slot, self.meter(column), self.read(column), reason)

    def _tell(self, slot, meter, read, reason):
        start_s = self.start_s(slot)
        self._gap(self.duty.number, start_s, start_s, meter, read, reason)

    def _close(self, first, last, reason):
        """Give up all that is open. Reason 0: whatever ailed the meter last."""
        for slot in range(first, last + 1):
            column = self.slots.find(slot, 0)
            while column >= 0:
                self.absent(slot, column, reason or self._health.why(self.meter(column)) or UNASKED)
                column = self.slots.find(slot, column + 1)

    def end(self):
        """The duty is no more."""
        self._close(self.low(), self.top, REMOVED)

    def progress(self):
        """(done, absent, wanted) reads of the present slot."""
        return self.slots.counts(self.now) if self.low() <= self.now <= self.top else (0, 0, 0)

    # ---- over a restart

    def _check(self):
        told = [list(self.duty.reads), self.duty.period_s, list(() if self.duty.who == ALL else self.members)]
        return hashlib.sha256(str(told).encode()).digest()[:4]

    def save(self) -> bytes:
        """For `load` after a restart; b"" before the first slot."""
        self.unsaved = False
        if self.top < 0:
            return b""
        return struct.pack(_HEAD, self._check(), self.top, self._floor, self.slots.rows) + self.slots.pack()

    def note(self, slot_s, meter, read, done):
        """It ended before the restart."""
        slot = slot_of(self.duty.period_s, slot_s)
        column = self.column(meter, self.duty.reads.index(read)) if read in self.duty.reads else -1
        if column >= 0 and self.is_open(slot, column):
            self.slots.settle(slot, column, done)

    def load(self, data) -> bool:
        """False when it was saved with other members or reads: then it begins as new."""
        if len(data) != _HEAD_BYTES + self.slots.packed_bytes():
            return False
        check, top, floor, rows = struct.unpack_from(_HEAD, data)
        if check != self._check() or rows != self.slots.rows:
            return False
        self.top, self._floor = top, floor
        self.slots.unpack(data[_HEAD_BYTES:])
        return True


def _column(members, meter, index, reads):
    if isinstance(members, range):
        return (meter - 1) * reads + index
    for rank in range(len(members)):
        if members[rank] == meter:
            return rank * reads + index
    return -1
