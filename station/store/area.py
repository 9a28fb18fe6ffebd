"""Concentrators: the archive that is wanted, loads under way, what their meters told, orders of meters."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import cbor2
from sqlalchemy import Connection, Table, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from protocols import cbor
from protocols.uplink import archive_rows, area, messages
from station.store import live
from station.store.area_schema import (
    area_absents,
    area_founds,
    area_ledgers,
    area_loads,
    area_reads,
    area_replies,
    area_routes,
    area_rows,
    meter_orders,
)
from station.store.db import now_s, row, rows
from station.store.readings import unpacked
from station.store.schema import commands, meters, readings

Row = dict[str, Any]
COLUMNS = ("meter", "address", "slot", "line", "phase", "flags", "multiplier", "tariff", "group", "name")
TABLES: dict[int, Table] = {
    area.ABSENT: area_absents,
    area.FOUND: area_founds,
    area.REPLY: area_replies,
    area.READ: area_reads,
    area.LEDGER: area_ledgers,
    area.ROUTE: area_routes,
}


# ---- what the devices tell


def put(c: Connection, told: Mapping[int, Sequence[Mapping[str, Any]]]) -> None:
    """Insert {kind: rows}; one that is there already (stream_id, seq) is left alone."""
    for kind, many in told.items():
        table = TABLES[kind]
        empty = {column.name: None for column in table.columns if column.nullable}  # all rows alike
        found: list[Row] = [empty | dict(each) for each in many]
        if kind == area.READ:
            for each in found:
                each["values"] = cbor2.dumps(dict(sorted(each["values"].items())))
        c.execute(upsert(table).on_conflict_do_nothing(), found)


def now(c: Connection, device: str) -> Row | None:
    """area.NOW_AREA by name with `received_s`, in it MODULE_NOW or None; None before the first."""
    last = live.latest(c, device)
    if last is None or "area" not in last:
        return None
    told = messages.unpack(area.NOW_AREA, last["area"])
    module = messages.unpack(area.MODULE_NOW, told["module"]) if "module" in told else None
    return told | {"module": module, "received_s": last["received_s"]}


def unknown(c: Connection, device: str) -> list[Row]:
    """Meters found by searches, the newest word on each: line, address (digits), state, phase, t_s.

    Archived ones that did not answer are none.
    """
    last = select(func.max(area_founds.c.t_s)).where(area_founds.c.device == device)
    query = (
        select(area_founds, func.max(area_founds.c.t_s))
        .where(area_founds.c.device == device, area_founds.c.t_s >= last.scalar_subquery() - FOUND_S)
        .where(area_founds.c.state != MISSING)
        .group_by(area_founds.c.line, area_founds.c.address)
        .order_by(area_founds.c.line, area_founds.c.address)
    )
    return rows(c.execute(query))


LEDGERS_S = 7 * 86_400  # a list shows the newest days; the page of a meter its newest balance of any day
TWICE, MISSING = 2, 3  # of protocols.uplink.area.FOUNDS
FOUND_S = 7 * 86_400  # older words than the newest by so much say nothing of today


def elsewhere(c: Connection, device: str, addresses: Iterable[str]) -> dict[str, str]:
    """{address: another concentrator whose archive has it}."""
    here = (area_rows.c.device != device) & area_rows.c.address.in_(list(addresses))
    query = select(area_rows.c.address, area_rows.c.device).where(here).order_by(area_rows.c.device.desc())
    return {address: other for address, other in c.execute(query)}


def absents(c: Connection, device: str, meter: int, limit: int) -> list[Row]:
    """Slots without a value of a meter, or of all its area; the newest first."""
    here = (area_absents.c.device == device) & area_absents.c.meter.in_((0, meter))
    return rows(
        c.execute(select(area_absents).where(here).order_by(area_absents.c.last_s.desc()).limit(limit))
    )


def ledger(c: Connection, device: str, meter: int) -> Row | None:
    """The newest of a meter."""
    here = (area_ledgers.c.device == device) & (area_ledgers.c.meter == meter)
    query = select(area_ledgers).where(here).order_by(area_ledgers.c.day_s.desc(), area_ledgers.c.seq.desc())
    return row(c.execute(query.limit(1)))


def ledgers(c: Connection, device: str) -> dict[int, Row]:
    """{meter: its newest of the last LEDGERS_S}."""
    last = select(func.max(area_ledgers.c.day_s)).where(area_ledgers.c.device == device).scalar_subquery()
    query = select(area_ledgers).where(
        area_ledgers.c.device == device, area_ledgers.c.day_s > last - LEDGERS_S
    )
    found = rows(c.execute(query.order_by(area_ledgers.c.day_s, area_ledgers.c.seq)))
    return {each["meter"]: each for each in found}


def routes(c: Connection, device: str) -> dict[int, Row]:
    """{meter behind the module: how it was reached, the newest word}."""
    query = select(area_routes).where(area_routes.c.device == device)
    found = rows(c.execute(query.order_by(area_routes.c.t_s, area_routes.c.seq)))
    return {each["meter"]: each for each in found}


def reads(c: Connection, device: str, command: int) -> list[Row]:
    """Of a patrol, by meter: meter, reason, values {point number: value}."""
    here = (area_reads.c.device == device) & (area_reads.c.command == command)
    found = rows(c.execute(select(area_reads).where(here).order_by(area_reads.c.meter)))
    return [each | {"values": cbor.decode(each["values"])} for each in found]


def replies(c: Connection, device: str, command: int) -> list[Row]:
    here = (area_replies.c.device == device) & (area_replies.c.command == command)
    return rows(c.execute(select(area_replies).where(here).order_by(area_replies.c.seq)))


def freezes(c: Connection, device: str, since_s: int, until_s: int, meter: int | None = None) -> list[Row]:
    """Daily freezes by label and meter: meter, slot_s, quality, values {point number: value}."""
    query = (
        select(meters.c.metering_point, readings.c.slot_s, readings.c.quality, readings.c.points)
        .join_from(readings, meters)
        .where(meters.c.device == device, readings.c.kind == messages.DAILY)
        .where(readings.c.slot_s >= since_s, readings.c.slot_s < until_s)
        .order_by(readings.c.slot_s, meters.c.metering_point)
    )
    if meter is not None:
        query = query.where(meters.c.metering_point == meter)
    return [
        {"meter": point, "slot_s": slot_s, "quality": quality, "values": unpacked(points)}
        for point, slot_s, quality, points in c.execute(query)
    ]


def frozen(c: Connection, device: str, since_s: int) -> set[tuple[int, int]]:
    """{(meter, label)} of the daily freezes that are here."""
    query = (
        select(meters.c.metering_point, readings.c.slot_s)
        .join_from(readings, meters)
        .where(meters.c.device == device, readings.c.kind == messages.DAILY, readings.c.slot_s >= since_s)
    )
    return {(meter, slot_s) for meter, slot_s in c.execute(query)}


def told_absent(c: Connection, among: Iterable[str], duty: int, since_s: int) -> list[Row]:
    """What some concentrators said they could not read of a duty's slots, the oldest word first."""
    here = area_absents.c.device.in_(list(among)) & (area_absents.c.duty == duty)
    query = select(area_absents).where(here, area_absents.c.last_s >= since_s)
    return rows(c.execute(query.order_by(area_absents.c.t_s, area_absents.c.seq)))


