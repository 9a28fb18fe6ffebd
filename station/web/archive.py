"""The archive of a concentrator: a file is looked at line by line, then taken, then loaded in pieces."""

from typing import Any

from flask import Blueprint, Flask, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from station.approvals import kinds
from station.approvals import life as proposals
from station.area import life, rows
from station.errors import FieldError, Invalid
from station.store import area as store
from station.web import approvals, area_panels
from station.web.area import download, known, refused
from station.web.db import view, writing
from station.web.errors import said
from station.web.rights import needs

blueprint = Blueprint("archive", __name__, url_prefix="/areas/<device>/archive")
UPLOAD_BYTES = 24 << 20  # read and refused in words up to here; what is taken has rows.MOST_BYTES
SHOWN_FAULTS, SHOWN_CHANGES = 100, 200
TONES = {"fresh": ("ok", "ok"), "changed": ("accent", "eye"), "gone": ("trip", "trip")}


def room() -> None:
    """Let a file through to its page; before the token is looked for, which reads the form."""
    if request.endpoint in ("archive.preview", "archive.confirm"):
        request.max_content_length = UPLOAD_BYTES
        request.max_form_memory_size = 4 * rows.MOST_BYTES  # the rows travel in a field, percent-encoded


def init_app(app: Flask) -> None:
    app.before_request(room)


@blueprint.get("")
@needs("view")
def page(device: str) -> str:
    return _show(known(device))


def _show(row: dict[str, Any], name: str = "", faults: list[rows.Fault] | None = None) -> str:
    context = area_panels.archive_context(view(), row)
    told = [
        {"line": each.line, "field": each.field, "text": said(FieldError(each.field, each.key, each.args))}
        for each in (faults or [])[:SHOWN_FAULTS]
    ]
    return render_template(
        "archive.html",
        at_archive=True,
        heads=rows.HEADS,
        name=name,
        faults=told,
        faulty=len(faults or []),
        **context,
    )


@blueprint.post("/preview")
@needs("archive")
def preview(device: str) -> str | tuple[str, int]:
    row, file = known(device), request.files.get("file")
    if file is None or not file.filename:
        return _show(row, "", [rows.Fault(0, "", "no_file")]), 422
    found, faults = rows.read(file.read(rows.MOST_BYTES + 1))
    file.close()  # a large one lies in a file of the system
    if faults:
        return _show(row, file.filename, faults), 422
    return _look(row, found, file.filename)


def _look(row: dict[str, Any], found: list[dict[str, Any]], name: str) -> str:
    c, device = view(), row["device"]
    changes = life.changes(c, device, found)
    ledgers = store.ledgers(c, device)
    return render_template(
        "archive_preview.html",
        d=row,
        name=name,
        wanted=len(found),
        counts=life.differences(c, device, found),
        changes=[_change(*each) for each in changes[:SHOWN_CHANGES]],
        more=max(0, len(changes) - SHOWN_CHANGES),
        moved=[
            old["meter"]
            for _kind, old, new in changes
            if old and old["meter"] in ledgers and (new is None or new["address"] != old["address"])
        ],
        text=rows.write(found),
        before=life.mark(store.archive(c, device)),
        once=approvals.once(),
        operation=kinds.import_operation(c, len(changes)),
        values=request.form,
        errors={},
    )


def _change(kind: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> dict[str, Any]:
    """A row for the table: what stands in it, and of a changed one each cell before and after."""
    row = new or old or {}
    tone, shape = TONES[kind]
    cells = []
    if old and new:
        pairs = zip(rows.HEADS, rows.cells(old), rows.cells(new), strict=True)
        cells = [(name, before, after) for name, before, after in pairs if before != after]
    return {**row, "kind": kind, "tone": tone, "shape": shape, "cells": cells}


@blueprint.post("/confirm")
@needs("archive")
def confirm(device: str) -> AnyResponse | str | tuple[str, int]:
    row, name = known(device), request.form.get("name", "")[:200]
    found, faults = rows.read(request.form.get("rows", "").encode())
    if faults:
        return _show(row, name, faults), 422
    before, loads = request.form.get("before", ""), "load" in request.form
    content = {"device": device, "rows": rows.write(found), "before": before, "load": loads}
    try:
        if proposals.look(view(), "archive", content)[2]:
            return approvals.propose("archive", content, approvals.once())
        with writing() as c:
            life.take(c, device, found, current_user.name, before)
            if loads:
                life.begin(c, device, current_user.name)
    except Invalid as invalid:
        refused(invalid.errors)
        return _look(row, found, name), 422
    if loads:
        flash(_("The archive is taken and being loaded; what runs stands until all is there."), "ok")
    else:
        flash(_("The archive is taken. Load it to bring it to the concentrator."), "ok")
    return redirect(url_for("archive.page", device=device))


@blueprint.post("/load")
@needs("archive")
def load(device: str) -> AnyResponse:
    known(device)
    with writing() as c:
        life.begin(c, device, current_user.name)
    flash(_("The archive is being loaded; what runs stands until all is there."), "ok")
    return redirect(url_for("archive.page", device=device))


@blueprint.post("/stop")
@needs("archive")
def stop(device: str) -> AnyResponse:
    known(device)
    try:
        with writing() as c:
            life.stop(c, device, current_user.name)
        flash(_("The load is stopped. What runs in the concentrator is as it was."), "ok")
    except Invalid as invalid:
        refused(invalid.errors)
    return redirect(url_for("archive.page", device=device))


@blueprint.get("/archive.csv")
@needs("export")
def table_csv(device: str) -> Response:
    known(device)
    return download(f"{device}-meters.csv", rows.write(store.archive(view(), device), chinese=True))
