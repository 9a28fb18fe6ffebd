"""Parameters wanted and reported: of one device section by section, and of all that differ."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Flask, Response, abort, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from protocols.uplink import area, messages, parameters
from station.controls import byname
from station.query import parameters as rules
from station.store import audit, devices
from station.store import parameters as store
from station.store.db import now_s
from station.web import command, sealed
from station.web.area import as_csv
from station.web.arguments import whole
from station.web.db import view, writing
from station.web.figures import local
from station.web.helpers import station_offset_s
from station.web.i18n import word
from station.web.panels import command_row
from station.web.rights import needs, scope

blueprint = Blueprint("parameters", __name__)
ROWS, CSV_ROWS, Q_CHARS = 50, 8000, 64  # of a page; of a file, which so stays below 1 MB
AGAIN_S = 86_400  # so long the device may take to come for what is sent again
TONES = {
    rules.SAME: ("ok", "ok"),
    rules.DEFAULTS: ("idle", "idle"),
    rules.DIFFERS: ("trip", "warn"),
    rules.NEVER_TOLD: ("unknown", "unknown"),
    rules.SENDING: ("accent", "clock"),
}


@blueprint.get("/terminals/<device>/parameters")
@needs("view")
def page(device: str) -> str:
    row = devices.get(view(), device) or abort(404)
    told = store.told(view(), [device])[device]
    of_area = row["area"] is not None
    known = [no for no, _name in (area.SECTIONS if of_area else parameters.SECTIONS).items()]
    numbers = {*known, *told.wanted(), *(told.reported or {})}
    found = [section(told, no) for no in numbers]
    found.sort(key=lambda each: (rules.STATES.index(each["state"]), each["no"]))
    return render_template("query/parameters.html", d=row, sections=found, told=told, tones=TONES)


@blueprint.get("/terminals/<device>/parameters/<int:number>/again")
@needs("parameters")
def again(device: str, number: int) -> str:
    """The preview of what was executed last of a section, with a version above all; to be confirmed there."""
    row = devices.get(view(), device) or abort(404)
    done = store.told(view(), [device])[device].executed.get(number) or abort(404)
    version = byname.next_version(view(), device, number)
    deadline_s = now_s() + AGAIN_S
    params = done["params"] | {"version": version}
    content = sealed.Content(device, messages.PARAMETERS, params, deadline_s, current_user.name, "")
    return command.show_preview(row, content, MultiDict(), {})


def section(told: store.Told, no: int) -> dict[str, Any]:
    done, under_way = told.executed.get(no), told.open.get(no)
    wanted = done["params"]["version"] if done else 0
    reported = None if told.reported is None else told.reported.get(no, 0)
    return {
        "no": no,
        "name": area.SECTIONS.get(no, str(no)),
        "done": done,
        "under_way": command_row(under_way) if under_way else None,
        "wanted": wanted,
        "reported": reported,
        "state": rules.state(wanted, reported, no in told.sending()),
    }


def values(no: int, sent: Mapping[int, Any]) -> list[tuple[str, str]]:
    """(field, value) of what a command set, by the names of the contract; others stand at their defaults."""
    fields = {row[0]: row[1] for row in parameters.rows(no, area.PARAMETERS)} if no in area.SECTIONS else {}
    return [(fields.get(key, str(key)), _plain(value)) for key, value in sent.items()]


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return "[" + ", ".join(_plain(each) for each in value) + "]"
    return str(value)


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(section_name=section_name, section_values=values)


def wanted() -> dict[str, Any]:
    asked = whole("section", request.args.get("section"))
    return {"q": request.args.get("q", "").strip()[:Q_CHARS], "section": asked}


@blueprint.get("/parameters")
@needs("view")
def listed() -> str:
    asked = wanted()
    after = request.args.get("after", ""), whole("behind", request.args.get("behind")) or 0
    found = store.page(view(), scope(), asked, ROWS, after)
    return render_template(
        "query/differences.html",
        found=found,
        older=found[-1] if len(found) == ROWS else None,
        wanted=asked,
        sections=[(no, word("section", name)) for no, name in area.SECTIONS.items()],
        q_chars=Q_CHARS,
    )


def section_name(no: int) -> str:
    return word("section", area.SECTIONS.get(no, str(no)))


@blueprint.get("/parameters.csv")
@needs("export")
def csv() -> Response:
    found = store.page(view(), scope(), wanted(), CSV_ROWS)
    with writing() as c:
        audit.add(c, current_user.name, "exported", "parameters that differ", rows=len(found))
    heads = (
        _("Terminal or concentrator"),
        _("Name"),
        _("Section"),
        _("Version sent"),
        _("Version it runs"),
        _("Found"),
    )
    offset_s = station_offset_s()
    day = local(now_s(), offset_s, "%Y-%m-%d")
    lines = [
        (
            row["device"],
            row["name"],
            section_name(row["section"]),
            row["wanted"],
            row["reported"],
            local(row["since_s"], offset_s, "%Y-%m-%d %H:%M"),
        )
        for row in found
    ]
    return as_csv(f"parameters-{day}.csv", heads, lines)
