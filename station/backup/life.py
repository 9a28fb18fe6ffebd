"""Make, verify and restore a backup of a home folder."""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from station.backup.sealed import Reader, Unusable, Writer
from station.store import backup as store
from station.store import db

FOLDER, SUFFIX, MANIFEST = "backup", ".lkbackup", "manifest.json"
_PASSING = frozenset({"run", "log", FOLDER})  # top folders that are of this machine or of now
_BESIDE = (".db-wal", ".db-shm", ".lock", ".new")


def sources(home: Path) -> Iterator[Path]:
    """Relative paths of what a backup holds, in order."""
    for path in sorted(home.rglob("*")):
        name = path.relative_to(home)
        if path.is_file() and name.parts[0] not in _PASSING and not name.name.endswith(_BESIDE):
            yield name


def make(home: Path, to: Path, phrase: str, keep: int, t_s: int) -> Path:
    """Write a new backup into `to`, then remove all but the newest `keep`.

    OSError or sqlite3.Error (disk full): nothing new stays, and the old backups are untouched."""
    to.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = to / (time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(t_s)) + SUFFIX)
    new = path.with_name(path.name + ".new")
    try:
        with tempfile.TemporaryDirectory(dir=to) as scratch:
            manifest = _copy(home, Path(scratch))
            _seal(Path(scratch), manifest, new, phrase)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    for old in sorted(to.glob("*" + SUFFIX))[:-keep]:
        old.unlink()
    return path


def _copy(home: Path, scratch: Path) -> dict[str, Any]:
    """Copy what a backup holds; the manifest: by path size, sha256 and, of a database, rows by table."""
    found = {}
    for name in sources(home):
        copied = scratch / name
        copied.parent.mkdir(parents=True, exist_ok=True)
        if name.suffix == ".db":
            store.copy(home / name, copied)
        else:
            shutil.copyfile(home / name, copied)
        rows = store.counts(copied) if name.suffix == ".db" else None
        found[str(name)] = {"bytes": copied.stat().st_size, "sha256": _sha256(copied), "rows": rows}
    return {"head": db.HEAD, "files": found}


def _seal(scratch: Path, manifest: dict[str, Any], new: Path, phrase: str) -> None:
    text = json.dumps(manifest).encode()
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        sealed = Writer(file, phrase)
        with tarfile.open(fileobj=sealed, mode="w|") as tar:
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


def verify(path: Path, phrase: str) -> dict[str, Any]:
    """Restore into a scratch folder and look at all of it; the manifest. Unusable when anything is amiss."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        manifest = _unpack(path, home, phrase)
        if (home / "loadkeeper.db").exists():
            _migrated(home)
        return manifest


def restore(path: Path, home: Path, phrase: str) -> dict[str, Any]:
    """Put the backup in place of an empty or missing `home`; the manifest.

    Unusable when there is anything in `home` (a station that runs, or ran, is never overwritten) or the
    backup is amiss: then `home` stays as it was."""
    if home.exists() and any(home.iterdir()):
        raise Unusable(f"{home} is not empty: a station is never overwritten; restore into a new folder")
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as scratch:
        ready = Path(scratch) / "home"
        ready.mkdir(mode=0o700)
        manifest = _unpack(path, ready, phrase)
        ready.replace(home)  # the system refuses if something came into `home` meanwhile
    return manifest


def _unpack(path: Path, home: Path, phrase: str) -> dict[str, Any]:
    with path.open("rb") as file:
        sealed = Reader(file, phrase)
        try:
            with tarfile.open(fileobj=sealed, mode="r|") as tar:
                tar.extractall(home, filter="data")
            sealed.finish()
            facts = home / MANIFEST
            manifest = json.loads(facts.read_text())
            facts.unlink()
        except (tarfile.TarError, FileNotFoundError, json.JSONDecodeError) as error:
            raise Unusable(f"the backup is not whole: {error}") from None
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
        except sqlite3.Error as error:
            raise Unusable(f"{name} does not open: {error}") from None
        if found or rows != said["rows"]:
            raise Unusable(f"{name}: {found or 'other counts of rows than when it was backed up'}")


def _migrated(home: Path) -> None:
    """It must open with this version of the tables."""
    engine = db.engine(home)
    try:
        with db.reading(engine) as c:
            c.exec_driver_sql("SELECT 1")
    finally:
        engine.dispose()
