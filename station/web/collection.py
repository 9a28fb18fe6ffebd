"""Collection tasks: the list, one with what is missing of a day, its form."""

import secrets
from datetime import UTC, date, datetime
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from protocols.meters.points import BY_ALIAS, BY_NO
from protocols.uplink.messages import CURVE, DAILY, MONTHLY
from station.area.requests import DAY_S, EPOCH_DAY, label_s
from station.collection import supplement, tasks
from station.collection.slots import Missing
from station.errors import Invalid
from station.store import audit, org
from station.store import collection as store
from station.store import collection_asks as queue
from station.store import collection_counts as counts
from station.store.db import now_s
from station.web import drafts, fleet
from station.web.area import as_csv
from station.web.arguments import MOST, past_day, whole
from station.web.db import view, writing
from station.web.errors import by_field
from station.web.figures import share
from station.web.helpers import station_offset_s
from station.web.i18n import word
from station.web.points import point_name
from station.web.rights import needs, scope, scope_for

blueprint = Blueprint("collection", __name__, url_prefix="/collection")
ROWS = 50
SHOWN = 200  # missing slots on a page; the file has all
KINDS = {DAILY: "daily", MONTHLY: "monthly", CURVE: "curve"}
ALIASES = ("energy_import_wh", "energy_export_wh", "voltage_a_dv", "current_a_ma", "power_dw")
ITEMS = [BY_ALIAS[alias][0] for alias in ALIASES if alias in BY_ALIAS]
NUMBERS = ("kind", "unit", "first", "last", "every", "priority", "supplements")
FRESH = {"kind": DAILY, "point_type": store.METER, "first": 1, "last": 1000, "every": 1, "priority": 5}


@blueprint.get("")
@needs("view")
def page() -> str:
    return listed(MultiDict(FRESH | {"supplements": 3, "items": str(ITEMS[0])}), {})


def listed(values: Any, errors: dict[str, list[str]]) -> str:
    after = (
        whole("priority", request.args.get("priority")) or 0,
        whole("after", request.args.get("after")) or 0,
    )
    found = store.listed(view(), scope_for("view"), ROWS, after)
    return render_template(
        "collection/tasks.html",
        found=found,
        older=found[-1] if len(found) == ROWS else None,
        came=counts.last_shares(view(), [each["id"] for each in found], scope_for("view")),
        **form(values, errors),
    )


def form(values: Any, errors: dict[str, list[str]]) -> dict[str, Any]:
    may = current_user.may("collect")
    return {
        "values": values,
        "errors": errors,
        "once": values.get("once") or secrets.token_hex(16),
        "units": fleet.units(view(), scope_for("collect")) if may else [],
        "items": [(no, item_name(no)) for no in ITEMS],
        "kinds": [(no, word("task_kind", name)) for no, name in KINDS.items()],
        "types": [(name, word("task_point", name)) for name in store.POINT_TYPES],
        "kind_name": lambda no: word("task_kind", KINDS[no]),
        "item_name": item_name,
        "unit_name": unit_name,
        "share": share,
    }


def unit_name(number: int) -> str:
    found = org.unit(view(), number)
    return (found["name"] or found["code"]) if found else ""


def item_name(no: int) -> str:
    return point_name(BY_NO[no])


@blueprint.post("")
@needs("collect")
def make() -> AnyResponse | tuple[str, int]:
    try:
        with writing() as c:
            number = tasks.add(c, current_user.name, scope(), facts(), request.form.get("once", ""))
    except Invalid as invalid:
        return listed(request.form, by_field(invalid.errors)), 422
    return redirect(url_for("collection.task", number=number))


def facts() -> dict[str, Any]:
    """What stands in the form; the room says what is wrong. A task made here is the station's own."""
    sent = request.form
    found: dict[str, Any] = {name: drafts.number(sent.get(name)) for name in NUMBERS}
    last = _day_s(sent.get("until_day"))
    return found | {
        "name": sent.get("name", ""),
        "point_type": sent.get("point_type"),
        "items": [drafts.number(item) for item in sent.getlist("items")],
        "from_s": _day_s(sent.get("from_day")),
        "until_s": last + DAY_S if isinstance(last, int) else last,
        "origin": store.OWN,
    }


