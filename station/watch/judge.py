"""Whether the station is well: what was found against limits. Pure; times are UTC seconds.

Each limit stands here with its reason; pages and metrics show what these functions say.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from station.watch.machine import Machine, Process

STATES = ("ok", "warn", "alarm")  # in this order of gravity
MIB, GIB = 1 << 20, 1 << 30
DAY_S = 86_400

SILENT_S = 20  # of a supervisor that speaks every told.TELL_S
NEW_S = 600  # a process that was started again since then has just died
DISK_ALARM_BYTES = 512 * MIB  # a day of a large house; below 64 MiB nothing is taken in any more (/readyz)
DISK_WARN_PERCENT = 10
WAL_WARN_BYTES = 256 * MIB  # it is emptied at some MiB unless a reader holds it
MEMORY_ALARM_PERCENT, MEMORY_WARN_PERCENT = 3, 10
LOAD_WARN_1E2 = 200  # a processor: twice what it can do
INGEST_WARN_S, INGEST_ALARM_S = 15 * 60, 60 * 60  # terminals of a working house speak every minute
REFUSED_S = 3600
BACKUP_WARN_S, BACKUP_ALARM_S = 36 * 3600, 7 * DAY_S  # a night was missed; a week

# Why a check is not ok; each has words for what to do.
REASONS = (
    "no_supervisor",
    "supervisor_silent",
    "process_gone",
    "process_stopped",
    "process_restarted",
    "broker_silent",
    "nothing_stored",
    "messages_refused",
    "disk_full",
    "disk_low",
    "disk_no_copy",
    "wal_large",
    "memory_low",
    "load_high",
    "jobs_failed",
    "jobs_late",
    "backup_never",
    "backup_old",
)
CHECKS = ("process", "broker", "ingest", "refused", "disk", "database", "memory", "load", "jobs", "backup")
# Labels of figures.
FACTS = (
    *("pid", "since", "memory", "restarts", "spoke", "newest", "last", "size", "wal"),
    *("free", "whole", "load", "cpus", "late", "failed", "tested"),
)


class Held(NamedTuple):
    """What the store and other rooms know."""

    newest_s: int | None  # when a message was last stored
    refused_s: int | None  # when one was last refused
    jobs: Mapping[str, int]  # how many in which of station.jobs.due.STATES
    tested_s: int | None  # when a backup was last restored for a test


class Check(NamedTuple):
    name: str  # of CHECKS
    state: str  # of STATES
    reason: str = ""  # of REASONS; "" when ok
    facts: tuple[tuple[str, str, Any], ...] = ()  # (label, kind of figure, value)
    subject: str = ""  # name of the process


def checks(machine: Machine, held: Held, t_s: int) -> list[Check]:
    return [
        _supervisor(machine, t_s),
        *(_process(each, t_s) for each in machine.processes),
        _of("broker", {"broker_silent": ("alarm", not machine.broker_up)}),
        _ingest(held, t_s),
        _refused(held, t_s),
        _disk(machine),
        _of(
            "database",
            {"wal_large": ("warn", machine.wal_bytes > WAL_WARN_BYTES)},
            ("size", "bytes", machine.database_bytes),
            ("wal", "bytes", machine.wal_bytes),
        ),
        _memory(machine),
        _of(
            "load",
            {"load_high": ("warn", machine.load_1e2 > LOAD_WARN_1E2 * machine.cpus)},
            ("load", "1e2", machine.load_1e2),
            ("cpus", "count", machine.cpus),
        ),
        _jobs(held),
        _backup(held, t_s),
    ]


def worst(found: list[Check]) -> str:
    return max((each.state for each in found), key=STATES.index, default="ok")


def _of(
    name: str, ills: Mapping[str, tuple[str, bool]], *facts: tuple[str, str, Any], subject: str = ""
) -> Check:
    """`ills`: reason -> (state, whether it holds), the gravest first."""
    for reason, (state, holds) in ills.items():
        if holds:
            return Check(name, state, reason, facts, subject)
    return Check(name, "ok", "", facts, subject)


def _supervisor(machine: Machine, t_s: int) -> Check:
    if machine.told_s is None:
        return Check("process", "warn", "no_supervisor", (), "up")
    silent = t_s - machine.told_s > SILENT_S
    return _of(
        "process", {"supervisor_silent": ("alarm", silent)}, ("spoke", "age", machine.told_s), subject="up"
    )


def _process(process: Process, t_s: int) -> Check:
    again = process.restarts > 0 and t_s - process.since_s < NEW_S
    ills = {
        "process_gone": ("alarm", process.status == "gone"),
        "process_stopped": ("alarm", process.status == "stopped"),
        "process_restarted": ("warn", again),
    }
    facts = (
        ("pid", "number", process.pid),
        ("since", "age", process.since_s),
        ("memory", "bytes", process.memory_bytes),
        ("restarts", "count", process.restarts),
    )
    return _of("process", ills, *facts, subject=process.name)


def _ingest(held: Held, t_s: int) -> Check:
    """A house from which nothing ever came is new, not silent."""
    late_s = 0 if held.newest_s is None else t_s - held.newest_s
    state = "alarm" if late_s > INGEST_ALARM_S else "warn"
    ills = {"nothing_stored": (state, late_s > INGEST_WARN_S)}
    return _of("ingest", ills, ("newest", "age", held.newest_s))


def _refused(held: Held, t_s: int) -> Check:
    lately = held.refused_s is not None and t_s - held.refused_s < REFUSED_S
    return _of("refused", {"messages_refused": ("warn", lately)}, ("last", "age", held.refused_s))


def _disk(machine: Machine) -> Check:
    free, low = machine.disk_free_bytes, machine.disk_bytes * DISK_WARN_PERCENT // 100
    ills = {
        "disk_full": ("alarm", free < DISK_ALARM_BYTES),
        "disk_no_copy": ("warn", free < 2 * machine.database_bytes),  # unsealed and sealed
        "disk_low": ("warn", free < low),
    }
    return _of("disk", ills, ("free", "bytes", free), ("whole", "bytes", machine.disk_bytes))


def _memory(machine: Machine) -> Check:
    percent = 100 * machine.memory_free_bytes // max(1, machine.memory_bytes)
    state = "alarm" if percent < MEMORY_ALARM_PERCENT else "warn"
    facts = (("free", "bytes", machine.memory_free_bytes), ("whole", "bytes", machine.memory_bytes))
    return _of("memory", {"memory_low": (state, percent < MEMORY_WARN_PERCENT)}, *facts)


def _jobs(held: Held) -> Check:
    failed, late = held.jobs.get("failed", 0), held.jobs.get("late", 0)
    ills = {"jobs_late": ("alarm", late > 0), "jobs_failed": ("warn", failed > 0)}
    return _of("jobs", ills, ("late", "count", late), ("failed", "count", failed))


def _backup(held: Held, t_s: int) -> Check:
    if held.tested_s is None:
        return Check("backup", "warn", "backup_never")
    old_s = t_s - held.tested_s
    state = "alarm" if old_s > BACKUP_ALARM_S else "warn"
    return _of("backup", {"backup_old": (state, old_s > BACKUP_WARN_S)}, ("tested", "age", held.tested_s))
