"""Who is at the desk: login session, its idle end, the change of a one-time password, safe ways back."""

import secrets
import time
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app, flash, g, has_request_context, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from flask_babel import gettext as _
from flask_login import LoginManager, current_user, login_user, logout_user
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from station import access
from station.access import policy as rules
from station.access import sessions
from station.access.policy import MAX_LENGTH, Policy
from station.access.rights import Rights
from station.errors import FieldError
from station.store import audit, users, web_sessions
from station.store.db import now_s
from station.web import kept, rights
from station.web.db import view, writing
from station.web.errors import Refused, for_script
from station.web.i18n import word

HALF_S = 5 * 60  # from the password to the code
OPEN = frozenset(
    {
        "static",
        "auth.login",
        "auth.login_done",
        "auth.code",
        "auth.code_done",
        "auth.preferences",
        "sso.begin",
        "sso.done",
        "sso.link",
        "sso.link_done",
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
ENROL = frozenset(("auth.factor", "auth.factor_on"))
BROWSERS = (("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)  # what stands in the name of a browser; the first that fits
BACKGROUND = (
    "/live/",
    "/api/",
    "/healthz",
    "/readyz",
    "/metrics",
)  # paths: a page left open asks by itself; that is no sign of a person


class User:
    """A row of users, in the shape flask-login asks for, with what it may do now."""

    is_authenticated = is_active = True
    is_anonymous = False

    def __init__(self, row: dict[str, Any], rights: Rights) -> None:
        self.name: str = row["name"]
        self.must_change: int = row["must_change"]  # 0, or why: station.access.people
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


def policy() -> Policy:
    """What the house demands, asked once a request."""
    if "policy" not in g:
        g.policy = rules.policy(view())
    return g.policy


def enter(row: dict[str, Any]) -> None:
    """Begin a fresh session: nothing of an older one stays."""
    session.clear()
    session["sid"], session["seen"] = secrets.token_urlsafe(16), time.time()
    from_where = str(request.remote_addr), browser(request.user_agent.string)
    with writing() as c:
        sessions.begin(c, policy(), row["name"], session["sid"], now_s(), *from_where)
    login_user(User(row, {}))
    kept.welcome(row["name"])


def stay() -> None:
    """After a change of the policy: who made it begins a fresh session where his own would be over by it."""
    g.pop("policy", None)
    if over(view(), session["sid"], session["seen"], policy()):
        row = users.get(view(), current_user.name)
        assert row is not None
        enter(row)


def halfway(name: str, road: str = "") -> None:
    """The password was right, or the word of another road, and the code of the second factor is to come."""
    row = users.get(view(), name)
    session.clear()
    if row is not None:
        session["half"], session["road"] = [name, row["session"], time.time()], road


def half() -> tuple[str, int] | None:
    """(name, number of the session) of who is halfway; None: nobody, or not any more."""
    name, number, at = session.get("half") or ("", 0, 0.0)
    return (name, number) if name and time.time() - at <= HALF_S else None


def road() -> str:
    """How who is halfway got there: station.access.sso.ROAD, or empty by the password."""
    return session.get("road", "")


def confirm(field: str = "password") -> FieldError | None:
    """Whether the password, and the code where there is one, of this form are those of who is at the desk."""
    password, code = request.form.get(field, "")[: MAX_LENGTH + 1], request.form.get("code", "")
    with writing() as c:  # a failure is counted
        wrong = access.confirm(c, current_app.extensions["settings"], current_user.name, password, code)
    return wrong._replace(field=field) if wrong and wrong.field == "password" else wrong


def has_factor() -> bool:
    """Whether who is at the desk has a second factor."""
    return current_user.is_authenticated and access.factor.has(view(), current_user.name)


def browser(agent: str) -> str:
    """What a person would call it: "Chrome, Windows"."""
    found = [next((words for mark, words in table if mark in agent), "") for table in (BROWSERS, SYSTEMS)]
    return ", ".join(each for each in found if each)


def leave(why: str = sessions.LEFT) -> None:
    """End the session of this request."""
    with writing() as c:
        row = web_sessions.get(c, sessions.digest(session.get("sid", "")))
        if row is not None:
            web_sessions.end(c, row["user"], why, now_s(), only=row["id"])
    logout_user()
    session.clear()


def over(c: Connection, secret: str, seen: float, held: Policy) -> str:
    """Why a session is over (station.access.sessions); empty while it is open."""
    return sessions.over(web_sessions.get(c, sessions.digest(secret)), held, seen, time.time())


def _sign_of_life() -> None:
    """Of a person, not of a page that asks by itself. The cookie has each one, the table one a minute."""
    if time.time() - session.get("noted", 0.0) >= sessions.SIGN_S:
        session["noted"] = time.time()
        with writing() as c:
            web_sessions.seen(c, sessions.digest(session["sid"]), now_s())
    session["seen"] = time.time()


def _gone(why: str) -> str:
    """What is said to who comes back."""
    if why == sessions.IDLE:
        return _("You were logged out after %(n)s minutes without a sign of you.", n=policy().idle_min)
    if why == sessions.LONG:
        return _("You were logged out: a session lasts %(n)s hours at most.", n=policy().longest_h)
    return word("session_over", why)


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
    why = over(view(), session.get("sid", ""), session.get("seen", 0.0), policy())
    if why:
        return _ended(why, endpoint)
    duty = _duty(endpoint)
    if duty is not None:
        return duty
    rights.check(endpoint)
    if not request.path.startswith(BACKGROUND):
        _sign_of_life()
    return None


def _ended(why: str, endpoint: str) -> Response | None:
    name = current_user.name
    leave(why)
    if why != sessions.LEFT:
        kept.ended(name)
        flash(_gone(why), "warn")
    return None if endpoint in OPEN else _to_login()


def _duty(endpoint: str) -> Response | None:
    """What a person must do before anything else: change the password, turn the second factor on."""
    if current_user.must_change and endpoint not in FIRST:
        return _first("password_first", "auth.password")
    if lacks_factor() and endpoint not in FIRST | ENROL:
        return _first("factor_first", "auth.factor")
    return None


def _first(key: str, endpoint: str) -> Response:
    if request.path.startswith(BACKGROUND):
        raise Refused(403, key)
    return redirect(url_for(endpoint))


def lacks_factor() -> bool:
    """Whether who is at the desk has functions that the policy gives to nobody without a second factor."""
    return any(current_user.may(each) for each in policy().factor) and not has_factor()


def _to_login() -> Response:
    if for_script():
        raise Refused(401, "log_in")
    return kept.to_login()


def init_app(app: Flask) -> None:
    app.session_interface = _Cookies()
    app.jinja_env.globals.update(has_factor=has_factor, lacks_factor=lacks_factor)
    manager = LoginManager(app)
    manager.session_protection = ""  # off: _guard is the protection; addresses change in the field
    manager.user_loader(lambda user_id: user_of(view(), user_id))
    app.before_request(_guard)
