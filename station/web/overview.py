"""The overview: work queues, terminals, latest events, and the station's own troubles."""

from flask import Blueprint, current_app, render_template, request

from station.store import audit, counters
from station.web import fleet, panels
from station.web.db import view

blueprint = Blueprint("overview", __name__)
AUDIT_ROWS = 50


@blueprint.get("/")
def page() -> str:
    return render_template("overview.html", **panels.fleet_context(view(), fleet.Filter.of(request.args)))


@blueprint.get("/station")
def problems() -> str:
    hub = current_app.extensions["hub"]
    return render_template(
        "station.html",
        refused=counters.all_counters(view()),
        people=audit.recent(view(), AUDIT_ROWS),
        ports=current_app.extensions["settings"].ports(),
        streams=hub.streams,
        stream_cap=hub.cap,
        publisher_errors=hub.errors,
    )