# ---- the archive that is wanted


def archive(c: Connection, device: str) -> list[Row]:
    """COLUMNS of every meter, by row."""
    return rows(
        c.execute(
            select(*[area_rows.c[name] for name in COLUMNS])
            .where(area_rows.c.device == device)
            .order_by(area_rows.c.meter)
        )
    )


def meter(c: Connection, device: str, number: int) -> Row | None:
    here = (area_rows.c.device == device) & (area_rows.c.meter == number)
    return row(c.execute(select(*[area_rows.c[name] for name in COLUMNS]).where(here)))


def replace(c: Connection, device: str, many: Iterable[Mapping[str, Any]]) -> None:
    """Make these rows the archive."""
    c.execute(delete(area_rows).where(area_rows.c.device == device))
    found = [{"device": device, **each} for each in many]
    if found:
        c.execute(insert(area_rows), found)


def readdress(c: Connection, device: str, params: Mapping[str, Any]) -> None:
    """Give a row the new address of area.METER_REPLACED_PARAMS, if its old one stands there."""
    here = (area_rows.c.device == device) & (area_rows.c.meter == params["meter"])
    here &= area_rows.c.address == archive_rows.digits(params["address"])
    c.execute(update(area_rows).where(here).values(address=archive_rows.digits(params["new_address"])))


