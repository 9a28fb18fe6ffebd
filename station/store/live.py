"""The newest NOW message of each device, and a short trail of its power."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from protocols import cbor
from protocols.uplink import messages
from station.store import schema
from station.store.db import row
from station.store.schema import live

TRAIL_S = 2 * 3600  # what the live chart can show

_trail = schema.trail
_COLUMNS = (
    "t_s t_ok power_w setpoint_w tripped open alarm permitted remaining_wh guarantee meter_ok"
    " plan_id last_order"
).split()


def put(c: Connection, device: str, now: Mapping[str, Any], body: bytes, received_s: int) -> None:
    """Replace the live state by an unpacked NOW and its bytes, and add a point to the trail."""
    facts = {name: now[name] for name in _COLUMNS} | {"received_s": received_s, "body": body}
    c.execute(
        upsert(live)
        .values(device=device, **facts)
        .on_conflict_do_update(index_elements=["device"], set_=facts)
    )
    point = {"power_w": now["power_w"], "setpoint_w": now["setpoint_w"]}
    c.execute(
        upsert(_trail)
        .values(device=device, t_s=received_s, **point)
        .on_conflict_do_update(index_elements=["device", "t_s"], set_=point)
    )


def latest(c: Connection, device: str) -> dict[str, Any] | None:
    """The last NOW: all fields of messages.NOW by name, and `received_s`; None before the first."""
    found = row(c.execute(select(live.c.body, live.c.received_s).where(live.c.device == device)))
    if found is None:
        return None
    return messages.unpack(messages.NOW, cbor.decode(found["body"])) | {"received_s": found["received_s"]}


def trail(c: Connection, device: str, since_s: int) -> list[tuple[int, int | None, int | None]]:
    """[(station t_s, power_w, setpoint_w)] from `since_s` on, oldest first; at most TRAIL_S back."""
    found = c.execute(
        select(_trail.c.t_s, _trail.c.power_w, _trail.c.setpoint_w)
        .where(_trail.c.device == device, _trail.c.t_s >= since_s)
        .order_by(_trail.c.t_s)
    )
    return [(at, power, setpoint) for at, power, setpoint in found]


def prune(c: Connection, device: str, received_s: int) -> None:
    c.execute(delete(_trail).where(_trail.c.device == device, _trail.c.t_s < received_s - TRAIL_S))
