"""Who did what, and who saw it: the questions that are asked of the record, and the record itself."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext as _
from flask_login import current_user

from station.area.requests import DAY_S, label_s
from station.store import audit as store
from station.store.db import now_s
from station.web.area import as_csv
from station.web.arguments import past_day, whole
from station.web.db import view, writing
from station.web.helpers import station_offset_s
from station.web.i18n import word
from station.web.rights import OF_KIND, needs, scope, scope_for

blueprint = Blueprint("audit", __name__, url_prefix="/audit")
ROWS, CSV_ROWS = 50, 1000
ENDS = "approved by_policy emergency executed expired failed refused reviewed void withdrawn".split()
PROPOSALS = tuple(f"proposal_{end}" for end in ENDS)
RIGHTS = (
    *("granted", "revoked", "left", "handed_over", "handed_back", "role_added", "role_changed"),
    *("transfer_asked", "transfer_agreed", "transferred", "device_moved", "unit_moved", "token_made"),
    *("unit_closed", "cleanup_begun", "cleanup_replied", "cleanup_closed"),
    *("user_added", "user_disabled", "user_enabled", "user_unlocked", "password_reset"),
)


def _commands(function: str) -> dict[str, tuple[str, ...]]:
    kinds = tuple(kind for kind, needed in OF_KIND.items() if needed == function)
    return {"actions": ("command",), "kinds": kinds}


# what people ask of the record (domain.md section 7) -> what of store.Wanted answers it
QUESTIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "control": _commands("control"),
    "prepaid": _commands("prepaid"),
    "parameters": _commands("parameters"),
    "approvals": {"actions": ("proposed", *PROPOSALS, "approval_policy")},
    "saw": {"actions": ("saw", "exported")},
    "rights": {"actions": RIGHTS},
    "logins": {"actions": ("login", "login_failed", "login_locked", "login_disabled", "logout")},
    "refused": {"actions": ("refused",)},
}


@blueprint.get("")
@needs("audit")
def page() -> str:
    found = store.found(view(), scope(), _wanted(), ROWS + 1, whole("before", request.args.get("before")))
    return render_template(
        "audit.html",
        found=found[:ROWS],
        older=found[ROWS - 1]["id"] if len(found) > ROWS else None,
        questions=QUESTIONS,
        asked={name: request.args[name] for name in ASKED if request.args.get(name)},
        today=_today().isoformat(),
        offset_s=station_offset_s(),
    )


ASKED = ("question", "who", "subject", "word", "since", "until")


def _wanted() -> store.Wanted:
    sent, offset_s = request.args, station_offset_s()
    question = sent.get("question", "")
    if question and question not in QUESTIONS:
        abort(404)
    who, subject, held = (sent.get(name, "").strip()[:64] for name in ("who", "subject", "word"))
    days = {name: past_day(name, sent.get(name), _today()) for name in ("since", "until") if sent.get(name)}
    begin = {name: label_s(day, offset_s) for name, day in days.items()}
    until_s = begin["until"] + DAY_S if "until" in begin else None
    asked = store.Wanted(who, subject, held, from_s=begin.get("since"), until_s=until_s)
    return asked._replace(**QUESTIONS.get(question, {}))


def _today() -> date:
    return datetime.fromtimestamp(now_s() + station_offset_s(), UTC).date()


@blueprint.get("/audit.csv")
@needs("export")
def csv() -> Response:
    """The rows of the filter with their hashes; before them the head of the chain, which proves them."""
    seen, wanted = scope_for("audit"), _wanted()
    out: list[dict[str, Any]] = []
    before = None
    while found := store.found(view(), seen, wanted, CSV_ROWS, before):
        out += found
        before = found[-1]["id"]
    with writing() as c:
        head = store.head(c)
        store.add(c, current_user.name, "exported", "audit", rows=len(out), head=head.hash)
    heads = (
        _("No."),
        _("Time (UTC)"),
        _("Who"),
        _("Did"),
        _("Subject"),
        _("Detail"),
        _("Came by"),
        _("Hash"),
    )
    first = (head.id, "", "", _("Head of the record"), "", "", "", head.hash)
    return as_csv("audit.csv", heads, [first, *(_cells(each) for each in out)])


def _cells(row: Mapping[str, Any]) -> tuple[Any, ...]:
    at = datetime.fromtimestamp(row["t_s"], UTC).isoformat()
    detail = "; ".join(f"{name}={value}" for name, value in row["detail"].items())
    did = word("audit", row["action"])
    return row["id"], at, row["author"], did, row["subject"], detail, row["origin"], row["hash"]
