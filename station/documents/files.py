"""Files in the home folder: parts that grow, whole files by their SHA-256. Written, synced, then renamed.

    files/parts/TOKEN       what has come so far; its size is the offset to go on from
    files/ab/abcd...        a whole file, kept once however often it is attached

A write that fails leaves the part as it was before it, so that the sender goes on from there later.
"""

import errno
import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

RESERVE_BYTES = 512 << 20  # of the disk: the database lives on it too
BLOCK = 1 << 20
_TOKEN = re.compile(r"[0-9a-f]{32}")
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Full(OSError):
    """No room; nothing that was there is lost."""


class Gap(ValueError):
    """A piece does not begin where the part ends; args[0] is where it does."""


class Differs(ValueError):
    """The whole is not what its sender has; it is thrown away."""


def _write_all(file: BinaryIO, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


class Files:
    """`write` and `free` are what the disk does, so that a test can be a disk that is full."""

    def __init__(
        self,
        home: Path,
        write: Callable[[BinaryIO, bytes], None] = _write_all,
        free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
    ) -> None:
        self._home, self._write, self._free = home / "files", write, free
        (self._home / "parts").mkdir(parents=True, exist_ok=True, mode=0o700)

    def room(self, size: int) -> None:
        """Full when so much more would leave less than the reserve."""
        if self._free(self._home) < RESERVE_BYTES + size:
            raise Full(errno.ENOSPC, "reserve")

    def _part(self, token: str) -> Path:
        if not _TOKEN.fullmatch(token):
            raise ValueError("token")
        return self._home / "parts" / token

    def have(self, token: str) -> int:
        """Bytes of the part that are here."""
        try:
            return self._part(token).stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, token: str, offset: int, data: bytes) -> int:
        """Write a piece and sync it; where the part ends now. Gap, Full."""
        with self._locked(token) as file:
            have = file.seek(0, os.SEEK_END)
            if have != offset:
                raise Gap(have)
            try:
                self._write(file, data)
                file.flush()
                os.fsync(file.fileno())
            except OSError as error:
                os.ftruncate(file.fileno(), offset)
                raise (Full(*error.args) if error.errno in _FULL else error) from error
            return offset + len(data)

    @contextmanager
    def _locked(self, token: str) -> Iterator[BinaryIO]:
        """The part, of which one sender at a time writes."""
        handle = os.open(self._part(token), os.O_RDWR | os.O_CREAT, 0o600)
        with open(handle, "r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file  # type: ignore[misc]

    def head(self, token: str, size: int) -> bytes:
        with self._part(token).open("rb") as file:
            return file.read(size)

    def keep(self, token: str, wanted: str = "") -> str:
        """Make the part a whole file; its SHA-256. Differs when that is not `wanted`, if any is."""
        part = self._part(token)
        with part.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if wanted and wanted != found:
            part.unlink()
            raise Differs(found)
        whole = self.path(found)
        whole.parent.mkdir(exist_ok=True, mode=0o700)
        if whole.exists():
            part.unlink()
        else:
            part.replace(whole)
            _sync(whole.parent)
        return found

    def drop(self, token: str) -> None:
        self._part(token).unlink(missing_ok=True)

    def path(self, sha256: str) -> Path:
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise ValueError("sha256")
        return self._home / sha256[:2] / sha256

    def strays(self, before_s: int) -> list[str]:
        """Tokens of parts that nobody has written to since."""
        parts = (self._home / "parts").iterdir()
        return [
            part.name for part in parts if part.stat().st_mtime < before_s and _TOKEN.fullmatch(part.name)
        ]


def _sync(folder: Path) -> None:
    """A rename is there after a power cut only when its folder is written."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
