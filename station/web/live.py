"""The live stream of a page (server-sent events) over the hub."""

import json
import time
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, request, session
from flask_babel import force_locale
from flask_login import current_user

from station.access.policy import policy
from station.access.rights import Rights
from station.store.engines import Store
from station.store.scope import Scope
from station.web import hub, i18n, panels, people, rights
from station.web.db import store, view
from station.web.errors import Refused
from station.web.rights import needs

LOOK_S = 10  # whose right is taken back sees no longer than that
blueprint = Blueprint("live", __name__, url_prefix="/live")


@blueprint.get("/<topic>")
@needs("view")
def stream(topic: str) -> Response:
    panels.check(view(), topic, request.args)
    arguments = tuple((name, request.args.get(name, "")[:64]) for name in panels.ARGUMENTS[topic])
    here: hub.Hub = current_app.extensions["hub"]
    subscription = here.subscribe((topic, i18n.shown(), _rights(topic), *arguments))
    if subscription is None:
        raise Refused(503, "streams_taken")
    here_till = session["sid"], session["seen"]
    unchanged = _Unchanged(store(), current_user.get_id(), current_user.rights, here_till)
    body = hub.stream(here, subscription, unchanged, _encode)
    return Response(body, mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})


def _rights(topic: str) -> tuple[Any, ...]:
    """What a rendering depends on besides its arguments: people with the same rights share one."""
    unit = panels.unit_of(view(), topic, request.args)
    return rights.scope().units, rights.functions_at(unit) if unit is not None else None, unit


class _Unchanged:
    """Whether a session is open and its person may do what he might when the stream began; each LOOK_S."""

    def __init__(self, held: Store, user_id: str, had: Rights, session: tuple[str, float]) -> None:
        self._store, self._user_id, self._rights, self._session = held, user_id, dict(had), session
        self._next_s = time.monotonic() + LOOK_S

    def __call__(self) -> bool:
        if time.monotonic() < self._next_s:
            return True
        self._next_s = time.monotonic() + LOOK_S
        with self._store.reading() as c:
            user = people.user_of(c, self._user_id)
            over = people.over(c, *self._session, policy(c))
        return not over and user is not None and dict(user.rights) == self._rights


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
        name, locale, (units, functions, unit), *arguments = topic
        with self._app.test_request_context(), force_locale(locale), self._store().reading() as c:
            g.scope, g.functions = Scope(units), {unit: functions}
            return panels.panels(c, name, dict(arguments))

    def _store(self) -> Store:
        return self._app.extensions["store"]


def init_app(app: Flask) -> None:
    publisher = _Publisher(app)
    cap = app.config.get("STREAM_CAP", hub.STREAM_CAP)
    app.extensions["hub"] = hub.Hub(publisher.changed, publisher.snapshot, app.logger.error, cap)
