"""The backup of each night, and what is known of the last one that was tested."""

from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine

from station.backup import life
from station.errors import Unready
from station.store import audit, db, settings

AT_MIN = 2 * 60 + 30  # of the local day
_PLAN, _TESTED = "backup", "backup_tested"  # keys of store.settings


class NoPhrase(Unready):
    """No backup can be made without one."""


class Plan(NamedTuple):
    """Where backups go and the file with their pass phrase. The phrase itself is never stored here."""

    phrase_file: str
    to: str
    keep: int  # so many stay


def plan(c: Connection) -> Plan | None:
    """None: nobody has set it up."""
    found = settings.get(c, _PLAN)
    return Plan(**found) if found else None


def set_plan(c: Connection, author: str, wanted: Plan) -> None:
    settings.put(c, _PLAN, wanted._asdict())
    audit.add(c, author, "backup_planned", "backup", **wanted._asdict())


def phrase_of(path: Path) -> str:
    """The pass phrase in a file. NoPhrase."""
    try:
        found = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NoPhrase(f"the pass phrase is not readable in {path}: {error}") from None
    if not found:
        raise NoPhrase(f"{path} is empty: write the pass phrase into it")
    return found


def tested(c: Connection) -> dict[str, Any] | None:
    """{file, t_s, rows} of the last backup of this station that was restored for a test; None: none was."""
    return settings.get(c, _TESTED)


def record(c: Connection, author: str, path: Path, manifest: dict[str, Any], t_s: int) -> int:
    """A backup of this station was tested and is good. Returns the rows in it."""
    counted = (file["rows"] for file in manifest["files"].values() if file["rows"] is not None)
    rows = sum(sum(tables.values()) for tables in counted)
    settings.put(c, _TESTED, {"file": path.name, "t_s": t_s, "rows": rows})
    audit.add(c, author, "backup_tested", "backup", file=path.name, rows=rows)
    return rows


def work(home: Path, engine: Engine, t_s: int) -> int:
    """Make a backup and test it; rows that are in it. NoPhrase, and all that life.make and verify raise."""
    with db.reading(engine) as c:
        wanted = plan(c)
    if wanted is None:
        raise NoPhrase("no pass phrase is set: loadkeeper backup nightly --phrase-file FILE")
    phrase = phrase_of(Path(wanted.phrase_file))
    path = life.make(home, Path(wanted.to), phrase, wanted.keep, t_s)
    manifest = life.verify(path, phrase, home)
    with db.writing(engine) as c:
        audit.add(c, "jobs", "exported", "backup", file=path.name)
        return record(c, "jobs", path, manifest, t_s)
