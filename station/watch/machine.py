"""Looks at the machine: processes, disk, memory, the database's files, whether the broker answers."""

import os
import shutil
import socket
from pathlib import Path
from typing import NamedTuple

import psutil

from station.settings import Settings
from station.watch import told

ANSWER_S = 0.5  # the broker is on this machine or near it
BORN_S = 5  # a process of this number that began so much later is another one


class Process(NamedTuple):
    name: str
    status: str  # running, stopped (it exists but does nothing) or gone
    pid: int | None
    since_s: int
    restarts: int
    memory_bytes: int


class Machine(NamedTuple):
    told_s: int | None  # when the supervisor last said something; None: there is none
    processes: tuple[Process, ...]
    disk_free_bytes: int
    disk_bytes: int
    database_bytes: int
    wal_bytes: int
    memory_free_bytes: int
    memory_bytes: int
    load_1e2: int  # processes that want to run, mean of a minute, times 100
    cpus: int
    broker_up: bool


def look(settings: Settings) -> Machine:
    said, disk, memory = told.read(settings.run), shutil.disk_usage(settings.home), psutil.virtual_memory()
    database = settings.home / "loadkeeper.db"
    return Machine(
        told_s=said.t_s if said else None,
        processes=tuple(_process(child) for child in said.children) if said else (),
        disk_free_bytes=disk.free,
        disk_bytes=disk.total,
        database_bytes=_size(database),
        wal_bytes=_size(database.with_name("loadkeeper.db-wal")),
        memory_free_bytes=memory.available,
        memory_bytes=memory.total,
        load_1e2=round(os.getloadavg()[0] * 100),
        cpus=os.cpu_count() or 1,
        broker_up=_answers(settings),
    )


def _process(child: told.Child) -> Process:
    status, memory_bytes = "gone", 0
    if child.pid is not None:
        try:
            found = psutil.Process(child.pid)
            if found.create_time() <= child.since_s + BORN_S:
                status, memory_bytes = _status(found.status()), found.memory_info().rss
        except psutil.Error:
            pass  # it is gone
    return Process(child.name, status, child.pid, child.since_s, child.restarts, memory_bytes)


def _status(named: str) -> str:
    if named in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
        return "gone"
    return "stopped" if named in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP) else "running"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _answers(settings: Settings) -> bool:
    where = settings.broker()
    try:
        with socket.create_connection((where.host, where.port), timeout=ANSWER_S):
            return True
    except OSError:
        return False
