"""Pages that change often and stand in the heap, saved as a whole now and then: balances of many meters.

    0000000N.g1   generation N: a record a page, its number as sequence, then a record END
    new           the one being written, a page at a time; counts for nothing until it is renamed

The generation before the newest is kept: a page that cannot be read in the newest is taken from there. What
must be known of a page between two generations its owner keeps in the key-value store.
"""

import os

from firmware.store import record
from firmware.store.record import StoreError

SUFFIX, NEW = ".g1", "new"
END = 0xFFFF


class Pages:
    """`number` of the newest generation that may stand, 0 none; `before` of the one kept behind it."""

    def __init__(self, path, most):
        self._path, self._most = path, most  # bytes of a page
        self._tail = record.Tail()
        self.number = self.before = self._sure = 0
        self.writing = ""

    def open(self, take):
        """Call take(page, generation, bytes) of each page kept, the newer after the older; whether the newest
        generation is whole. StoreError."""
        try:
            record.folder(self._path)
            numbers = record.numbers(self._path, SUFFIX)[-2:]
        except OSError as e:
            raise StoreError(record.reason(e)) from None
        whole = True
        for number in numbers:
            self.before, self.number = self.number, number
            self._sure = number
            whole = self._load(number, take)
        return whole

    def _load(self, number, take):
        try:
            with open(self._name(number), "rb") as f:
                return self._read(f, number, take)
        except OSError:
            return False

    def _read(self, f, number, take):
        whole = True
        while True:
            row = record.read(f, self._most)
            if row is None or row[0] in (record.TORN, record.BROKEN):
                return False
            if row[0] == record.DAMAGED:
                whole = False
            elif row[1] == END:
                return whole
            else:
                take(row[1], number, row[2])

    # ---- writing

    def begin(self):
        """Begin the next generation; what was begun before is given up."""
        self._tail.release()
        self.writing = "wb"

    def write(self, page, data):
        """StoreError: then it must be begun again."""
        try:
            self._tail.append(self._path + "/" + NEW, self.writing, record.pack(page, data))
        except StoreError:
            self.writing = ""
            record.remove(self._path + "/" + NEW)  # its room is needed
            raise

    def end(self):
        """From here on the generation stands. StoreError: then it must be begun again, and may stand too."""
        self.write(END, b"")
        self._tail.release()
        self.writing = ""
        self.number += 1
        try:
            os.rename(self._path + "/" + NEW, self._name(self.number))
        except OSError as e:
            raise StoreError(record.reason(e)) from None
        self.before, self._sure = self._sure, self.number
        self._tidy()

    def close(self):
        self._tail.release()
        self.writing = ""

    def _tidy(self):
        """What the flash refuses to remove, the next generation removes."""
        try:
            for number in record.numbers(self._path, SUFFIX):
                if number < self.before:
                    record.remove(self._name(number))
        except OSError:
            pass

    def _name(self, number):
        return "%s/%08x%s" % (self._path, number, SUFFIX)
