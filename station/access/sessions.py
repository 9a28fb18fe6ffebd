"""Sessions at the pages: begun by a log-in, over by a log-out, by standing still, by age, or by another one.

They stand in the database, so that one that ended stays ended over restarts and in every process.
"""

import hashlib
from typing import Any

from sqlalchemy import Connection

from station.access.policy import Policy
from station.store import audit
from station.store import web_sessions as store

LEFT, IDLE, LONG, ELSEWHERE, TAKEN = "left", "idle", "long", "elsewhere", "taken"
ENDS = (LEFT, IDLE, LONG, ELSEWHERE, TAKEN)  # log-out; no sign; too long; a newer log-in; the person ended it
SIGN_S = 60  # a sign of life is noted so often at most
Row = dict[str, Any]


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def begin(c: Connection, held: Policy, user: str, secret: str, t_s: int, address: str, browser: str) -> None:
    """`secret` stands in the cookie. Where the policy wants one session of a person, the older ones end."""
    if held.single:
        store.end(c, user, ELSEWHERE, t_s)
    store.add(c, t_s, hash=digest(secret), user=user, address=address, browser=browser)


def over(row: Row | None, held: Policy, seen_s: float, t_s: float) -> str:
    """Why a session is over, of ENDS; empty while it is open. `seen_s`: the last sign its cookie knows."""
    if row is None:
        return LEFT
    if row["ended_s"] is not None:
        return row["why"]
    if t_s - row["since_s"] > held.longest_h * 3600:
        return LONG
    return IDLE if t_s - max(row["seen_s"], seen_s) > held.idle_min * 60 else ""


def end_others(c: Connection, user: str, secret: str, t_s: int) -> int:
    """End all open ones of a person but this; how many were ended."""
    ended = store.end(c, user, TAKEN, t_s, but=digest(secret))
    if ended:
        audit.add(c, user, "sessions_ended", user, sessions=ended)
    return ended


def end_one(c: Connection, user: str, number: int, t_s: int) -> bool:
    """False: the person has no such open one."""
    ended = store.end(c, user, TAKEN, t_s, only=number)
    if ended:
        audit.add(c, user, "sessions_ended", user, sessions=1)
    return bool(ended)
