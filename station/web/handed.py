"""One's own roles, and handing them to a colleague for a while (A and B posts)."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from station.access import delegation
from station.errors import Invalid
from station.store import accounts as store
from station.store import org
from station.store.db import now_s
from station.web import drafts, staff, staff_words
from station.web.db import view, writing
from station.web.errors import by_field
from station.web.rights import ANYONE, needs

blueprint = Blueprint("handed", __name__, url_prefix="/my-roles")


@blueprint.get("")
@needs(ANYONE)
def page() -> str:
    return _show({}, {})


def _show(errors: dict[str, list[str]], values: Mapping[str, Any]) -> str:
    c, me, now = view(), current_user.name, now_s()
    return render_template(
        "staff/mine.html",
        held=org.grants_of(c, me, now),
        mine=delegation.mine(c, me, now),
        handed=store.handed_by(c, me, now),
        ticked=request.form.getlist("grants"),
        unit_name=staff_words.unit_name,
        days=delegation.DAYS,
        errors=errors,
        values=values,
    )


@blueprint.post("")
@needs(ANYONE)
def hand_over() -> Response | tuple[str, int]:
    form = request.form
    numbers = [drafts.number(each) for each in form.getlist("grants")]
    try:
        until_s = staff.day_end(form.get("until", ""))
        with writing() as c:
            wanted = [each for each in numbers if isinstance(each, int)]
            delegation.hand_over(c, current_user.name, form.get("to", "").strip()[:64], wanted, until_s)
    except Invalid as invalid:
        return _show(by_field(invalid.errors), form), 422
    flash(_("Handed over. It ends by itself, and you may take it back before."), "ok")
    return redirect(url_for("handed.page"))


@blueprint.post("/<int:number>/back")
@needs(ANYONE)
def back(number: int) -> Response:
    try:
        with writing() as c:
            delegation.back(c, current_user.name, number)
    except Invalid:
        abort(404)
    flash(_("Taken back."), "ok")
    return redirect(url_for("handed.page"))
