"""Files that another system lays into HOME/marketing/in; call `work` every few minutes.

    in/KIND-full[...].csv   in/KIND-change[...].xlsx     taken when it lies as it lay at the look before
    in/anything.part        left alone: its writer renames it when it is whole
    done/N-NAME, refused/N-NAME, each with N-NAME.report.csv; N is the number of the file on the page

What is in the file is committed first, the report is written next, the file is moved last: wherever the power
goes, the next look finds the file in `in` and comes to the same end.
"""

import csv
import io
import logging
import os
import re
import stat
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from station.archives.records import Desk
from station.errors import KEYS, FieldError, Invalid
from station.imports.reading import MOST_BYTES
from station.marketing import files, receive
from station.marketing.kinds import SHEETS
from station.settings import write_atomic
from station.store import db
from station.store import marketing as store
from station.store.export import guarded
from station.store.scope import EVERYWHERE, ROOT

log = logging.getLogger(__name__)
AUTHOR = "marketing"  # in whose name the rule takes what nobody handed in
LOOK_FILES = 100  # of one look; more wait for the next
STALE_ROWS = 500  # compared anew in a transaction
STALE_ROUNDS = 20  # of one look
NAME_CHARS = 200
_NAME = re.compile(
    rf"({'|'.join(SHEETS)})[-_]({'|'.join(files.FORMS)})(?![a-z]).*\.(csv|xlsx)", re.IGNORECASE
)


def work(engine: Engine, home: Path, t_s: int, today: int) -> int:
    """Take what lies ready, and compare anew what changed here; how many files and records."""
    return sweep(engine, home / "marketing", today) + refresh(engine, t_s)


def refresh(engine: Engine, t_s: int) -> int:
    """Compare anew the records that were changed in the archive since they were compared."""
    done = 0
    for _round in range(STALE_ROUNDS):
        with db.writing(engine) as c:
            found = store.stale(c, STALE_ROWS)
            for kind in SHEETS:
                receive.again(c, kind, [each["number"] for each in found if each["kind"] == kind], t_s)
        done += len(found)
        if len(found) < STALE_ROWS:
            break
    return done


def sweep(engine: Engine, folder: Path, today: int) -> int:
    for name in ("in", "done", "refused"):
        (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    lying = _lying(folder / "in")
    with db.writing(engine) as c:
        ready = sorted(store.look(c, lying), key=lambda name: (lying[name][1], name))  # oldest first
    for name in ready:
        _settled(engine, folder, name, today)
    return len(ready)


def _lying(folder: Path) -> dict[str, tuple[int, int]]:
    """{name: (bytes, changed_ns)} of plain files whose writer says that they are whole."""
    found: dict[str, tuple[int, int]] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            about = entry.stat(follow_symlinks=False)
            hidden = entry.name.startswith(".") or entry.name.endswith(".part")
            if stat.S_ISREG(about.st_mode) and not hidden and len(entry.name) <= NAME_CHARS:
                found[entry.name] = (about.st_size, about.st_mtime_ns)
            if len(found) == LOOK_FILES:
                break
    return found


def _settled(engine: Engine, folder: Path, name: str, today: int) -> None:
    path = folder / "in" / name
    try:
        with path.open("rb") as source:
            data = source.read(MOST_BYTES + 1)
    except OSError as error:  # gone again, or not ours to read: the others do not wait for it
        log.warning("marketing_unreadable name=%s error=%s", name, error)
        return
    named = _NAME.fullmatch(name)
    kind, form = (named[1].lower(), named[2].lower()) if named else ("", "")
    file = files.File(kind, form, ROOT, name, data)
    try:
        if not named:
            raise Invalid(FieldError("file", "marketing_file_name", {"kinds": " ".join(SHEETS)}))
        number, _new = files.take(partial(db.writing, engine), Desk(AUTHOR, EVERYWHERE, today), file)
        to = "done"
    except Invalid as invalid:
        with db.writing(engine) as c:
            number = files.refuse(c, file, AUTHOR, invalid.errors)
        to = "refused"
    with db.reading(engine) as c:
        row = store.file(c, number, EVERYWHERE)
    assert row
    write_atomic(folder / to / f"{number}-{name}.report.csv", report(row))
    path.rename(folder / to / f"{number}-{name}")


def report(row: dict[str, object]) -> str:
    """Counts, then a line for each wrong one, in English words and with keys for programs."""
    out = io.StringIO()
    told = csv.writer(out)
    for name in ("state", "new", "same", "taken", "kept", "conflict", "ours", "wrong"):
        told.writerow([name, row[name]])
    told.writerow(["line", "column", "value", "key", "error"])
    faults = row["faults"]
    assert isinstance(faults, list)
    for line, column, value, key, args in faults:
        told.writerow([line, guarded(column), guarded(value), key, KEYS[key].format(**args)])
    return out.getvalue()
