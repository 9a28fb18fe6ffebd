"""Planned outages: a list, a new one, its end moved."""

import re
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from station.alarms import outages as rules
from station.errors import FieldError, Invalid
from station.store import org
from station.store import outages as store
from station.store.db import now_s
from station.web import fleet
from station.web.approvals import once
from station.web.arguments import whole
from station.web.db import view, writing
from station.web.errors import by_field, said
from station.web.helpers import station_offset_s
from station.web.rights import needs, scope

blueprint = Blueprint("outages", __name__, url_prefix="/outages")
ROWS = 50
INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::\d\d)?", re.ASCII)


def instant(text: str, offset_s: int) -> int | None:
    """`2026-11-23T08:00` of a local clock to UTC seconds, or None for anything else."""
    found = INSTANT.fullmatch(text.strip())
    try:
        moment = datetime.fromisoformat(f"{found[1]}T{found[2]}") if found else None
    except ValueError:
        return None
    return int(moment.replace(tzinfo=UTC).timestamp()) - offset_s if moment else None


@blueprint.get("")
@needs("events")
def page() -> str:
    return _show({}, request.form)


def _show(errors: dict[str, list[str]], values: Any) -> str:
    found = store.page(view(), scope(), ROWS, whole("before", request.args.get("before")))
    return render_template(
        "alarms/outages.html",
        found=found,
        older=found[-1]["id"] if len(found) == ROWS else None,
        unit_name=lambda number: (org.unit(view(), number) or {}).get("name", ""),
        units=fleet.units(view(), scope()),
        errors=errors,
        values=values,
        once=once(),
        now=now_s(),
        chars=rules.REASON_CHARS,
    )


@blueprint.post("")
@needs("events")
def plan() -> Response | tuple[str, int]:
    form, offset_s = request.form, station_offset_s()
    try:
        with writing() as c:
            number = rules.plan(
                c,
                current_user.name,
                scope(),
                whole("unit", form.get("unit")) or 0,
                form.get("devices", "").split(),
                instant(form.get("from", ""), offset_s),
                instant(form.get("until", ""), offset_s),
                form.get("reason", ""),
                once(),
            )
    except Invalid as invalid:
        return _show(by_field(invalid.errors), form), 422
    flash(_("Outage %(n)s is planned. Its alarms are recorded and disturb nobody.", n=number), "ok")
    return redirect(url_for("outages.page"))


@blueprint.post("/<int:number>")
@needs("events")
def move(number: int) -> Response | tuple[str, int]:
    form = request.form
    until_s = now_s() if "now" in form else instant(form.get("until", ""), station_offset_s())
    try:
        with writing() as c:
            version = whole("version", form.get("version")) or 0
            rules.move(c, current_user.name, scope(), number, version, until_s)
    except Invalid as invalid:
        return _refused(invalid.errors[0])
    flash(_("The end of outage %(n)s is moved.", n=number), "ok")
    return redirect(url_for("outages.page"))


def _refused(wrong: FieldError) -> tuple[str, int]:
    flash(said(wrong), "error")
    return _show({}, {}), 404 if wrong.key == "no_such_outage" else 422
