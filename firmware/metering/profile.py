"""Interprets the reading profile that the station gave (described in protocols/meters/profile.py)."""

import struct
from binascii import unhexlify

from protocols.meters import dlt645_types

ROW = "<HBBb"  # point number, field type, bytes, shift
ROW_BYTES = struct.calcsize(ROW)
WANTED = ("reads", "singles", "fast", "slow", "freeze", "power", "energy", "curve", "daily")


class ProfileError(ValueError):
    """The profile cannot be used; args[0] says why."""


class Profile:
    """`document`: the parsed profile. ProfileError when it is not one."""

    def __init__(self, document):
        missing = [name for name in WANTED if name not in document]
        if missing:
            raise ProfileError("profile lacks " + " ".join(missing))
        try:
            self._rows = {di: unhexlify(rows) for di, rows in document["reads"]}
            self.singles = {di: tuple(singles) for di, singles in document["singles"]}
        except (TypeError, ValueError):
            raise ProfileError("profile rows are malformed") from None
        self.power, self.energy = document["power"], document["energy"]
        self.fast, self.slow, self.freeze = document["fast"], document["slow"], document["freeze"]
        self.curve, self.daily = tuple(document["curve"]), tuple(document["daily"])
        asked = list(self.fast) + list(self.slow) + [self.freeze[1]] + list(self.singles)
        unknown = [di for di in asked if di not in self._rows]
        if unknown:
            raise ProfileError("profile reads %08X without its rows" % unknown[0])

    def _rows_of(self, di):
        """A single read that replaces a block shows one row of it."""
        if di not in self._rows:
            for block, singles in self.singles.items():
                if di in singles:
                    start = singles.index(di) * ROW_BYTES
                    return self._rows[block][start : start + ROW_BYTES]
        return self._rows[di]

    def decode(self, di, data):
        """{point number: canonical value, None for "absent"} of the data behind `di`.

        Fields behind the end of a shorter answer are left out.
        """
        rows = self._rows_of(di)
        out = {}
        at = 0
        for start in range(0, len(rows), ROW_BYTES):
            no, kind, width, shift = struct.unpack_from(ROW, rows, start)
            if at + width > len(data):
                break
            value = dlt645_types.read(kind, data[at : at + width])
            out[no] = value if value is None else _shifted(value, shift)
            at += width
        return out


def _shifted(value, shift):
    """value * 10**shift, cut towards zero."""
    if shift >= 0:
        return value * 10**shift
    return value // 10**-shift if value >= 0 else -(-value // 10**-shift)
