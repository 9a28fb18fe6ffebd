"""Batch patrols: what a person reads now of many meters; the list, a new one, one with its progress."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from protocols.meters.points import BY_ALIAS
from station.collection import patrol_choice, patrols
from station.collection.patrol_list import MOST as MOST_POINTS
from station.errors import FieldError, Invalid
from station.store import audit, devices, org
from station.store import patrols as store
from station.store.db import now_s
from station.store.scope import ROOT
from station.web import approvals, drafts, fleet, patrol_panels
from station.web.area import as_csv
from station.web.arguments import whole
from station.web.db import view, writing
from station.web.errors import by_field
from station.web.figures import local
from station.web.i18n import word
from station.web.rights import needs, scope, scope_for

blueprint = Blueprint("patrols", __name__, url_prefix="/patrols")
ROWS = 50
LISTS = ("all", "mine")
ALIASES = (
    "energy_import_wh energy_export_wh power_dw voltage_a_dv voltage_b_dv voltage_c_dv current_a_ma"
    " current_b_ma current_c_ma power_factor_e3 relay_state clock remaining_wh remaining_yuan_e4"
).split()
ITEMS = [BY_ALIAS[alias][0] for alias in ALIASES]
WITHIN_MIN = (5, 15, 30, 60, 240, 1440)
FRESH = {"way": patrol_choice.FILTER, "kind": store.METERS, "first": 1, "last": 1000, "state": "all"}
Row = dict[str, Any]


def unit_name(number: int) -> str:
    """Empty of the unit above all where it has no name."""
    found = org.unit(view(), number)
    return found["name"] or (found["code"] if number != ROOT else "") if found else ""


# ---- the list


@blueprint.get("")
@needs("view")
def page() -> str:
    which = request.args.get("list") or LISTS[0]
    if which not in LISTS:
        abort(404)
    before = whole("before", request.args.get("before"))
    author = current_user.name if which == "mine" else None
    found = store.listed(view(), scope(), ROWS + 1, before, author)
    return render_template(
        "patrols/list.html",
        found=[each | {"parts": patrol_panels.parts(each["counts"])} for each in found[:ROWS]],
        older=found[ROWS - 1]["id"] if len(found) > ROWS else None,
        which=which,
        lists=LISTS,
        tones=patrol_panels.TONES,
        item_name=patrol_panels.item_name,
        unit_name=unit_name,
    )


# ---- a new one


@blueprint.get("/new")
@needs("collect")
def new() -> str:
    values = MultiDict(FRESH | {"items": str(ITEMS[0]), "within_min": "30"})
    device = request.args.get("device")
    if device:
        row = devices.get(view(), device) or abort(404)
        values.update({"list": device, "unit": str(row["unit"])})
        values["way"] = patrol_choice.LIST
    return _form(values, {})


def _form(values: Any, errors: dict[str, list[str]], chosen: patrol_choice.Chosen | None = None) -> str:
    units = [(str(number), name) for number, name in fleet.units(view(), scope())]
    return render_template(
        "patrols/new.html",
        values=values,
        errors=errors,
        once=approvals.once(),
        units=_with_own(units, values.get("unit")),
        kinds=[(name, word("patrol_kind", name)) for name in store.KINDS],
        states=[(name, word("patrol_state", name)) for name in store.DEVICE_STATES],
        items=[(no, patrol_panels.item_name(no)) for no in ITEMS],
        minutes=[(str(n), word("patrol_within", str(n))) for n in WITHIN_MIN],
        most=MOST_POINTS,
        counted=_counted(chosen) if chosen else None,
    )


def _with_own(units: list[tuple[str, str]], unit: Any) -> list[tuple[str, str]]:
    """The units to choose from, and that of the device one comes from, which may not be among the first."""
    if not unit or unit in dict(units) or not str(unit).isdecimal():
        return units
    return [*units, (str(unit), unit_name(int(unit)))] if scope().holds(view(), int(unit)) else units


def _counted(chosen: patrol_choice.Chosen) -> Row:
    away = {each.device for each in chosen.targets if not each.online}
    there = {each.device for each in chosen.targets}
    facts = {"points": chosen.points, "meters": len(chosen.targets), "devices": len(there)}
    return facts | {"offline": len(away), "left_out": chosen.left_out, "wanted": len(chosen.facts["items"])}


@blueprint.post("/new")
@needs("collect")
def make() -> AnyResponse | str | tuple[str, int]:
    try:
        if request.form.get("act") == "count":
            return _form(request.form, {}, patrol_choice.choose(view(), scope(), _facts(), now_s()))
        with writing() as c:
            number = patrols.begin(c, current_user.name, scope(), _facts(), approvals.once())
    except Invalid as invalid:
        return _form(request.form, by_field(invalid.errors)), 422
    return redirect(url_for("patrols.one", number=number))


def _facts() -> Row:
    """What stands in the form; the room says what is wrong."""
    sent = request.form
    facts: Row = {name: sent.get(name, "") for name in ("way", "kind", "q", "state", "list")}
    facts |= {name: drafts.number(sent.get(name)) for name in ("unit", "first", "last")}
    minutes = drafts.number(sent.get("within_min"))
    return facts | {
        "items": [drafts.number(item) for item in sent.getlist("items")],
        "within_s": minutes * 60 if isinstance(minutes, int) else minutes,
        "without_wrong": bool(sent.get("without_wrong")),
    }


# ---- one


def known(number: int) -> Row:
    return patrol_panels.known(view(), scope(), number) or abort(404)


@blueprint.get("/<int:number>")
@needs("view")
def one(number: int) -> str:
    row = known(number)
    if row["author"] == current_user.name and row["ended_s"] is not None and row["seen_s"] is None:
        with writing() as c:
            patrols.look(c, current_user.name, row, now_s())
    return _one(row, {})


def _one(row: Row, errors: dict[str, list[str]]) -> str:
    context = patrol_panels.context(view(), scope_for("view"), row, request.args)
    return render_template("patrols/one.html", errors=errors, unit=unit_name(row["unit"]), **context)


@blueprint.post("/<int:number>/<act>")
@needs("collect")
def act(number: int, act: str) -> AnyResponse | tuple[str, int]:
    row = known(number)
    if act not in patrols.ACTS:
        abort(404)
    version = drafts.number(request.form.get("version"))
    try:
        if not isinstance(version, int):
            raise Invalid(FieldError("", "changed_meanwhile"))
        with writing() as c:
            if act == patrols.STOP:
                patrols.stop(c, current_user.name, row, version)
            else:
                patrols.retry(c, current_user.name, scope(), row, version)
    except Invalid as invalid:
        return _one(known(number), by_field(invalid.errors)), 422
    return redirect(url_for("patrols.one", number=number))


@blueprint.get("/<int:number>.csv")
@needs("export")
def csv(number: int) -> Response:
    row, (state, _after) = known(number), patrol_panels.wanted(request.args)
    found = store.page(view(), row["id"], scope(), state, 0, None)
    with writing() as c:
        audit.add(c, current_user.name, "exported", f"patrol {number}", state=state, rows=len(found))
    heads = (
        _("Terminal or concentrator"),
        _("Name"),
        _("Metering point"),
        _("Meter address"),
        _("Customer"),
        _("Data item"),
        _("State"),
        _("Reason"),
        _("Value read"),
        _("Unit of measure"),
        _("Quality"),
        _("Read at"),
    )
    return as_csv(f"patrol-{number}.csv", heads, _lines(found))


def _lines(found: list[Row]) -> Iterator[tuple[Any, ...]]:
    for each in map(patrol_panels.shown, found):
        quality = word("quality", each["quality_name"]) if each["quality_name"] else ""
        at = each["value_s"]
        yield (
            each["device"],
            each["device_name"],
            each["meter"] or patrol_choice.MAIN,
            each["address"],
            each["customer"] or "",
            each["item_name"],
            word("point_state", each["state"]),
            each["why"],
            *patrol_panels.plain(each["item"], each["value"]),
            quality,
            "" if at is None else local(at, each["utc_offset_s"], "%Y-%m-%d %H:%M:%S"),
        )
