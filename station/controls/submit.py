"""The one door by which a command enters the table."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from protocols.uplink import area, messages
from protocols.uplink.codes import ADDRESSED
from station import prepaid
from station.approvals import ask, policy
from station.checks import refuse
from station.errors import FieldError
from station.store import audit, commands, devices
from station.store.db import now_s

DEADLINE_S = 300  # default: long enough for a reconnect, short enough that nobody has forgotten the order
NOTE_CHARS = 200


def submit(
    c: Connection,
    device: str,
    kind: int,
    params: Mapping[str, Any],
    author: str,
    note: str = "",
    deadline_s: int | None = None,
    scope: int = ADDRESSED,
    part: bool = False,
    leave: policy.Leave | None = None,
) -> int:
    """Queue a command made by this room, `plans` or `prepaid`; returns its id. Invalid says why not.

    `deadline_s` is a UTC time, DEADLINE_S from now by default. `scope` TO_MANY says that the
    command is one of many: an excluded terminal refuses it. A `part` belongs to a whole that stands in the
    audit by itself. Without `leave` it must be one that one person may send (station.approvals). Call inside
    db.writing.
    """
    at = now_s()
    until = at + DEADLINE_S if deadline_s is None else deadline_s
    problems: list[FieldError] = []
    if devices.shard_of(c, device) is None:
        problems.append(FieldError("device", "no_such_device"))
    if until <= at:
        problems.append(FieldError("deadline_s", "deadline_past"))
    if len(note) > NOTE_CHARS:
        problems.append(FieldError("note", "too_long", {"most": NOTE_CHARS}))
    refuse(problems)
    messages.pack(area.COMMANDS[kind], params)  # KeyError: our own bug, found before it is stored
    leave = leave or ask.alone(c, device, kind, params, scope)
    if kind in prepaid.ORDERS:
        prepaid.check_open(c, device, params["order"])
    command = commands.create(c, device, kind, params, author, until, note, scope, part, **leave._asdict())
    if kind in prepaid.ORDERS:
        prepaid.book(c, device, command, params)
    if not part:
        audit.add(
            c, author, "command", device, command=command, kind=area.COMMAND_NAMES[kind], **leave.told()
        )
    return command
