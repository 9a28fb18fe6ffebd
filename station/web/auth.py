"""Login, password, logout, language and theme."""

import segno
from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response

from station import access
from station.access import factor as rules
from station.access.policy import MAX_LENGTH
from station.checks import refuse
from station.errors import FieldError, Invalid
from station.settings import Settings
from station.store import audit
from station.store.db import now_s
from station.web import people
from station.web.db import view, writing
from station.web.errors import by_field, said
from station.web.i18n import LANGUAGES
from station.web.rights import ANYONE, needs

blueprint = Blueprint("auth", __name__)
limiter = Limiter(get_remote_address)
LOGIN_RATE = "20 per minute"  # an address; the lock after failures (station/access) is per name
NAME_CHARS, CODE_CHARS = 64, 20
YEAR_S = 365 * 86400
THEMES = ("light", "dark")
CHOICES = {"lang": tuple(LANGUAGES), "theme": THEMES}  # cookie -> values it may have


@blueprint.get("/login")
@needs(ANYONE)
def login() -> Response | str:
    if current_user.is_authenticated:
        return redirect(people.safe_next(request.args.get("next")))
    return render_template("login.html", values={}, errors={})


@blueprint.post("/login")
@limiter.limit(LOGIN_RATE)
@needs(ANYONE)
def login_done() -> Response | tuple[str, int]:
    name, password = (
        request.form.get("name", "")[:NAME_CHARS],
        request.form.get("password", "")[: MAX_LENGTH + 1],
    )
    with writing() as c:
        found = access.login(c, name, password)
    if isinstance(found, FieldError) and found.key == "code_needed":
        people.halfway(name)
        return redirect(url_for("auth.code", next=request.args.get("next")))
    if isinstance(found, FieldError):
        return render_template("login.html", values={"name": name}, errors={}, trouble=said(found)), 403
    people.enter(found)
    return redirect(people.safe_next(request.args.get("next")))


@blueprint.get("/login/code")
@needs(ANYONE)
def code() -> Response | str:
    if people.half() is None:
        return redirect(url_for("auth.login", next=request.args.get("next")))
    return render_template("login_code.html", errors={})


@blueprint.post("/login/code")
@limiter.limit(LOGIN_RATE)
@needs(ANYONE)
def code_done() -> Response | tuple[str, int]:
    half = people.half()
    if half is None:
        return redirect(url_for("auth.login", next=request.args.get("next")))
    with writing() as c:
        found = access.login_code(
            c, _settings(), *half, request.form.get("code", "")[:CODE_CHARS], road=people.road()
        )
    if isinstance(found, FieldError):
        return render_template("login_code.html", errors=by_field((found,))), 403
    people.enter(found)
    return redirect(people.safe_next(request.args.get("next")))


def _settings() -> Settings:
    return current_app.extensions["settings"]


@blueprint.get("/password")
@needs(ANYONE)
def password() -> str:
    return render_template("password.html", errors={}, rule=password_rule())


@blueprint.post("/password")
@limiter.limit(LOGIN_RATE)
@needs(ANYONE)
def password_done() -> Response | tuple[str, int]:
    old, new, again = (request.form.get(name, "")[: MAX_LENGTH + 1] for name in ("old", "password", "again"))
    try:
        if new != again:
            raise Invalid(FieldError("again", "password_again"))
        refuse(access.check_policy(new, current_user.name, people.policy()))  # before a code is used up
        wrong = people.confirm("old")
        if wrong is not None:
            raise Invalid(wrong)
        with writing() as c:
            row = access.change_password(c, current_user.name, old, new)
    except Invalid as invalid:
        return render_template("password.html", errors=by_field(invalid.errors), rule=password_rule()), 422
    people.enter(row)
    flash(_("Your password is changed."), "ok")
    return redirect(url_for("overview.page"))


def password_rule() -> str:
    return _(
        "At least %(length)s characters, %(classes)s kinds of: lower case, upper case, digits, others.",
        length=people.policy().length,
        classes=people.policy().classes,
    )


@blueprint.get("/factor")
@needs(ANYONE)
def factor() -> str:
    return _factor(rules.offered(), {})


def _factor(secret: str, errors: dict[str, list[str]]) -> str:
    """The page of one's second factor; `secret` is offered to who has none."""
    picture = segno.make(rules.address(current_user.name, secret)).svg_inline(scale=5, light="#fff")
    held = rules.since(view(), current_user.name)
    return render_template("factor.html", held=held, secret=secret, picture=Markup(picture), errors=errors)


@blueprint.post("/factor")
@limiter.limit(LOGIN_RATE)
@needs(ANYONE)
def factor_on() -> str | tuple[str, int]:
    secret, typed = request.form.get("secret", "")[:64], request.form.get("code", "")[:CODE_CHARS]
    try:
        with writing() as c:
            codes = rules.turn_on(c, _settings(), current_user.name, secret, typed, now_s())
    except Invalid as invalid:
        return _factor(secret if rules.usable(secret) else rules.offered(), by_field(invalid.errors)), 422
    return render_template("recovery_codes.html", codes=codes)


@blueprint.post("/factor/<any(off, codes):act>")
@limiter.limit(LOGIN_RATE)
@needs(ANYONE)
def factor_act(act: str) -> Response | str | tuple[str, int]:
    """Turn it off, or make new recovery codes: with password and code."""
    wrong = people.confirm()
    if wrong is not None:
        return _factor(rules.offered(), by_field((wrong,))), 422
    with writing() as c:
        if act == "codes":
            return render_template("recovery_codes.html", codes=rules.new_codes(c, current_user.name))
        rules.turn_off(c, current_user.name, current_user.name)
    flash(_("Your second factor is off."), "ok")
    return redirect(url_for("auth.factor"))


@blueprint.post("/logout")
@needs(ANYONE)
def logout() -> Response:
    with writing() as c:
        audit.add(c, current_user.name, "logout", current_user.name)
    people.leave()
    return redirect(url_for("auth.login"))


@blueprint.post("/alive")
@needs(ANYONE)
def alive() -> tuple[str, int]:
    return "", 204


@blueprint.post("/preferences")
@needs(ANYONE)
def preferences() -> Response:
    reply = redirect(people.safe_next(request.form.get("next")))
    for cookie, allowed in CHOICES.items():
        if request.form.get(cookie) in allowed:
            reply.set_cookie(
                cookie,
                request.form[cookie],
                max_age=YEAR_S,
                samesite="Lax",
                httponly=True,
                secure=request.is_secure,
            )
    return reply
