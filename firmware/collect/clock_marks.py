"""What is remembered of each meter's clock, 4 bytes: when it is read next, and how far it was off. Pure.

A day goes round all meters once; who did not answer is tried again with the next round of RETRY_S. What was
told, and what was sent and not read back, survives a restart: `packed`, 5 bytes a meter that has any of it.
"""

import struct
from array import array

from firmware.area.archive import MOST

TOLD, CHECKED, WANTS, SENT = 1, 2, 4, 8  # event 12 stands; read today; to be mended; mended, not read back
RETRY_S = 7200
FAR_S = 32767  # more is not told apart here
_ROW = "<HBh"
_ROW_BYTES = 5


class Marks:
    """`saved`: what `packed` gave, or None. A damaged one is no more than forgotten."""

    def __init__(self, saved=None):
        self._flags = bytearray(MOST)
        self._days = bytearray(MOST)  # local day on which event 12 began, modulo 256
        self._off_s = array("h", bytes(2 * MOST))
        self._at = 0  # meters of this round that had their turn
        self._round_s = None  # run_s at which it began
        saved = saved if isinstance(saved, bytes) and not len(saved) % _ROW_BYTES else b""
        for at in range(0, len(saved), _ROW_BYTES):
            meter, day, off_s = struct.unpack_from(_ROW, saved, at)
            if 0 < meter <= MOST:
                self._flags[meter - 1] = TOLD | (SENT if off_s else 0)
                self._days[meter - 1], self._off_s[meter - 1] = day, off_s

    def packed(self):
        out = bytearray()
        for meter in range(1, MOST + 1):
            if self.has(meter, TOLD):
                off_s = self._off_s[meter - 1] if self.has(meter, SENT) else 0
                out.extend(struct.pack(_ROW, meter, self._days[meter - 1], off_s))
        return bytes(out)

    def has(self, meter, flag):
        return self._flags[meter - 1] & flag

    def mark(self, meter, flag, on=True):
        flags = self._flags[meter - 1]
        self._flags[meter - 1] = flags | flag if on else flags & ~flag

    def forget(self, meter):
        self._flags[meter - 1] = 0

    def off_s(self, meter):
        return self._off_s[meter - 1]

    def put_off_s(self, meter, off_s):
        self._off_s[meter - 1] = max(-FAR_S, min(FAR_S, off_s))

    def begin(self, meter, day):
        self.mark(meter, TOLD)
        self._days[meter - 1] = day & 255

    def lasted_days(self, meter, day):
        return (day - self._days[meter - 1]) & 255

    def stepped(self, step_s):
        """The own clock was set ahead so far: what was measured stands against the clock as it was."""
        for meter in range(1, MOST + 1):
            if self.has(meter, SENT):
                self.put_off_s(meter, self.off_s(meter) - step_s)
        self.renew()

    # ---- whose turn it is

    def renew(self):
        """All are read again: another day, or the own clock was set."""
        for meter in range(1, MOST + 1):
            self.mark(meter, CHECKED | WANTS, False)
        self._at, self._round_s = 0, None

    def next(self, archive, run_s):
        """The meter to be read now, 0 none."""
        if self._round_s is None or (self._at >= archive.size and run_s - self._round_s >= RETRY_S):
            self._at, self._round_s = 0, run_s
        while self._at < archive.size:
            self._at += 1
            if archive.line(self._at) and not self.has(self._at, CHECKED):
                return self._at
        return 0

    def all_of(self, archive, line, flag):
        """Meters of that line that have it."""
        size = archive.size + 1
        return [meter for meter in range(1, size) if archive.line(meter) == line and self.has(meter, flag)]
