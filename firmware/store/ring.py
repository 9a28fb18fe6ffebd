"""A bounded queue of records on flash: the outbox of one stream.

    <first sequence, 8 hex digits>.r1   a segment of at most 4096 bytes with consecutive records

Sequences count from 1 and are never used twice. The newest segment is never removed, so that the count
survives when everything was forgotten. Within a segment forgetting is kept in the heap only: after a restart
the records of the oldest segment are held again, and their receiver knows them by their sequence. Lost ranges
wait in the heap too: one that overflowed and was not told before a power cut is a gap its receiver is never
given a reason for.
"""

from firmware.store import record
from firmware.store.record import StoreError

SUFFIX = ".r1"
MAX_PAYLOAD = record.SEGMENT - record.OVERHEAD
STRIKES = 3  # read errors in a row before a segment is given up for lost
MAX_LOST = 16  # lost ranges waiting to be taken
MAX_KNOWN = 64  # holes remembered so that each is told once


class Ring:
    """`open` first. `discards` counts records lost; `faults` counts flash errors nobody was told of."""

    def __init__(self, path, max_bytes):
        self._path = path
        self._most = max(2, max_bytes // record.SEGMENT)  # segments
        self._tail = record.Tail()
        self._firsts = []  # first sequence of each segment
        self._size = 0  # of the newest
        self._clean = True  # False: the newest segment cannot be appended to
        self._opened = False  # False also when the folder could not be listed: numbers would come twice
        self._strikes = self._faults = 0
        self._lost = self._known = ()  # tuples: four empty lists would be 400 bytes for what seldom happens
        self._given_up = ()  # segments not read any more before the next start
        self.first_seq = self.next_seq = 1
        self.discards = 0

    @property
    def faults(self) -> int:
        return self._faults + self._tail.faults

    def open(self):
        """Find where the sequence stands; reads the newest segment only. Never raises for what it finds."""
        self.close()
        self._firsts, self._size, self._clean, self._opened = [], 0, True, False
        try:
            record.folder(self._path)
            self._firsts = record.numbers(self._path, SUFFIX)
            self._opened = True
        except OSError:
            self._faults += 1
        self.first_seq = self.next_seq = self._firsts[0] if self._firsts else 1
        if self._firsts:
            self._find_end(self._firsts[-1])

    def _find_end(self, at):
        """Set next_seq behind everything that may ever have been acknowledged in the newest segment."""
        left = record.SEGMENT
        try:
            with open(self._name(at), "rb") as f:
                left = f.seek(0, 2)
                f.seek(0)
                while True:
                    row = record.read(f, MAX_PAYLOAD)
                    if row is None or row[0] == record.TORN:
                        self._clean = row is None
                        left = 0
                        break
                    if row[0] == record.BROKEN or row[1] != at:
                        break
                    at += 1
                    left -= f.tell() - self._size
                    self._size = f.tell()
        except OSError:
            self._faults += 1
        if left:  # no telling how many records stood there: skip as many as can have; `read` tells of them
            self._clean = False
            count = max(1, min(left, record.SEGMENT) // record.OVERHEAD)
            at += count
        self.next_seq = at

    # ---- writing

    def append(self, data) -> int:
        """Store one record durably and return its sequence; StoreError when refused or too large.

        On a flash that is full it gives its oldest segment for the new one, as when it is full itself.
        """
        try:
            return self._append(data)
        except StoreError as e:
            if e.args[0] != record.FULL or not self.give_up_oldest():
                raise
        return self._append(data)

    def give_up_oldest(self) -> bool:
        """Make room: the oldest segment goes and what it held is told as lost. False: it is the only one."""
        if len(self._firsts) < 2 or not self._drop():
            return False
        self._overflow()
        return True

    def _append(self, data):
        if not self._opened:
            raise StoreError("not open")
        seq = self.next_seq
        if len(data) > MAX_PAYLOAD or seq > record.MAX_NUMBER:
            raise StoreError("too large")
        row = record.pack(seq, data)
        fresh = not self._firsts or not self._clean or self._size + len(row) > record.SEGMENT
        if fresh:
            self._tail.release()
            self._size = 0
        try:
            self._tail.append(self._name(seq if fresh else self._firsts[-1]), "wb" if fresh else "ab", row)
        except StoreError:
            self._clean = False
            raise
        self._size += len(row)
        self._clean = True
        self.next_seq = seq + 1
        if fresh and (not self._firsts or self._firsts[-1] != seq):
            self._firsts.append(seq)
            while len(self._firsts) > self._most and self._drop():
                self._overflow()
        return seq

    def _overflow(self):
        """The oldest segment has just gone: tell of what was not forgotten yet."""
        first, end = self.first_seq, self._firsts[0]
        if first >= end:
            return
        self.discards += end - first
        if self._lost and (self._lost[-1][1] + 1 == first or len(self._lost) >= MAX_LOST):
            first = self._lost[-1][0]
            self._lost = self._lost[:-1]
        self._lost += ((first, end - 1),)
        self.first_seq = end

    def _drop(self):
        """Remove the oldest segment; False when the flash refuses, then the next call tries again."""
        if not record.remove(self._name(self._firsts[0])):
            self._faults += 1
            return False
        self._firsts.pop(0)
        return True

    def forget(self, upto_seq):
        """Let go of all records up to and with upto_seq; whole segments are removed."""
        self.first_seq = max(self.first_seq, min(upto_seq + 1, self.next_seq))
        while len(self._firsts) > 1 and self._firsts[1] <= self.first_seq and self._drop():
            pass

    # ---- reading

    def read(self, from_seq, max_bytes) -> list:
        """Return [(sequence, data), ...], consecutive, oldest first, from the first held at from_seq or on.

        At most max_bytes of data, but one record at least. Ends before a hole; a hole at the start is
        skipped and told by `take_lost`. StoreError for a read error, until the segment is given up.
        """
        out = []
        walk = self._walk(max(from_seq, self.first_seq))
        try:
            for first, last, data in walk:
                if data is None:
                    if out:
                        break
                    self._hole(first, last)
                    continue
                max_bytes -= len(data)
                if out and max_bytes < 0:
                    break
                out.append((first, data))
        except OSError as e:
            if not out:
                raise StoreError(record.reason(e)) from None
        finally:
            walk.close()
        self._strikes = 0
        return out

    def _walk(self, at):
        """Yield (sequence, same, data), or (first, last, None) for what cannot be read, up to next_seq."""
        for i in range(len(self._firsts)):
            first = self._firsts[i]
            end = self._firsts[i + 1] if i + 1 < len(self._firsts) else self.next_seq
            if end <= at:
                continue
            if first not in self._given_up:
                records = self._records(first, end, at)
                try:
                    for seq, data in records:
                        yield seq, seq, data
                        at = seq + 1
                except OSError:
                    if not self._give_up(first):
                        raise
                finally:
                    records.close()  # not left to the collector: it holds a file open
            if at < end:
                yield at, end - 1, None
                at = end

    def _records(self, first, end, at):
        """Yield (sequence, data or None) of one segment from `at` on, as far as it can be followed."""
        with open(self._name(first), "rb") as f:
            for expected in range(first, end):
                row = record.read(f, MAX_PAYLOAD, at)
                if row is None or row[0] > record.DAMAGED or row[1] != expected:
                    return
                if expected >= at:
                    yield expected, None if row[0] == record.DAMAGED else row[2]

    def _give_up(self, first):
        """Whether the segment has had its chances."""
        self._strikes += 1
        if self._strikes < STRIKES:
            return False
        self._strikes = 0
        self._given_up = self._given_up[1 - MAX_KNOWN :] + (first,)
        return True

    # ---- losses

    def take_lost(self):
        """The next range (first, last) of records gone for good and not yet told, or None."""
        if not self._lost:
            return None
        lost, self._lost = self._lost[0], self._lost[1:]
        return lost

    def _hole(self, first, last):
        """Unreadable records among those held: told once, or at the next read when too much waits already."""
        if first in self._known or len(self._lost) >= MAX_LOST:
            return
        self._known = self._known[1 - MAX_KNOWN :] + (first,)
        self.discards += last - first + 1
        self._lost += ((first, last),)

    def _name(self, first):
        return "%s/%08x%s" % (self._path, first, SUFFIX)

    def close(self):
        self._tail.release()
