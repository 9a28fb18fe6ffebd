"""Make, verify and restore a backup of a home folder.

What lies unsealed meanwhile lies in the home's own folder `run`, never where backups go: that may be a disk
of somebody else.
"""

import fcntl
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from station.backup.sealed import Reader, Unusable, Writer
from station.store import backup as store
from station.store import db

FOLDER, SUFFIX, MANIFEST = "backup", ".lkbackup", "manifest.json"
# Top folders that are of this machine or of now. What the broker holds, no terminal was told to forget.
_PASSING = frozenset({"run", "log", "broker", FOLDER})
_BESIDE = (".db-wal", ".db-shm", ".lock", ".new", SUFFIX)  # no backup holds others
_SCRATCH = "backup-"
_LOCKS = ("up.lock", "jobs.lock")  # held while a station runs


class Busy(RuntimeError):
    """Another process makes or verifies a backup of this home."""


def sources(home: Path) -> Iterator[Path]:
    """Relative paths of what a backup holds, in order."""
    for path in sorted(home.rglob("*")):
        name = path.relative_to(home)
        if path.is_file() and name.parts[0] not in _PASSING and not name.name.endswith(_BESIDE):
            yield name


@contextmanager
def _scratch(home: Path) -> Iterator[Path]:
    """A folder for unsealed copies, gone afterwards; those of a process that was killed go first. Busy."""
    run = home / "run"
    run.mkdir(mode=0o700, exist_ok=True)
    with (run / "backup.lock").open("w") as lock:
        if not _taken(lock):
            raise Busy("a backup of this station is being made or verified already")
        for left in run.glob(_SCRATCH + "*"):
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(dir=run, prefix=_SCRATCH) as scratch:
            yield Path(scratch)


def _taken(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def make(home: Path, to: Path, phrase: str, keep: int, t_s: int) -> Path:
    """Write a new backup into `to`, then remove all but the newest `keep`. Busy.

    OSError or store.StoreFileError (disk full): nothing new stays, and the old backups are untouched."""
    to.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = to / (time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(t_s)) + SUFFIX)
    new = path.with_name(path.name + ".new")
    with _scratch(home) as scratch:
        for left in to.glob(f"*{SUFFIX}.new"):  # of one that was killed
            left.unlink()
        try:
            manifest = _copy(home, scratch)
            _seal(scratch, manifest, new, phrase)
            new.replace(path)
            _sync(to)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
    for old in sorted(to.glob("*" + SUFFIX))[:-keep]:
        old.unlink()
    return path


def _sync(path: Path) -> None:
    """What `path`, a file or a folder, holds is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _copy(home: Path, scratch: Path) -> dict[str, Any]:
    """Copy what a backup holds; the manifest: by path size, sha256 and, of a database, rows by table."""
    found = {}
    for name in sources(home):
        copied = scratch / name
        copied.parent.mkdir(parents=True, exist_ok=True)
        if name.suffix == ".db":
            store.copy(home / name, copied)
            shutil.copymode(home / name, copied)
        else:
            shutil.copy(home / name, copied)  # with its mode: keys stay their owner's
        rows = store.counts(copied) if name.suffix == ".db" else None
        found[str(name)] = {"bytes": copied.stat().st_size, "sha256": _sha256(copied), "rows": rows}
    return {"head": db.HEAD, "files": found}


def _seal(scratch: Path, manifest: dict[str, Any], new: Path, phrase: str) -> None:
    text = json.dumps(manifest).encode()
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        sealed = Writer(file, phrase)
        with tarfile.open(fileobj=cast(IO[bytes], sealed), mode="w|") as tar:
            facts = tarfile.TarInfo(MANIFEST)
            facts.size = len(text)
            tar.addfile(facts, io.BytesIO(text))
            for name in manifest["files"]:
                tar.add(scratch / name, name)
        sealed.close()
        file.flush()
        os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(path: Path, phrase: str, home: Path | None = None) -> dict[str, Any]:
    """Restore into a scratch folder (of `home`, else of the system) and look at all of it; the manifest.

    Unusable when anything is amiss; Busy."""
    with _scratch(home) if home else tempfile.TemporaryDirectory() as scratch:
        manifest = _unpack(path, Path(scratch), phrase)
        _migrated(Path(scratch))
        return manifest


def is_of(manifest: dict[str, Any], home: Path) -> bool:
    """Whether the backup is of this station: they have the one secret."""
    said, secret = manifest["files"].get("secret"), home / "secret"
    return said is not None and secret.is_file() and said["sha256"] == _sha256(secret)


def restore(path: Path, home: Path, phrase: str) -> dict[str, Any]:
    """Put the backup in place of an empty or missing `home`; the manifest.

    Unusable when there is anything in `home` (a station that runs, or ran, is never overwritten) or the
    backup is amiss: then `home` stays as it was."""
    if _runs(home):
        raise Unusable(f"a station runs in {home}: end it first; a restore goes into a new folder")
    if home.exists() and any(home.iterdir()):
        raise Unusable(f"{home} is not empty: a station is never overwritten; restore into a new folder")
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as scratch:
        ready = Path(scratch) / "home"
        ready.mkdir(mode=0o700)
        manifest = _unpack(path, ready, phrase)
        _migrated(ready)
        for each in ready.rglob("*"):
            _sync(each)
        _sync(ready)
        ready.replace(home)  # the system refuses if something came into `home` meanwhile
    _sync(home.parent)
    return manifest


def _runs(home: Path) -> bool:
    for name in _LOCKS:
        try:
            with (home / "run" / name).open() as lock:
                if not _taken(lock):
                    return True
        except FileNotFoundError:
            continue
    return False


def _unpack(path: Path, home: Path, phrase: str) -> dict[str, Any]:
    with path.open("rb") as file:
        sealed = Reader(file, phrase)
        try:
            with tarfile.open(fileobj=cast(IO[bytes], sealed), mode="r|") as tar:
                tar.extractall(home, filter="data")
            sealed.finish()
            facts = home / MANIFEST
            manifest = json.loads(facts.read_text())
            facts.unlink()
        except (tarfile.TarError, FileNotFoundError, json.JSONDecodeError) as error:
            raise Unusable(f"the backup is not whole: {error}") from None
    if manifest["head"] > db.HEAD:
        raise Unusable(f"made by a newer version (tables {manifest['head']}, here {db.HEAD}): update first")
    _compare(home, manifest)
    return manifest


def _compare(home: Path, manifest: dict[str, Any]) -> None:
    for name, said in manifest["files"].items():
        if not (home / name).is_file() or _sha256(home / name) != said["sha256"]:
            raise Unusable(f"{name} is not as it was backed up")
        if said["rows"] is None:
            continue
        try:
            found, rows = store.damage(home / name), store.counts(home / name)
        except store.StoreFileError as error:
            raise Unusable(f"{name} does not open: {error}") from None
        if found or rows != said["rows"]:
            raise Unusable(f"{name}: {found or 'other counts of rows than when it was backed up'}")


def _migrated(home: Path) -> None:
    """It must open with this version of the tables, and still be whole. Unusable."""
    path = home / "loadkeeper.db"
    if not path.exists():
        raise Unusable("there is no database in it")
    try:
        db.engine(home).dispose()
        found = store.damage(path)
    except (store.StoreFileError, db.StoreError) as error:
        raise Unusable(f"its database does not open: {error}") from None
    if found:
        raise Unusable(f"its database is not whole after the migration: {found}")
