"""Batch patrols and their points. Rules: station/collection/patrols.py, patrol_step.py."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, case, delete, func, insert, literal, or_, select, update

from protocols import cbor
from protocols.uplink import area, messages
from station.store.area_schema import area_reads, area_rows
from station.store.db import row, rows
from station.store.devices import OFFLINE_AFTER_S, SEEN_S
from station.store.patrols_schema import patrol_points as points
from station.store.patrols_schema import patrols
from station.store.schema import commands, devices, events, links, live, meters, readings, records
from station.store.scope import Scope

Row = dict[str, Any]
RUNNING, STOPPING, STOPPED, DONE = "running", "stopping", "stopped", "done"
STATES = (RUNNING, STOPPING, STOPPED, DONE)
ACTIVE = (RUNNING, STOPPING)
WAITING, ASKED, OK, FAILED = "waiting", "asked", "ok", "failed"
POINT_STATES = (FAILED, ASKED, WAITING, OK)  # in the order of a list: what needs a person first
OPEN = (WAITING, ASKED)
TERMINALS, METERS = "terminals", "meters"
KINDS = (METERS, TERMINALS)
DEVICE_STATES = ("all", "online", "offline", "missing")
PLACE = 1_000_000  # a place in the list: rank of the state times this, plus the number
DAY_S = 86_400
_RANK = case({state: rank for rank, state in enumerate(POINT_STATES)}, value=points.c.state)
_AT = (_RANK * PLACE + points.c.no).label("place")
_ENDED = area.EVENT_CODE["patrol_ended"]


# ---- patrols


def add(c: Connection, many: Iterable[Mapping[str, Any]], **facts: Any) -> int:
    """Insert a patrol with its points (their columns but `patrol`, `no`); its number."""
    made = c.execute(insert(patrols).values(version=1, round=1, after_event=_last_event(c), **facts))
    number = made.inserted_primary_key[0]  # type: ignore[index]
    fresh = {"state": WAITING, "reason": "", "doubt": 0, "again_s": 0}
    c.execute(
        insert(points), [{"patrol": number, "no": n, **fresh, **each} for n, each in enumerate(many, 1)]
    )
    return number


def _last_event(c: Connection) -> int:
    return c.execute(select(func.max(events.c.id))).scalar() or 0


def by_once(c: Connection, once: str, author: str) -> int | None:
    """The patrol that this form of this person made before."""
    return c.execute(select(patrols.c.id).where(patrols.c.once == once, patrols.c.author == author)).scalar()


def get(c: Connection, number: int, scope: Scope) -> Row | None:
    return row(c.execute(select(patrols).where(patrols.c.id == number, scope.over(patrols.c.unit))))


def change(c: Connection, number: int, version: int, **facts: Any) -> bool:
    """False when the patrol is no more of `version`: nothing is changed."""
    here = (patrols.c.id == number) & (patrols.c.version == version)
    return c.execute(update(patrols).where(here).values(version=version + 1, **facts)).rowcount == 1


def listed(
    c: Connection, scope: Scope, limit: int, before: int | None = None, author: str | None = None
) -> list[Row]:
    """Newest first, those before a number, each with `counts` {state of points: how many}."""
    query = select(patrols).where(scope.over(patrols.c.unit))
    if before is not None:
        query = query.where(patrols.c.id < before)
    if author is not None:
        query = query.where(patrols.c.author == author)
    found = rows(c.execute(query.order_by(patrols.c.id.desc()).limit(limit)))
    many = _counts(c, scope, [each["id"] for each in found])
    return [each | {"counts": many.get(each["id"], {})} for each in found]


def _counts(c: Connection, scope: Scope, numbers: Sequence[int]) -> dict[int, dict[str, int]]:
    query = select(points.c.patrol, points.c.state, func.count()).join_from(points, devices)
    query = query.where(points.c.patrol.in_(numbers), scope.over(devices.c.unit))
    out: dict[int, dict[str, int]] = {}
    for number, state, count in c.execute(query.group_by(points.c.patrol, points.c.state)):
        out.setdefault(number, {})[state] = count
    return out


def under_way(c: Connection, author: str) -> int:
    """How many of a person are."""
    here = (patrols.c.author == author) & patrols.c.state.in_(ACTIVE)
    return c.execute(select(func.count()).where(here)).scalar_one()


def active(c: Connection) -> list[Row]:
    return rows(c.execute(select(patrols).where(patrols.c.state.in_(ACTIVE)).order_by(patrols.c.id)))


def seen(c: Connection, number: int, t_s: int) -> None:
    """Its author looked at what came."""
    c.execute(update(patrols).where(patrols.c.id == number).values(seen_s=t_s))


def waiting(c: Connection, scope: Scope, author: str) -> int:
    """Patrols of a person that ended with failed points and that he did not look at since."""
    failed = select(points.c.patrol).where(points.c.patrol == patrols.c.id, points.c.state == FAILED)
    here = (patrols.c.author == author) & patrols.c.seen_s.is_(None) & patrols.c.ended_s.is_not(None)
    return c.execute(
        select(func.count()).where(here, failed.exists(), scope.over(patrols.c.unit))
    ).scalar_one()


def forget(c: Connection, before_s: int) -> int:
    """Delete those that ended before."""
    old = select(patrols.c.id).where(patrols.c.ended_s < before_s, patrols.c.state.not_in(ACTIVE))
    c.execute(delete(points).where(points.c.patrol.in_(old)))
    return c.execute(delete(patrols).where(patrols.c.id.in_(old))).rowcount


# ---- points for people


def tally(c: Connection, number: int, scope: Scope) -> list[tuple[str, str, int]]:
    """[(state, reason, how many)] of the points that lie in the scope."""
    query = select(points.c.state, points.c.reason, func.count()).join_from(points, devices)
    query = query.where(points.c.patrol == number, scope.over(devices.c.unit))
    query = query.group_by(points.c.state, points.c.reason).order_by(func.count().desc(), points.c.reason)
    return [(state, reason, count) for state, reason, count in c.execute(query)]


def page(
    c: Connection, number: int, scope: Scope, state: str | None, after: int, limit: int | None
) -> list[Row]:
    """Points of a state or all, failed first, those behind the place `after`.

    Columns of the table, `place`, `device_name`, `utc_offset_s`, `is_area`, `customer` or None.
    """
    same = and_(area_rows.c.device == points.c.device, area_rows.c.meter == points.c.meter)
    query = (
        select(
            points,
            _AT,
            devices.c.name.label("device_name"),
            devices.c.utc_offset_s,
            devices.c.area.is_not(None).label("is_area"),
            area_rows.c.name.label("customer"),
        )
        .select_from(points.join(devices, devices.c.device == points.c.device).outerjoin(area_rows, same))
        .where(points.c.patrol == number, scope.over(devices.c.unit), _AT > after)
        .order_by(_AT)
        .limit(limit)
    )
    if state is not None:
        query = query.where(points.c.state == state)
    return rows(c.execute(query))


def ask_again(c: Connection, number: int, scope: Scope) -> int:
    """Let the failed points of the scope wait again. How many."""
    mine = select(devices.c.device).where(scope.over(devices.c.unit))
    here = (points.c.patrol == number) & (points.c.state == FAILED) & points.c.device.in_(mine)
    fresh = {"state": WAITING, "reason": "", "command": None, "asked_s": None, "doubt": 0, "again_s": 0}
    return c.execute(update(points).where(here).values(fresh)).rowcount


def begin_round(c: Connection, number: int, version: int, **facts: Any) -> bool:
    """As `change`; what the devices told until now is of the rounds before."""
    return change(c, number, version, after_event=_last_event(c), ended_s=None, seen_s=None, **facts)


# ---- points for the step


def open_points(c: Connection, number: int, t_s: int) -> list[Row]:
    """Points that wait or were asked, by number: columns of the table, and of their devices `online`,

    `is_area`, `live_s` (station time of the last NOW) and `there` (address of the row in the archive now).
    """
    same = and_(area_rows.c.device == points.c.device, area_rows.c.meter == points.c.meter)
    query = (
        select(
            points,
            (SEEN_S >= t_s - OFFLINE_AFTER_S).label("online"),
            live.c.received_s.label("live_s"),
            area_rows.c.address.label("there"),
        )
        .select_from(
            points.outerjoin(links, links.c.device == points.c.device)
            .outerjoin(live, live.c.device == points.c.device)
            .outerjoin(area_rows, same)
        )
        .where(points.c.patrol == number, points.c.state.in_(OPEN))
        .order_by(points.c.no)
    )
    return rows(c.execute(query))


def lives(c: Connection, among: Iterable[str]) -> dict[str, Row]:
    """{device: its last NOW by name, with `received_s`}"""
    query = select(live.c.device, live.c.body, live.c.received_s).where(live.c.device.in_(list(among)))
    return {
        device: messages.unpack(messages.NOW, cbor.decode(body)) | {"received_s": received_s}
        for device, body, received_s in c.execute(query)
    }


def _asked(number: int) -> Any:
    """(device, command) of the commands that are under way."""
    asked = select(points.c.device, points.c.command).where(
        points.c.patrol == number, points.c.state == ASKED
    )
    return asked.distinct().subquery()


def answers(c: Connection, number: int) -> list[Row]:
    """How the commands under way stand: device, command, state, reason."""
    mine = _asked(number)
    same = and_(commands.c.device == mine.c.device, commands.c.command == mine.c.command)
    query = select(commands.c.device, commands.c.command, commands.c.state, commands.c.reason)
    return rows(c.execute(query.join(mine, same)))


def ends(c: Connection, number: int, after_event: int) -> dict[tuple[str, int], Row]:
    """{(device, command): `received_s` and `data` of its patrol_ended} of the commands under way."""
    mine = select(_asked(number).c.device)
    query = select(events.c.device, events.c.received_s, events.c.data).where(
        events.c.device.in_(mine), events.c.id > after_event, events.c.code == _ENDED
    )
    found = rows(c.execute(query))
    return {(each["device"], each["data"].get("command", 0)): each for each in found}


def reads(c: Connection, number: int) -> list[Row]:
    """What was told to the points under way: device, command, meter, reason, values, t_s, t_ok."""
    mine = points.c.patrol == number, points.c.state == ASKED
    same = and_(
        area_reads.c.device == points.c.device,
        area_reads.c.command == points.c.command,
        area_reads.c.meter == points.c.meter,
    )
    place = and_(records.c.stream_id == area_reads.c.stream_id, records.c.seq == area_reads.c.seq)
    query = select(area_reads, func.coalesce(records.c.t_ok, 1).label("t_ok"))
    query = query.select_from(points.join(area_reads, same).outerjoin(records, place)).where(*mine)
    return [each | {"values": cbor.decode(each["values"])} for each in rows(c.execute(query))]


def sent_since(c: Connection, t_s: int) -> int:
    """Commands of all patrols that were sent from `t_s` on."""
    mine = select(patrols.c.id).where(patrols.c.state.in_(ACTIVE))
    query = select(points.c.device, points.c.command).where(
        points.c.patrol.in_(mine), points.c.asked_s >= t_s
    )
    return c.execute(select(func.count()).select_from(query.distinct().subquery())).scalar_one()


def put(c: Connection, number: int, many: Iterable[Mapping[str, Any]]) -> None:
    """Store points as the step left them; `no` says which."""
    for each in many:
        here = (points.c.patrol == number) & (points.c.no == each["no"])
        c.execute(update(points).where(here).values(**each))


def still_open(c: Connection, number: int) -> bool:
    here = (points.c.patrol == number) & points.c.state.in_(OPEN)
    return c.execute(select(points.c.no).where(here).limit(1)).first() is not None


# ---- what can be chosen


def sought(c: Connection, scope: Scope, wanted: Mapping[str, Any], t_s: int, limit: int) -> list[Row]:
    """Terminals or meters: device, meter (0 of a terminal), address, online; by device and meter.

    `wanted`: `unit` (and below), `kind` of KINDS, `q` a part of id, name, customer or address, `first` and
    `last` of the rows of meters, `state` of DEVICE_STATES.
    """
    query = _meters(wanted) if wanted["kind"] == METERS else _terminals(wanted)
    query = query.add_columns((SEEN_S >= t_s - OFFLINE_AFTER_S).label("online"))
    query = query.where(Scope((wanted["unit"],)).over(devices.c.unit), scope.over(devices.c.unit))
    online = SEEN_S >= t_s - OFFLINE_AFTER_S
    states = {"online": online, "offline": ~online, "missing": ~_frozen_today(wanted["kind"], t_s)}
    if wanted["state"] in states:
        query = query.where(states[wanted["state"]])
    return rows(c.execute(query.limit(limit)))


def _meters(wanted: Mapping[str, Any]) -> Select[*tuple[Any, ...]]:
    there = devices.join(area_rows, area_rows.c.device == devices.c.device)
    there = there.outerjoin(links, links.c.device == devices.c.device)
    there = there.outerjoin(live, live.c.device == devices.c.device)
    query = select(devices.c.device, area_rows.c.meter, area_rows.c.address).select_from(there)
    query = query.where(area_rows.c.meter.between(wanted["first"], wanted["last"]))
    held = (devices.c.device, devices.c.name, area_rows.c.address, area_rows.c.name)
    return query.where(_holds(held, wanted["q"])).order_by(devices.c.device, area_rows.c.meter)


def _terminals(wanted: Mapping[str, Any]) -> Select[*tuple[Any, ...]]:
    there = devices.outerjoin(links, links.c.device == devices.c.device)
    there = there.outerjoin(live, live.c.device == devices.c.device)
    query = select(
        devices.c.device, literal(0).label("meter"), devices.c.meter_address.label("address")
    ).select_from(there)
    held = (devices.c.device, devices.c.name, devices.c.meter_address)
    return query.where(devices.c.area.is_(None), _holds(held, wanted["q"])).order_by(devices.c.device)


def _holds(columns: Sequence[Any], q: str) -> Any:
    return or_(*(each.icontains(q, autoescape=True) for each in columns))


def _frozen_today(kind: str, t_s: int) -> Any:
    """That the daily freeze of the last local midnight is here."""
    number = area_rows.c.meter if kind == METERS else 1
    label = t_s - (t_s + devices.c.utc_offset_s) % DAY_S
    here = (meters.c.device == devices.c.device) & (meters.c.metering_point == number)
    here &= (readings.c.kind == messages.DAILY) & (readings.c.slot_s == label)
    return select(readings.c.meter_id).join(meters, meters.c.id == readings.c.meter_id).where(here).exists()


def devices_of(c: Connection, scope: Scope, unit: int, among: Collection[str], t_s: int) -> dict[str, Row]:
    """{device: device, address, is_area, online} of those that lie in the scope and in a unit or below."""
    there = devices.outerjoin(links, links.c.device == devices.c.device)
    there = there.outerjoin(live, live.c.device == devices.c.device)
    query = select(
        devices.c.device,
        devices.c.meter_address.label("address"),
        devices.c.area.is_not(None).label("is_area"),
        (SEEN_S >= t_s - OFFLINE_AFTER_S).label("online"),
    ).select_from(there)
    query = query.where(devices.c.device.in_(list(among)), scope.over(devices.c.unit))
    found = rows(c.execute(query.where(Scope((unit,)).over(devices.c.unit))))
    return {each["device"]: each for each in found}


def rows_of(
    c: Connection, device: str, number: int | None, address: str, limit: int
) -> list[tuple[int, str]]:
    """[(row, address)] of a concentrator's archive: of a number, of an address, or of all without either."""
    query = select(area_rows.c.meter, area_rows.c.address).where(area_rows.c.device == device)
    if number is not None:
        query = query.where(area_rows.c.meter == number)
    if address:
        query = query.where(area_rows.c.address == address)
    return [(row, held) for row, held in c.execute(query.order_by(area_rows.c.meter).limit(limit))]
