"""Tokens of other systems: made, shown once, ended. Whoever keeps accounts sees those of his people too."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from station.access import tokens as rules
from station.access.rights import where
from station.errors import Invalid
from station.store import org, webhooks
from station.store import tokens as store
from station.store.db import now_s
from station.web import drafts, fleet
from station.web.arguments import MOST, whole
from station.web.db import view, writing
from station.web.errors import Refused, by_field, said
from station.web.rights import ANYONE, needs
from station.webhooks import life

blueprint = Blueprint("tokens", __name__, url_prefix="/tokens")
ROWS = 50
DAYS = 90  # proposed life of a new one


def check() -> None:
    if not (current_user.may(rules.MAKE) or current_user.may("accounts")):
        raise Refused(403, "forbidden")


@blueprint.get("")
@needs(ANYONE)
def page() -> str:
    check()
    return show({}, request.form, None)


def show(errors: dict[str, list[str]], values: object, made: str | None) -> str:
    scope = where(current_user.rights, "accounts")
    found = store.listed(view(), current_user.name, scope, ROWS, whole("before", request.args.get("before")))
    return render_template(
        "tokens.html",
        found=found,
        older=found[-1]["id"] if len(found) == ROWS else None,
        hooks=webhooks.of_tokens(view(), [row["id"] for row in found]),
        system={row["id"]: row["name"] for row in found},
        hook_state=hook_state,
        state=lambda row: state(row, now_s()),
        unit_name=lambda number: (org.unit(view(), number) or {}).get("name", ""),
        units=fleet.units(view(), where(current_user.rights, rules.MAKE)),
        functions=[each for each in rules.GRANTED if current_user.may(each)],
        errors=errors,
        values=values,
        made=made,
        days=DAYS,
    )


def state(row: dict[str, object], t_s: int) -> tuple[str, str, str]:
    """(tone, name, icon)."""
    if row["revoked_s"] is not None:
        return "idle", "revoked", "idle"
    until = row["until_s"]
    assert isinstance(until, int)
    return ("warn", "ended", "clock") if until <= t_s else ("ok", "open", "ok")


def hook_state(row: dict[str, object]) -> tuple[str, str, str]:
    """(tone, name, icon) of a webhook."""
    if row["stopped_s"] is not None:
        return "idle", "stopped", "idle"
    return ("warn", "failing", "warn") if row["failing_s"] is not None else ("ok", "telling", "ok")


@blueprint.post("")
@needs(rules.MAKE)
def make() -> str | tuple[str, int]:
    form = request.form
    unit, days = drafts.number(form.get("unit")), drafts.number(form.get("days"))
    try:
        with writing() as c:
            _number, text = rules.make(
                c,
                current_user.name,
                form.get("name", ""),
                form.getlist("functions"),
                unit if isinstance(unit, int) else 0,
                days if isinstance(days, int) else None,
            )
    except Invalid as invalid:
        return show(by_field(invalid.errors), form, None), 422
    return show({}, {}, text)


@blueprint.post("/<int:number>/revoke")
@needs(ANYONE)
def revoke(number: int) -> Response:
    check()
    try:
        with writing() as c:
            rules.revoke(c, current_user.name, where(current_user.rights, "accounts"), number)
        flash(_("The token is ended."), "ok")
    except Invalid as invalid:
        flash(said(invalid.errors[0]), "error")
    return redirect(url_for("tokens.page"))


@blueprint.post("/webhooks/<int:number>/stop")
@needs(ANYONE)
def stop(number: int) -> Response:
    check()
    hook = webhooks.get(view(), number) if number <= MOST else None
    token = store.get(view(), hook["token"]) if hook else None
    scope = where(current_user.rights, "accounts")
    if token is None or not (token["user"] == current_user.name or scope.holds(view(), token["owner_unit"])):
        raise Refused(404, "not_found")
    with writing() as c:
        life.stop(c, current_user.name, token["id"], number)
    flash(_("The webhook is stopped."), "ok")
    return redirect(url_for("tokens.page"))
