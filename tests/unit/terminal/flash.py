"""A flash that is full, worn or without power: every write of the real Kv and Ring comes here."""

import builtins
import errno
import os

from firmware.store import kv, record, ring

NOTHING, HALF, WHOLE = "nothing", "half", "whole"  # how much of a write that fails stands in the file


class Flash:
    """`limit`: bytes of all files together, None no limit. `worn`: each write fails, with so much of it kept.

    `left`: writes that still go well before it is worn, None: it is worn now. `off`: the power has gone.
    """

    def __init__(self, folder, monkeypatch):
        self.folder = folder
        self.limit = self.worn = self.left = None
        self.off = False
        for module in (record, kv, ring):
            monkeypatch.setattr(module, "open", self.open, raising=False)

    def open(self, name, mode="r"):
        if mode == "rb":
            return builtins.open(name, mode)
        self._may()
        return _File(self, builtins.open(name, mode, buffering=0))

    def used(self):
        return sum(p.stat().st_size for p in self.folder.rglob("*") if p.is_file())

    def fill(self):
        """From now on not a byte more."""
        self.limit = self.used()

    def mend(self):
        self.limit = self.worn = self.left = None

    def _may(self):
        if self.off:
            raise OSError(errno.EIO, "EIO")

    def write(self, f, data):
        self._may()
        if self.left is not None:
            self.left -= 1
        if self.worn and (self.left is None or self.left < 0):
            f.write(data[: {NOTHING: 0, HALF: len(data) // 2, WHOLE: len(data)}[self.worn]])
            raise OSError(errno.EIO, "EIO")
        if self.limit is not None and self.used() + len(data) > self.limit:
            raise OSError(errno.ENOSPC, "ENOSPC")  # one argument alone sets no errno on CPython
        return f.write(data)


class _File:
    def __init__(self, flash, f):
        self._flash, self._f = flash, f

    def write(self, data):
        return self._flash.write(self._f, bytes(data))

    def flush(self):
        self._flash._may()

    def close(self):
        self._f.close()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._f.close()


def flip(path, keep=0):
    """Spoil a file behind its first `keep` bytes."""
    data = bytearray(path.read_bytes())
    data[keep:] = bytes(b ^ 0x55 for b in data[keep:])
    path.write_bytes(bytes(data))


def clear(folder):
    """An empty file system, as after formatting."""
    for path in sorted(folder.rglob("*"), reverse=True):
        os.remove(path) if path.is_file() else path.rmdir()
