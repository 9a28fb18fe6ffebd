"""Which operation needs a second person (domain.md section 7), from which size on; a house may change it."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from protocols.uplink import area, messages, parameters
from protocols.uplink.codes import APPEND, REFRESH
from station.checks import refuse, whole
from station.errors import FieldError, Invalid
from station.store import audit, settings

KEY = "approvals"  # of settings: {operation: {"on", "limit"}} of those that were changed here
MOST_LIMIT = 10**12
OPEN = 1  # `want` of METER_SWITCH
CONTROLS = (  # kinds that trip, or enable what may
    messages.TRIP,
    messages.PERIOD_PLAN,
    messages.FACTORY_REST,
    messages.BUSINESS_STOP,
    messages.DOWN_FLOAT,
    messages.MONTH_ENERGY,
    messages.PERIOD_ENABLE,
)


class Operation(NamedTuple):
    """Needed where the amount is above `limit`; None: whatever the amount."""

    limit: int | None
    unit: str  # of the limit: devices, kwh, yuan, rows, people


OPERATIONS: Mapping[str, Operation] = {
    "control_many": Operation(1, "devices"),
    "key_customer": Operation(None, ""),
    "guarantee_release": Operation(None, ""),
    "exclusion": Operation(None, ""),
    "purchase": Operation(1_000_000, "kwh"),
    "purchase_fee": Operation(1_000_000, "yuan"),
    "refund": Operation(None, ""),
    "thresholds": Operation(None, ""),
    "prices": Operation(None, ""),
    "profile": Operation(1, "devices"),
    "archive_import": Operation(500, "rows"),
    "strong_role": Operation(None, ""),
    "disable_many": Operation(10, "people"),
    "unit_move": Operation(None, ""),
    "strong_reset": Operation(None, ""),
}


class Asked(NamedTuple):
    """A command as somebody wants it: `flags` of its customers, `remaining` before an order if known."""

    kind: int
    params: Mapping[str, Any]
    devices: int = 1
    flags: frozenset[str] = frozenset()
    remaining: int | None = None


class Leave(NamedTuple):
    """Why a command may go: columns of `commands`. `second`, one of SECONDS of the schema: sealed for two."""

    second: str | None = None
    approver: str | None = None
    proposal: int | None = None

    def told(self) -> dict[str, Any]:
        """What the audit says of it."""
        return {name: value for name, value in self._asdict().items() if value is not None}


ALONE, BY_POLICY = Leave(), Leave("policy")
Rule = Mapping[str, Any]  # on, limit


def rules(c: Connection) -> dict[str, Rule]:
    """{operation: {on, limit}} as it holds now."""
    changed = settings.get(c, KEY, {})
    return {
        name: {"on": True, "limit": row.limit} | changed.get(name, {}) for name, row in OPERATIONS.items()
    }


def version(held: Mapping[str, Rule]) -> str:
    """Stands for the rules as somebody saw them."""
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()[:16]


def change(c: Connection, author: str, wanted: Mapping[str, Rule], seen: str, reason: str) -> None:
    """Set all rules. Invalid: no reason, a limit that is none, or somebody changed them since `seen`."""
    held, problems = rules(c), list[FieldError]()
    if version(held) != seen:
        raise Invalid(FieldError("", "changed_meanwhile"))
    if not reason.strip():
        problems.append(FieldError("reason", "needed"))
    fresh: dict[str, Rule] = {}
    for name, row in OPERATIONS.items():
        limit = wanted[name]["limit"]
        if row.limit is not None:
            limit = whole(limit, f"{name}-limit", 0, MOST_LIMIT, problems)
        fresh[name] = {"on": bool(wanted[name]["on"]), "limit": limit}
    refuse(problems)
    settings.put(c, KEY, fresh)
    differing = [name for name in OPERATIONS if held[name] != fresh[name]]
    audit.add(
        c,
        author,
        "approval_policy",
        KEY,
        reason=reason.strip(),
        before={name: dict(held[name]) for name in differing},
        after={name: dict(fresh[name]) for name in differing},
    )


def above(held: Mapping[str, Rule], operation: str, amount: int = 1) -> bool:
    """Whether so much of `operation` needs two."""
    rule = held[operation]
    return bool(rule["on"] and (rule["limit"] is None or amount > rule["limit"]))


def check(c: Connection, operation: str, amount: int) -> None:
    """Invalid: so much of `operation` needs two."""
    if above(rules(c), operation, amount):
        raise Invalid(FieldError("", "needs_two", {"operation": operation}))


def needed(held: Mapping[str, Rule], asked: Asked) -> str | None:
    """The first operation for which the command needs two, or None. Pure."""
    for operation, amount in _AMOUNTS.items():
        size = amount(asked)
        if size and above(held, operation, size):
            return operation
    return None


def sealed_for_two(kind: int, params: Mapping[str, Any], scope: int) -> bool:
    """What a device refuses without the second MAC, as firmware/link/gate.py has it (docs/adr/0020)."""
    return bool(scope) or kind == messages.EXCLUSION or (kind == messages.GUARANTEE and not params["on"])


def _many(asked: Asked) -> int:
    return asked.devices if asked.kind in CONTROLS else 0


def _cuts_key(asked: Asked) -> bool:
    cuts = asked.kind == messages.TRIP or (asked.kind == area.METER_SWITCH and asked.params["want"] == OPEN)
    return cuts and bool(asked.flags)


def _releases(asked: Asked) -> bool:
    return asked.kind in (messages.GUARANTEE, area.METER_GUARANTEE) and not asked.params["on"]


def _kwh(asked: Asked) -> int:
    if asked.kind == messages.PURCHASE:
        return abs(asked.params["value_wh"]) // 1000
    return abs(asked.params["value"]) // 1000 if _meter_order(asked) and not asked.params["fee"] else 0


def _yuan(asked: Asked) -> int:
    if asked.kind == messages.FEE_ORDER:
        return abs(asked.params["value_yuan_e4"]) // 10_000
    return abs(asked.params["value"]) // 10_000 if _meter_order(asked) and asked.params["fee"] else 0


def _refunds(asked: Asked) -> bool:
    """It takes away what was paid: below nothing, or below what is known to remain."""
    if asked.kind not in (messages.PURCHASE, messages.FEE_ORDER) and not _meter_order(asked):
        return False
    value = next(v for k, v in asked.params.items() if k in ("value_wh", "value_yuan_e4", "value"))
    if asked.params["flag"] == APPEND:
        return value < 0
    return asked.params["flag"] == REFRESH and value < (asked.remaining or 0)


def _meter_order(asked: Asked) -> bool:
    return asked.kind == area.METER_ORDER


def _section(*sections: int) -> Callable[[Asked], bool]:
    return lambda asked: asked.kind == messages.PARAMETERS and asked.params["section"] in sections


_AMOUNTS: Mapping[str, Callable[[Asked], int]] = {  # operation -> how much of it a command is; 0: it is none
    "guarantee_release": _releases,
    "exclusion": lambda asked: asked.kind == messages.EXCLUSION,
    "control_many": _many,
    "key_customer": _cuts_key,
    "refund": _refunds,
    "purchase": _kwh,
    "purchase_fee": _yuan,
    "thresholds": _section(parameters.LIMITS, area.PREPAID),
    "prices": _section(parameters.TARIFF, area.PRICES),
}
