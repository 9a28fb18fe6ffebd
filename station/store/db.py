"""The one way to the database: SQLite in WAL with synchronous=FULL, so that a commit survives a power cut.

Several processes write (ingest, dispatcher, jobs, web), each for milliseconds: `writing` takes the write lock
at once (BEGIN IMMEDIATE) and waits for it, so that a read never has to be upgraded half way.
"""

import fcntl
import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Result, create_engine, event
from sqlalchemy.exc import OperationalError

HEAD = "0037"  # last of the chain in migrations/versions
BUSY_MS = 15_000
MAPPED_BYTES = 1 << 30

# Locked for too long, full or gone: nothing was stored, and the same may work later.
StoreError = OperationalError


def now_s() -> int:
    return int(time.time())


def engine(home: Path | str, readonly: bool = False) -> Engine:
    """Return an engine on `home/loadkeeper.db`, migrated to HEAD first unless `readonly`."""
    path = Path(home) / "loadkeeper.db"
    if readonly:
        made = create_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        made = create_engine(f"sqlite:///{path}")
    event.listen(made, "connect", _connected_ro if readonly else _connected)
    event.listen(made, "begin", _begin)
    if not readonly:
        _migrate_once(made, path.parent)
    return made


def _connected(dbapi: Any, _record: object) -> None:
    dbapi.isolation_level = None  # the driver must not begin by itself
    dbapi.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    dbapi.execute("PRAGMA journal_mode=WAL")
    dbapi.execute("PRAGMA synchronous=FULL")
    dbapi.execute("PRAGMA foreign_keys=ON")


def _connected_ro(dbapi: Any, _record: object) -> None:
    dbapi.isolation_level = None
    dbapi.execute(f"PRAGMA mmap_size={MAPPED_BYTES}")  # no copy of a page: lists are 3 times faster
    dbapi.execute(f"PRAGMA busy_timeout={BUSY_MS}")


def _begin(c: Connection) -> None:
    c.exec_driver_sql("BEGIN IMMEDIATE" if c.get_execution_options().get("writes") else "BEGIN")


@contextmanager
def reading(on: Engine) -> Iterator[Connection]:
    """One consistent view; nothing is written."""
    with on.connect() as c:
        yield c


@contextmanager
def writing(on: Engine) -> Iterator[Connection]:
    """One transaction: committed at the end of the block, undone if the block raises."""
    with on.execution_options(writes=True).begin() as c:
        yield c


def sqlite_version(c: Connection) -> str:
    return c.exec_driver_sql("SELECT sqlite_version()").scalar_one()


class Changes:
    """Tells cheaply whether another connection has committed since last asked (PRAGMA data_version)."""

    def __init__(self, on: Engine) -> None:
        self._raw = on.raw_connection()
        self._seen: int | None = None

    def any(self) -> bool:
        """StoreError like any other access, though it goes past SQLAlchemy."""
        cursor = self._raw.cursor()
        try:
            version = cursor.execute("PRAGMA data_version").fetchone()[0]  # type: ignore[union-attr]
        except sqlite3.OperationalError as error:
            raise StoreError("PRAGMA data_version", None, error) from error
        finally:
            cursor.close()
        changed, self._seen = version != self._seen, version
        return changed

    def close(self) -> None:
        self._raw.close()


AnyResult = Result[*tuple[Any, ...]]


def rows(result: AnyResult) -> list[dict[str, Any]]:
    return [dict(row) for row in result.mappings()]


def row(result: AnyResult) -> dict[str, Any] | None:
    found = result.mappings().first()
    return dict(found) if found is not None else None


def _migrate_once(made: Engine, home: Path) -> None:
    with reading(made) as c:
        known = c.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").first()
        at = c.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() if known else None
    if at == HEAD:
        return
    with (home / "migrate.lock").open("w") as lock:  # processes start together; one migrates
        fcntl.flock(lock, fcntl.LOCK_EX)
        migrate(made)


def migrate(made: Engine) -> None:
    """Bring the tables to HEAD (alembic)."""
    logging.getLogger("alembic").setLevel(logging.WARNING)  # its import alone logs a paragraph otherwise
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with writing(made) as c:
        config.attributes["connection"] = c
        command.upgrade(config, HEAD)
