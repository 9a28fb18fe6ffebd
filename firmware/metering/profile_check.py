"""Takes a reading profile apart and checks all of it, so that no answer of a meter can meet an unusable part.

Needed at a start; a terminal need not keep it loaded.
"""

import struct
from binascii import unhexlify

from firmware.metering.profile import READ, ROW, ROW_BYTES
from protocols.meters import dlt645_types

WANTED = ("reads", "singles", "fast", "slow", "freeze", "power", "energy", "curve", "daily")
WIDTH_MAX, SHIFT_MAX = 32, 9
MAX_READS, MAX_ROWS = 64, 255
TEXTS = (dlt645_types.DIGITS, dlt645_types.TEXT)  # have no scale


class ProfileError(ValueError):
    """The profile cannot be used; args[0] says why."""


def take(profile, document) -> tuple:
    """Fill what a Profile shows from the parsed document; return (singles, reads packed). ProfileError."""
    try:
        return _take(profile, document)
    except ProfileError:
        raise
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        raise ProfileError("profile is malformed") from None


def _take(profile, document):
    missing = [name for name in WANTED if name not in document]
    if missing:
        raise ProfileError("profile lacks " + " ".join(missing))
    if len(document["reads"]) > MAX_READS:
        raise ProfileError("profile has more than %d reads" % MAX_READS)
    reads = {di: _rows(di, text) for di, text in document["reads"]}
    singles = {di: _whole(singles) for di, singles in document["singles"]}
    profile.power, profile.energy = _whole((document["power"], document["energy"]))
    profile.fast, profile.freeze = _whole(document["fast"], 2), _whole(document["freeze"], 2)
    profile.slow = _whole(document["slow"])
    profile.curve, profile.daily = _whole(document["curve"]), _whole(document["daily"])
    if not profile.slow:
        raise ProfileError("profile has no slow reads")
    for di in profile.fast + profile.slow + profile.freeze[1:] + tuple(singles):
        if di not in reads:
            raise ProfileError("profile reads %08X without its rows" % di)
    for di, each in singles.items():
        if len(each) > len(reads[di]) // ROW_BYTES:
            raise ProfileError("profile replaces %08X by more reads than it has rows" % di)
    return singles, b"".join(
        [struct.pack(READ, di, len(rows) // ROW_BYTES) + rows for di, rows in reads.items()]
    )


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
    """The rows of one read, each checked."""
    _whole((di,))
    rows = unhexlify(text)
    if not rows or len(rows) % ROW_BYTES or len(rows) > MAX_ROWS * ROW_BYTES:
        raise ProfileError("profile rows of %08X are cut off" % di)
    for start in range(0, len(rows), ROW_BYTES):
        _no, kind, width, shift = struct.unpack_from(ROW, rows, start)
        fits = kind <= dlt645_types.MINUTE and 0 < width <= WIDTH_MAX and -SHIFT_MAX <= shift <= SHIFT_MAX
        order = dlt645_types.ORDERS.get(kind)
        if not fits or (kind in TEXTS and shift) or (order and len(order) != width):
            raise ProfileError("profile rows of %08X show an impossible field" % di)
    return rows
