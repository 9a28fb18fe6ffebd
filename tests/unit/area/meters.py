"""Archives for the tests, and meters that answer by a script. Runs on both interpreters."""

import struct

from firmware.area.archive import ROW_BYTES, Archive

MIDNIGHT_S = 20454 * 86400  # 2026-01-01 00:00, local time


def address(number):
    """12 digits, low byte first."""
    digits = f"{number:012d}"
    return bytes([int(digits[at : at + 2], 16) for at in (10, 8, 6, 4, 2, 0)])


def row(number, line=1, flags=0, group=0, slot=0, phase=1):
    return struct.pack("<6sBBBBHBB10x", address(number), slot, line, phase, flags, 1, 0, group)


def area(meters, lines=1, **more):
    """`meters` on so many lines, the first meters on the first."""
    share = (meters + lines - 1) // lines
    return Archive(b"".join([row(n + 1, n // share + 1, **more) for n in range(meters)]))


NOBODY = bytes(ROW_BYTES)
