"""Rows of an area's archive as they travel and are hashed: 24 bytes a meter, row n is meter n."""

import hashlib
import struct
from collections import namedtuple

MOST = 1000
HELD, HELD_BYTES = "<6sBBBBHBB", 14  # of a row; the rest is zeros until it means something
ROW = HELD + "10x"
ROW_BYTES = 24
LINES = (1, 2, 3, 4, 9)  # wires, and the carrier or radio module
MODULE = 9
PHASES = 4  # 0 unknown, 1 to 3, 4 three-phase
KEY, PREPAID, GUARANTEED, GATE = 1, 2, 4, 8  # flags

_NONE = bytes(6)
_EVERYBODY = b"\x99" * 6  # the broadcast address of DL/T 645

# address: BCD, low byte first, as on the wire. slot: of the profile, 0 the identity's. tariff, group: 0 none.
Row = namedtuple("Row", ("address", "slot", "line", "phase", "flags", "multiplier", "tariff", "group"))


def pack(row) -> bytes:
    """ROW_BYTES of a Row; struct.error for a number that does not fit its field."""
    return struct.pack(ROW, *row)


def unpack(data, offset=0):
    """The Row at `offset`."""
    return Row(*struct.unpack_from(ROW, data, offset))


def address(digits) -> bytes:
    """12 digits as people read them -> 6 bytes; ValueError otherwise."""
    if len(digits) != 12 or any([digit not in "0123456789" for digit in digits]):
        raise ValueError("12 digits")
    return bytes([int(digits[i : i + 2], 16) for i in range(10, -2, -2)])


def digits(address_) -> str:
    return "".join(["%02x" % byte for byte in reversed(address_)])


def _is_bcd(data):
    return all([byte >> 4 < 10 and byte & 15 < 10 for byte in data])


def fault(packed) -> str:
    """Why a row of ROW_BYTES cannot stand; "" when it can. A row without a meter is all zeros."""
    row = unpack(packed)
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


def digest(data) -> bytes:
    """SHA-256 of whole rows up to the last that is not all zeros: what device and station compare."""
    last = len(data)
    while last and not any(data[last - ROW_BYTES : last]):
        last -= ROW_BYTES
    return hashlib.sha256(memoryview(data)[:last]).digest()
