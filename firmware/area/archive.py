"""The meters of the area, 24 bytes each; row n is meter n. Loaded in pieces, compared by hash."""

import hashlib
import struct
from collections import namedtuple

MOST = 1000
ROW = "<6sBBBBHBB10x"
ROW_BYTES = 24
_SLOT, _LINE, _FLAGS, _GROUP = 6, 7, 9, 13  # offsets in a row
LINES = (1, 2, 3, 4, 9)  # wires, and the carrier or radio module
MODULE = 9
PHASES = 4  # 0 unknown, 1 to 3, 4 three-phase
KEY, PREPAID, GUARANTEED, GATE = 1, 2, 4, 8  # flags

_NONE = bytes(6)
_EVERYBODY = b"\x99" * 6  # the broadcast address of DL/T 645

# address: BCD, low byte first, as on the wire. slot: of the profile, 0 the identity's. tariff, group: 0 none.
Row = namedtuple("Row", ("address", "slot", "line", "phase", "flags", "multiplier", "tariff", "group"))


def _is_bcd(data):
    return all([byte >> 4 < 10 and byte & 15 < 10 for byte in data])


def fault(packed) -> str:
    """Why a row of ROW_BYTES cannot stand; "" when it can. A row without a meter is all zeros."""
    row = Row(*struct.unpack(ROW, packed))
    if row.address == _NONE:
        return "address" if any(packed) else ""
    rules = (
        ("address", _is_bcd(row.address) and row.address != _EVERYBODY),
        ("line", row.line in LINES),
        ("phase", row.phase <= PHASES),
        ("flags", row.flags < 2 * GATE),
        ("multiplier", row.multiplier > 0),
    )
    return "".join([name for name, holds in rules if not holds][:1])


class Archive:
    """`data`: the rows as they were stored; a bytearray is used in place. Rows that cannot stand are left out
    and named in `refused`: [(meter, reason)]."""

    def __init__(self, data=b""):
        self._rows = data if isinstance(data, bytearray) else bytearray(data)
        self.refused = []
        if len(self._rows) > MOST * ROW_BYTES or len(self._rows) % ROW_BYTES:
            self._rows = bytearray(self._rows[: min(MOST, len(self._rows) // ROW_BYTES) * ROW_BYTES])
            self.refused.append((self.size + 1, "size"))
        for meter, reason in self._faults(1, self.size):
            self._rows[(meter - 1) * ROW_BYTES : meter * ROW_BYTES] = bytes(ROW_BYTES)
            self.refused.append((meter, reason))

    @property
    def size(self):
        """Rows, with or without a meter."""
        return len(self._rows) // ROW_BYTES

    def rows(self):
        """Yield (meter, Row)."""
        for meter in range(1, self.size + 1):
            if self.line(meter):
                yield meter, self.get(meter)

    def get(self, meter):
        """Row, or None when there is no such meter."""
        if not self.line(meter):
            return None
        return Row(*struct.unpack_from(ROW, self._rows, (meter - 1) * ROW_BYTES))

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
        return self._rows[(meter - 1) * ROW_BYTES + offset] if 0 < meter <= self.size else 0

    def find(self, address, line=0, after=0) -> int:
        """The first meter behind row `after` with this address, on this line (0: on any); 0 when none."""
        at = self._rows.find(address, after * ROW_BYTES)
        while at >= 0:
            meter, offset = at // ROW_BYTES + 1, at % ROW_BYTES
            if not offset and self.line(meter) and line in (0, self.line(meter)):
                return meter
            at = self._rows.find(address, at + 1)
        return 0

    def hash(self) -> bytes:
        """SHA-256 of the rows up to the last that has a meter: what the station compares with its own."""
        last = self.size
        while last and not self.line(last):
            last -= 1
        return hashlib.sha256(memoryview(self._rows)[: last * ROW_BYTES]).digest()

    def put(self, meter, piece) -> list:
        """Load rows from this one on: all, or none and [(meter, reason)] of those that cannot stand."""
        count = len(piece) // ROW_BYTES
        if not count or len(piece) % ROW_BYTES or meter < 1 or meter - 1 + count > MOST:
            return [(meter, "size")]
        start, size = (meter - 1) * ROW_BYTES, len(self._rows)
        before = self._rows[start : start + len(piece)]
        if start + len(piece) > size:
            self._rows.extend(bytes(start + len(piece) - size))
        self._rows[start : start + len(piece)] = piece
        faults = self._faults(meter, count)
        if faults:
            self._rows[start : start + len(before)] = before
            self._rows[size:] = b""
        return faults

    def _faults(self, first, count):
        found = []
        for meter in range(first, first + count):
            start = (meter - 1) * ROW_BYTES
            reason = fault(self._rows[start : start + ROW_BYTES])
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
