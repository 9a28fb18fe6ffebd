"""The meters of the area; row n is meter n. Loaded in pieces, compared by hash.

A row is ROW_BYTES wherever it goes, and HELD_BYTES here: what every row ends with takes no heap.
"""

import hashlib
import struct

from protocols.uplink.archive_rows import (  # noqa: F401  the rooms of the area take them from here
    GATE,
    GUARANTEED,
    HELD,
    HELD_BYTES,
    KEY,
    LINES,
    MODULE,
    MOST,
    PHASES,
    PREPAID,
    ROW,
    ROW_BYTES,
    Row,
    fault,
)

_SLOT, _LINE, _FLAGS, _GROUP = 6, 7, 9, 13  # offsets in a row


class Archive:
    """`data`: the rows as they were stored. Rows that cannot stand are left out and named in `refused`:
    [(meter, reason)]."""

    def __init__(self, data: "bytes | bytearray" = b""):
        self._rows = _held(data, min(MOST, len(data) // ROW_BYTES))
        self.refused = []
        if len(data) > MOST * ROW_BYTES or len(data) % ROW_BYTES:
            self.refused.append((self.size + 1, "size"))
        for meter, reason in self._faults(1, self.size):
            self._rows[(meter - 1) * HELD_BYTES : meter * HELD_BYTES] = bytes(HELD_BYTES)
            self.refused.append((meter, reason))

    @property
    def size(self):
        """Rows, with or without a meter."""
        return len(self._rows) // HELD_BYTES

    def rows(self):
        """Yield (meter, Row)."""
        for meter in range(1, self.size + 1):
            if self.line(meter):
                yield meter, self.get(meter)

    def get(self, meter):
        """Row, or None when there is no such meter."""
        if not self.line(meter):
            return None
        return Row(*struct.unpack_from(HELD, self._rows, (meter - 1) * HELD_BYTES))

    def line(self, meter) -> int:
        """0 when there is no such meter."""
        return self._byte(meter, _LINE)

    def slot(self, meter) -> int:
        return self._byte(meter, _SLOT)

    def flags(self, meter) -> int:
        return self._byte(meter, _FLAGS)

    def group(self, meter) -> int:
        return self._byte(meter, _GROUP)

    def _byte(self, meter, offset):
        return self._rows[(meter - 1) * HELD_BYTES + offset] if 0 < meter <= self.size else 0

    def find(self, address, line=0, after=0) -> int:
        """The first meter behind row `after` with this address, on this line (0: on any); 0 when none."""
        at = self._rows.find(address, after * HELD_BYTES)
        while at >= 0:
            meter, offset = at // HELD_BYTES + 1, at % HELD_BYTES
            if not offset and self.line(meter) and line in (0, self.line(meter)):
                return meter
            at = self._rows.find(address, at + 1)
        return 0

    def hash(self) -> bytes:
        """`digest` of the rows: what the station compares with its own."""
        last = self.size
        while last and not self.line(last):
            last -= 1
        told = hashlib.sha256()
        for meter in range(1, last + 1):
            told.update(self.piece(meter, 1))
        return told.digest()

    def put(self, meter, piece) -> list:
        """Load rows from this one on: all, or none and [(meter, reason)] of those that cannot stand."""
        count = len(piece) // ROW_BYTES
        if not count or len(piece) % ROW_BYTES or meter < 1 or meter - 1 + count > MOST:
            return [(meter, "size")]
        start, size = (meter - 1) * HELD_BYTES, len(self._rows)
        rows = _held(piece, count)
        before = self._rows[start : start + len(rows)]
        if start + len(rows) > size:
            self._rows.extend(bytes(start + len(rows) - size))
        self._rows[start : start + len(rows)] = rows
        faults = self._faults(meter, count)
        if faults:
            self._rows[start : start + len(before)] = before
            self._rows[size:] = b""
        return faults

    def become(self, other) -> list:
        """Take the rows of another archive over; the meters whose rows have changed."""
        last = max(self.size, other.size)
        for rows in (self._rows, other._rows):
            rows.extend(bytes(last * HELD_BYTES - len(rows)))
        mine, theirs = memoryview(self._rows), memoryview(other._rows)
        moved = []
        for meter in range(1, last + 1):
            start, end = (meter - 1) * HELD_BYTES, meter * HELD_BYTES
            if mine[start:end] != theirs[start:end]:
                moved.append(meter)
        self._rows[:] = other._rows
        return moved

    def piece(self, first, count) -> bytearray:
        """The packed rows from this one on."""
        count = max(0, min(count, self.size + 1 - first))
        rows = bytearray(count * ROW_BYTES)
        for row in range(count):
            start = (first - 1 + row) * HELD_BYTES
            rows[row * ROW_BYTES : row * ROW_BYTES + HELD_BYTES] = self._rows[start : start + HELD_BYTES]
        return rows

    def _faults(self, first, count):
        found = []
        for meter in range(first, first + count):
            reason = fault(self.piece(meter, 1))
            if reason or self._is_double(meter, range(first, first + count)):
                found.append((meter, reason or "duplicate"))
        return found

    def _is_double(self, meter, loaded):
        """Of two that are loaded together the second is the double."""
        row = self.get(meter)
        other = row and self.find(row.address, row.line)
        while other and (other == meter or (other > meter and other in loaded)):
            other = self.find(row.address, row.line, other)
        return bool(other)


def _held(data, count):
    """What is held of so many rows."""
    rows = bytearray(count * HELD_BYTES)
    for row in range(count):
        at = row * ROW_BYTES
        rows[row * HELD_BYTES : (row + 1) * HELD_BYTES] = data[at : at + HELD_BYTES]
    return rows
