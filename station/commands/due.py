"""What is to be done with a command now. Pure: row, link, time -> action; all policy of the dispatcher."""

from collections.abc import Mapping
from typing import Any

from protocols.uplink import messages

PUBLISH, EXPIRE, UNKNOWN, EXECUTED = "publish", "expire", "unknown", "executed"

RETRY_S = 10  # a publish without PUBACK is tried again
RESEND_S = 20  # an online device that has not said it received gets the same command again
GRACE_S = 15  # a receipt may be on its way when the deadline passes
ACT_S = 300  # a received command has so long after its own delay to report what it did


def action(command: Mapping[str, Any], link: Mapping[str, Any], t_s: int) -> str | None:
    """One of PUBLISH, EXPIRE, UNKNOWN, EXECUTED or None.

    `command` is a row of the table, `link` the device as store.devices shows it.
    """
    if command["state"] in ("drafted", "approved"):
        return EXPIRE if t_s >= command["deadline_s"] else None
    return _BY_STATE[command["state"]](command, link, t_s)


def _queued(command: Mapping[str, Any], _link: Mapping[str, Any], t_s: int) -> str | None:
    if t_s >= command["deadline_s"]:
        # never tried means certainly not there; tried without PUBACK means nobody knows
        return EXPIRE if command["publishes"] == 0 else UNKNOWN
    if t_s < command["not_before_s"]:
        return None
    tried = command["published_s"]
    return PUBLISH if tried is None or t_s - tried >= RETRY_S else None


def _sent(command: Mapping[str, Any], link: Mapping[str, Any], t_s: int) -> str | None:
    if t_s >= command["deadline_s"]:
        return UNKNOWN if t_s >= command["deadline_s"] + GRACE_S else None
    tried = command["published_s"]
    reconnected = link["hello_s"] is not None and link["hello_s"] > tried
    return PUBLISH if reconnected or (link["online"] and t_s - tried >= RESEND_S) else None


def _received(command: Mapping[str, Any], _link: Mapping[str, Any], t_s: int) -> str | None:
    delay_s = command["params"].get("delay_s", 0)
    return UNKNOWN if t_s >= command["deadline_s"] + delay_s + ACT_S else None


def _unknown(command: Mapping[str, Any], link: Mapping[str, Any], _t_s: int) -> str | None:
    return EXECUTED if read_back(command, link) else None


def read_back(command: Mapping[str, Any], link: Mapping[str, Any]) -> bool:
    """Whether the device's own state proves the command took effect: its plan or its order is in force."""
    if command["kind"] == messages.PERIOD_PLAN:
        return link["plan_id"] == command["command"]
    if command["kind"] == messages.PURCHASE:
        return link["last_order"] == command["params"]["order"]
    return False


_BY_STATE = {"queued": _queued, "sent": _sent, "received": _received, "unknown": _unknown}
