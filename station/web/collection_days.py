"""What came of a collection task, day by day; what no task covers; asking again for what is missing."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from station.area.requests import EPOCH_DAY
from station.collection import supplement
from station.collection.slots import DAY_S
from station.errors import Invalid
from station.store import audit
from station.store import collection as store
from station.store import collection_counts as counts
from station.store.db import now_s
from station.web import heat
from station.web.area import as_csv, refused
from station.web.arguments import past_day
from station.web.collection import KINDS, day_of, known, unit_name
from station.web.db import view, writing
from station.web.errors import Refused
from station.web.figures import share
from station.web.helpers import station_offset_s
from station.web.i18n import word
from station.web.rights import needs, scope, scope_for

blueprint = Blueprint("collection_days", __name__, url_prefix="/collection")
DAYS = 31
WORST = 30  # devices in the picture
ROWS = 50


@blueprint.get("/<int:number>/days")
@needs("view")
def page(number: int) -> str:
    task = known(number)
    last = _last(task)
    found = counts.by_day(view(), number, scope(), last - DAYS + 1, last)
    return render_template(
        "collection/days.html",
        task=task,
        days=[_shown(each) for each in found],
        heat=_heat(number, sorted(each["day"] for each in found)),
        days_shown=DAYS,
        earlier=_date(last - DAYS).isoformat() if found and len(found) == DAYS else None,
    )


def _last(task: dict[str, Any]) -> int:
    """The last day of the page: that of the address, else the last that was counted."""
    today = _date((now_s() + station_offset_s()) // DAY_S)
    asked = past_day("until", request.args.get("until"), today)
    return min((asked - EPOCH_DAY).days, task["counted_day"] or 0)


def _date(day: int) -> date:
    return EPOCH_DAY + timedelta(days=day)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    late = None if row["in_time"] is None else row["came"] - row["in_time"]
    percent = share(row["came"], row["expected"])
    missing = row["expected"] - row["came"]
    return {**row, "date": _date(row["day"]), "late": late, "missing": missing, "percent": percent}


def _heat(number: int, days: list[int]) -> dict[str, Any]:
    """Of the devices with most missing in these days."""
    if not days:
        return heat.draw_days((), (), {})
    names = counts.worst(view(), number, scope(), days[0], days[-1], WORST)
    torn = {
        (row["device"], row["day"]): (row["came"], row["expected"])
        for row in counts.of_devices(view(), number, names, days[0], days[-1])
    }
    drawn = heat.draw_days(names, days, torn)
    for row in drawn["rows"]:
        for cell in row["cells"]:
            cell["date"] = _date(cell["day"])
    return drawn | {"marks": [(x, _date(day)) for x, day in drawn["marks"]]}


@blueprint.get("/<int:number>/days.csv")
@needs("export")
def csv(number: int) -> Response:
    task = known(number)
    last = _last(task)
    rows = [
        (_date(day["day"]).isoformat(), unit_name(row["unit"]), row["expected"], row["in_time"], row["came"])
        for day in counts.by_day(view(), number, scope(), last - DAYS + 1, last)
        for row in counts.by_unit(view(), number, scope(), day["day"])
    ]
    with writing() as c:
        audit.add(c, current_user.name, "exported", f"collection task {number} days", rows=len(rows))
    heads = (_("Day"), _("Unit"), _("Expected"), _("In time"), _("Collected"))
    return as_csv(f"collection-{number}-days.csv", heads, [["" if v is None else v for v in r] for r in rows])


@blueprint.post("/<int:number>/supplement")
@needs("collect")
def ask(number: int) -> AnyResponse:
    """Ask for what is missing of a day, of one device or of all."""
    task = known(number)
    today = date.fromisoformat(day_of(now_s()))
    day = past_day("day", request.form.get("day"), today)
    device = request.form.get("device") or None
    number_of_day = (day - EPOCH_DAY).days
    try:
        with writing() as c:
            slots = supplement.ask(c, current_user.name, scope(), task, number_of_day, device, now_s())
        flash(_("%(n)s slots are being asked for; what comes is here within minutes.", n=slots), "ok")
    except Invalid as invalid:
        refused(invalid.errors)
    return redirect(url_for("collection.task", number=number, day=day.isoformat(), device=device))


@blueprint.get("/uncovered")
@needs("view")
def uncovered() -> str:
    """Metering points of which no task expects anything of a kind."""
    kind, after = _kind(), request.args.get("after", "")
    found = store.uncovered(view(), scope_for("view"), kind, now_s(), ROWS, after)
    return render_template(
        "collection/uncovered.html",
        found=found,
        kind=kind,
        kinds=[(no, word("task_kind", name)) for no, name in KINDS.items()],
        more=found[-1]["device"] if len(found) == ROWS else None,
        unit_name=unit_name,
    )


def _kind() -> int:
    text = request.args.get("kind", "")
    if not text:
        return next(iter(KINDS))
    if text not in {str(no) for no in KINDS}:
        raise Refused(400, "bad_argument", argument="kind")
    return int(text)
