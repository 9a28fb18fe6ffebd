"""Figures of the station in the text format 0.0.4 of Prometheus. Pure; figures are integers."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from station.watch.judge import STATES, Check, Held
from station.watch.machine import Machine

TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "loadkeeper_"


class Family(NamedTuple):
    name: str
    kind: str  # gauge or counter
    help: str
    samples: list[tuple[Mapping[str, str], int]]  # (labels, value)


def families(
    machine: Machine, held: Held, checks: Iterable[Check], refused: Iterable[Mapping[str, Any]]
) -> list[Family]:
    """`refused`: rows of store.counters."""
    one = _ones(machine, held)
    return [
        *(Family(name, "gauge", text, [({}, value)]) for name, text, value in one if value is not None),
        *_processes(machine),
        Family(
            "jobs",
            "gauge",
            "Periodic jobs by state",
            [({"state": k}, n) for k, n in sorted(held.jobs.items())],
        ),
        Family(
            "refused_total",
            "counter",
            "Messages that were refused",
            [({"counter": row["name"], "reason": row["reason"]}, row["n"]) for row in refused],
        ),
        Family(
            "check_state",
            "gauge",
            "0 ok, 1 warning, 2 alarm",
            [({"check": c.name, "subject": c.subject}, STATES.index(c.state)) for c in checks],
        ),
    ]


def _ones(machine: Machine, held: Held) -> tuple[tuple[str, str, int | None], ...]:
    """(name, help, value), None where there is none yet."""
    return (
        ("disk_free_bytes", "Free on the disk of the home folder", machine.disk_free_bytes),
        ("disk_bytes", "Size of the disk of the home folder", machine.disk_bytes),
        ("database_bytes", "Size of the database file", machine.database_bytes),
        ("database_wal_bytes", "Size of its write-ahead log", machine.wal_bytes),
        ("memory_free_bytes", "Memory that may still be used", machine.memory_free_bytes),
        ("memory_bytes", "Memory of the machine", machine.memory_bytes),
        ("broker_up", "1 when the broker takes connections", int(machine.broker_up)),
        ("supervisor_spoke_timestamp_seconds", "When the supervisor last said something", machine.told_s),
        ("last_stored_timestamp_seconds", "When a message of a terminal was last stored", held.newest_s),
        ("backup_tested_timestamp_seconds", "When a backup was last restored for a test", held.tested_s),
    )


def _processes(machine: Machine) -> tuple[Family, ...]:
    def each(value: str) -> list[tuple[Mapping[str, str], int]]:
        return [({"name": p.name}, getattr(p, value)) for p in machine.processes]

    up: list[tuple[Mapping[str, str], int]] = [
        ({"name": p.name}, int(p.status == "running")) for p in machine.processes
    ]
    return (
        Family("process_up", "gauge", "1 when the process runs", up),
        Family("process_memory_bytes", "gauge", "Resident memory", each("memory_bytes")),
        Family("process_restarts_total", "counter", "Starts after the first", each("restarts")),
    )


def text(found: Iterable[Family]) -> str:
    lines = []
    for family in found:
        name = PREFIX + family.name
        lines += [f"# HELP {name} {family.help}", f"# TYPE {name} {family.kind}"]
        lines += [f"{name}{_labels(labels)} {value}" for labels, value in family.samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    inside = ",".join(f'{name}="{_quoted(value)}"' for name, value in labels.items())
    return "{" + inside + "}" if inside else ""


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
