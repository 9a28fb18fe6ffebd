"""Webhooks: where other systems want to be told, and how far they were. Rules: station/webhooks."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from protocols.uplink.area import COMMAND_NAMES
from station.store.db import row, rows
from station.store.schema import command_log, commands, devices
from station.store.scope import Scope
from station.store.tokens_schema import api_webhooks as hooks

Row = dict[str, Any]
LOOKED_BACK = 20_000  # moves of commands; as for events


def add(c: Connection, **facts: Any) -> int:
    made = c.execute(insert(hooks).values(**facts)).inserted_primary_key
    return made[0]  # type: ignore[index]


def get(c: Connection, number: int) -> Row | None:
    return row(c.execute(select(hooks).where(hooks.c.id == number)))


def of_token(c: Connection, token: int) -> list[Row]:
    """Newest first."""
    return rows(c.execute(select(hooks).where(hooks.c.token == token).order_by(hooks.c.id.desc())))


def of_tokens(c: Connection, some: Iterable[int]) -> list[Row]:
    """Those of several tokens, newest first."""
    return rows(c.execute(select(hooks).where(hooks.c.token.in_(list(some))).order_by(hooks.c.id.desc())))


def due(c: Connection, t_s: int) -> list[Row]:
    here = hooks.c.stopped_s.is_(None) & (hooks.c.next_s <= t_s)
    return rows(c.execute(select(hooks).where(here).order_by(hooks.c.next_s, hooks.c.id)))


def change(c: Connection, number: int, **facts: Any) -> None:
    c.execute(update(hooks).where(hooks.c.id == number).values(**facts))


def moves(c: Connection, scope: Scope, after: int, limit: int) -> tuple[list[Row], int]:
    """(moves of commands of a scope behind the id `after`, the oldest first; id to go on from).

    id, device, command, kind, state, t_s of each; LOOKED_BACK rows at most are looked through."""
    until = min(after + LOOKED_BACK, max(last_move(c), after))
    same = (commands.c.device == command_log.c.device) & (commands.c.command == command_log.c.command)
    query = (
        select(
            command_log.c.id,
            command_log.c.device,
            command_log.c.command,
            commands.c.kind,
            command_log.c.state_to.label("state"),
            command_log.c.t_s,
        )
        .join(commands, same)
        .join(devices, devices.c.device == command_log.c.device)
        .where(command_log.c.id > after, command_log.c.id <= until, scope.over(devices.c.unit))
    )
    found = rows(c.execute(query.order_by(command_log.c.id).limit(limit)))
    named = [each | {"kind": COMMAND_NAMES.get(each["kind"], str(each["kind"]))} for each in found]
    return named, found[-1]["id"] if len(found) == limit else until


def last_move(c: Connection) -> int:
    return c.execute(select(func.max(command_log.c.id))).scalar() or 0
