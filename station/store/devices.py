"""Devices, what their links told about them, and whether they are online."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from station.store.db import now_s, row, rows
from station.store.schema import devices, links, live
from station.store.scope import ROOT

NOW_INTERVAL_S = 5  # how often a terminal sends NOW
OFFLINE_AFTER_S = 3 * NOW_INTERVAL_S + 5  # three missed, and a little for the way


def add(
    c: Connection,
    device: str,
    *,
    name: str,
    shard: str,
    meter_address: str,
    multiplier: int,
    rounds: int,
    utc_offset_s: int,
    area: dict[str, Any] | None = None,
    unit: int = ROOT,
) -> None:
    """Insert a device; sqlalchemy.exc.IntegrityError when the id is taken."""
    c.execute(
        insert(devices).values(
            device=device,
            name=name,
            shard=shard,
            meter_address=meter_address,
            multiplier=multiplier,
            rounds=rounds,
            utc_offset_s=utc_offset_s,
            added_s=now_s(),
            area=area,
            unit=unit,
        )
    )


def change(c: Connection, device: str, **facts: Any) -> None:
    c.execute(update(devices).where(devices.c.device == device).values(**facts))


def shard_of(c: Connection, device: str) -> str | None:
    return c.execute(select(devices.c.shard).where(devices.c.device == device)).scalar()


def names(c: Connection) -> Sequence[Row[str, str]]:
    """(device, shard) of all, for broker accounts and routing."""
    return c.execute(select(devices.c.device, devices.c.shard).order_by(devices.c.device)).all()


def number(c: Connection) -> int:
    return c.execute(select(func.count()).select_from(devices)).scalar_one()


_LINK = (
    links.c.hello_s,
    links.c.epoch,
    links.c.boot,
    links.c.firmware,
    links.c.product,
    links.c.board,
    func.coalesce(live.c.t_ok, links.c.t_ok).label("t_ok"),
    links.c.clock_off_s,
    links.c.last_command,
    links.c.multiplier.label("reported_multiplier"),
)
_LIVE = tuple(
    live.c[name]
    for name in (
        "power_w setpoint_w tripped open alarm permitted remaining_wh guarantee meter_ok plan_id last_order"
    ).split()
)


# station time of the last message, 0 before the first; with links and live joined to the devices
SEEN_S = func.max(func.coalesce(links.c.last_seen_s, 0), func.coalesce(live.c.received_s, 0))


def joined() -> Select[*tuple[Any, ...]]:
    return select(
        devices,
        *_LINK,
        *_LIVE,
        live.c.received_s.label("live_s"),
        func.nullif(SEEN_S, 0).label("last_seen_s"),
    ).select_from(devices.outerjoin(links).outerjoin(live, live.c.device == devices.c.device))


def all_devices(c: Connection, t_s: int | None = None) -> list[dict[str, Any]]:
    """All devices by id: their facts, link facts, the numbers of the last NOW (None before the first), and

    `online` bool, `last_seen_s` int or None, `alarms` list of keys of ALARMS that hold now.
    """
    at = now_s() if t_s is None else t_s
    return [judged(found, at) for found in rows(c.execute(joined().order_by(devices.c.device)))]


def get(c: Connection, device: str, t_s: int | None = None) -> dict[str, Any] | None:
    """One device in the form of `all_devices`, or None."""
    found = row(c.execute(joined().where(devices.c.device == device)))
    return judged(found, now_s() if t_s is None else t_s) if found else None


ALARMS = {  # key -> holds for (device row)
    "offline": lambda d: d["last_seen_s"] is not None and not d["online"],
    "never_seen": lambda d: d["last_seen_s"] is None,
    "round_alarm": lambda d: bool(d["alarm"]),
    "tripped": lambda d: bool(d["tripped"]),
    "meter_silent": lambda d: d["meter_ok"] == 0,
    "guarantee_unreadable": lambda d: d["guarantee"] == 2,
    "clock_unset": lambda d: d["t_ok"] == 0,
    "multiplier_differs": lambda d: d["reported_multiplier"] not in (None, d["multiplier"]),
}


def judged(found: dict[str, Any], at: int) -> dict[str, Any]:
    seen = found["last_seen_s"]
    found["online"] = seen is not None and at - seen <= OFFLINE_AFTER_S
    found["alarms"] = [key for key, holds in ALARMS.items() if holds(found)]
    return found


def set_link(c: Connection, device: str, **facts: Any) -> None:
    """Upsert link facts; `last_seen_s` must be among them."""
    c.execute(
        upsert(links)
        .values(device=device, **facts)
        .on_conflict_do_update(index_elements=["device"], set_=facts)
    )
