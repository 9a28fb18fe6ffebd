"""Traces of the uplink, switched on for a device and a time: every message is kept to be looked at.

A trace ends by itself; switched on again it begins a new time. Nothing that the station does depends on it.
"""

from sqlalchemy import Connection, Engine

from station.errors import FieldError, Invalid
from station.store import audit, db
from station.store import traces as store

HOURS = (1, 4, 24)
MOST = 20  # devices at a time: each message costs ingest a row more
KEEP_S = 7 * 86_400


def begin(c: Connection, author: str, device: str, hours: object, t_s: int) -> None:
    """Listen to a device from now for so long. Invalid: not one of HOURS, too many are listened to."""
    if not (isinstance(hours, int) and hours in HOURS):
        raise Invalid(FieldError("hours", "needed"))
    if len(store.on(c, t_s) - {device}) >= MOST:
        raise Invalid(FieldError("hours", "traces_full", {"most": MOST}))
    store.switch(c, device, t_s + hours * 3600, author)
    audit.add(c, author, "trace_begun", device, hours=hours)


def stop(c: Connection, author: str, device: str, t_s: int) -> None:
    """What was kept stays for KEEP_S. One that ended already is left alone."""
    if device in store.on(c, t_s):
        store.switch(c, device, t_s, author)
        audit.add(c, author, "trace_stopped", device)


def forget(engine: Engine, t_s: int) -> None:
    with db.writing(engine) as c:
        store.forget(c, t_s - KEEP_S)
