"""The two ways of a web process to the database: a read-only one, and one that writes for milliseconds."""

import threading
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Connection, Engine

from station.store import db


class Store:
    """Engines are made at first use, so that a forked worker opens its own files."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._write: Engine | None = None
        self._read: Engine | None = None

    def _engines(self) -> tuple[Engine, Engine]:
        with self._lock:
            if self._write is None or self._read is None:
                self._write = db.engine(self._home)  # migrates; the read-only one needs the file
                self._read = db.engine(self._home, readonly=True)
            return self._write, self._read

    def reading(self) -> AbstractContextManager[Connection]:
        return db.reading(self._engines()[1])

    def writing(self) -> AbstractContextManager[Connection]:
        return db.writing(self._engines()[0])

    def changes(self) -> db.Changes:
        return db.Changes(self._engines()[1])

    def dispose(self) -> None:
        """Close all files; the next use opens them again."""
        with self._lock:
            for engine in (self._write, self._read):
                if engine is not None:
                    engine.dispose()
            self._write = self._read = None
