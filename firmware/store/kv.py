"""Small values that must survive: balance, tripped rounds, timers, last command. A journal with snapshots.

    0000000N.s1   snapshot: all keys as they stood before journal segment N
    0000000N.j1   journal segment N: one record a commit, flushed
    new           a snapshot being written; counts for nothing until it is renamed

Replay = newest valid snapshot, then the segments from its number on, up to the first bad record or missing
commit; a record torn by a power cut ends its segment only. The snapshot before the newest is kept with its
segments, so that one unreadable snapshot loses nothing; but if it was made because the flash refused a record
and kept it whole all the same, that record stands in place of the commit after it.
The digit in the suffix is the version of the format.
"""

import os
import struct

from firmware.store import record
from firmware.store.record import StoreError
from protocols import cbor

SNAPSHOT, JOURNAL, NEW = ".s1", ".j1", "new"
SEGMENTS = 4  # of journal before the next snapshot: bounds replay to some 16 KB
MAX_RECORD = 16384  # one commit; bounds the heap a damaged length can ask for
MAX_KEYS = 256
MAX_ROOM = 8  # segments of records that one commit may cost a full flash
DELETED = 0xFFFF


def file_name(path, number, suffix):
    return "%s/%08x%s" % (path, number, suffix)


def _entry(key, data):
    """One key in a record: data None says it is deleted."""
    name = key.encode()
    if not 0 < len(name) < 256 or (data and len(data) >= DELETED):
        raise StoreError("too large")
    return struct.pack("<BH", len(name), DELETED if data is None else len(data)) + name + (data or b"")


def take(values, entries):
    for key, data in entries:
        if data is None:
            values.pop(key, None)
        else:
            values[key] = data


class Kv:
    """`open` first. `damaged` lists what could not be read; `faults` counts flash errors not raised.

    `room()`, if set, makes room on a full flash and returns whether it did: money and control come before
    records (Outbox.make_room).
    """

    room = None

    def __init__(self, path):
        self._path = path
        self._tail = record.Tail()
        self._values = {}  # key -> encoded value: a third of the heap of decoded ones
        self._commit = 0  # sequence of the last commit
        self._base = self._number = 1  # first segment of the running generation; segment written to
        self._size = 0
        self._clean = True  # False: what stands behind the last good record must be left behind first
        self._opened = (
            False  # False also when the folder could not be listed: writing would overwrite blindly
        )
        self._faults = 0
        self.damaged = []

    @property
    def faults(self) -> int:
        return self._faults + self._tail.faults

    # ---- reading

    def open(self):
        """Replay. Never raises for what it finds: the good part counts, `damaged` names the rest.

        Opens within the visit of whoever starts (firmware/overlay.py).
        """
        self.close()
        from firmware.store.replay import Replay

        found = Replay(self._path)
        self._values, self._commit, self.damaged = found.values, found.commit, found.damaged
        self._size, self._clean, self._opened = found.size, found.clean, found.opened
        self._base, self._number = found.base, found.number

    def get(self, key):
        """The value last put, or None."""
        data = self._values.get(key)
        if data is None:
            return None
        try:
            return cbor.decode(data)
        except cbor.CborError as e:
            what = "%s: %r" % (key, e)
            if what not in self.damaged:
                self.damaged.append(what)
            return None

    # ---- writing

    def put(self, values):
        """Commit all keys of the dict at once: after any power cut all are new or all are old.

        What has not changed is not written: flash wears.
        StoreError when the flash refuses; the old values stand. (After a restart too, unless the flash
        kept a record it refused and refuses every write since.)
        """
        self._write([(key, cbor.encode(value)) for key, value in values.items()])

    def delete(self, key):
        """Commit the removal of a key; StoreError as in `put`."""
        if key in self._values:
            self._write([(key, None)])

    def _write(self, entries):
        if not self._opened:
            raise StoreError("not open")
        entries = [(key, data) for key, data in entries if self._values.get(key) != data]
        payload = b"".join([_entry(key, data) for key, data in entries])
        added = sum(1 for key, _data in entries if key not in self._values)
        if len(payload) > MAX_RECORD or len(self._values) + added > MAX_KEYS:
            raise StoreError("too large")
        if not payload:
            return
        row = record.pack(self._commit + 1, payload)
        for tries in range(MAX_ROOM, -1, -1):
            try:
                self._append(row)
                break
            except StoreError as e:
                if not tries or e.args[0] != record.FULL or self.room is None or not self.room():
                    raise
        self._commit += 1
        self._size += len(row)
        take(self._values, entries)

    def _append(self, row):
        if not self._clean or self._size >= record.SEGMENT:
            self._roll()
        try:
            self._tail.append(self._name(self._number, JOURNAL), "ab", row)
        except StoreError:
            self._clean = False
            self._leave()
            raise

    def _roll(self):
        if self._clean and self._number + 1 - self._base < SEGMENTS:
            self._tail.release()
            self._number, self._size = self._number + 1, 0
        else:
            self._snapshot()

    def _leave(self):
        """A refused record may still stand, whole, behind the last good one: try to leave its segment now."""
        try:
            self._snapshot()
        except StoreError:
            self._faults += 1  # `_clean` stays False: the next write tries again before anything else

    def _snapshot(self):
        """Write all keys as they stand and begin the segment after it."""
        new = self._path + "/" + NEW
        number = self._number + 1
        try:
            with open(new, "wb") as f:
                for key, data in self._values.items():
                    f.write(record.pack(self._commit, _entry(key, data)))
                f.write(record.pack(self._commit, b""))
                f.flush()
            os.rename(new, self._name(number, SNAPSHOT))
        except OSError as e:
            if not record.remove(new):  # its room is needed
                self._faults += 1
            raise StoreError(record.reason(e)) from None
        self._tail.release()
        kept, self._base = self._base, number
        self._number, self._size, self._clean = number, 0, True
        self._tidy(kept)

    def _tidy(self, kept):
        """Remove what is older than the generation before; what a cut leaves here, the next one removes."""
        try:
            for suffix in (SNAPSHOT, JOURNAL):
                for number in record.numbers(self._path, suffix):
                    if number < kept and not record.remove(self._name(number, suffix)):
                        self._faults += 1
        except OSError:
            self._faults += 1

    def _name(self, number, suffix):
        return file_name(self._path, number, suffix)

    def close(self):
        self._tail.release()
