"""What one command is to the policy: facts of its customer, and whether one person may send it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from protocols.uplink import archive_rows, area, messages
from protocols.uplink.codes import ADDRESSED
from station.approvals import flags, policy
from station.errors import FieldError, Invalid
from station.store import approvals as store
from station.store import area as areas

Params = Mapping[str, Any]
MANY = 2  # a command that is one of many without saying of how many


def alone(c: Connection, device: str, kind: int, params: Params, scope: int = ADDRESSED) -> policy.Leave:
    """The leave of one person. Invalid: it needs two."""
    operation = needed(c, device, kind, params, scope)
    if operation:
        raise Invalid(FieldError("", "needs_two", {"operation": operation}))
    return policy.BY_POLICY if policy.sealed_for_two(kind, params, scope) else policy.ALONE


def needed(c: Connection, device: str, kind: int, params: Params, scope: int = ADDRESSED) -> str | None:
    """The operation for which it needs two, or None."""
    facts = store.facts(c, [device])
    named = flags_of(c, facts[0], kind, params) if facts else ()
    remaining = facts[0]["remaining_wh"] if facts and kind == messages.PURCHASE else None
    asked = policy.Asked(kind, params, 1 if scope == ADDRESSED else MANY, frozenset(named), remaining)
    return policy.needed(policy.rules(c), asked)


def flags_of(c: Connection, facts: flags.Facts, kind: int, params: Params) -> tuple[str, ...]:
    """Of the customer of the command: of a meter of a concentrator its row of the archive says it."""
    if kind == area.METER_SWITCH:
        row = areas.meter(c, facts["device"], params["meter"])
        return ("guaranteed",) if row is None or row["flags"] & archive_rows.GUARANTEED else ()
    return flags.of(facts)
