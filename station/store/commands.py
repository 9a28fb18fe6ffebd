"""Commands and the one table of how their state may move.

    drafted -> approved -> queued -> sent -> received -> executed | refused | expired | unknown

The device's own outcome is final. `unknown` is not: it waits for the device's word or a read-back, and is
never answered by a new command. Ids are strictly increasing per device; the device refuses lower ones.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from protocols.uplink import area
from protocols.uplink.codes import ADDRESSED
from station.store.db import now_s, row, rows
from station.store.schema import command_log, commands

STATES = ("drafted", "approved", "queued", "sent", "received", "executed", "refused", "expired", "unknown")
FINAL = frozenset({"executed", "refused", "expired"})
OPEN = tuple(state for state in STATES if state not in FINAL)

_OUTCOME = frozenset({"received"}) | FINAL  # a record of the device may overtake our own bookkeeping
MOVES: dict[str, frozenset[str]] = {
    "drafted": frozenset({"approved", "expired"}),
    "approved": frozenset({"queued", "expired"}),
    "queued": frozenset({"sent", "unknown"}) | _OUTCOME,
    "sent": frozenset({"unknown"}) | _OUTCOME,
    "received": frozenset({"unknown"}) | FINAL,
    "unknown": FINAL,
    "executed": frozenset(),
    "refused": frozenset(),
    "expired": frozenset(),
}


def create(
    c: Connection,
    device: str,
    kind: int,
    params: Mapping[str, Any],
    author: str,
    deadline_s: int,
    note: str = "",
    scope: int = ADDRESSED,
    part: bool = False,
    **leave: Any,
) -> int:
    """Store a command and return its id; `scope` is one of codes, a `part` is not shown by `recent`.

    `leave`: columns approver, second and proposal. Who may not send it alone was asked before (approvals).
    """
    top = c.execute(select(func.max(commands.c.command)).where(commands.c.device == device)).scalar()
    command = (top or 0) + 1
    at = now_s()
    c.execute(
        insert(commands).values(
            device=device,
            command=command,
            kind=kind,
            scope=scope,
            params={name: storable(value) for name, value in params.items()},
            state="drafted",
            author=author,
            note=note,
            created_s=at,
            not_before_s=0,
            deadline_s=deadline_s,
            publishes=0,
            part=int(part),
            **leave,
        )
    )
    _log(c, device, command, at, None, "drafted", {"author": author})
    move(c, device, command, "approved", **{name: value for name, value in leave.items() if value})
    move(c, device, command, "queued")
    return command


def move(c: Connection, device: str, command: int, to: str, t_s: int | None = None, **facts: Any) -> bool:
    """Move a command if MOVES allows it, logging `facts`; those that are columns are stored too.

    False: no such command, or not a move forward; then nothing is changed.
    """
    at = now_s() if t_s is None else t_s
    here = (commands.c.device == device) & (commands.c.command == command)
    state = c.execute(select(commands.c.state).where(here)).scalar()
    if state is None or to not in MOVES[state]:
        return False
    stored = {name: value for name, value in facts.items() if name in commands.c}
    if to in FINAL:
        stored["done_s"] = at
    c.execute(update(commands).where(here).values(state=to, **stored))
    _log(c, device, command, at, state, to, facts)
    return True


def get(c: Connection, device: str, command: int) -> dict[str, Any] | None:
    """One row, with `kind_name` and `params` by field name (bytes again as bytes), or None."""
    found = row(c.execute(select(commands).where(commands.c.device == device, commands.c.command == command)))
    return _shown(found) if found else None


def recent(c: Connection, device: str | None = None, limit: int = 20) -> list[dict[str, Any]]:
    """Newest first, of one device or all, without parts of a whole."""
    query = select(commands).where(commands.c.part == 0).limit(limit)
    query = query.order_by(commands.c.created_s.desc(), commands.c.command.desc())
    if device is not None:
        query = query.where(commands.c.device == device)
    return [_shown(found) for found in rows(c.execute(query))]


def of_kind(c: Connection, device: str, kind: int) -> list[dict[str, Any]]:
    """All commands of this kind to the device but parts, whatever became of them, oldest first."""
    query = select(commands).where(commands.c.device == device, commands.c.kind == kind, commands.c.part == 0)
    return [_shown(found) for found in rows(c.execute(query.order_by(commands.c.command)))]


def of_kinds(c: Connection, among: Sequence[str], kinds: Sequence[int]) -> list[dict[str, Any]]:
    """All commands of these kinds to these devices, by device and id."""
    query = select(commands).where(commands.c.device.in_(among), commands.c.kind.in_(kinds))
    return [_shown(found) for found in rows(c.execute(query.order_by(commands.c.device, commands.c.command)))]


def in_states(c: Connection, *states: str) -> list[dict[str, Any]]:
    """All commands in one of `states`, in the order they must be sent."""
    query = (
        select(commands).where(commands.c.state.in_(states)).order_by(commands.c.device, commands.c.command)
    )
    return [_shown(found) for found in rows(c.execute(query))]


def history(c: Connection, device: str, command: int) -> list[dict[str, Any]]:
    """[{t_s, state_from, state_to, facts}], oldest first."""
    return rows(
        c.execute(
            select(command_log.c.t_s, command_log.c.state_from, command_log.c.state_to, command_log.c.facts)
            .where(command_log.c.device == device, command_log.c.command == command)
            .order_by(command_log.c.id)
        )
    )


def count_publish(c: Connection, device: str, command: int, t_s: int) -> None:
    """Note a try before it is made: only a command never tried may be called `expired` by the station."""
    c.execute(
        update(commands)
        .where(commands.c.device == device, commands.c.command == command)
        .values(publishes=commands.c.publishes + 1, published_s=t_s)
    )


def _log(
    c: Connection, device: str, command: int, t_s: int, before: str | None, to: str, facts: Mapping[str, Any]
) -> None:
    c.execute(
        insert(command_log).values(
            device=device, command=command, t_s=t_s, state_from=before, state_to=to, facts=dict(facts)
        )
    )


def storable(value: Any) -> Any:
    """Parameters as JSON, which has neither bytes nor maps with integer keys."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, Mapping):
        return {"map": [[key, storable(item)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):  # rows of a tariff hold bytes
        return [storable(item) for item in value]
    return value


def restored(value: Any) -> Any:
    """The inverse of `storable`."""
    if isinstance(value, list):
        return [restored(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "hex" in value:
        return bytes.fromhex(value["hex"])
    return {key: restored(item) for key, item in value["map"]}


def _shown(found: dict[str, Any]) -> dict[str, Any]:
    found["kind_name"] = area.COMMAND_NAMES.get(found["kind"], str(found["kind"]))
    found["params"] = {name: restored(value) for name, value in found["params"].items()}
    return found
