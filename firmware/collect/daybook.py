"""Readings of one kind on flash: rows appended to the file of their label, one row a meter and slot.

    <label << 4 | part, 8 hex digits><suffix>   records of firmware/store/record.py, sequence = key + 1
    payload: quality u8 | t_s u32 | CBOR {point: value}

A label is so many slots; the key is (slot in the label) * MOST + meter - 1. A row is flushed before `put`
returns. Where a file cannot be appended to (a torn end, a refused write) the next part goes on; of two rows
with one key the first counts. Heap: a bit for each key of the labels written to last.
"""

import struct

from firmware.area.archive import MOST
from firmware.store import record
from firmware.store.record import StoreError
from protocols import cbor

PARTS = 4  # bits of the part in a file's number
MAX_ROW = 1024
_HEAD = "<BI"
_HEAD_BYTES = 5
_SLOT_BYTES = MOST // 8  # of the keys of a slot


class Shelf:
    """What is known of one label: which keys it has, and where the next row goes."""

    def __init__(self, label, keys):
        self.label = label
        self.bits = bytearray((keys + 7) // 8)
        self.part = -1  # the last one
        self.clean = False  # it can be appended to

    def has(self, key):
        return bool(self.bits[key >> 3] & 1 << (key & 7))

    def add(self, key):
        self.bits[key >> 3] |= 1 << (key & 7)


class Daybook:
    """`per`: slots of a label. `most`: labels that are kept. `known`: labels remembered in the heap.

    `open` first. `damaged` counts rows and ends of files that could not be read, `dropped` labels that went.
    """

    def __init__(self, path, suffix, per, most, known):
        self._path, self._suffix = path, suffix
        self._per, self._most, self._known = per, most, known
        self._shelves = []
        self._numbers = []
        self._tail = record.Tail()
        self._writing = -1  # number of the file that is open
        self.damaged = self.dropped = 0

    def open(self):
        """OSError when the folder cannot be listed."""
        self.close()
        self._shelves = []
        record.folder(self._path)
        self._numbers = record.numbers(self._path, self._suffix)

    def close(self):
        self._tail.release()
        self._writing = -1

    # ---- reading

    def labels(self) -> list:
        """Ascending; slot of the planner = label * per at its first."""
        return sorted(set([number >> PARTS for number in self._numbers]))

    def slots(self) -> list:
        return [label * self._per + n for label in self.labels() for n in range(self._per)]

    def has(self, slot, meter) -> bool:
        return self._shelf(slot // self._per).has(self._key(slot, meter))

    def meters(self, slot) -> list:
        """Those that have a row of this slot."""
        at = slot % self._per * _SLOT_BYTES
        bits, out = self._shelf(slot // self._per).bits, []
        for n in range(_SLOT_BYTES):
            byte = bits[at + n]
            if byte:
                out += [8 * n + bit + 1 for bit in range(8) if byte >> bit & 1]
        return out

    def count(self, slot) -> int:
        return len(self.meters(slot))

    def rows(self, slot):
        """Yield (meter, quality, t_s, values) as they came. Close it when it is not run to its end."""
        told = Shelf(0, MOST)
        base = slot % self._per * MOST
        for key, payload in self._walk(slot // self._per):
            rank = key - base
            if 0 <= rank < MOST and not told.has(rank):
                told.add(rank)
                quality, t_s = struct.unpack_from(_HEAD, payload)
                yield rank + 1, quality, t_s, cbor.decode(payload[_HEAD_BYTES:])

    def _key(self, slot, meter):
        return slot % self._per * MOST + meter - 1

    def _shelf(self, label):
        for at in range(len(self._shelves)):
            if self._shelves[at].label == label:
                self._shelves.append(self._shelves.pop(at))
                return self._shelves[-1]
        shelf = Shelf(label, self._per * MOST)
        for key, _payload in self._walk(label, shelf):
            shelf.add(key)
        self._shelves = self._shelves[1 - self._known :] if self._known > 1 else []
        self._shelves.append(shelf)
        return shelf

    def _walk(self, label, shelf=None):
        """Yield (key, payload) of all good rows; `shelf` learns which part is last and how it ends."""
        for number in [each for each in self._numbers if each >> PARTS == label]:
            if shelf:
                shelf.part, shelf.clean = number & (1 << PARTS) - 1, False
            try:
                with open(self._name(number), "rb") as f:
                    row = record.read(f, MAX_ROW)
                    while row is not None and row[0] <= record.DAMAGED:
                        if row[0] == record.GOOD and 0 < row[1] <= self._per * MOST:
                            yield row[1] - 1, row[2]
                        else:
                            self.damaged += 1
                        row = record.read(f, MAX_ROW)
                    if shelf:
                        shelf.clean = row is None
            except OSError:
                self.damaged += 1

    # ---- writing

    def put(self, slot, meter, quality, t_s, values, now_slot) -> bool:
        """Keep it durably; False when there is one already. StoreError.

        Where too many labels are kept, one goes: the newest beyond `now_slot`, else the oldest.
        """
        shelf, key = self._shelf(slot // self._per), self._key(slot, meter)
        if shelf.has(key):
            return False
        row = record.pack(key + 1, struct.pack(_HEAD, quality, t_s) + cbor.encode(values))
        if len(row) > MAX_ROW:
            raise StoreError("too large")
        self._append(shelf, row, now_slot)
        shelf.add(key)
        return True

    def _append(self, shelf, row, now_slot):
        fresh = not shelf.clean
        if fresh:
            self._begin(shelf, now_slot)
        number = shelf.label << PARTS | shelf.part
        if number != self._writing:
            self._tail.release()
            self._writing = number
        shelf.clean = False
        self._tail.append(self._name(number), "ab", row)
        shelf.clean = True

    def _begin(self, shelf, now_slot):
        """The next part of a label; an empty one of a new label."""
        if shelf.part + 1 >= 1 << PARTS:
            raise StoreError("too many parts")
        if shelf.part < 0:
            while len(self.labels()) >= self._most and self.drop(now_slot, shelf.label):
                pass
        shelf.part += 1
        self._numbers.append(shelf.label << PARTS | shelf.part)
        self._numbers.sort()

    def drop(self, now_slot, keep=None) -> bool:
        """One label goes: a wrong one of the future, else the oldest; never `keep`, the one written to or
        the newest that is past: a flash full of other things costs not all."""
        now = now_slot // self._per
        labels = self.labels()
        present = [label for label in labels if label <= now][-1:]
        stay = present + [keep, self._writing >> PARTS if self._writing >= 0 else keep]
        labels = [label for label in labels if label not in stay]
        if not labels:
            return False
        label = labels[-1] if labels[-1] > now else labels[0]
        for number in [each for each in self._numbers if each >> PARTS == label]:
            if not record.remove(self._name(number)):
                return False
            self._numbers.remove(number)
        self._shelves = [shelf for shelf in self._shelves if shelf.label != label]
        self.dropped += 1
        return True

    def _name(self, number):
        return "%s/%08x%s" % (self._path, number, self._suffix)
