"""Pages of a concentrator and of one of its meters."""

import csv
import io
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from protocols.lines import dlt645
from station.area import life, requests
from station.errors import FieldError, Invalid
from station.store.export import guarded
from station.web import area_panels
from station.web.arguments import MOST, whole
from station.web.db import view, writing
from station.web.errors import said
from station.web.i18n import word
from station.web.rights import needs

blueprint = Blueprint("area", __name__, url_prefix="/areas/<device>")
TOTAL = 0x00010000  # of DL/T 645-2007: present active energy, all tariffs


def known(device: str) -> dict[str, Any]:
    return area_panels.concentrator(view(), device) or abort(404)


@blueprint.get("")
@needs("view")
def page(device: str) -> str:
    whole("page", request.args.get("page"))  # a slip in the address is said
    context = area_panels.area_context(view(), device, request.args) or abort(404)
    return render_template("area.html", **context)


@blueprint.post("/take")
@needs("archive")
def take(device: str) -> AnyResponse:
    known(device)
    line = whole("line", request.form.get("line")) or 0
    try:
        with writing() as c:
            number = life.adopt(c, device, line, request.form.get("address", ""), current_user.name)
        flash(_("Taken into the archive as meter %(n)s. Load the archive to bring it there.", n=number), "ok")
    except Invalid as invalid:
        refused(invalid.errors)
    return redirect(url_for("area.page", device=device, _anchor="p-area_archive"))


def refused(errors: tuple[FieldError, ...]) -> None:
    flash(" ".join(said(error) for error in errors), "error")


@blueprint.get("/meters/<int:number>")
@needs("view")
def meter(device: str, number: int) -> str:
    context = area_panels.meter_context(view(), device, number) or abort(404)
    address, slot = context["r"]["address"], context["r"]["slot"]
    profile = requests.profiles(context["d"]).get(slot)
    speaks = profile is not None and profile.link == "dlt645-2007"
    frame = dlt645.read(address, TOTAL).hex(" ").upper() if speaks else ""
    return render_template("area_meter.html", frame=frame, **context)


@blueprint.get("/patrols/<int:command>.csv")
@needs("export")
def patrol_csv(device: str, command: int) -> Response:
    row = known(device)
    found = (area_panels.exists(view(), device, command) if command <= MOST else None) or abort(404)
    told = area_panels.patrol(view(), row, found)
    heads = (_("No."), _("Address"), _("Customer"), _("Outcome"), _("Value"))
    return as_csv(
        f"{device}-patrol-{command}.csv",
        heads,
        [
            (each["meter"], each["address"], each["name"], word("outcome", each["outcome"]), each["text"])
            for each in sorted(told["all"], key=lambda each: each["meter"])
        ],
    )


def as_csv(name: str, heads: Any, many: Any) -> Response:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(heads)
    writer.writerows([guarded(cell) for cell in row] for row in many)
    return download(name, out.getvalue())


def download(name: str, text: str) -> Response:
    made = Response("\ufeff" + text, mimetype="text/csv")  # the mark: spreadsheets take it for UTF-8
    made.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return made
