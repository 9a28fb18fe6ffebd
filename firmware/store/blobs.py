"""A few files that come in pieces: meter profiles. Needed for a command and at a start; nothing of it stays.

    <slot>.part   what came so far, appended and flushed piece by piece: its size says where to go on
    <8 hex>.p1    a whole file; written beside as `new`, flushed, renamed

Which whole file counts says the key-value store, so a change is one commit there; a file that nobody names
goes at the next `tidy`. A power cut leaves of a piece all, nothing or its beginning, and what is sent again
fits behind."""

import os

from firmware.store import record
from firmware.store.record import StoreError

SUFFIX, PART, NEW = ".p1", ".part", "new"


def part(path, slot):
    return "%s/%d%s" % (path, slot, PART)


def whole(path, number):
    return "%s/%08x%s" % (path, number, SUFFIX)


def size(name) -> int:
    """0 of a file that is not there."""
    try:
        return os.stat(name)[6]
    except OSError:
        return 0


def append(path, slot, at, data) -> int:
    """Write a piece that begins at `at`; return how many bytes there are. At 0 everything begins anew.

    A piece that came already, and one beyond what is there, change nothing. StoreError.
    """
    name = part(path, slot)
    held = size(name)
    if not at and data:
        held = 0
    if at <= held < at + len(data):
        _write(path, name, "ab" if held else "wb", data[held - at :])
        held = at + len(data)
    return held


def load(name, most) -> bytes:
    """The content of a file of at most `most` bytes; StoreError.

    To read n bytes takes a block of n, so no more are asked for than there are.
    """
    try:
        held = os.stat(name)[6]
        if held > most:
            raise StoreError("too large")
        with open(name, "rb") as f:
            return f.read(held)
    except OSError as e:
        raise StoreError(record.reason(e)) from None


def save(path, number, data) -> None:
    """Make it the whole file of that number; StoreError."""
    new = path + "/" + NEW
    _write(path, new, "wb", data)
    try:
        os.rename(new, whole(path, number))
    except OSError as e:
        raise StoreError(record.reason(e)) from None


def _write(path, name, mode, data):
    try:
        record.folder(path)
        with open(name, mode) as f:
            f.write(data)
            f.flush()
    except OSError as e:
        raise StoreError(record.reason(e)) from None


def discard(path, slot) -> None:
    record.remove(part(path, slot))


def tidy(path, numbers) -> None:
    """Remove the whole files that nobody names; what the flash refuses goes the next time."""
    try:
        for number in record.numbers(path, SUFFIX):
            if number not in numbers:
                record.remove(whole(path, number))
    except OSError:
        pass
