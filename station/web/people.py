"""Who is at the desk: login session, its idle end, the change of a one-time password, safe ways back."""

import secrets
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app, flash, has_request_context, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from flask_babel import gettext as _
from flask_login import LoginManager, current_user, login_user, logout_user
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from station import access
from station.access.rights import Rights
from station.errors import FieldError
from station.store import audit, users
from station.store.db import now_s
from station.web import kept, rights
from station.web.db import view, writing
from station.web.errors import Refused, for_script

IDLE_S = 15 * 60
HALF_S = 5 * 60  # from the password to the code
OPEN = frozenset(
    {
        "static",
        "auth.login",
        "auth.login_done",
        "auth.code",
        "auth.code_done",
        "auth.preferences",
        "kept.put",
        "api.healthz",
        "ready.readyz",
        "run_state.prometheus",
    }
)  # without login
FIRST = OPEN | {
    "auth.password",
    "auth.password_done",
    "auth.logout",
    "auth.alive",
}  # while a one-time password waits for its change
BACKGROUND = (
    "/live/",
    "/api/",
    "/healthz",
    "/readyz",
    "/metrics",
)  # paths: a page left open asks by itself; that is no sign of a person
MAX_SESSIONS = 4096


class Desk:
    """When each session was last used by a person, so that an open stream ends with its session."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, float] = {}
        self._ended: dict[str, float] = {}

    def used(self, sid: str, at: float) -> None:
        with self._lock:
            self._seen[sid] = at
            for old in list(self._seen)[: max(0, len(self._seen) - MAX_SESSIONS)]:
                del self._seen[old]

    def end(self, sid: str) -> None:
        with self._lock:
            self._seen.pop(sid, None)
            self._ended[sid] = time.time()
            for old in list(self._ended)[: max(0, len(self._ended) - MAX_SESSIONS)]:
                del self._ended[old]

    def open(self, sid: str, cookie_seen: float) -> bool:
        """False when logged out or not used for IDLE_S. `cookie_seen` counts after a restart."""
        with self._lock:
            return sid not in self._ended and time.time() - max(self._seen.get(sid, 0), cookie_seen) <= IDLE_S


class User:
    """A row of users, in the shape flask-login asks for, with what it may do now."""

    is_authenticated = is_active = True
    is_anonymous = False

    def __init__(self, row: dict[str, Any], rights: Rights) -> None:
        self.name: str = row["name"]
        self.must_change = bool(row["must_change"])
        self._session: int = row["session"]
        self.rights = rights

    def may(self, function: str) -> bool:
        """True when there is any unit where this user may do it."""
        return bool(self.rights.get(function))

    def get_id(self) -> str:
        return f"{self._session} {self.name}"


class _Cookies(SecureCookieSessionInterface):
    def get_cookie_secure(self, app: Flask) -> bool:
        return (has_request_context() and request.is_secure) or super().get_cookie_secure(app)


def desk() -> Desk:
    return current_app.extensions["desk"]


def enter(row: dict[str, Any]) -> None:
    """Begin a fresh session: nothing of an older one stays."""
    session.clear()
    session["sid"], session["seen"] = secrets.token_urlsafe(16), time.time()
    login_user(User(row, {}))
    kept.welcome(row["name"])


def halfway(name: str) -> None:
    """The password was right, and the code of the second factor is to come."""
    row = users.get(view(), name)
    session.clear()
    if row is not None:
        session["half"] = [name, row["session"], time.time()]


def half() -> tuple[str, int] | None:
    """(name, number of the session) of who is halfway; None: nobody, or not any more."""
    name, number, at = session.get("half") or ("", 0, 0.0)
    return (name, number) if name and time.time() - at <= HALF_S else None


def confirm() -> FieldError | None:
    """Whether the password, and the code where there is one, of this form are those of who is at the desk."""
    password, code = request.form.get("password", ""), request.form.get("code", "")
    with writing() as c:  # a failure is counted
        return access.confirm(c, current_app.extensions["settings"], current_user.name, password, code)


def has_factor() -> bool:
    """Whether who is at the desk has a second factor."""
    return current_user.is_authenticated and access.factor.has(view(), current_user.name)


def leave() -> None:
    desk().end(session.get("sid", ""))
    logout_user()
    session.clear()


def is_open() -> bool:
    return desk().open(session.get("sid", ""), session.get("seen", 0.0))


def safe_next(target: str | None) -> str:
    """A path of this site, else the overview: never a way out (open redirect)."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return url_for("overview.page")
    parts = urlsplit(target)
    return (
        target if not parts.scheme and not parts.netloc and target.isprintable() else url_for("overview.page")
    )


def user_of(c: Connection, user_id: str) -> User | None:
    """Who that is (User.get_id), with what he may do now; None when the session was ended."""
    number, _space, name = user_id.partition(" ")
    row = access.user_for_session(c, name, int(number)) if number.isdecimal() else None
    return User(row, access.rights_of(c, name, now_s())) if row else None


def _guard() -> Response | None:
    """Before every request: log in first; a left desk is closed; a one-time password is changed first."""
    audit.origin.set(f"web {request.remote_addr}")
    endpoint = request.endpoint or ""  # "" (no such page) needs a login too: strangers learn nothing
    if endpoint == "static":
        return None
    if endpoint in OPEN and not current_user.is_authenticated:
        return None
    if not current_user.is_authenticated:
        return _to_login()
    if not is_open():
        name = current_user.name
        leave()
        kept.ended(name)
        flash(_("You were logged out after 15 minutes without a sign of you."), "warn")
        return None if endpoint in OPEN else _to_login()
    if current_user.must_change and endpoint not in FIRST:
        if request.path.startswith(BACKGROUND):
            raise Refused(403, "password_first")
        return redirect(url_for("auth.password"))
    rights.check(endpoint)
    if not request.path.startswith(BACKGROUND):
        session["seen"] = time.time()
        desk().used(session["sid"], session["seen"])
    return None


def _to_login() -> Response:
    if for_script():
        raise Refused(401, "log_in")
    return kept.to_login()


def init_app(app: Flask) -> None:
    app.session_interface = _Cookies()
    app.jinja_env.globals.update(has_factor=has_factor)
    app.extensions["desk"] = Desk()
    manager = LoginManager(app)
    manager.session_protection = ""  # off: _guard and Desk are the protection; addresses change in the field
    manager.user_loader(lambda user_id: user_of(view(), user_id))
    app.before_request(_guard)
