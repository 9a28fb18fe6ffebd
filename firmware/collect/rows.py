"""What the watch keeps of each meter: 16 bytes, in one piece that goes to flash as it is.

    0  u32  total_wh   of the last daily freeze
    4  u8   day        its local day since 1970, modulo 256
    5  u8   stands     days the total has stood
    6  u16  heard_min  minute of the run in which it was heard last, modulo 65536
    8  u8   flags
    9  u8   covers     times its cover was opened, modulo 256
    10 u16 x 3         run status words 1, 3 and 7; 0xFFFF not known

The file is written beside and renamed: a power cut leaves the old one or the new one. What was told since the
last save (SAVE_S, or the last gasp) is told once more after a cut, and an end in that time is not told.
"""

import struct
from binascii import crc32

from firmware.area.archive import MOST
from firmware.store import blobs
from firmware.store.record import StoreError

BYTES = 16
HEAD, HEAD_BYTES = b"LKw1", 8  # then u32 `supply`: what is told of the transformer, a bit a condition
NO_WORD = 0xFFFF
SIZE = HEAD_BYTES + MOST * BYTES + 4  # CRC-32 of all before
FILE = 1
SAVE_S, CALM_S = 300, 3600  # from a change that was told, or of values only, until it is in flash
UNREAD, STORM, STANDS, FLIES, TOTAL, COVER, USED = 1, 2, 4, 8, 16, 32, 64  # flags
_TOTAL, _DAY, _STANDS, _HEARD, _FLAGS, _COVERS, _WORDS = 0, 4, 5, 6, 8, 9, 10


class Rows:
    """`path`: a folder of its own. `faults` counts saves that the flash refused and damaged files."""

    def __init__(self, path):
        self._path = path
        self.faults = 0
        self._due_s = None  # run_s at which it is saved
        self._data = self._load() or self._new()
        for meter in range(1, MOST + 1):
            self.hear(meter, 0)

    def _new(self):
        data = bytearray(SIZE)
        data[: len(HEAD)] = HEAD
        for meter in range(1, MOST + 1):
            _clear(data, meter)
        return data

    def _load(self):
        name = blobs.whole(self._path, FILE)
        if not blobs.size(name):
            return None
        try:
            data = bytearray(blobs.load(name, SIZE))
        except StoreError:
            data = bytearray()
        whole = len(data) == SIZE and data[: len(HEAD)] == HEAD
        if whole and crc32(memoryview(data)[:-4]) == struct.unpack_from("<I", data, SIZE - 4)[0]:
            return data
        self.faults += 1
        return None

    def save(self):
        self._due_s = None
        struct.pack_into("<I", self._data, SIZE - 4, crc32(memoryview(self._data)[:-4]))
        try:
            blobs.save(self._path, FILE, self._data)
        except StoreError:
            self.faults += 1

    def tick(self, run_s):
        if self._due_s is not None and run_s >= self._due_s:
            self.save()

    def touch(self, run_s, wait_s=CALM_S):
        """Something changed: save it within so many seconds."""
        due_s = run_s + wait_s
        self._due_s = due_s if self._due_s is None else min(self._due_s, due_s)

    def forget(self, meter, run_s):
        """Another meter has this number now."""
        _clear(self._data, meter)
        self.hear(meter, run_s // 60)

    # ---- fields

    @property
    def supply(self):
        return struct.unpack_from("<I", self._data, len(HEAD))[0]

    @supply.setter
    def supply(self, mask):
        struct.pack_into("<I", self._data, len(HEAD), mask)

    def hear(self, meter, minute):
        struct.pack_into("<H", self._data, _at(meter) + _HEARD, minute & 0xFFFF)

    def silent_min(self, meter, minute):
        return (minute - struct.unpack_from("<H", self._data, _at(meter) + _HEARD)[0]) & 0xFFFF

    def has(self, meter, flag):
        return self._data[_at(meter) + _FLAGS] & flag

    def mark(self, meter, flag, on=True):
        at = _at(meter) + _FLAGS
        self._data[at] = self._data[at] | flag if on else self._data[at] & ~flag

    def total(self, meter):
        """(Wh, day, days it has stood)."""
        return struct.unpack_from("<IBB", self._data, _at(meter))

    def put_total(self, meter, wh, day, stands):
        struct.pack_into("<IBB", self._data, _at(meter), wh, day & 255, stands)

    def covers(self, meter):
        return self._data[_at(meter) + _COVERS]

    def put_covers(self, meter, count):
        self._data[_at(meter) + _COVERS] = count & 255

    def word(self, meter, place):
        """The status word at place 0..2, None while it is not known."""
        value = struct.unpack_from("<H", self._data, _at(meter) + _WORDS + 2 * place)[0]
        return None if value == NO_WORD else value

    def put_word(self, meter, place, value):
        struct.pack_into("<H", self._data, _at(meter) + _WORDS + 2 * place, value)


def _clear(data, meter):
    at = _at(meter)
    data[at : at + BYTES] = bytes(_WORDS) + b"\xff" * (BYTES - _WORDS)


def _at(meter):
    return HEAD_BYTES + (meter - 1) * BYTES
