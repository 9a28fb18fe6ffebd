"""When a job is due. Pure: times are UTC seconds, the local day is UTC plus an offset in seconds."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Engine

DAY_S = 86_400
SLACK_S = 600  # a run may begin so much after its time before it counts as late
RESULTS = ("running", "done", "failed", "cut")  # cut: its process ended first
STATES = ("waiting", "wanted", "running", "late", "failed")


class Job(NamedTuple):
    """Either every `every_s`, or daily at local minute `at_min`."""

    name: str
    work: Callable[[Engine, int], int | None]  # (engine, t_s) -> rows it touched, None when it counts none
    every_s: int | None = None
    at_min: int | None = None

    def facts(self) -> dict[str, Any]:
        return {"name": self.name, "every_s": self.every_s, "at_min": self.at_min}


def since(when: Mapping[str, Any], last_s: int | None, t_s: int, offset_s: int) -> int | None:
    """Time since which a run is due, None when none is. `when`: every_s, at_min; `last_s` its last start.

    However many times were missed, one run makes up for them all; a job that never ran is due at once."""
    if last_s is None:
        return t_s
    if when["every_s"] is not None:
        at = last_s + when["every_s"]
        return at if at <= t_s else None
    at = slot(when["at_min"], t_s, offset_s)
    return at if last_s < at else None


def slot(at_min: int, t_s: int, offset_s: int) -> int:
    """The latest time not after `t_s` at which the local clock showed `at_min`."""
    local = t_s + offset_s
    at = local - local % DAY_S + 60 * at_min
    return (at if at <= local else at - DAY_S) - offset_s


def state(row: Mapping[str, Any], t_s: int, offset_s: int) -> str:
    """One of STATES, of a row of store.jobs.listed."""
    if row["result"] == "running":
        return "running"
    if row["wanted_s"] is not None:
        return "wanted"
    due_s = since(row, row["start_s"], t_s, offset_s)
    if due_s is not None and t_s - due_s > SLACK_S:
        return "late"
    return "failed" if row["result"] in ("failed", "cut") else "waiting"
