"""The Flask application: configuration, extensions, doors, errors, headers."""

import time
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request, url_for
from flask_babel import gettext as _
from flask_wtf import CSRFProtect

from station.settings import Settings
from station.store.engines import Store
from station.web import (
    account_policy,
    alarms,
    api,
    approvals,
    archive,
    archive_findings,
    archive_swaps,
    archives,
    area,
    audit,
    auth,
    cleanup,
    collection,
    collection_days,
    command,
    documents,
    duty,
    errors,
    feeders,
    fieldwork,
    figures,
    filters,
    handed,
    help_desk,
    helpers,
    i18n,
    imports,
    jobs,
    kept,
    line_frames,
    live,
    logs,
    marketing,
    nav,
    notify,
    outages,
    overview,
    parameters,
    patrols,
    people,
    profiles,
    query,
    ready,
    rights,
    roles,
    run_state,
    sessions,
    sims,
    sso,
    staff,
    staff_words,
    stock,
    terminal,
    todo,
    tokens,
    traces,
    transfers,
    units,
)
from station.web.db import close_view

MAX_FORM_BYTES = 64 * 1024
PARTS = (
    i18n,
    figures,
    helpers,
    people,
    nav,
    rights,
    approvals,
    alarms,
    staff_words,
    todo,
    errors,
    kept,
    sso,
    feeders,
    filters,
    run_state,
    parameters,
    live,
)
DOORS = (
    auth,
    sso,
    sessions,
    account_policy,
    kept,
    overview,
    feeders,
    terminal,
    area,
    archive,
    archives,
    archive_swaps,
    archive_findings,
    profiles,
    approvals,
    command,
    alarms,
    outages,
    duty,
    notify,
    collection,
    collection_days,
    patrols,
    query,
    parameters,
    line_frames,
    traces,
    fieldwork,
    stock,
    sims,
    imports,
    marketing,
    documents,
    staff,
    roles,
    units,
    handed,
    filters,
    transfers,
    cleanup,
    help_desk,
    tokens,
    jobs,
    audit,
    ready,
    run_state,
    logs,
    live,
    api,
)
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def create_app(home: Path | str | None = None, **config: Any) -> Flask:
    """Make the application over a home folder (see Settings.load); `config` overrides Flask settings."""
    settings = Settings.load(home)
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=settings.web_secret,
        SESSION_COOKIE_NAME="loadkeeper",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        MAX_CONTENT_LENGTH=MAX_FORM_BYTES,
        MAX_FORM_PARTS=400,
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as the session, which ends by itself
        RATELIMIT_STORAGE_URI="memory://",  # one web process; several would need a shared store
    )
    app.config.update(config)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["settings"] = settings
    app.extensions["store"] = Store(settings.home)
    archive.init_app(app)
    imports.init_app(app)
    cleanup.init_app(app)
    marketing.init_app(app)
    documents.init_app(app)
    CSRFProtect(app)
    auth.limiter.init_app(app)
    for part in PARTS:
        part.init_app(app)
    for door in DOORS:
        app.register_blueprint(door.blueprint)
    app.jinja_env.globals.update(
        theme=theme, now_ms=lambda: time.time_ns() // 1_000_000, asset=asset, here=here, page_words=page_words
    )
    app.after_request(_headers)
    app.teardown_appcontext(close_view)
    return app


def theme() -> str:
    chosen = request.cookies.get("theme")
    return chosen if chosen in auth.THEMES else auth.THEMES[0]


def asset(filename: str) -> str:
    return url_for("static", filename=filename)


def here() -> str:
    """The page to come back to after a change of language or theme."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    known = current_app.create_url_adapter(request)
    return request.path if known is not None and known.test(request.path, "GET") else "/"


def page_words() -> dict[str, Any]:
    """The few words that scripts need."""
    ages = {
        "now": _("just now"),
        "s": _("{n} s ago"),
        "m": _("{n} min ago"),
        "h": _("{n} h ago"),
        "d": _("{n} d ago"),
    }
    return {
        "age": ages,
        "power": _("Power"),
        "setpoint": _("Setpoint"),
        "day": _("This day"),
        "yesterday": _("Day before"),
    }


def _headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)  # a document has a stricter policy of its own
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
