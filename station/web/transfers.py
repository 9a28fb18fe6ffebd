"""Transfers of people: asked for by who keeps accounts, agreed to by two, done within half a working day."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from station.access import accounts
from station.access import transfers as rules
from station.access.rights import where
from station.access.strong import APPROVES
from station.errors import Invalid
from station.store import transfers as store
from station.store.db import now_s
from station.store.scope import Scope
from station.web import approvals, drafts, fleet, people, staff_words
from station.web.arguments import whole
from station.web.db import view, writing
from station.web.errors import Refused, by_field
from station.web.helpers import station_offset_s
from station.web.rights import ANYONE, needs, scope

blueprint = Blueprint("transfers", __name__, url_prefix="/transfers")
ROWS = 50
TONES = {
    "open": ("accent", "clock"),
    "done": ("ok", "ok"),
    "refused": ("trip", "warn"),
    "withdrawn": ("idle", "idle"),
}
Row = dict[str, Any]


def _mine() -> Scope:
    """Where the person keeps accounts or agrees to transfers; Refused 403 when nowhere."""
    tops = {top for name in ("accounts", APPROVES) for top in where(current_user.rights, name).units}
    if not tops:
        raise Refused(403, "forbidden")
    return Scope(tuple(sorted(tops)))


@blueprint.get("")
@needs(ANYONE)
def page() -> str:
    state, before = request.args.get("state", ""), whole("before", request.args.get("before"))
    if state and state not in rules.STATES:
        abort(404)
    found = store.listed(view(), _mine(), state, ROWS, before)
    return render_template(
        "staff/transfers.html",
        found=found,
        state=state,
        states=rules.STATES,
        older=found[-1]["id"] if len(found) == ROWS else None,
        now=now_s(),
        tones=TONES,
        unit_name=staff_words.unit_name,
    )


@blueprint.get("/new")
@needs("accounts")
def new() -> str:
    return _form({"name": request.args.get("name", "")[:64]}, {})


def _form(values: Mapping[str, Any], errors: dict[str, list[str]]) -> str:
    units = fleet.units(view(), scope())
    return render_template(
        "staff/transfer_new.html", units=units, values=values, errors=errors, once=approvals.once()
    )


@blueprint.post("/new")
@needs("accounts")
def make() -> Response | tuple[str, int]:
    form = request.form
    unit = drafts.number(form.get("unit"))
    try:
        with writing() as c:
            number = rules.apply(
                c,
                accounts.keeper(c, current_user.name),
                form.get("name", "").strip()[:64],
                unit if isinstance(unit, int) else 0,
                form.get("reason", ""),
                token=approvals.once(),
                offset_s=station_offset_s(),
            )
    except Invalid as invalid:
        return _form(form, by_field(invalid.errors)), 422
    return redirect(url_for("transfers.one", number=number))


def _known(number: int) -> Row:
    row = store.get(view(), number)
    if row is None or not store.visible(view(), number, _mine()):
        abort(404)
    return row


@blueprint.get("/<int:number>")
@needs(ANYONE)
def one(number: int) -> str:
    return _show(_known(number), {})


def _show(row: Row, errors: dict[str, list[str]]) -> str:
    me = current_user.name
    return render_template(
        "staff/transfer.html",
        t=row,
        todos=rules.todos(view(), row["user"]) if row["state"] == "open" else {},
        steps=rules.STEPS,
        may=[step for step in rules.STEPS if rules.refusal(view(), row, step, me) is None],
        now=now_s(),
        tones=TONES,
        unit_name=staff_words.unit_name,
        values=request.form,
        errors=errors,
    )


@blueprint.post("/<int:number>/<act>")
@needs(ANYONE)
def decide(number: int, act: str) -> Response | tuple[str, int]:
    row, me = _known(number), current_user.name
    if act not in (*rules.STEPS, "refuse", "withdraw"):
        abort(404)
    try:
        _confirm(act)
        with writing() as c:
            if act == "withdraw":
                rules.withdraw(c, number, me)
            elif act == "refuse":
                rules.refuse(c, number, me, request.form.get("remark", ""))
            else:
                rules.agree(c, number, act, me)
    except Invalid as invalid:
        return _show(row, by_field(invalid.errors)), 422
    flash(_("Noted."), "ok")
    if not store.visible(view(), number, _mine()):  # it moved out of one's units with this word
        return redirect(url_for("transfers.page"))
    return redirect(url_for("transfers.one", number=number))


def _confirm(act: str) -> None:
    """Invalid: who agrees is not the one who logged in. A failure is counted."""
    if act in rules.STEPS:
        wrong = people.confirm()
        if wrong is not None:
            raise Invalid(wrong)
