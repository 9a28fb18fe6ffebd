"""The page of one terminal, and its whole list of events."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from station.store import devices, events
from station.store.db import now_s
from station.web import curve, feed, forms, panels
from station.web.arguments import past_day, whole
from station.web.db import view
from station.web.rights import may_command, needs

blueprint = Blueprint("terminal", __name__, url_prefix="/terminals")
EVENT_ROWS = 50


@blueprint.get("/<device>")
@needs("view")
def page(device: str) -> str | Response:
    context = panels.device_context(view(), device) or abort(404)
    row, at = context["d"], now_s()
    if row["area"] is not None:
        return redirect(url_for("area.page", device=device))
    today = curve.local_day(at, row["utc_offset_s"])
    day = past_day("day", request.args.get("day"), today)
    made: dict[str, Any] = curve.build(view(), row, day, at)
    made["today"], made["previous"] = today.isoformat(), (day - timedelta(days=1)).isoformat()
    made["next"] = (day + timedelta(days=1)).isoformat() if day < today else None
    return render_template(
        "terminal.html",
        curve=made,
        more_commands=[each for each in forms.FORMS if each not in forms.AREA and may_command(each, row)],
        **context,
    )


@blueprint.get("/<device>/events")
@needs("view")
def all_events(device: str) -> str:
    row = devices.get(view(), device) or abort(404)
    found = events.recent(view(), device, EVENT_ROWS, whole("before", request.args.get("before")))
    older = found[-1]["id"] if len(found) == EVENT_ROWS else None
    return render_template(
        "events.html", d=row, events=feed.show_all(found, row["utc_offset_s"]), older=older
    )
