"""The application under PREFIX: doors, limits, errors as JSON."""

from pathlib import Path
from typing import Any

from flask import Flask
from flask_limiter import Limiter
from flask_smorest import Api

from station.api import (
    alarms,
    collection,
    commands,
    devices,
    events,
    failures,
    gate,
    marketing,
    proposals,
    units,
    webhooks,
    work,
)
from station.settings import Settings
from station.store.engines import Store

PREFIX = "/api/v1"
RATE = "600 per minute"  # a token, or the address of who has none
MAX_BODY_BYTES = 64 * 1024
ABOUT = """Devices, readings, events and commands of one station, for systems beside it.

Every request carries `Authorization: Bearer TOKEN`. A token is made on the page of tokens, acts in the name
of who made it, and can do what its functions say at its unit and below. A foreign id is answered as one that
does not exist. What changes something needs the header `Idempotency-Key`: the same request with the same key
is answered as the first time, for 24 hours, and does nothing twice. What needs two people is proposed here
and approved by a person at the station's pages. Times are UTC seconds since 1970, values integers in the
unit that their name says or that stands beside them."""


def create_app(home: Path | str | None = None, **config: Any) -> Flask:
    """Make the application over a home folder (Settings.load); `config` overrides Flask settings."""
    settings = Settings.load(home)
    app = Flask(__name__, static_folder=None)
    app.config.update(
        API_TITLE="Loadkeeper",
        API_VERSION="1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        RATELIMIT_STORAGE_URI="memory://",
    )
    app.config.update(config)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions |= {"store": Store(settings.home), "settings": settings}
    api = Api(app, spec_kwargs={"info": {"description": ABOUT}, "servers": [{"url": PREFIX}]})
    assert api.spec is not None
    api.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    api.spec.options["security"] = [{"token": []}]
    failures.init_app(app)
    gate.init_app(app)
    Limiter(gate.who_asks, app=app, default_limits=[RATE])
    for door in (units, devices, events, alarms, commands, proposals, collection, work, marketing, webhooks):
        api.register_blueprint(door.blueprint)
    app.after_request(_headers)
    return app


def _headers(response: Any) -> Any:
    response.headers.update({"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"})
    return response
