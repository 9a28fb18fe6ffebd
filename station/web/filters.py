"""Filters of lists that the person at the desk keeps: saved from the list, opened, deleted."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, Flask, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from station.access import saved_filters as rules
from station.errors import Invalid
from station.store import filters as store
from station.web import fleet
from station.web.arguments import whole
from station.web.db import view, writing
from station.web.errors import by_field
from station.web.rights import ANYONE, needs, scope_for

blueprint = Blueprint("filters", __name__, url_prefix="/filters")
PAGES = {  # endpoint of a list -> what its filter is made of; the page of the list is no part of it
    "overview.page": ("queue", "q", "unit"),
    "alarms.page": ("state", "severity", "kind", "unit", "device"),
}
Row = dict[str, Any]


@blueprint.get("")
@needs(ANYONE)
def page() -> str:
    return _show({}, {})


def _show(values: Mapping[str, Any], errors: dict[str, list[str]]) -> str:
    return render_template(
        "filters.html",
        found=[_shown(each) for each in store.of(view(), current_user.name)],
        values=values,
        errors=errors,
        most=rules.MOST,
    )


@blueprint.post("")
@needs(ANYONE)
def save() -> Response | tuple[str, int]:
    """The form has the endpoint, the name and the arguments of the list."""
    endpoint, name = request.form.get("page", ""), request.form.get("name", "")
    wanted = _wanted(endpoint)
    try:
        with writing() as c:
            rules.save(c, current_user.name, endpoint, name, urlencode(wanted))
    except Invalid as invalid:
        return _show({"page": endpoint, "name": name, "wanted": wanted}, by_field(invalid.errors)), 422
    flash(_("The filter is saved."), "ok")
    return redirect(url_for(endpoint, **wanted))


def _wanted(endpoint: str) -> dict[str, Any]:
    """What the list was narrowed to. 403: who may not open the list; 404: no such list, no such unit."""
    if endpoint not in PAGES:
        abort(404)
    scope = scope_for(current_app.view_functions[endpoint].function)  # type: ignore[attr-defined]
    given = (
        (name, request.form.get(f"of_{name}", "").strip()[: fleet.MAX_QUERY]) for name in PAGES[endpoint]
    )
    wanted = {name: value for name, value in given if value}
    unit = whole("unit", wanted.get("unit"))
    if unit and not scope.holds(view(), unit):
        abort(404)
    return wanted


@blueprint.post("/<int:number>/delete")
@needs(ANYONE)
def delete(number: int) -> Response:
    with writing() as c:
        gone = rules.drop(c, current_user.name, number)
    if not gone:
        abort(404)
    flash(_("The filter is deleted."), "ok")
    return redirect(url_for("filters.page"))


def _shown(found: Row) -> Row:
    return found | {"address": url_for(found["page"], **dict(parse_qsl(found["query"])))}


def mine(endpoint: str) -> list[Row]:
    """The person's filters of a list, with `address`; for templates."""
    held = store.of(view(), current_user.name)
    return [_shown(each) for each in held if each["page"] == endpoint]


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(filters_mine=mine)
