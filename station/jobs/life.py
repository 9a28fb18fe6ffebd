"""Runs what is due, one after the other: what fails is recorded and holds up nothing else."""

import fcntl
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine

from station.errors import FieldError, Invalid, Unready
from station.jobs.due import Job, since
from station.store import audit, db
from station.store import jobs as store

log = logging.getLogger(__name__)
ERROR_CHARS = 500
LOOK_S = 1
HOUR_S = 3600


class Busy(RuntimeError):
    """Another process runs the jobs of this home."""


@contextmanager
def alone(run: Path) -> Iterator[None]:
    """Hold the lock under which jobs run; Busy when another has it. `run`: folder of the lock."""
    with (run / "jobs.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy("the jobs of this station run already") from None
        yield


def start(engine: Engine, jobs: Sequence[Job]) -> None:
    """Say which jobs there are. Only under `alone`: what counts as running is taken for cut."""
    with db.writing(engine) as c:
        store.register(c, [job.facts() for job in jobs])
        cut = store.cut(c)
    if cut:
        log.warning("jobs_cut runs=%d", cut)


def sweep(engine: Engine, jobs: Sequence[Job], t_s: int, offset_s: int) -> int:
    """Run once each job that is due or asked for. Returns how many ran."""
    ran = 0
    for job in jobs:
        author = _due(engine, job, t_s, offset_s)
        if author is not None:
            ran += _run(engine, job, author, t_s)
    return ran


def _due(engine: Engine, job: Job, t_s: int, offset_s: int) -> str | None:
    """In whose name it is to run now: "" when its time has come, None when not at all."""
    with db.reading(engine) as c:
        asked = store.get(c, job.name)
        last = store.runs(c, 1, job.name)
    if asked is None:
        return None
    if asked["wanted_s"] is not None:
        return asked["wanted_by"]
    last_s = last[0]["start_s"] if last else None
    return "" if since(job.facts(), last_s, t_s, offset_s) is not None else None


def _run(engine: Engine, job: Job, author: str, t_s: int) -> bool:
    with db.writing(engine) as c:
        number = store.begin(c, job.name, author, t_s)
    if number is None:
        return False
    audit.origin.set(f"job {job.name}")
    began = time.monotonic()
    facts = {"result": "done", "rows": None, "error": ""}
    try:
        facts["rows"] = job.work(engine, t_s)
    except Unready as error:
        log.warning("job_unready name=%s why=%s", job.name, error)
        facts |= {"result": "failed", "error": str(error)[:ERROR_CHARS]}
    except Exception as error:  # a fault of one job must not stop the others
        log.exception("job_failed name=%s", job.name)
        facts |= {"result": "failed", "error": f"{type(error).__name__}: {error}"[:ERROR_CHARS]}
    with db.writing(engine) as c:
        store.end(c, number, end_s=t_s + int(time.monotonic() - began), **facts)
        if job.every_s is not None and facts["result"] == "done":
            store.fold(c, number, t_s - t_s % HOUR_S)
    return True


def ask(c: Connection, name: str, author: str, token: str, t_s: int) -> bool:
    """Want a run now; False when that was asked already. Invalid `no_such_job`."""
    if store.get(c, name) is None:
        raise Invalid(FieldError("", "no_such_job"))
    asked = store.ask(c, name, author, token, t_s)
    if asked:
        audit.add(c, author, "job_asked", f"job {name}")
    return asked


class Loop:
    def __init__(self, engine: Engine, jobs: Sequence[Job], offset_s: Callable[[], int]) -> None:
        self._engine, self._jobs, self._offset_s = engine, jobs, offset_s
        self._stop = False

    def stop(self) -> None:
        """After the job that runs now."""
        self._stop = True

    def run(self, run: Path) -> None:
        """Until `stop`. Busy when another process has the jobs; the database may come and go."""
        with alone(run):
            started = False
            while not self._stop:
                try:
                    if not started:
                        start(self._engine, self._jobs)
                        started = True
                        log.info("jobs_ready jobs=%d", len(self._jobs))
                    sweep(self._engine, self._jobs, db.now_s(), self._offset_s())
                except db.StoreError as error:
                    log.error("database_failed error=%s", error.orig)
                    started = False  # a run whose end was not stored has lost its process too
                time.sleep(LOOK_S)
