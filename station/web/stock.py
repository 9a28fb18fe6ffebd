"""Stock: what there is and where, the form that moves it, the history of one item, plan beside stock."""

from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from station.errors import Invalid
from station.stock import life
from station.stock.moves import KINDS, MOVES, PLACES
from station.store import audit, org
from station.store import stock as store
from station.web import drafts, fleet
from station.web.approvals import once
from station.web.area import as_csv
from station.web.arguments import MOST, whole
from station.web.db import view, writing
from station.web.errors import by_field
from station.web.helpers import station_offset_s
from station.web.i18n import word
from station.web.rights import needs, scope, scope_for

blueprint = Blueprint("stock", __name__, url_prefix="/stock")
ROWS, CSV_ROWS = 50, 1000
TEXT = ("move", "kind", "model", "serials", "person", "device", "remark")


@blueprint.get("")
@needs("stock")
def page() -> str:
    wanted = _wanted()
    found = store.listed(view(), scope(), wanted, ROWS + 1, whole("after", request.args.get("after")) or 0)
    return render_template(
        "stock/list.html",
        wanted=wanted,
        found=found[:ROWS],
        next=found[ROWS - 1]["id"] if len(found) > ROWS else None,
        kinds=KINDS,
        spots=PLACES,
    )


def _wanted() -> store.Filter:
    sent = request.args
    return store.Filter(sent.get("kind", ""), sent.get("place", ""), sent.get("q", "").strip()[:64])


@blueprint.get("/stock.csv")
@needs("export")
def csv() -> Response:
    seen, wanted, after = scope_for("stock"), _wanted(), 0
    out: list[store.Row] = []
    while found := store.listed(view(), seen, wanted, CSV_ROWS, after):
        out += [each for each in found if scope().holds(view(), each["unit"])]
        after = found[-1]["id"]
    with writing() as c:
        audit.add(c, current_user.name, "exported", "stock", rows=len(out), **wanted._asdict())
    heads = (
        _("Kind of item"),
        _("Model"),
        _("Serial number"),
        _("Unit"),
        _("Place"),
        _("Holder"),
        _("Quantity"),
    )
    return as_csv("stock.csv", heads, [_cells(each) for each in out])


def _cells(each: store.Row) -> tuple[Any, ...]:
    kind, place = word("stock_kind", each["kind"]), word("stock_place", each["place"])
    serial = each["serial"] or ""
    return kind, each["model"], serial, each["unit_name"], place, each["holder"], each["count"]


@blueprint.get("/move")
@needs("stock")
def new() -> str:
    return _form(request.args, {})


def _form(values: Any, errors: dict[str, list[str]]) -> str:
    return render_template(
        "stock/move.html",
        values=values,
        errors=errors,
        once=once(),
        units=fleet.units(view(), scope()),
        kinds=[(kind, word("stock_kind", kind)) for kind in KINDS],
        moves=[(move, word("stock_move", move)) for move in MOVES],
    )


@blueprint.post("/move")
@needs("stock")
def move() -> AnyResponse | tuple[str, int]:
    form = request.form
    sent: dict[str, Any] = {name: form.get(name, "").strip() for name in TEXT}
    sent |= {name: drafts.number(form.get(name)) for name in ("unit", "count", "work_order")}
    try:
        with writing() as c:
            lines = life.move(c, current_user.name, scope(), sent, form.get("once", "")[:64])
    except Invalid as invalid:
        return _form(form, by_field(invalid.errors)), 422
    flash(_("Entered in the ledger: %(n)s lines.", n=lines), "ok")
    return redirect(url_for("stock.page"))


@blueprint.get("/<int:number>")
@needs("stock")
def one(number: int) -> str:
    found = (store.item(view(), number, scope()) if number <= MOST else None) or abort(404)
    told = store.history(view(), number, scope(), ROWS, whole("before", request.args.get("before")))
    return render_template(
        "stock/one.html",
        item=found,
        spots=store.places(view(), number, scope()),
        told=told,
        older=told[-1]["id"] if len(told) == ROWS else None,
        offset_s=station_offset_s(),
    )


@blueprint.get("/plan")
@needs("stock")
def plans() -> str:
    names = dict(fleet.units(view(), scope()))
    found = store.compared(view(), scope())
    return render_template(
        "stock/plans.html", found=sorted(found.items()), names=names, kinds=KINDS, units=names.items()
    )


@blueprint.get("/plan/one")
@needs("stock")
def plan() -> str:
    unit, kind = _planned()
    found = store.plan(view(), unit, kind)
    return _plan(unit, kind, found, {})


def _planned() -> tuple[int, str]:
    """Unit and kind of the address; 404 unless both are there for the person."""
    unit, kind = whole("unit", request.args.get("unit")), request.args.get("kind", "")
    if unit is None or kind not in KINDS or not scope().holds(view(), unit):
        abort(404)
    return unit, kind


def _plan(unit: int, kind: str, values: Any, errors: dict[str, list[str]]) -> str:
    found = org.unit(view(), unit) or abort(404)
    return render_template("stock/plan.html", unit=found, kind=kind, values=values, errors=errors)


@blueprint.post("/plan/one")
@needs("stock")
def plan_changed() -> AnyResponse | tuple[str, int]:
    (unit, kind), form = _planned(), request.form
    planned, version = drafts.number(form.get("planned")), drafts.number(form.get("version"))
    try:
        with writing() as c:
            life.plan(c, current_user.name, scope(), unit, kind, planned, version)
    except Invalid as invalid:
        return _plan(unit, kind, form, by_field(invalid.errors)), 422
    return redirect(url_for("stock.plans"))
