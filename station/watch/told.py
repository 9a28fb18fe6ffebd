"""What the supervisor says of the processes it runs: home/run/processes.json, written anew every TELL_S."""

import json
from pathlib import Path
from typing import NamedTuple

from station.settings import write_atomic

TELL_S = 5
FILE = "processes.json"


class Child(NamedTuple):
    name: str
    pid: int | None  # None: it died and waits for its next start
    since_s: int  # of the newest start
    restarts: int


class Told(NamedTuple):
    t_s: int
    pid: int  # of the supervisor
    children: tuple[Child, ...]


def write(run: Path, told: Told) -> None:
    write_atomic(run / FILE, json.dumps(told) + "\n")  # a tuple is a list there


def read(run: Path) -> Told | None:
    """None when no supervisor runs here, or none that says so."""
    try:
        t_s, pid, children = json.loads((run / FILE).read_text())
        return Told(t_s, pid, tuple(Child(*each) for each in children))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def forget(run: Path) -> None:
    (run / FILE).unlink(missing_ok=True)
