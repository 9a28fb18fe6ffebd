"""What waits for the person at the desk, over all rooms: the first thing that the home page shows."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flask import Flask
from flask_babel import lazy_gettext as _
from flask_login import current_user
from sqlalchemy import Connection

from station.access.rights import where
from station.store import (
    accounts,
    alarms,
    archive_checks,
    archives,
    cleanup,
    duty,
    fieldwork,
    imports,
    marketing,
    notify,
    parameters,
    patrols,
    tickets,
    transfers,
)
from station.store.db import now_s
from station.store.scope import Scope
from station.web.approvals import waiting as approvals_waiting
from station.web.db import view


class Queue(NamedTuple):
    """`count(c, scope, t_s)`: how many wait where the person may do `function`."""

    words: object
    function: str
    count: Callable[[Connection, Scope, int], int]
    endpoint: str
    tone: str  # of templates/_m.html
    arguments: Mapping[str, Any] = {}


class Waiting(NamedTuple):
    words: str
    count: int
    endpoint: str
    tone: str
    arguments: Mapping[str, Any]


_ORDERS, _TRANSFERS = "fieldwork.page", "transfers.page"
QUEUES = (  # in the order in which they should be looked at
    Queue(_("To approve"), "", lambda _c, _s, _t: approvals_waiting(), "approvals.page", "warn"),
    Queue(_("Alarms to acknowledge"), "events", alarms.waiting, "alarms.page", "trip"),
    Queue(_("Shifts to take over"), "duty", duty.waiting, "duty.page", "warn"),
    Queue(_("Orders overdue"), "field", fieldwork.waiting, _ORDERS, "trip", {"list": "open"}),
    Queue(_("Orders to check"), "events", fieldwork.to_check, _ORDERS, "warn", {"list": "to_check"}),
    Queue(
        _("Findings in the archives"), "archive", archive_checks.waiting, "archive_findings.page", "unknown"
    ),
    Queue(_("Late changes"), "archive", archives.late_waiting, "archive_findings.late", "warn"),
    Queue(
        _("Conflicts with the marketing system"), "archive", marketing.waiting, "marketing.conflicts", "warn"
    ),
    Queue(_("Parameters that differ"), "view", parameters.waiting, "parameters.listed", "warn"),
    Queue(
        _("Patrols with failures"),
        "",
        lambda c, _s, _t: patrols.waiting(c, where(current_user.rights, "view"), current_user.name),
        "patrols.page",
        "warn",
        {"list": "mine"},
    ),
    Queue(_("Imports to confirm"), "archive", imports.waiting, "imports.page", "warn"),
    Queue(_("Transfers to agree to"), "approve_accounts", transfers.waiting, _TRANSFERS, "warn"),
    Queue(_("Help wanted"), "accounts", tickets.waiting, "help_desk.page", "warn"),
    Queue(_("Accounts to verify"), "accounts", cleanup.waiting, "cleanup.page", "warn"),
    Queue(_("Accounts nobody uses"), "accounts", accounts.waiting, "staff.page", "unknown"),
    Queue(_("Notices not delivered"), "run", notify.waiting, "notify.house", "unknown"),
)


def waiting() -> list[Waiting]:
    """What waits now, without what is empty."""
    c, at, out = view(), now_s(), list[Waiting]()
    for queue in QUEUES:
        scope = where(current_user.rights, queue.function)
        count = queue.count(c, scope, at) if scope.units or not queue.function else 0
        if count:
            out.append(Waiting(str(queue.words), count, queue.endpoint, queue.tone, queue.arguments))
    return out


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(todo=waiting)
