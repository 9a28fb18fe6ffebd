"""Copies of database files, by SQLite's online backup, and what is in them."""

import sqlite3
from contextlib import closing
from pathlib import Path

StoreFileError = sqlite3.Error  # the disk is full, or the file is no whole database


def copy(source: Path, target: Path) -> None:
    """One consistent copy while others write. StoreFileError when the disk is full or the source damaged."""
    uri = f"{source.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")  # the copy is one file


def counts(path: Path) -> dict[str, int]:
    """Rows by table."""
    with closing(sqlite3.connect(path)) as c:
        names = [
            name for (name,) in c.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        ]
        quoted = ((name, name.replace('"', '""')) for name in names)
        return {name: c.execute(f'SELECT count(*) FROM "{safe}"').fetchone()[0] for name, safe in quoted}


def damage(path: Path) -> str:
    """What PRAGMA integrity_check finds; "" when the file is whole."""
    with closing(sqlite3.connect(path)) as c:
        found = "; ".join(row[0] for row in c.execute("PRAGMA integrity_check"))
    return "" if found == "ok" else found
