"""The work that is of no other room."""

from sqlalchemy import Engine

from station.jobs.due import DAY_S, Job
from station.store import audit, db
from station.store import jobs as store

KEEP_S = 400 * DAY_S  # of runs: a year, and its comparison with the one before


class Damaged(RuntimeError):
    """What is stored is not whole; args[0] says what was found."""


def integrity(engine: Engine, _t_s: int) -> None:
    """Look whether the database file is whole; Damaged when not."""
    with db.reading(engine) as c:
        found = store.quick_check(c)
    if found:
        raise Damaged("; ".join(found))


def record(engine: Engine, _t_s: int) -> int:
    """Look whether the record of who did what is as it was written; Damaged when not. Returns its last id."""
    with db.reading(engine) as c:
        wrong, last = audit.broken(c), audit.head(c)
    if wrong is not None:
        raise Damaged(f"row {wrong} of the record of who did what was changed or is missing")
    return last.id


def history(engine: Engine, t_s: int) -> int:
    """Forget old runs."""
    with db.writing(engine) as c:
        return store.forget(c, t_s - KEEP_S)


JOBS = (
    Job("history", history, at_min=3 * 60 + 40),
    Job("integrity", integrity, at_min=3 * 60 + 10),
    Job("record", record, at_min=3 * 60 + 20),
)
