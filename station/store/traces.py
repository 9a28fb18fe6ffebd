"""Traces of the uplink: what a device that is listened to said, and what it was told.

Ingest and the dispatcher note messages in the transaction that stores what the message is about. Of a device
the newest KEPT messages stay, of a message the first BYTES bytes. Rules: station/collection/traces.py.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select

from protocols import cbor
from station.store.db import row, rows
from station.store.schema import devices
from station.store.scope import Scope
from station.store.traces_schema import trace_messages as messages
from station.store.traces_schema import traces

KEPT = 2000
BYTES = 8192
_MACS = (2, 3)  # of protocols.uplink.envelope
Row = dict[str, Any]


class Noted(NamedTuple):
    device: str
    up: int
    leaf: str
    payload: bytes
    trouble: str = ""


def put(c: Connection, t_ms: int, noted: Sequence[Noted]) -> None:
    """Keep messages of devices that are listened to, in their order."""
    if not noted:
        return
    c.execute(insert(messages), [_row(each, t_ms) for each in noted])
    for device in {each.device for each in noted}:
        same = messages.c.device == device
        newest = select(messages.c.id).where(same).order_by(messages.c.id.desc())
        first_too_old = c.execute(newest.offset(KEPT).limit(1)).scalar()
        if first_too_old is not None:
            c.execute(delete(messages).where(same, messages.c.id <= first_too_old))


def _row(noted: Noted, t_ms: int) -> Row:
    payload = noted.payload if noted.up else unsealed(noted.payload)
    return noted._asdict() | {"t_ms": t_ms, "size": len(noted.payload), "payload": payload[:BYTES]}


def unsealed(payload: bytes) -> bytes:
    """A message down with empty seals: who reads a trace gets nothing that a device would obey."""
    wire = cbor.decode(payload)
    return cbor.encode(wire | {key: b"" for key in _MACS if key in wire})


def on(c: Connection, t_s: int) -> frozenset[str]:
    """Devices that are listened to."""
    return frozenset(c.execute(select(traces.c.device).where(traces.c.until_s > t_s)).scalars())


def switch(c: Connection, device: str, until_s: int, author: str) -> None:
    c.execute(delete(traces).where(traces.c.device == device))
    c.execute(insert(traces).values(device=device, until_s=until_s, author=author))


def get(c: Connection, device: str) -> Row | None:
    return row(c.execute(select(traces).where(traces.c.device == device)))


def listened(c: Connection, scope: Scope, t_s: int) -> list[Row]:
    """{device, name, until_s, author} of those in the scope that are listened to, the first to end first."""
    query = select(traces, devices.c.name).join_from(traces, devices)
    query = query.where(traces.c.until_s > t_s, scope.over(devices.c.unit))
    return rows(c.execute(query.order_by(traces.c.until_s, traces.c.device)))


def page(c: Connection, device: str, limit: int | None, before: int | None, **wanted: Any) -> list[Row]:
    """Newest first, those before a number; `wanted`: up, leaf, trouble (True: only refused ones)."""
    query = select(messages).where(messages.c.device == device, *_narrowed(wanted))
    if before is not None:
        query = query.where(messages.c.id < before)
    return rows(c.execute(query.order_by(messages.c.id.desc()).limit(limit)))


def _narrowed(wanted: dict[str, Any]) -> list[ColumnElement[bool]]:
    only = [messages.c[name] == wanted[name] for name in ("up", "leaf") if wanted.get(name) is not None]
    return [*only, messages.c.trouble != ""] if wanted.get("trouble") else only


def number(c: Connection, device: str) -> int:
    """Messages that are kept of a device."""
    return c.execute(select(func.count()).where(messages.c.device == device)).scalar_one()


def forget(c: Connection, before_s: int) -> None:
    """Delete messages from before."""
    c.execute(delete(messages).where(messages.c.t_ms < before_s * 1000))
