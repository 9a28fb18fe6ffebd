"""Command dialogs: draft -> preview -> confirm -> the command's own page."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from protocols.uplink import archive_rows, area, messages
from protocols.uplink.codes import ADDRESSED
from station import controls, plans, prepaid
from station.approvals import ask, kinds
from station.area import life
from station.area import preview as look_area
from station.controls.functions import OF_KIND
from station.decoding import known as known_frames
from station.errors import FieldError, Invalid
from station.store import commands, devices, live
from station.store.db import now_s
from station.web import approvals, curve, drafts, forms, panels, picture, rights, sealed
from station.web.db import view, writing
from station.web.decoded import shown_frames
from station.web.errors import by_field
from station.web.helpers import param_rows
from station.web.rights import needs

blueprint = Blueprint("command", __name__, url_prefix="/terminals/<device>/commands")
LOOKED_BACK = 50  # recent commands among which a second press of "confirm" finds the first


def to_type(content: sealed.Content) -> str:
    """What a person types to confirm: whom it cuts off, or the address that must be right; "" for nothing."""
    if content.kind == messages.TRIP:
        return content.device
    if not look_area.dangerous(content.kind, content.params):
        return ""
    named = content.params.get("new_address") or content.params.get("address")
    return archive_rows.digits(named) if named else content.device


def known(device: str, kind: str | None = None, form: bool = True) -> dict[str, Any]:
    """The device, 404 or 403; `form`: the kind must have one."""
    if kind is not None and form and kind not in drafts.KINDS:
        abort(404)
    row = devices.get(view(), device) or abort(404)
    if kind in forms.AREA and row["area"] is None:
        abort(404)
    if kind is not None:
        rights.demand(OF_KIND[kind], row)
    return row


def running_plan(device: str) -> dict[str, Any] | None:
    """Parameters of the plan the terminal says it runs, when it was made here."""
    now = live.latest(view(), device)
    found = commands.get(view(), device, now["plan_id"]) if now and now["plan_id"] else None
    return found["params"] if found and found["kind"] == messages.PERIOD_PLAN else None


def load_today(row: dict[str, Any]) -> list[int | None]:
    at = now_s()
    made = curve.build(view(), row, curve.local_day(at, row["utc_offset_s"]), at)
    return made["power_w"]


def plan_picture(row: dict[str, Any], form: MultiDict[str, str]) -> dict[str, Any]:
    safety, float_pct = drafts.number(form.get("safety_kw")), drafts.number(form.get("float_pct"))
    safe = safety if isinstance(safety, int) and safety > 0 else 0
    bent = float_pct if isinstance(float_pct, int) and abs(float_pct) < 80 else 0
    return picture.draw([*drafts.plan_rows(form).values()], safe, load_today(row), bent)


def picture_of(row: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    return picture.draw(
        plans.periods(params), params["safety_w"] // 1000, load_today(row), params["float_pct"]
    )


def back(row: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """Where a person comes from: the meter that the command names, else the device."""
    number = drafts.number(str(given.get("meter", "")))
    if row["area"] is not None and isinstance(number, int) and 0 < number <= archive_rows.MOST:
        return url_for("area.meter", device=row["device"], number=number)
    return url_for("terminal.page", device=row["device"])


def show_form(row: dict[str, Any], kind: str, form: MultiDict[str, str], errors: dict[str, list[str]]) -> str:
    shown = plan_picture(row, form) if kind == "period_plan" else None
    return render_template(
        "draft.html",
        d=row,
        kind=kind,
        values=form,
        errors=errors,
        back=back(row, form),
        picture=shown,
        form_rows=forms.FORMS.get(kind),
        valid_choices=drafts.VALID_MIN,
        half_hours=drafts.HALF_HOUR_LABELS,
        note_chars=drafts.NOTE_CHARS,
    )


@blueprint.get("/new/<kind>")
@needs("view")
def draft(device: str, kind: str) -> str:
    row = known(device, kind)
    first = drafts.first_values(kind, row, running_plan(device), prepaid.next_order(view(), device))
    for name in request.args:  # a link may choose for the reader, such as which control to release
        first.setlist(name, request.args.getlist(name))
    return show_form(row, kind, first, {})


@blueprint.post("/new/<kind>")
@needs("view")
def preview(device: str, kind: str) -> str | tuple[str, int]:
    row = known(device, kind)
    if "edit" in request.form:
        return show_form(row, kind, request.form, {})
    try:
        params, valid_min, note = drafts.build(view(), kind, request.form, row)
    except Invalid as invalid:
        return show_form(row, kind, request.form, by_field(invalid.errors)), 422
    deadline_s = now_s() + 60 * valid_min
    content = sealed.Content(device, drafts.KINDS[kind], params, deadline_s, current_user.name, note)
    return show_preview(row, content, request.form, {})


def show_preview(
    row: dict[str, Any], content: sealed.Content, form: Any, errors: dict[str, list[str]]
) -> str:
    kind = area.COMMAND_NAMES[content.kind]
    is_plan = content.kind == messages.PERIOD_PLAN
    running = running_plan(row["device"]) if is_plan else None
    kept = [
        (name, text) for name, text in form.items(multi=True) if name not in ("csrf_token", "token", "typed")
    ]
    look = controls.preview(view(), row["device"], content.kind, content.params)
    if kind in forms.AREA:
        seen = look_area.look(view(), row["device"], content.kind, content.params)
        look |= seen | {"warnings": look["warnings"] + seen["warnings"]}
    return render_template(
        "preview.html",
        d=row,
        kind=kind,
        content=content,
        kept=kept,
        content_rows=param_rows(content.kind, content.params, row["utc_offset_s"])
        if kind in forms.FORMS
        else None,
        values=form,
        errors=errors,
        operation=ask.needed(view(), row["device"], content.kind, content.params),
        token=sealed.token(_secret(), content),
        typed=to_type(content),
        look=look,
        back=back(row, content.params),
        has_form=kind in drafts.KINDS,
        request_frames=shown_frames(*known_frames.explain(content.params["data"]))
        if content.kind == area.FORWARD
        else None,
        picture=picture_of(row, content.params) if is_plan else None,
        running=picture_of(row, running) if running else None,
        periods=plans.periods(content.params) if is_plan else [],
    )


@blueprint.post("/confirm")
@needs("view")
def confirm(device: str) -> Response | str | tuple[str, int]:
    content = sealed.read(_secret(), request.form.get("token", ""))
    if content is None or content.device != device or content.author != current_user.name:
        abort(400)
    row = known(device, area.COMMAND_NAMES[content.kind], form=False)
    wrong = "typed_differs" if content.kind == messages.TRIP else "typed_other"
    if to_type(content) not in ("", request.form.get("typed", "").strip()):
        return show_preview(row, content, request.form, by_field([FieldError("typed", wrong)])), 422
    try:
        if ask.needed(view(), device, content.kind, content.params):
            return propose(content)
        number = send(content)
    except Invalid as invalid:
        return show_preview(row, content, request.form, by_field(invalid.errors)), 422
    return redirect(url_for("command.page", device=device, command=number))


def propose(content: sealed.Content) -> Response:
    """Draft the previewed content for a second person, once."""
    within_s = content.deadline_s - now_s()
    if within_s <= 0:
        raise Invalid(FieldError("deadline_s", "deadline_past"))
    asked = kinds.command([content.device], content.kind, content.params, within_s, content.note, ADDRESSED)
    return approvals.propose(kinds.kind_of(content.kind), asked, f"command {content.fingerprint}")


def send(content: sealed.Content) -> int:
    """Queue exactly the previewed content, once: a second confirmation finds the command of the first."""
    mark = f"#{content.fingerprint}"
    with writing() as c:
        for earlier in commands.recent(c, content.device, LOOKED_BACK):
            if earlier["note"].split(" ")[0] == mark:
                return earlier["command"]
        note = f"{mark} {content.note}".strip()
        submit = controls.submit if content.kind in messages.COMMANDS else life.send
        return submit(
            c, content.device, content.kind, content.params, content.author, note, content.deadline_s
        )


@blueprint.get("/<int:command>")
@needs("view")
def page(device: str, command: int) -> str:
    context = panels.command_context(view(), device, command) or abort(404)
    return render_template("command.html", **context)


@blueprint.post("/picture")
@needs("view")
def picture_only(device: str) -> str:
    return render_template("panels/plan.html", picture=plan_picture(known(device), request.form))


def _secret() -> bytes:
    return current_app.config["SECRET_KEY"]