def _day_s(text: str | None) -> Any:
    """The first second of a day of the station's clock, None for nothing, else the text."""
    try:
        return label_s(date.fromisoformat(text), station_offset_s()) if text else None
    except ValueError:
        return text


def known(number: int) -> dict[str, Any]:
    return (store.get(view(), number, scope()) if number <= MOST else None) or abort(404)


@blueprint.get("/<int:number>")
@needs("view")
def task(number: int) -> str:
    row = known(number)
    return shown(row, typed(row), {})


def typed(row: dict[str, Any]) -> MultiDict[str, Any]:
    """The form of a task as it is."""
    values: MultiDict[str, Any] = MultiDict(
        {name: row[name] for name in (*NUMBERS, "name", "point_type", "version")}
    )
    values.setlist("items", [str(item) for item in row["items"]])
    values["from_day"] = day_of(row["from_s"])
    values["until_day"] = day_of(row["until_s"] - DAY_S) if row["until_s"] is not None else ""
    return values


def day_of(t_s: int) -> str:
    return datetime.fromtimestamp(t_s + station_offset_s(), UTC).date().isoformat()


def shown(row: dict[str, Any], values: Any, errors: dict[str, list[str]]) -> str:
    day, found = absent(row)
    context = {"task": row, "day": day.isoformat(), "device": asked_device()}
    context |= {
        "missing": reasons(row, found[:SHOWN]),
        "total": len(found),
        "can_ask": supplement.can_ask(row),
    }
    return render_template("collection/task.html", **context, **form(values, errors))


def asked_device() -> str | None:
    return request.args.get("device") or None


def reasons(task: dict[str, Any], some: list[Missing]) -> list[dict[str, Any]]:
    """The holes with what is known of them: `why` it said it could not, how its newest request stands."""
    if not some:
        return []
    names = sorted({each.device for each in some})
    since_s = min(each.slot_s for each in some)
    absent_told = supplement.told(view(), names, task["kind"], since_s)
    asked = queue.covering(view(), names, task["kind"], since_s)
    return [
        each._asdict() | {"why": supplement.why(absent_told, each), "asked": supplement.newest(asked, each)}
        for each in some
    ]


def absent(row: dict[str, Any]) -> tuple[date, list[Missing]]:
    """(day of the address, what is missing of it until now, of the device of the address or of all)."""
    day = past_day("day", request.args.get("day"), date.fromisoformat(day_of(now_s())))
    number = (day - EPOCH_DAY).days
    return day, tasks.missing_of_day(view(), row, scope_for("view"), number, now_s(), asked_device())


@blueprint.post("/<int:number>")
@needs("collect")
def change(number: int) -> AnyResponse | tuple[str, int]:
    row = known(number)
    version = drafts.number(request.form.get("version"))
    try:
        with writing() as c:
            tasks.change(c, current_user.name, scope(), number, version, facts())
    except Invalid as invalid:
        return shown(row, request.form, by_field(invalid.errors)), 422
    return redirect(url_for("collection.task", number=number))


@blueprint.get("/<int:number>.csv")
@needs("export")
def csv(number: int) -> Response:
    day, found = absent(known(number))
    with writing() as c:
        audit.add(
            c,
            current_user.name,
            "exported",
            f"collection task {number}",
            day=day.isoformat(),
            rows=len(found),
        )
    heads = (_("Terminal or concentrator"), _("Metering point"), _("Slot (UTC)"), _("Missing"))
    return as_csv(f"missing-{number}-{day}.csv", heads, [(*each[:2], *text(each)) for each in found])


def text(each: Missing) -> tuple[str, str]:
    slot = datetime.fromtimestamp(each.slot_s, UTC).strftime("%Y-%m-%d %H:%M")
    return slot, _(", ").join(item_name(item) for item in each.items)
