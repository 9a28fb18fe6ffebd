"""Alarms and their notes, as the rules of station/alarms open, renew and clear them."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from station.store.alarms_schema import alarm_ends, alarm_notes, alarms, outages
from station.store.db import row, rows
from station.store.devices import SEEN_S
from station.store.events import named
from station.store.org_schema import org_units
from station.store.schema import devices, events, links, live
from station.store.scope import Scope

STATES = ("open", "acknowledged", "mine", "muted", "cleared")  # lists of the inbox
Row = dict[str, Any]

_member = alarms.alias("member")
# Where it stands now: a device that moved takes its alarms along.
UNIT = func.coalesce(devices.c.unit, alarms.c.unit)
_LATER = ("open", "acknowledged")


# ---- what is new


def newer(c: Connection, after: int, limit: int) -> list[Row]:
    """Events of all devices behind the id `after`, oldest first, with `name`."""
    query = select(events).where(events.c.id > after).order_by(events.c.id).limit(limit)
    return named(rows(c.execute(query)))


def newest(c: Connection) -> int:
    return c.execute(select(func.max(events.c.id))).scalar() or 0


def ends(c: Connection, names: Collection[str]) -> dict[tuple[str, str, str], int]:
    """{(device, kind, spot): when it last ended} of these devices."""
    query = select(alarm_ends).where(alarm_ends.c.device.in_(sorted(names)))
    return {(each["device"], each["kind"], each["spot"]): each["t_s"] for each in rows(c.execute(query))}


def put_ends(c: Connection, many: Mapping[tuple[str, str, str], int]) -> None:
    """Keep the later one of each."""
    told = [
        {"device": device, "kind": kind, "spot": spot, "t_s": t_s}
        for (device, kind, spot), t_s in many.items()
    ]
    if told:
        put = upsert(alarm_ends)
        later = func.max(alarm_ends.c.t_s, put.excluded.t_s)
        c.execute(
            put.on_conflict_do_update(index_elements=["device", "kind", "spot"], set_={"t_s": later}), told
        )


def standing(c: Connection, names: Collection[str]) -> dict[str, Row]:
    """{device: {unit, area}}; `area` is null of a terminal."""
    query = select(devices.c.device, devices.c.unit, devices.c.area)
    found = rows(c.execute(query.where(devices.c.device.in_(sorted(names)))))
    return {each["device"]: each for each in found}


def held_of(c: Connection, names: Collection[str]) -> list[Row]:
    """All alarms of these devices that are not cleared."""
    query = select(alarms).where(alarms.c.device.in_(sorted(names)), alarms.c.state.in_(_LATER))
    return rows(c.execute(query))


def held_of_unit(c: Connection, unit: int, kind: str) -> Row | None:
    """The alarm of a unit as a whole that holds."""
    here = (alarms.c.device.is_(None), alarms.c.unit == unit, alarms.c.kind == kind)
    return row(c.execute(select(alarms).where(*here, alarms.c.state.in_(_LATER))))


# ---- silence


def silent(c: Connection, since_s: int, limit: int) -> list[Row]:
    """[{device, unit, seen_s}] last heard before `since_s` and without an alarm of silence."""
    has = select(alarms.c.device).where(
        alarms.c.kind == "offline", alarms.c.state.in_(_LATER), alarms.c.device.is_not(None)
    )
    query = (
        select(devices.c.device, devices.c.unit, SEEN_S.label("seen_s"))
        .select_from(_heard())
        .where(SEEN_S > 0, SEEN_S < since_s, devices.c.device.not_in(has))
        .order_by(devices.c.device)
        .limit(limit)
    )
    return rows(c.execute(query))


def back(c: Connection, since_s: int) -> list[Row]:
    """Alarms of silence of devices heard at `since_s` or later, with `seen_s`."""
    query = (
        select(alarms, SEEN_S.label("seen_s"))
        .select_from(_heard().join(alarms, alarms.c.device == devices.c.device))
        .where(alarms.c.kind == "offline", alarms.c.state.in_(_LATER), SEEN_S >= since_s)
    )
    return rows(c.execute(query))


def _heard() -> Any:
    return devices.outerjoin(links).outerjoin(live, live.c.device == devices.c.device)


def fell_silent(c: Connection, since_s: int) -> list[Row]:
    """[{unit, devices, silent, from_s}]: units, how many devices they have, how many fell silent since then

    and when the first did."""
    fell = (
        select(devices.c.unit, func.count().label("silent"), func.min(alarms.c.from_s).label("from_s"))
        .join(alarms, alarms.c.device == devices.c.device)
        .where(alarms.c.kind == "offline", alarms.c.state.in_(_LATER), alarms.c.outage.is_(None))
        .where(alarms.c.parent.is_(None), alarms.c.from_s >= since_s)
        .group_by(devices.c.unit)
        .subquery()
    )
    every = (
        select(func.count())
        .where(devices.c.unit == fell.c.unit)
        .correlate(fell)
        .select_from(devices)
        .scalar_subquery()
    )
    return rows(c.execute(select(fell, every.label("devices"))))


def down(c: Connection) -> list[Row]:
    """Alarms of whole units that hold, with `members` that ever were and `silent` that still are."""
    still = func.count().filter(_member.c.state != "cleared")
    query = (
        select(alarms, func.count(_member.c.id).label("members"), still.label("silent"))
        .outerjoin(_member, _member.c.parent == alarms.c.id)
        .where(alarms.c.kind == "unit_down", alarms.c.state.in_(_LATER))
        .group_by(alarms.c.id)
    )
    return rows(c.execute(query))


def gather(c: Connection, parent: int, unit: int, since_s: int) -> None:
    """Take silent devices of the unit, since then, under the alarm of it."""
    here = select(devices.c.device).where(devices.c.unit == unit)
    c.execute(
        update(alarms)
        .where(alarms.c.kind == "offline", alarms.c.state.in_(_LATER), alarms.c.device.in_(here))
        .where(alarms.c.parent.is_(None), alarms.c.from_s >= since_s, alarms.c.outage.is_(None))
        .values(parent=parent)
    )


def release(c: Connection, parent: int) -> None:
    """Those that are still silent stand for themselves again."""
    c.execute(
        update(alarms)
        .where(alarms.c.parent == parent, alarms.c.state.in_(_LATER))
        .values(parent=None, told_s=None)
    )


# ---- changes


def add(c: Connection, **facts: Any) -> int:
    made = c.execute(insert(alarms).values(**facts)).inserted_primary_key
    return made[0]  # type: ignore[index]


def change(c: Connection, number: int, **facts: Any) -> None:
    c.execute(update(alarms).where(alarms.c.id == number).values(**facts))


def change_at(c: Connection, number: int, version: int, **facts: Any) -> bool:
    """False when somebody changed it since this version."""
    done = c.execute(
        update(alarms)
        .where(alarms.c.id == number, alarms.c.version == version)
        .values(version=version + 1, **facts)
    )
    return done.rowcount == 1


def note(
    c: Connection, number: int, author: str, what: str, text: str, t_s: int, token: str | None = None
) -> None:
    """A second note with the same token is none."""
    c.execute(
        upsert(alarm_notes)
        .values(alarm=number, author=author, what=what, text=text, t_s=t_s, token=token)
        .on_conflict_do_nothing()
    )


def notes(c: Connection, number: int, limit: int = 200) -> list[Row]:
    """Newest first."""
    query = select(alarm_notes).where(alarm_notes.c.alarm == number).order_by(alarm_notes.c.id.desc())
    return rows(c.execute(query.limit(limit)))


def overdue(c: Connection, severity: int, before_s: int, limit: int) -> list[Row]:
    """Open ones nobody acknowledged, opened before then, not escalated, muted or under another."""
    query = select(alarms).where(alarms.c.state == "open", alarms.c.severity == severity)
    waits = (alarms.c.opened_s <= before_s, alarms.c.escalated_s.is_(None))
    alone = (alarms.c.parent.is_(None), alarms.c.outage.is_(None))
    return rows(c.execute(query.where(*waits, *alone).order_by(alarms.c.id).limit(limit)))


def unmute(c: Connection, t_s: int) -> None:
    """What an outage muted that is over by now, or was moved, is heard from now on."""
    over = select(outages.c.id).where(or_(outages.c.until_s <= t_s, outages.c.from_s > t_s))
    c.execute(
        update(alarms)
        .where(alarms.c.outage.in_(over), alarms.c.state.in_(_LATER))
        .values(outage=None, opened_s=t_s)
    )


# ---- questions


class Wanted(NamedTuple):
    """What an inbox lists."""

    scope: Scope
    state: str = "open"  # one of STATES
    severity: int = 0  # 0: all
    kind: str = ""
    user: str = ""  # of `mine`
    device: str = ""


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    parts: list[ColumnElement[bool]] = [wanted.scope.over(UNIT), *_state(wanted)]
    if wanted.severity:
        parts.append(alarms.c.severity == wanted.severity)
    if wanted.kind:
        parts.append(alarms.c.kind == wanted.kind)
    if wanted.device:
        parts.append(alarms.c.device == wanted.device)
    return parts


def _state(wanted: Wanted) -> Iterable[ColumnElement[bool]]:
    holds = alarms.c.state.in_(_LATER)
    heard = and_(alarms.c.outage.is_(None), alarms.c.parent.is_(None))
    return {
        "open": (alarms.c.state == "open", heard),
        "acknowledged": (alarms.c.state == "acknowledged", heard),
        "mine": (holds, alarms.c.assignee == wanted.user),
        "muted": (holds, alarms.c.outage.is_not(None)),
        "cleared": (alarms.c.state == "cleared", alarms.c.parent.is_(None)),
    }[wanted.state]


def _shown() -> Select[*tuple[Any, ...]]:
    members = select(func.count()).where(_member.c.parent == alarms.c.id).correlate(alarms).scalar_subquery()
    silent_now = (
        select(func.count())
        .where(_member.c.parent == alarms.c.id, _member.c.state != "cleared")
        .correlate(alarms)
        .scalar_subquery()
    )
    return (
        select(
            alarms,
            devices.c.name.label("device_name"),
            devices.c.utc_offset_s,
            UNIT.label("unit_now"),
            org_units.c.name.label("unit_name"),
            members.label("members"),
            silent_now.label("silent"),
        )
        .outerjoin(devices, devices.c.device == alarms.c.device)
        .join(org_units, org_units.c.id == UNIT)
    )


def page(c: Connection, wanted: Wanted, limit: int, after: tuple[int, int] | None = None) -> list[Row]:
    """Gravest first, of those the newest; behind (severity, id)."""
    query = _shown().where(*_conditions(wanted))
    if after is not None:
        severity, number = after
        behind = and_(alarms.c.severity == severity, alarms.c.id < number)
        query = query.where(or_(alarms.c.severity > severity, behind))
    return rows(c.execute(query.order_by(alarms.c.severity, alarms.c.id.desc()).limit(limit)))


def counts(c: Connection, scope: Scope, user: str) -> dict[str, int]:
    """{list of the inbox: how many}; what is cleared is not counted."""
    out = {}
    for state in STATES[:-1]:
        query = select(func.count()).select_from(alarms.outerjoin(devices))
        out[state] = c.execute(query.where(*_conditions(Wanted(scope, state, user=user)))).scalar_one()
    return out


def waiting(c: Connection, scope: Scope, t_s: int) -> int:
    """Alarms of a scope that nobody has acknowledged."""
    query = select(func.count()).select_from(alarms.outerjoin(devices))
    return c.execute(query.where(*_conditions(Wanted(scope, "open")))).scalar_one()


def get(c: Connection, number: int, scope: Scope) -> Row | None:
    query = _shown().where(alarms.c.id == number, scope.over(UNIT))
    return row(c.execute(query))


def members(c: Connection, parent: int, limit: int, after: int = 0) -> list[Row]:
    query = _shown().where(alarms.c.parent == parent, alarms.c.id > after)
    return rows(c.execute(query.order_by(alarms.c.id).limit(limit)))


def untold(c: Connection, limit: int) -> list[Row]:
    """Of those that hold and are heard: begin or escalation is not in the outbox yet; `_shown` rows."""
    begin = alarms.c.told_s.is_(None)
    up = and_(alarms.c.escalated_s.is_not(None), alarms.c.told_up_s.is_(None))
    heard = and_(alarms.c.outage.is_(None), alarms.c.parent.is_(None), alarms.c.state.in_(_LATER))
    return rows(c.execute(_shown().where(heard, or_(begin, up)).order_by(alarms.c.id).limit(limit)))
