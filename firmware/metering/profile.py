"""Interprets the reading profile that the station gave (described in protocols/meters/profile.py)."""

import struct
from binascii import unhexlify

from protocols.meters import dlt645_types

ROW = "<HBBb"  # point number, field type, bytes, shift
ROW_BYTES = struct.calcsize(ROW)
WANTED = ("reads", "singles", "fast", "slow", "freeze", "power", "energy", "curve", "daily")
WIDTH_MAX, SHIFT_MAX = 32, 9
MAX_READS = 64
TEXTS = (dlt645_types.DIGITS, dlt645_types.TEXT)  # have no scale


class ProfileError(ValueError):
    """The profile cannot be used; args[0] says why."""


class Profile:
    """`document`: the parsed profile. ProfileError when it is not one."""

    def __init__(self, document):
        try:
            self._take(document)
        except ProfileError:
            raise
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            raise ProfileError("profile is malformed") from None

    def _take(self, document):
        missing = [name for name in WANTED if name not in document]
        if missing:
            raise ProfileError("profile lacks " + " ".join(missing))
        if len(document["reads"]) > MAX_READS:
            raise ProfileError("profile has more than %d reads" % MAX_READS)
        self._rows = {di: _rows(di, text) for di, text in document["reads"]}
        self.singles = {di: _whole(singles) for di, singles in document["singles"]}
        self.power, self.energy = _whole((document["power"], document["energy"]))
        self.fast, self.freeze = _whole(document["fast"], 2), _whole(document["freeze"], 2)
        self.slow = _whole(document["slow"])
        self.curve, self.daily = _whole(document["curve"]), _whole(document["daily"])
        if not self.slow:
            raise ProfileError("profile has no slow reads")
        for di in self.fast + self.slow + self.freeze[1:] + tuple(self.singles):
            if di not in self._rows:
                raise ProfileError("profile reads %08X without its rows" % di)
        for di, singles in self.singles.items():
            if len(singles) > len(self._rows[di]) // ROW_BYTES:
                raise ProfileError("profile replaces %08X by more reads than it has rows" % di)

    def _rows_of(self, di):
        """A single read that replaces a block shows one row of it."""
        if di not in self._rows:
            for block, singles in self.singles.items():
                if di in singles:
                    start = singles.index(di) * ROW_BYTES
                    return self._rows[block][start : start + ROW_BYTES]
        return self._rows[di]

    def read_of(self, no):
        """The identifier whose answer begins with point `no`; None when no read shows it so."""
        for di, rows in self._rows.items():
            if struct.unpack_from(ROW, rows)[0] == no:
                return di
        return None

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


def _whole(numbers, count=None):
    """Identifiers or point numbers as a tuple; ValueError when they are none."""
    numbers = tuple(numbers)
    if count not in (None, len(numbers)):
        raise ValueError
    for number in numbers:
        if type(number) is not int or not 0 <= number < 1 << 32:
            raise ValueError
    return numbers


def _rows(di, text):
    """The rows of one read, each checked, so that no answer of a meter can meet an unusable one."""
    _whole((di,))
    rows = unhexlify(text)
    if not rows or len(rows) % ROW_BYTES:
        raise ProfileError("profile rows of %08X are cut off" % di)
    for start in range(0, len(rows), ROW_BYTES):
        _no, kind, width, shift = struct.unpack_from(ROW, rows, start)
        fits = kind <= dlt645_types.MINUTE and 0 < width <= WIDTH_MAX and -SHIFT_MAX <= shift <= SHIFT_MAX
        order = dlt645_types.ORDERS.get(kind)
        if not fits or (kind in TEXTS and shift) or (order and len(order) != width):
            raise ProfileError("profile rows of %08X show an impossible field" % di)
    return rows


def _shifted(value, shift):
    """value * 10**shift, cut towards zero."""
    if shift >= 0:
        return value * 10**shift
    return value // 10**-shift if value >= 0 else -(-value // 10**-shift)
