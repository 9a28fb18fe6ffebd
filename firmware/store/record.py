"""The record both journal and ring are made of, and the few file steps they share.

    sequence u32 | length u16 | check u16 of these 6 bytes | payload | CRC-32 of all before

A record that runs over the end of the file was cut off by a power cut and never acknowledged. Anything else
that does not fit is damage. The header has a check of its own, so that its length can be believed when the
payload is damaged.
"""

import errno
import os
import struct
from binascii import crc32

HEAD = "<IHH"
HEAD_BYTES = 8
OVERHEAD = HEAD_BYTES + 4
SEGMENT = 4096  # one erase block
MAX_NUMBER = 0x7FFFFFFF  # of files and sequences: room for one record a second for 68 years

GOOD = 0
DAMAGED = 1  # payload bad; the next record can be found
TORN = 2  # runs over the end of the file: a power cut, nothing acknowledged is missing
BROKEN = 3  # no header to go by: nothing behind it in this file can be read


class StoreError(Exception):
    """The flash refuses or the data does not fit; args[0] is a short reason. What was stored stands."""


FULL = "flash full"


def reason(e):
    """Short text of an OSError."""
    return FULL if e.errno == 28 else "flash error " + errno.errorcode.get(e.errno, str(e.errno))


def pack(seq, payload) -> bytearray:
    """Return the whole record in one piece: it is written by one call."""
    size = len(payload)
    out = bytearray(OVERHEAD + size)
    struct.pack_into("<IH", out, 0, seq, size)
    struct.pack_into("<H", out, 6, crc32(memoryview(out)[:6]) & 0xFFFF)
    out[HEAD_BYTES : HEAD_BYTES + size] = payload
    struct.pack_into("<I", out, HEAD_BYTES + size, crc32(memoryview(out)[: HEAD_BYTES + size]))
    return out


def read(f, limit, skip_below=0):
    """Read one record: (state, sequence, payload); None at the end of the file.

    `limit` is the largest payload believed; the payload of a record below `skip_below` is not read.
    """
    head = f.read(HEAD_BYTES)
    if not head:
        return None
    if len(head) < HEAD_BYTES:
        return TORN, 0, b""
    seq, size, check = struct.unpack(HEAD, head)
    if check != crc32(head[:6]) & 0xFFFF or size > limit:
        return BROKEN, 0, b""
    if seq < skip_below:
        f.seek(size + 4, 1)
        return GOOD, seq, b""
    payload = f.read(size)
    tail = f.read(4)
    if len(tail) < 4:
        return TORN, seq, b""
    if crc32(payload, crc32(head)) != struct.unpack("<I", tail)[0]:
        return DAMAGED, seq, b""
    return GOOD, seq, payload


class Tail:
    """The one file that is open for appending; `faults` counts closes that failed."""

    def __init__(self):
        self._f = None
        self.faults = 0

    def append(self, name, mode, record):
        """Write and flush one record; `name` and `mode` count when no file is open. StoreError when refused.

        Flush is the commit: on lfs2 and on the unix port it reaches the medium before it returns.
        """
        try:
            if self._f is None:
                self._f = open(name, mode)
            self._f.write(record)
            self._f.flush()
        except OSError as e:
            self.release()
            raise StoreError(reason(e)) from None

    def release(self):
        """Close it: a file left to the collector would be closed with the heap locked."""
        f, self._f = self._f, None
        if f:
            try:
                f.close()
            except OSError:
                self.faults += 1


def folder(path):
    """Make the folder unless it is there."""
    try:
        os.mkdir(path)
    except OSError as e:
        if e.errno != errno.EEXIST:
            raise


def remove(path) -> bool:
    """Remove a file; False when the flash refuses."""
    try:
        os.remove(path)
    except OSError as e:
        return e.errno == errno.ENOENT
    return True


def numbers(path, suffix):
    """Sorted numbers of the files `<8 hex digits><suffix>` in a folder; other names are not ours."""
    out = []
    for name in os.listdir(path):
        if len(name) == 8 + len(suffix) and name.endswith(suffix):
            try:
                number = int(name[:8], 16)
            except ValueError:
                continue
            if 0 < number <= MAX_NUMBER:
                out.append(number)
    return sorted(out)
