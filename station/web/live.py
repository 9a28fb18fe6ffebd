"""The live stream of a page (server-sent events) over the hub."""

import json
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request, session
from flask_babel import force_locale

from station.web import hub, i18n, panels, people
from station.web.db import Store, view
from station.web.errors import Refused

blueprint = Blueprint("live", __name__, url_prefix="/live")


@blueprint.get("/<topic>")
def stream(topic: str) -> Response:
    panels.check(view(), topic, request.args)
    arguments = tuple((name, request.args.get(name, "")[:64]) for name in panels.ARGUMENTS[topic])
    here: hub.Hub = current_app.extensions["hub"]
    subscription = here.subscribe((topic, i18n.shown(), *arguments))
    if subscription is None:
        raise Refused(503, "streams_taken")
    sid, seen, desk = session["sid"], session["seen"], people.desk()
    body = hub.stream(here, subscription, lambda: desk.open(sid, seen), _encode)
    return Response(body, mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})


def _encode(messages: dict[str, str]) -> str:
    """The texts are JSON already; JSON has no line breaks outside strings, so one line is one event."""
    return "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in messages.items()) + "}"


class _Publisher:
    """What the hub's thread needs of the application: has anything changed, and a topic's panels."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._changes: Any = None

    def changed(self) -> bool:
        if self._changes is None:
            self._changes = self._store().changes()
        return self._changes.any()

    def snapshot(self, topic: Any) -> dict[str, str]:
        name, locale, *arguments = topic
        with self._app.test_request_context(), force_locale(locale), self._store().reading() as c:
            return panels.panels(c, name, dict(arguments))

    def _store(self) -> Store:
        return self._app.extensions["store"]


def init_app(app: Flask) -> None:
    publisher = _Publisher(app)
    cap = app.config.get("STREAM_CAP", hub.STREAM_CAP)
    app.extensions["hub"] = hub.Hub(publisher.changed, publisher.snapshot, app.logger.error, cap)
