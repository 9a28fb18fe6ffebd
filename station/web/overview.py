"""The overview: work queues, terminals, latest events, and the station's own troubles."""

from flask import Blueprint, current_app, render_template, request

from station.store import audit, counters
from station.store.scope import ROOT
from station.web import fleet, panels, run_state
from station.web.db import view
from station.web.rights import needs, scope

blueprint = Blueprint("overview", __name__)
AUDIT_ROWS = 50


@blueprint.get("/")
@needs("view")
def page() -> str:
    context = panels.fleet_context(view(), scope(), fleet.Filter.of(request.args))
    return render_template("overview.html", units=fleet.units(view(), scope()), **context)


@blueprint.get("/station")
@needs("run")
def problems() -> str:
    hub = current_app.extensions["hub"]
    whole = scope().holds(view(), ROOT)  # who did what, and from which device, may be of any unit
    return render_template(
        "station.html",
        checks=run_state.checks(view()),
        versions=run_state.versions(view()),
        whole=whole,
        refused=counters.all_counters(view()) if whole else [],
        people=audit.recent(view(), AUDIT_ROWS) if whole else [],
        ports=current_app.extensions["settings"].ports(),
        streams=hub.streams,
        stream_cap=hub.cap,
        publisher_errors=hub.errors,
    )
