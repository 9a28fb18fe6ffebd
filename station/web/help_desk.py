"""The help desk: anyone writes a ticket, who keeps accounts solves it and finds what helped before."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from station.access import tickets as rules
from station.access.rights import where
from station.errors import Invalid
from station.store import tickets as store
from station.store.scope import Scope
from station.web import approvals
from station.web.arguments import whole
from station.web.db import view, writing
from station.web.errors import by_field
from station.web.i18n import word
from station.web.rights import ANYONE, needs, scope

blueprint = Blueprint("help_desk", __name__, url_prefix="/help-desk")
ROWS, SIMILAR = 50, 5
LISTS = ("mine", "open", "solved")
TONES = {"open": ("warn", "clock"), "taken": ("accent", "hand"), "solved": ("ok", "ok")}
Row = dict[str, Any]


def _care() -> Scope:
    """Whose tickets the person solves."""
    return where(current_user.rights, "accounts")


@blueprint.get("")
@needs(ANYONE)
def page() -> str:
    return _list({}, {})


def _list(errors: dict[str, list[str]], values: Mapping[str, Any]) -> str:
    asked = request.args
    which = asked.get("list", "open" if _care().units else "mine")
    if which not in LISTS or (which != "mine" and not _care().units):
        abort(404)
    kind, q = asked.get("kind", "")[:32], asked.get("q", "").strip()[:64]
    before = whole("before", asked.get("before"))
    if which == "mine":
        found = store.of(view(), current_user.name, ROWS, before)
    else:
        found = store.listed(view(), _care(), which == "solved", ROWS, kind=kind, q=q, before=before)
    return render_template(
        "staff/help_desk.html",
        found=found,
        which=which,
        lists=LISTS if _care().units else LISTS[:1],
        older=found[-1]["id"] if len(found) == ROWS else None,
        asked={"kind": kind, "q": q},
        kinds=[(each, word("ticket_kind", each)) for each in rules.KINDS],
        tones=TONES,
        once=approvals.once(),
        values=values,
        errors=errors,
        most=rules.TEXT_CHARS,
    )


@blueprint.post("")
@needs(ANYONE)
def write() -> Response | tuple[str, int]:
    form = request.form
    try:
        with writing() as c:
            args = (form.get("kind", ""), form.get("text", ""), approvals.once())
            number = rules.write(c, current_user.name, *args)
    except Invalid as invalid:
        return _list(by_field(invalid.errors), form), 422
    flash(_("The ticket is sent."), "ok")
    return redirect(url_for("help_desk.one", number=number))


def _solves(row: Row) -> bool:
    return _care().holds(view(), row["unit"])


@blueprint.get("/<int:number>")
@needs(ANYONE)
def one(number: int) -> str:
    """For who wrote it and who may solve it; else 404."""
    row = store.get(view(), number)
    if row is None or not (row["author"] == current_user.name or _solves(row)):
        abort(404)
    return _show(row, {})


def _show(row: Row, errors: dict[str, list[str]]) -> str:
    similar = store.listed(view(), _care(), True, SIMILAR + 1, kind=row["kind"])
    return render_template(
        "staff/ticket.html",
        t=row,
        solves=_solves(row) and row["state"] != "solved",
        similar=[each for each in similar if each["id"] != row["id"]][:SIMILAR],
        tones=TONES,
        values=request.form,
        errors=errors,
        most=rules.TEXT_CHARS,
    )


@blueprint.post("/<int:number>/<act>")
@needs("accounts")
def work(number: int, act: str) -> Response | tuple[str, int]:
    row = store.get(view(), number)
    if row is None or act not in ("take", "solve") or not scope().holds(view(), row["unit"]):
        abort(404)
    form = request.form
    try:
        with writing() as c:
            if act == "take":
                rules.take(c, number, current_user.name)
            else:
                args = (form.get("solution", ""), form.get("seen", ""))
                rules.solve(c, number, current_user.name, *args)
    except Invalid as invalid:
        return _show(row, by_field(invalid.errors)), 422
    return redirect(url_for("help_desk.one", number=number))
