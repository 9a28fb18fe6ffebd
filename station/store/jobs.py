"""Periodic work: what there is, who asked for a run, how the runs ended. Rules: station/jobs."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from station.store.db import row, rows
from station.store.jobs_schema import job_runs, jobs

Row = dict[str, Any]


def register(c: Connection, wanted: Iterable[Mapping[str, Any]]) -> None:
    """Have exactly these jobs (name, every_s, at_min); what was asked of those that stay is kept."""
    known = set(c.execute(select(jobs.c.name)).scalars())
    named: set[str] = set()
    for facts in wanted:
        named.add(facts["name"])
        if facts["name"] in known:
            c.execute(update(jobs).where(jobs.c.name == facts["name"]).values(**facts))
        else:
            c.execute(insert(jobs).values(**facts))
    c.execute(delete(jobs).where(jobs.c.name.in_(known - named)))


def get(c: Connection, name: str) -> Row | None:
    return row(c.execute(select(jobs).where(jobs.c.name == name)))


def listed(c: Connection) -> list[Row]:
    """By name, each with its newest run as run_id, author, start_s, end_s, result, rows, error."""
    newest = select(func.max(job_runs.c.id)).where(job_runs.c.job == jobs.c.name).correlate(jobs)
    run = [job_runs.c[name] for name in ("author", "start_s", "end_s", "result", "rows", "error")]
    query = select(jobs, job_runs.c.id.label("run_id"), *run)
    return rows(
        c.execute(query.outerjoin(job_runs, job_runs.c.id == newest.scalar_subquery()).order_by(jobs.c.name))
    )


def ask(c: Connection, name: str, author: str, token: str, t_s: int) -> bool:
    """False when a run is wanted already, or this form asked before."""
    here = (jobs.c.name == name) & jobs.c.wanted_s.is_(None) & (jobs.c.token != token)
    asked = update(jobs).where(here).values(wanted_s=t_s, wanted_by=author, token=token)
    return c.execute(asked).rowcount == 1


# ---- runs


def begin(c: Connection, name: str, author: str, t_s: int) -> int | None:
    """The id of a new run, which answers what was asked; None while one is running."""
    running = (job_runs.c.job == name) & (job_runs.c.result == "running")
    if c.execute(select(job_runs.c.id).where(running).limit(1)).first() is not None:
        return None
    c.execute(update(jobs).where(jobs.c.name == name).values(wanted_s=None, wanted_by=""))
    new = insert(job_runs).values(job=name, author=author, start_s=t_s, result="running")
    return c.execute(new).inserted_primary_key[0]  # type: ignore[index]


def end(c: Connection, number: int, **facts: Any) -> None:
    c.execute(update(job_runs).where(job_runs.c.id == number).values(**facts))


def fold(c: Connection, number: int, since_s: int) -> None:
    """Let this run stand for those of its job since then that nobody asked for and that went well."""
    job = select(job_runs.c.job).where(job_runs.c.id == number).scalar_subquery()
    same = (job_runs.c.job == job) & (job_runs.c.start_s >= since_s) & (job_runs.c.id < number)
    c.execute(delete(job_runs).where(same, job_runs.c.result == "done", job_runs.c.author == ""))


def cut(c: Connection) -> int:
    """What still counts as running has lost its process. Returns how many."""
    return c.execute(update(job_runs).where(job_runs.c.result == "running").values(result="cut")).rowcount


def runs(c: Connection, limit: int, job: str = "", result: str = "", before: int | None = None) -> list[Row]:
    """Newest first; `before` an id."""
    query = select(job_runs).order_by(job_runs.c.id.desc()).limit(limit)
    if job:
        query = query.where(job_runs.c.job == job)
    if result:
        query = query.where(job_runs.c.result == result)
    return rows(c.execute(query if before is None else query.where(job_runs.c.id < before)))


def forget(c: Connection, before_s: int) -> int:
    """Drop runs that began before; the newest of each job stays. Returns how many went."""
    newest = select(func.max(job_runs.c.id)).group_by(job_runs.c.job)
    old = (job_runs.c.start_s < before_s) & job_runs.c.id.not_in(newest)
    return c.execute(delete(job_runs).where(old)).rowcount


def quick_check(c: Connection) -> list[str]:
    """What SQLite finds wrong with the file; [] when it is whole."""
    found = [text for (text,) in c.exec_driver_sql("PRAGMA quick_check(10)")]
    return [] if found == ["ok"] else found
