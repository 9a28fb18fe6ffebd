"""Log-in by the provider of the house (OpenID Connect), where one is set. The password road stays."""

import secrets
import time
from typing import Any

from flask import (
    Blueprint,
    Flask,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from station.access import openid
from station.access import sso as rules
from station.access.policy import MAX_LENGTH
from station.errors import FieldError, Invalid
from station.settings import Settings, SingleSignOn
from station.store import sso_links as store
from station.store.db import now_s
from station.web import people
from station.web.auth import CODE_CHARS, LOGIN_RATE, limiter
from station.web.db import view, writing
from station.web.errors import by_field, said
from station.web.rights import ANYONE, needs

blueprint = Blueprint("sso", __name__, url_prefix="/sso")
AWAY_S = 10 * 60  # at the provider, at most
CODE_MOST, WHY_CHARS = 4096, 40
KEY = "sso"  # of current_app.extensions


def held() -> SingleSignOn:
    """The provider of this station; 404 where there is none."""
    found = current_app.extensions[KEY]
    if found is None:
        abort(404)
    return found


@blueprint.get("")
@limiter.limit(LOGIN_RATE)
@needs(ANYONE)
def begin() -> Response:
    there, way = held(), people.safe_next(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(way)
    try:
        address, begun = openid.begin(there, _back())
    except Invalid as invalid:
        return _refuse(invalid.errors[0], way)
    session["sso"] = {"begun": list(begun), "at": time.time(), "next": way}
    return redirect(address)


@blueprint.get("/done")
@limiter.limit(LOGIN_RATE)
@needs(ANYONE)
def done() -> Response:
    there, kept = held(), session.pop("sso", None)
    way = people.safe_next((kept or {}).get("next"))
    if current_user.is_authenticated:
        return redirect(way)
    try:
        who = rules.told(there, openid.claims(there, *_answer(kept), _back(), now_s()))
    except Invalid as invalid:
        return _refuse(invalid.errors[0], way)
    with writing() as c:
        found = rules.enter(c, there, who, now_s())
    if not isinstance(found, FieldError):
        people.enter(found)
        return redirect(way)
    return _further(found, who, way)


def _answer(kept: dict[str, Any] | None) -> tuple[str, openid.Begun]:
    """The code that the provider sent, and what was begun here."""
    begun = openid.Begun(*kept["begun"]) if kept and time.time() - kept["at"] <= AWAY_S else None
    if begun is None or not secrets.compare_digest(begun.state.encode(), _arg("state").encode()):
        raise Invalid(FieldError("", "sso_state"))
    if not _arg("code"):
        why = "".join(each for each in _arg("error") if each.isascii() and (each.isalnum() or each == "_"))
        raise Invalid(FieldError("", "sso_denied", {"why": why[:WHY_CHARS]}))
    return _arg("code"), begun


def _arg(name: str) -> str:
    return request.args.get(name, "")[:CODE_MOST]


def _further(found: FieldError, who: rules.Told, way: str) -> Response:
    if found.key == "code_needed":
        people.halfway(found.args["name"], rules.ROAD)
        return redirect(url_for("auth.code", next=way))
    if found.key == "sso_link":
        session["sso_link"] = {"who": list(who), "at": time.time()}
        return redirect(url_for("sso.link", next=way))
    flash(said(found), "error")
    return redirect(url_for("auth.login", next=way))


@blueprint.get("/link")
@needs(ANYONE)
def link() -> Response | str:
    who = _linking()
    return _link(who, {}) if who else _late()


@blueprint.post("/link")
@limiter.limit(LOGIN_RATE)
@needs(ANYONE)
def link_done() -> Response | tuple[str, int]:
    there, who = held(), _linking()
    if who is None:
        return _late()
    password, code = request.form.get("password", ""), request.form.get("code", "")
    with writing() as c:  # a failure is counted
        found = rules.link(c, _settings(), there, who, password[: MAX_LENGTH + 1], code[:CODE_CHARS], now_s())
    if isinstance(found, FieldError):
        return _link(who, by_field((found,))), 403
    people.enter(found)
    flash(_("From now on you come in by single sign-on too."), "ok")
    return redirect(people.safe_next(request.args.get("next")))


def _link(who: rules.Told, errors: dict[str, list[str]]) -> str:
    return render_template("sso/link.html", name=who.name, errors=errors)


def _linking() -> rules.Told | None:
    """Who is about to be linked; None: nobody, or not any more."""
    kept = session.get("sso_link")
    if kept is None or current_user.is_authenticated or time.time() - kept["at"] > people.HALF_S:
        return None
    return rules.Told(*kept["who"])


def _late() -> Response:
    return redirect(url_for("auth.login", next=request.args.get("next")))


@blueprint.post("/unlink")
@needs(ANYONE)
def unlink() -> Response:
    with writing() as c:
        gone = rules.unlink(c, current_user.name)
    if gone:
        flash(_("Your account is linked to nobody of the sign-on service any more."), "ok")
    return redirect(url_for("sessions.page"))


def _refuse(why: FieldError, way: str) -> Response:
    with writing() as c:
        rules.refused(c, why)
    flash(said(why), "error")
    return redirect(url_for("auth.login", next=way))


def _back() -> str:
    """The address that the provider sends people back to; it must know it."""
    return url_for("sso.done", _external=True)


def _settings() -> Settings:
    return current_app.extensions["settings"]


def label() -> str:
    """Words of the button; empty: there is none."""
    found: SingleSignOn | None = current_app.extensions[KEY]
    return (found.label or _("Single sign-on")) if found else ""


def linked(name: str) -> dict[str, Any] | None:
    """Who of the provider that person is; for templates."""
    return store.of(view(), name)


def init_app(app: Flask) -> None:
    """A station whose provider is set by half runs on, with the password road: devices depend on it."""
    app.extensions[KEY], trouble = openid.provider(app.extensions["settings"])
    if trouble:
        app.logger.error("sso_off why=%s", trouble)
    app.jinja_env.globals.update(sso_label=label, sso_linked=linked)
