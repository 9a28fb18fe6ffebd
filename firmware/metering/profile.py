"""Decodes by the reading profile of the identity (described in protocols/meters/profile.py): profile 0.

What is read, here an identifier, is for others a value to hand back, as the number of a read of
protocols.meters.interpret.Profile is, which shows the same.
"""

import struct

from protocols.meters import dlt645_types

ROW = "<HBBb"  # point number, field type, bytes, shift
ROW_BYTES = struct.calcsize(ROW)
READ = "<IB"  # head of a read in `Profile.packed`: identifier, rows that follow
READ_BYTES = struct.calcsize(READ)


# DL/T 645-2007: bits/s (of the row of POINTS), format, ms until a reply begins, longest pause in a frame
SERIAL = (0, "8E1", 500, 500)


class Profile:
    """`document`: the parsed profile; profile_check.ProfileError when it is not one.

    Made within a visit (firmware/overlay.py), which brings the check.
    """

    def __init__(self, document):
        from firmware.metering import profile_check

        self.serial = SERIAL
        self.power = self.energy = 0
        nothing: tuple = ()
        self.fast = self.freeze = self.slow = self.curve = self.daily = nothing
        self._singles, self._packed = profile_check.take(
            self, document
        )  # all reads in one piece: each alone costs 64 bytes

    def request(self, di):
        """As the Reader takes it."""
        return "%08X" % di

    def singles(self, di):
        """The reads that replace a block which the meter refuses."""
        return self._singles.get(di, ())

    def _reads(self):
        """Yield (identifier, its rows)."""
        at = 0
        while at < len(self._packed):
            di, count = struct.unpack_from(READ, self._packed, at)
            at += READ_BYTES
            end = at + count * ROW_BYTES
            yield di, self._packed[at:end]
            at = end

    def _rows_of(self, di):
        """A single read that replaces a block shows one row of it. KeyError when the profile has neither."""
        for each, rows in self._reads():
            if each == di:
                return rows
        for block, singles in self._singles.items():
            if di in singles:
                start = singles.index(di) * ROW_BYTES
                return self._rows_of(block)[start : start + ROW_BYTES]
        raise KeyError(di)

    def reads_of(self, no):
        """Reads whose answer begins with point `no`."""
        return [di for di, rows in self._reads() if struct.unpack_from(ROW, rows)[0] == no]

    def freeze_s(self, data):
        """Second since 1970 of the meter's clock that the first read of `freeze` shows, or None."""
        return dlt645_types.read(dlt645_types.MINUTE, data) if len(data) == 5 else None

    def decode(self, di, data):
        """{point number: canonical value, None for "absent"} of the data behind `di`.

        Fields behind the end of a shorter answer are left out, members that a block has beyond the rows too.
        Data that ends inside a field is not what the rows describe: it gives nothing.
        """
        rows = self._rows_of(di)
        out = {}
        at = 0
        for start in range(0, len(rows), ROW_BYTES):
            no, kind, width, shift = struct.unpack_from(ROW, rows, start)
            if at == len(data):
                return out
            if at + width > len(data):
                return {}
            value = dlt645_types.read(kind, data[at : at + width])
            out[no] = value if value is None else _shifted(value, shift)
            at += width
        return {} if (len(data) - at) % width else out


def _shifted(value, shift):
    """value * 10**shift, cut towards zero."""
    if shift >= 0:
        return value * 10**shift
    return value // 10**-shift if value >= 0 else -(-value // 10**-shift)
