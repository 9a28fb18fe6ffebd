"""JSON for the pages' scripts. Errors are JSON too, with the message in both languages."""

from typing import Any

from flask import Blueprint, jsonify, render_template, request
from werkzeug.wrappers import Response

from station.store import commands, devices, events, live
from station.store.db import now_s
from station.web import curve, feed, panels
from station.web.arguments import MOST, past_day, whole
from station.web.db import store, view
from station.web.errors import Refused
from station.web.rights import ANYONE, needs

blueprint = Blueprint("api", __name__)
MAX_EVENTS = 200


def known(device: str) -> dict[str, Any]:
    found = devices.get(view(), device)
    if found is None:
        raise Refused(404, "no_such_device")
    return found


@blueprint.get("/healthz")
@needs(ANYONE)
def healthz() -> tuple[Response, int]:
    with store().reading() as c:
        known_devices = devices.number(c)
    return jsonify(ok=True, devices=known_devices), 200


@blueprint.get("/api/panels/<topic>")
@needs("view")
def panel_texts(topic: str) -> Response:
    panels.check(view(), topic, request.args)
    texts = panels.panels(view(), topic, request.args)
    body = ",".join(f'"{name}":{text}' for name, text in texts.items())
    return Response('{"panels":{' + body + "}}", mimetype="application/json")


@blueprint.get("/api/devices/<device>/trail")
@needs("view")
def trail(device: str) -> Response:
    known(device)
    return jsonify(trail=live.trail(view(), device, now_s() - panels.TRAIL_S))


@blueprint.get("/api/devices/<device>/live")
@needs("view")
def live_now(device: str) -> Response:
    known(device)
    context = panels.device_context(view(), device) or {}
    row, shown = context["d"], context["v"]
    now = shown.pop("now") or {}
    facts = {
        name: now.get(name) for name in ("received_s", "t_s", "t_ok", "guarantee", "meter_ok", "plan_id")
    }
    return jsonify(
        {"device": device, "online": row["online"], "last_seen_s": row["last_seen_s"]} | facts | shown
    )


@blueprint.get("/api/devices/<device>/curve")
@needs("view")
def day_curve(device: str) -> Response:
    row, at = known(device), now_s()
    day = past_day("day", request.args.get("day"), curve.local_day(at, row["utc_offset_s"]))
    made = curve.build(view(), row, day, at)
    return jsonify(made | {"twin": render_template("panels/twin.html", curve=made, d=row)})


@blueprint.get("/api/devices/<device>/events")
@needs("view")
def device_events(device: str) -> Response:
    row = known(device)
    before = whole("before", request.args.get("before"))
    found = events.recent(view(), device, MAX_EVENTS, before)
    return jsonify(events=feed.show_all(found, row["utc_offset_s"]))


@blueprint.get("/api/devices/<device>/commands/<int:command>")
@needs("view")
def command_state(device: str, command: int) -> Response:
    known(device)
    found = commands.get(view(), device, command) if command <= MOST else None
    if found is None:
        raise Refused(404, "no_such_command")
    names = (
        "command",
        "kind_name",
        "state",
        "reason",
        "tripped",
        "open",
        "remaining_wh",
        "deadline_s",
        "done_s",
    )
    state = {name: found[name] for name in names}
    return jsonify(state | {"log": commands.history(view(), device, command)})
