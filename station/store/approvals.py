"""Proposals and whom they affect. Who may do what with them stands in station/approvals."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from protocols import cbor
from protocols.uplink import messages
from station.store import commands
from station.store.approvals_schema import proposal_targets, proposals
from station.store.db import row, rows
from station.store.org_schema import org_units
from station.store.schema import commands as command_table
from station.store.schema import devices, links, live
from station.store.scope import Scope

CHUNK = 500  # names in one question: SQLite takes 32,766
EXCLUDED = next(key for key, field, _l, _n in messages.rows(messages.NOW) if field == "excluded")
Row = dict[str, Any]


# ---- whom it may concern


def facts(c: Connection, names: Sequence[str]) -> list[Row]:
    """Of each device that exists: device, name, unit, guarantee, excluded, last_seen_s, remaining_wh."""
    found: list[Row] = []
    for at in range(0, len(names), CHUNK):
        seen = func.max(func.coalesce(links.c.last_seen_s, 0), func.coalesce(live.c.received_s, 0))
        query = (
            select(
                devices.c.device,
                devices.c.name,
                devices.c.unit,
                devices.c.rounds,
                live.c.guarantee,
                live.c.remaining_wh,
                live.c.body,
                func.nullif(seen, 0).label("last_seen_s"),
            )
            .select_from(devices.outerjoin(links).outerjoin(live, live.c.device == devices.c.device))
            .where(devices.c.device.in_(names[at : at + CHUNK]))
        )
        found += rows(c.execute(query))
    for each in found:
        body = each.pop("body")
        each["excluded"] = bool(body and cbor.decode(body).get(EXCLUDED))
    return found


def choose(c: Connection, scope: Scope, q: str, unit: int | None, most: int) -> list[str]:
    """Ids of terminals of `scope`, whose id or name holds `q`, below `unit`; at most `most`."""
    query = select(devices.c.device).where(devices.c.area.is_(None), scope.over(devices.c.unit))
    if q:
        query = query.where(
            or_(devices.c.device.contains(q, autoescape=True), devices.c.name.contains(q, autoescape=True))
        )
    if unit is not None:
        query = query.where(Scope((unit,)).over(devices.c.unit))
    return list(c.execute(query.order_by(devices.c.device).limit(most)).scalars())


# ---- proposals


def add(c: Connection, whom: Iterable[Mapping[str, Any]], **facts: Any) -> int:
    """`whom`: target, unit, name, flags (text). Returns the id."""
    made = c.execute(insert(proposals).values(**facts)).inserted_primary_key
    number = made[0]  # type: ignore[index]
    c.execute(insert(proposal_targets), [{"proposal": number, "state": "waiting", **each} for each in whom])
    return number


def get(c: Connection, number: int) -> Row | None:
    return row(c.execute(select(proposals).where(proposals.c.id == number)))


def by_token(c: Connection, token: str) -> int | None:
    return c.execute(select(proposals.c.id).where(proposals.c.token == token)).scalar()


def move(c: Connection, number: int, before: str, to: str, **facts: Any) -> bool:
    """False when it is not in the state `before` (any more); then nothing is changed."""
    here = (proposals.c.id == number) & (proposals.c.state == before)
    return c.execute(update(proposals).where(here).values(state=to, **facts)).rowcount == 1


def change(c: Connection, number: int, **facts: Any) -> None:
    c.execute(update(proposals).where(proposals.c.id == number).values(**facts))


def due(c: Connection, t_s: int) -> list[Row]:
    """Approved ones, and drafts whose time is over."""
    over = (proposals.c.state == "drafted") & (proposals.c.expires_s <= t_s)
    return rows(c.execute(select(proposals).where(or_(proposals.c.state == "approved", over))))


# ---- lists


def _outside(scope: Scope) -> ColumnElement[bool]:
    return exists().where(proposal_targets.c.proposal == proposals.c.id, ~scope.over(proposal_targets.c.unit))


def _within(scopes: Mapping[str, Scope]) -> ColumnElement[bool]:
    """Every target in the scope of the proposal's kind."""
    each = [and_(proposals.c.kind == kind, ~_outside(s)) for kind, s in scopes.items() if s.units]
    return or_(*each) if each else false()


def covers(c: Connection, number: int, scope: Scope) -> bool:
    """Whether every target of the proposal lies in `scope`."""
    here = (proposals.c.id == number) & ~_outside(scope)
    return bool(scope.units) and c.execute(select(proposals.c.id).where(here)).first() is not None


LISTS = ("decide", "mine", "done")