def exchanges(c: Connection, device: str, number: int) -> list[tuple[int, int]]:
    """[(last total of the old meter, first of the new one)] in Wh of a row whose meter was replaced."""
    here = (commands.c.device == device) & (commands.c.kind == area.METER_REPLACED)
    found = rows(c.execute(select(commands).where(here & (commands.c.state == "executed"))))
    told = [each["params"] for each in found if each["params"]["meter"] == number]
    return [(params["old_wh"], params["new_wh"]) for params in told]


# ---- loads


def begin(c: Connection, device: str, author: str, **facts: Any) -> int:
    """Store a load; `facts` are the rest of the columns. Its id."""
    at = now_s()
    made = c.execute(
        insert(area_loads).values(device=device, author=author, begun_s=at, changed_s=at, **facts)
    )
    return made.inserted_primary_key[0]  # type: ignore[index]


def change(c: Connection, number: int, t_s: int, **facts: Any) -> None:
    c.execute(update(area_loads).where(area_loads.c.id == number).values(changed_s=t_s, **facts))


def load(c: Connection, number: int) -> Row | None:
    return row(c.execute(select(area_loads).where(area_loads.c.id == number)))


def loads(c: Connection, device: str, limit: int) -> list[Row]:
    """Newest first."""
    query = select(area_loads).where(area_loads.c.device == device)
    return rows(c.execute(query.order_by(area_loads.c.id.desc()).limit(limit)))


def in_states(c: Connection, *states: str) -> list[Row]:
    return rows(c.execute(select(area_loads).where(area_loads.c.state.in_(states)).order_by(area_loads.c.id)))


# ---- orders of meters


def last_order(c: Connection, device: str, number: int) -> int:
    """Highest number ever given to this meter, 0 for none."""
    here = (meter_orders.c.device == device) & (meter_orders.c.meter == number)
    return c.execute(select(func.max(meter_orders.c.order)).where(here)).scalar() or 0


def book(c: Connection, device: str, command: int, address: str, params: Mapping[str, Any]) -> None:
    """Insert an order by the fields of area.METER_ORDER_PARAMS; IntegrityError: number taken."""
    facts = {name: params[name] for name in ("meter", "order", "flag", "value", "fee")}
    values = {"device": device, "command": command, "address": address, "created_s": now_s(), **facts}
    c.execute(insert(meter_orders).values(values))


def orders(c: Connection, device: str, number: int, limit: int = 20) -> list[Row]:
    """Newest first, each with `state`, `reason` and `author` of its command."""
    same = (commands.c.device == meter_orders.c.device) & (commands.c.command == meter_orders.c.command)
    query = (
        select(meter_orders, commands.c.state, commands.c.reason, commands.c.author)
        .join_from(meter_orders, commands, same)
        .where(meter_orders.c.device == device, meter_orders.c.meter == number)
    )
    return rows(c.execute(query.order_by(meter_orders.c.order.desc()).limit(limit)))


def last_replies(c: Connection, device: str, limit: int) -> list[Row]:
    """Answers to forwarded frames, the newest command first, with `params` of the command as it is stored."""
    query = (
        select(area_replies, commands.c.params, commands.c.created_s)
        .join_from(
            area_replies,
            commands,
            (commands.c.device == area_replies.c.device) & (commands.c.command == area_replies.c.command),
        )
        .where(area_replies.c.device == device)
        .order_by(area_replies.c.command.desc(), area_replies.c.seq)
        .limit(limit)
    )
    return rows(c.execute(query))
