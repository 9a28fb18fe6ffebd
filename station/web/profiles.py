"""Meter profiles of a terminal: what runs, send a package, stop. Rolling back is a command's dialog."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from station.approvals import kinds
from station.errors import FieldError, Invalid
from station.profiles import admit, keys, life, push, signing
from station.store import devices, events, profiles
from station.web import approvals, drafts, feed, panels, slots
from station.web.db import view, writing
from station.web.errors import by_field
from station.web.rights import needs

blueprint = Blueprint("profiles", __name__, url_prefix="/terminals/<device>/profiles")
PACKAGES, EVENTS = 50, 10  # rows to choose from, to look back on


@blueprint.get("")
@needs("view")
def page(device: str) -> str:
    return _show(device, {})


def _show(device: str, errors: dict[str, list[str]]) -> str:
    context = panels.device_context(view(), device) or abort(404)
    row = context["d"]
    found = events.of_codes(view(), device, life.VERDICTS)[-EVENTS:]
    context["events"] = feed.show_all(reversed(found), row["utc_offset_s"])
    sending = [each for each in context["ways"] if each["state"] == push.SENDING]
    kept = [slots.choice(each) for each in profiles.packages(view(), PACKAGES)]
    return render_template(
        "profiles.html", packages=kept, slot_numbers=slots.NUMBERS, sending=sending, values=request.form,
        errors=errors, **context
    )  # fmt: skip


@blueprint.post("/preview")
@needs("parameters")
def preview(device: str) -> str | tuple[str, int]:
    row = devices.get(view(), device) or abort(404)
    try:
        slot = _number("slot", 1, life.SLOTS)
        number = _package()
        wanted = profiles.package(view(), number) or _gone()
        life.check_newer(view(), device, wanted)
    except Invalid as invalid:
        return _show(device, by_field(invalid.errors)), 422
    there = next((each for each in slots.running(view(), device) if each["slot"] == slot), None)
    points = life.points_of_slots(view(), device)
    return render_template(
        "profile_preview.html", operation=kinds.push_operation(view()), values={}, errors={}, d=row,
        once=approvals.once(), slot=slot, there=there, p=slots.choice(wanted), number=number,
        bytes=len(signing.for_device(wanted["data"])), points=None if points is None else points.get(slot, [])
    )  # fmt: skip


def _package() -> int:
    """Number of the package that was uploaded, else of the one that was chosen."""
    file = request.files.get("file")
    if file and file.filename:
        data = file.read()
        facts = admit.prove(data, keys.trusted(view()))
        with writing() as c:
            return admit.keep(c, data, facts, current_user.name)
    return _number("package", 1, 2**53)


def _number(field: str, least: int, most: int) -> int:
    value = drafts.number(request.form.get(field))
    if not isinstance(value, int) or not least <= value <= most:
        raise Invalid(FieldError(field, "needed"))
    return value


def _gone() -> dict[str, Any]:
    raise Invalid(FieldError("package", "no_such_package"))


@blueprint.post("/send")
@needs("parameters")
def send(device: str) -> Response | str | tuple[str, int]:
    try:
        slot, number = _number("slot", 1, life.SLOTS), _number("package", 1, 2**53)
        whole = {"device": device, "slot": slot, "package": number}
        if kinds.push_operation(view()):
            return approvals.propose("profile", whole, approvals.once())
        with writing() as c:
            life.begin(c, device, slot, number, current_user.name)
    except Invalid as invalid:
        return _show(device, by_field(invalid.errors)), 422
    flash(_("It is being sent. The terminal tries it and keeps it or rolls back by itself."), "ok")
    return redirect(url_for("profiles.page", device=device))


@blueprint.post("/stop")
@needs("parameters")
def stop(device: str) -> Response | str | tuple[str, int]:
    try:
        with writing() as c:
            life.stop(c, device, _number("slot", 1, life.SLOTS), current_user.name)
    except Invalid as invalid:
        return _show(device, by_field(invalid.errors)), 422
    return redirect(url_for("profiles.page", device=device))