def listed(
    c: Connection,
    which: str,
    me: str,
    scopes: Mapping[str, Scope],
    t_s: int,
    limit: int,
    before: int | None = None,
) -> list[Row]:
    """Newest first: of LISTS. `scopes`: {kind: where I may approve it}; `before` an id."""
    query = select(proposals).where(_of(which, me, scopes, t_s)).order_by(proposals.c.id.desc()).limit(limit)
    return rows(c.execute(query if before is None else query.where(proposals.c.id < before)))


def waiting(c: Connection, me: str, scopes: Mapping[str, Scope], t_s: int) -> int:
    """How many wait for my word."""
    query = select(func.count()).select_from(proposals).where(_of("decide", me, scopes, t_s))
    return c.execute(query).scalar_one()


def _of(which: str, me: str, scopes: Mapping[str, Scope], t_s: int) -> ColumnElement[bool]:
    fresh = (proposals.c.state == "drafted") & (proposals.c.expires_s > t_s)
    unreviewed = (
        proposals.c.state.in_(("approved", "executed", "failed"))
        & (proposals.c.emergency == 1)
        & proposals.c.reviewed_s.is_(None)
    )
    if which == "decide":
        return and_(or_(fresh, unreviewed), proposals.c.author != me, _within(scopes))
    if which == "mine":
        return proposals.c.author == me
    return and_(~fresh, _within(scopes))


# ---- targets


def targets(
    c: Connection, number: int, limit: int, after: tuple[int, str] = (0, ""), state: str | None = None
) -> list[Row]:
    """By unit and id, behind `after`: with unit_name, last_seen_s, and of its command state and kind."""
    t = proposal_targets
    same = (command_table.c.device == t.c.target) & (command_table.c.command == t.c.command)
    query = (
        select(
            t,
            org_units.c.name.label("unit_name"),
            command_table.c.state.label("command_state"),
            command_table.c.reason.label("command_reason"),
            links.c.last_seen_s,
            live.c.received_s,
        )
        .join(org_units, org_units.c.id == t.c.unit)
        .outerjoin(command_table, same)
        .outerjoin(links, links.c.device == t.c.target)
        .outerjoin(live, live.c.device == t.c.target)
        .where(t.c.proposal == number, tuple_(t.c.unit, t.c.target) > tuple_(*after))
        .order_by(t.c.unit, t.c.target)
        .limit(limit)
    )
    return rows(c.execute(query if state is None else query.where(t.c.state == state)))


def affects(c: Connection, number: int, target: str) -> bool:
    t = proposal_targets
    here = (t.c.proposal == number) & (t.c.target == target)
    return c.execute(select(t.c.target).where(here)).first() is not None


def by_unit(c: Connection, number: int) -> list[Row]:
    """[{unit, unit_name, n}] of the affected, most first."""
    t, n = proposal_targets, func.count().label("n")
    query = select(t.c.unit, org_units.c.name.label("unit_name"), n).join(
        org_units, org_units.c.id == t.c.unit
    )
    query = query.where(t.c.proposal == number).group_by(t.c.unit, org_units.c.name)
    return rows(c.execute(query.order_by(n.desc(), t.c.unit)))


def progress(c: Connection, number: int) -> dict[str, int]:
    """{state: how many targets}: of the command where there is one, else waiting or failed."""
    t = proposal_targets
    same = (command_table.c.device == t.c.target) & (command_table.c.command == t.c.command)
    state = func.coalesce(command_table.c.state, t.c.state)
    query = select(state, func.count()).select_from(t.outerjoin(command_table, same))
    found = c.execute(query.where(t.c.proposal == number).group_by(state))
    order = (*commands.STATES, "waiting", "done", "failed")
    counted: dict[str, int] = {name: n for name, n in found}
    return {name: counted[name] for name in order if name in counted}


def states(c: Connection, number: int) -> dict[str, int]:
    """{waiting, done, failed: how many targets}."""
    t = proposal_targets
    query = select(t.c.state, func.count()).where(t.c.proposal == number).group_by(t.c.state)
    return {name: n for name, n in c.execute(query)}


def undone(c: Connection, number: int) -> list[str]:
    """Targets that are not done: failed here, or their command was refused, expired or never left."""
    t = proposal_targets
    same = (command_table.c.device == t.c.target) & (command_table.c.command == t.c.command)
    gone = or_(t.c.state == "failed", command_table.c.state.in_(("refused", "expired")))
    query = select(t.c.target).select_from(t.outerjoin(command_table, same))
    return list(c.execute(query.where(t.c.proposal == number, gone).order_by(t.c.target)).scalars())


def settle(c: Connection, number: int, target: Mapping[str, Any], state: str, **facts: Any) -> None:
    t = proposal_targets
    here = (t.c.proposal == number) & (t.c.unit == target["unit"]) & (t.c.target == target["target"])
    c.execute(update(t).where(here).values(state=state, **facts))
