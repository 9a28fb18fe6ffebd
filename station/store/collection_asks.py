"""Requests for what is missing, one after the other for each concentrator. Rules: station/collection."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from station.store.collection_schema import collection_asks as asks
from station.store.db import rows
from station.store.schema import commands

Row = dict[str, Any]
WANTED, SENT, DONE, FAILED = "wanted", "sent", "done", "failed"
STATES = (WANTED, SENT, DONE, FAILED)
OPEN = (WANTED, SENT)


def add(c: Connection, many: Iterable[Mapping[str, Any]]) -> None:
    """Rows without id, command and state."""
    found = [{"command": None, "state": WANTED, **each} for each in many]
    if found:
        c.execute(insert(asks), found)


def covering(c: Connection, devices: Iterable[str], kind: int, since_s: int) -> list[Row]:
    """Of some devices, for labels from `since_s` on: device, meter, from_s, until_s, made_s, state."""
    here = asks.c.device.in_(list(devices)) & (asks.c.kind == kind) & (asks.c.until_s >= since_s)
    return rows(c.execute(select(asks).where(here).order_by(asks.c.id)))


def under_way(c: Connection) -> list[Row]:
    """Those that were sent, with `answer` and `reason` of their commands."""
    same = (commands.c.device == asks.c.device) & (commands.c.command == asks.c.command)
    query = select(asks, commands.c.state.label("answer"), commands.c.reason).join(commands, same)
    return rows(c.execute(query.where(asks.c.state == SENT)))


def first_wanted(c: Connection, limit: int) -> list[Row]:
    """The next of each device that has nothing under way, by priority."""
    busy = select(asks.c.device).where(asks.c.state == SENT)
    order = (asks.c.priority, asks.c.id)
    place = func.row_number().over(partition_by=asks.c.device, order_by=order).label("place")
    ranked = select(asks, place).where(asks.c.state == WANTED, asks.c.device.not_in(busy)).subquery()
    query = select(ranked).where(ranked.c.place == 1).order_by(ranked.c.priority, ranked.c.id).limit(limit)
    return rows(c.execute(query))


def change(c: Connection, number: int, **facts: Any) -> None:
    c.execute(update(asks).where(asks.c.id == number).values(**facts))


def forget(c: Connection, before_s: int) -> int:
    return c.execute(delete(asks).where(asks.c.made_s < before_s, asks.c.state.not_in(OPEN))).rowcount
