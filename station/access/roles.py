"""What people may do: function groups, and the roles of domain.md section 7 that stand ready.

Words for them: `function.KEY` and `role.KEY` in the catalogues of the web.
"""

from collections.abc import Mapping
from typing import Any

FUNCTIONS = (
    "view",  # devices, areas, meters, readings, events
    "export",  # take data away
    "collect",  # read on demand, patrol, collection tasks
    "control",  # trip, permit to close, setpoint plans, guarantee, exclusion
    "prepaid",  # purchase orders, balances
    "parameters",  # of devices: parameters, profiles, forwarding of raw frames
    "archive",  # customers, points, meters, areas; import
    "events",  # acknowledge, assign, mute
    "duty",  # duty log
    "field",  # work orders
    "stock",  # devices, meters and SIM cards in store
    "publish",  # what leaves the house
    "run",  # state of the station itself, logs, backup
    "accounts",  # users, roles, units
    "policy",  # rules of passwords, sessions, approval
    "audit",  # who did and who saw
    "approve_control",
    "approve_prepaid",
    "approve_archive",
    "approve_accounts",
)
ALL = frozenset(FUNCTIONS)
CHIEF = "chief"  # may do all: for the first day and for a small house

ROLES: Mapping[str, frozenset[str]] = {
    role: frozenset(functions.split())
    for role, functions in {
        CHIEF: " ".join(FUNCTIONS),
        "duty": "view collect events duty run",
        "controller": "view collect control parameters events duty",
        "approver": "view approve_control approve_prepaid approve_archive",
        "branch": "view export collect prepaid archive events",
        "clerk": "view collect prepaid archive field",
        "station_head": "view events field stock approve_prepaid approve_archive",
        "accounting": "view export archive",
        "fee_control": "view export collect prepaid",
        "inspector": "view export events field",
        "field": "view collect field",
        "administrator": "accounts",
        "security": "policy approve_accounts",
        "auditor": "audit",
        "viewer": "view",
    }.items()
}


def functions_of(role: str, own: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """Functions of a role; `own` (store.org.own_roles) stands before the template. {} for no such role."""
    made = own.get(role)
    return ALL.intersection(made["functions"]) if made else ROLES.get(role, frozenset())
