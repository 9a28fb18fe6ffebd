"""Notices: what I want to be told, and, for who runs the station, channels, templates and deliveries."""

import re
from functools import cache
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from protocols.uplink.area import EVENT_CODE
from station.access.rights import where
from station.errors import Invalid
from station.notify import channels, people, words
from station.store import notify as store
from station.web import alarms, drafts, fleet, i18n
from station.web.approvals import once
from station.web.arguments import whole
from station.web.db import view, writing
from station.web.errors import Refused, by_field, said
from station.web.rights import needs, scope

blueprint = Blueprint("notify", __name__, url_prefix="/notices")
ROWS = 50
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
TONES = {
    "waiting": ("accent", "clock"),
    "sent": ("ok", "ok"),
    "failed": ("trip", "warn"),
    "merged": ("idle", "all"),
}
_catalogue = cache(i18n.load)


def said_in(language: str, space: str, name: str) -> str:
    """Words for station.notify.outbox, outside of any page: of a "kind" of alarm, or a "severity"."""
    rule = alarms.OF_RULE.get(name)
    if space == "kind" and rule is not None:
        return rule.en if language == "en" else rule.zh
    key = f"{'event' if name in EVENT_CODE else 'alarm_kind' if space == 'kind' else space}.{name}"
    return _catalogue(language).gettext(key)


def _minutes(text: str) -> int | str:
    """`22:30` to minutes of the day; anything else as it is: the room refuses it."""
    found = CLOCK.fullmatch(text.strip())
    return 60 * int(found[1]) + int(found[2]) if found else text


# ---- my own


@blueprint.get("")
@needs("view")
def page() -> str:
    return _show({}, {"severity": "2", "quiet_from": "00:00", "quiet_until": "00:00"})


def _show(errors: dict[str, list[str]], values: Any) -> str:
    return render_template(
        "notify/mine.html",
        mine=store.subscriptions_of(view(), current_user.name),
        channels=[each for each in store.all_channels(view()) if each["on"]],
        units=fleet.units(view(), scope()),
        kinds=sorted((alarms.kind_words(kind), kind) for kind in alarms.ALL_KINDS),
        chosen=request.form.getlist("kinds"),
        errors=errors,
        values=values,
        once=once(),
    )


@blueprint.post("")
@needs("view")
def subscribe() -> Response | tuple[str, int]:
    form = request.form
    wanted = {
        "channel": whole("channel", form.get("channel")),
        "address": form.get("address", ""),
        "unit": whole("unit", form.get("unit")),
        "severity": drafts.number(form.get("severity")),
        "kinds": [kind for kind in form.getlist("kinds") if kind in alarms.ALL_KINDS],
        "escalated_only": "escalated_only" in form,
        "quiet_from_min": _minutes(form.get("quiet_from", "")),
        "quiet_until_min": _minutes(form.get("quiet_until", "")),
        "language": i18n.shown(),
    }
    try:
        with writing() as c:
            people.subscribe(c, current_user.name, scope(), wanted, once())
    except Invalid as invalid:
        return _show(by_field(invalid.errors), form), 422
    flash(_("You will be told."), "ok")
    return redirect(url_for("notify.page"))


@blueprint.post("/<int:number>")
@needs("view")
def switch(number: int) -> Response:
    if store.subscription(view(), number, current_user.name) is None:
        abort(404)
    version = whole("version", request.form.get("version")) or 0
    try:
        with writing() as c:
            people.switch(c, current_user.name, number, version, "on" in request.form)
    except Invalid as invalid:
        flash(said(invalid.errors[0]), "error")
    return redirect(url_for("notify.page"))


# ---- of the house


def _whole_house() -> None:
    if 1 not in where(current_user.rights, "run").units:
        raise Refused(403, "forbidden")


@blueprint.get("/channels")
@needs("run")
def house() -> str:
    _whole_house()
    return _house({}, {"kind": "email", "per_hour": "60", "port": "587", "tls": "starttls", "on": "1"})


def _house(errors: dict[str, list[str]], values: Any, at: int = 0) -> str:
    found = store.page(view(), ROWS, whole("before", request.args.get("before")))
    made = store.templates(view())
    return render_template(
        "notify/house.html",
        channels=store.all_channels(view()),
        kinds=channels.KINDS,
        tls=channels.TLS,
        templates=[_template(made, key) for key in words.DEFAULTS],
        placeholders=" ".join("{" + name + "}" for name in words.PLACEHOLDERS),
        found=found,
        older=found[-1]["id"] if len(found) == ROWS else None,
        tones=TONES,
        errors=errors,
        values=values,
        at=at,
        once=once(),
    )


def _template(made: dict[tuple[str, str], Any], key: tuple[str, str]) -> dict[str, Any]:
    subject, body = words.DEFAULTS[key]
    return {"language": key[0], "what": key[1], "subject": subject, "body": body, "version": 0} | made.get(
        key, {}
    )


@blueprint.post("/channels")
@needs("run")
def add_channel() -> Response | tuple[str, int]:
    _whole_house()
    form = request.form
    try:
        with writing() as c:
            settings = current_app.extensions["settings"]
            people.add_channel(c, current_user.name, settings, form.get("kind", ""), _channel())
    except Invalid as invalid:
        return _house(by_field(invalid.errors), form), 422
    flash(_("The channel is there. Send a test notice."), "ok")
    return redirect(url_for("notify.house"))


def _channel() -> dict[str, Any]:
    form = request.form
    texts = {name: form.get(name, "").strip()[:500] for name in form}
    return texts | {
        "port": drafts.number(form.get("port")),
        "per_hour": drafts.number(form.get("per_hour")),
        "secret": form.get("secret", ""),
        "on": "on" in form,
    }


@blueprint.post("/channels/<int:number>")
@needs("run")
def change_channel(number: int) -> Response | tuple[str, int]:
    _whole_house()
    if store.channel(view(), number) is None:
        abort(404)
    form = request.form
    try:
        with writing() as c:
            if "test" in form:
                people.test(
                    c, current_user.name, number, form.get("address", ""), i18n.shown(), f"{number}:{once()}"
                )
                flash(_("A test notice is on its way: see the deliveries below."), "ok")
            else:
                settings, version = current_app.extensions["settings"], whole("version", form.get("version"))
                people.change_channel(c, current_user.name, settings, number, version or 0, _channel())
    except Invalid as invalid:
        return _house(by_field(invalid.errors), form, number), 422
    return redirect(url_for("notify.house"))


@blueprint.post("/templates/<language>/<what>")
@needs("run")
def change_template(language: str, what: str) -> Response | tuple[str, int]:
    _whole_house()
    if (language, what) not in words.DEFAULTS:
        abort(404)
    form, seen = request.form, whole("version", request.form.get("version")) or 0
    texts = (form.get("subject", ""), form.get("body", ""))
    try:
        with writing() as c:
            people.change_template(c, current_user.name, language, what, seen, *texts)
    except Invalid as invalid:
        for wrong in invalid.errors:
            flash(said(wrong), "error")
        return _house({}, form), 422
    flash(_("The template is changed."), "ok")
    return redirect(url_for("notify.house"))
