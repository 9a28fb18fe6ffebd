"""The duty log at the desk: the shift of a unit, its entries, handing over and taking over."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from station.alarms import duty as rules
from station.errors import Invalid
from station.store import duty as store
from station.web import fleet
from station.web.approvals import once
from station.web.arguments import whole
from station.web.db import view, writing
from station.web.errors import by_field, said
from station.web.rights import needs, scope

blueprint = Blueprint("duty", __name__, url_prefix="/duty")
ROWS, ENTRIES = 30, 500
Row = dict[str, Any]


@blueprint.get("")
@needs("duty")
def page() -> str:
    found = store.page(view(), scope(), ROWS, whole("before", request.args.get("before")))
    return render_template(
        "duty/list.html",
        found=found,
        older=found[-1]["id"] if len(found) == ROWS else None,
        units=fleet.units(view(), scope()),
        values={},
    )


@blueprint.post("")
@needs("duty")
def begin() -> Response:
    unit = whole("unit", request.form.get("unit")) or 0
    try:
        with writing() as c:
            number = rules.begin(c, current_user.name, scope(), unit)
    except Invalid as invalid:
        flash(said(invalid.errors[0]), "error")
        return redirect(url_for("duty.page"))
    return redirect(url_for("duty.one", number=number))


def known(number: int) -> Row:
    return store.get(view(), number, scope()) or abort(404)


@blueprint.get("/<int:number>")
@needs("duty")
def one(number: int) -> str:
    return _show(known(number), {}, {})


def _show(row: Row, errors: dict[str, list[str]], values: Any) -> str:
    mine = row["ended_s"] is None and row["person"] == current_user.name
    return render_template(
        "duty/one.html",
        s=row,
        mine=mine,
        errors=errors,
        values=values,
        once=once(),
        entries=store.entries(view(), row["id"], ENTRIES),
        undone=store.undone(view(), row["unit"], rules.LISTED) if row["ended_s"] is None else [],
        before=store.get(view(), row["before"], scope()) if row["before"] else None,
        chars=rules.TEXT_CHARS,
    )


@blueprint.post("/<int:number>/<act>")
@needs("duty")
def change(number: int, act: str) -> Response | tuple[str, int]:
    known(number)
    if act not in _ACTS:
        abort(404)
    try:
        with writing() as c:
            number = _ACTS[act](c, number) or number
    except Invalid as invalid:
        return _show(known(number), by_field(invalid.errors), request.form), 422
    return redirect(url_for("duty.one", number=number))


def _write(c: Any, number: int) -> None:
    form = request.form
    rules.write(
        c,
        current_user.name,
        scope(),
        number,
        form.get("text", ""),
        once(),
        todo="todo" in form,
        corrects=whole("corrects", form.get("corrects")),
        ends=whole("ends", form.get("ends")),
    )


def _hand_over(c: Any, number: int) -> None:
    rules.hand_over(c, current_user.name, scope(), number)
    flash(_("Handed over. The shift is yours until the next person takes it over."), "ok")


def _take_over(c: Any, number: int) -> int:
    return rules.take_over(c, current_user.name, scope(), number)


_ACTS: dict[str, Callable[[Any, int], int | None]] = {
    "write": _write,
    "hand-over": _hand_over,
    "take-over": _take_over,
}
