"""Imports: choose a file, see what it would change and what is wrong with it, confirm, undo; exports."""

from collections.abc import Iterator
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from station.approvals import kinds
from station.errors import FieldError, Invalid
from station.imports import compare, life, machine, reading
from station.imports import writing as tables
from station.imports.kinds import TARGETS
from station.imports.targets import Target
from station.store import audit
from station.store import imports as store
from station.store.db import now_s
from station.web import approvals, fleet
from station.web.area import as_csv
from station.web.arguments import whole
from station.web.db import view, writing
from station.web.errors import by_field, said
from station.web.i18n import shown, word
from station.web.rights import needs, scope, scope_for

blueprint = Blueprint("imports", __name__, url_prefix="/imports")
ROWS, SHOWN, CSV_ROWS = 50, 100, 1000  # of the history; of a report on a page; of it in one question
FORM_BYTES = 64 << 10  # of an upload beside its file
FIRST = 2  # batches done before the answer: a small import is done when its page comes
TONES = {  # state -> (tone, icon)
    "reading": ("accent", "clock"),
    "read": ("warn", "eye"),
    "running": ("accent", "bolt"),
    "done": ("ok", "ok"),
    "stopped": ("trip", "warn"),
    "undoing": ("accent", "bolt"),
    "undone": ("idle", "idle"),
    "dropped": ("idle", "offline"),
}
KIND_TONES = {
    "new": ("ok", "ok"),
    "changed": ("accent", "eye"),
    "same": ("idle", "idle"),
    "wrong": ("trip", "warn"),
}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Row = dict[str, Any]


def room() -> None:
    """Let a file through to its page; before the token is looked for, which reads the form."""
    if request.endpoint == "imports.read":
        request.max_content_length = reading.MOST_BYTES + FORM_BYTES


def init_app(app: Flask) -> None:
    app.before_request(room)
    app.jinja_env.globals.update(import_head=heading)


# ---- a file


@blueprint.get("")
@needs("archive")
def page() -> str:
    return _page(request.args, {})


def _page(values: Any, errors: dict[str, list[str]]) -> str:
    only, before = request.args.get("target", ""), whole("before", request.args.get("before"))
    if only and only not in TARGETS:
        abort(404)
    found = store.listed(view(), scope(), only, ROWS + 1, before)
    return render_template(
        "imports/list.html",
        values=values,
        errors=errors,
        once=approvals.once(),
        targets=TARGETS,
        only=only,
        units=fleet.units(view(), scope()),
        found=found[:ROWS],
        older=found[ROWS - 1]["id"] if len(found) > ROWS else None,
        tones=TONES,
        most_mb=reading.MOST_BYTES >> 20,
        most_rows=reading.MOST_ROWS,
    )


@blueprint.post("")
@needs("archive")
def read() -> AnyResponse | tuple[str, int]:
    form, file = request.form, request.files.get("file")
    try:
        target, unit = _asked(form)
        if file is None or not file.filename:
            raise Invalid(FieldError("file", "no_file"))
        data, token = file.read(reading.MOST_BYTES + 1), approvals.once()
        file.close()  # a large one lies in a file of the system
        taken = life.File(file.filename[:200], data, token)
        number = life.read_in(writing, target, unit, current_user.name, taken)
    except Invalid as invalid:
        return _page(form, by_field(invalid.errors)), 422
    row = known(number)
    if row["token"] != token:
        flash(_("This very file was taken before, as import %(n)s: nothing is done again.", n=number), "warn")
    return redirect(url_for("imports.one", number=number))


def _asked(form: Any) -> tuple[Target, int]:
    target = TARGETS.get(form.get("target", ""))
    if target is None:
        raise Invalid(FieldError("target", "no_such_target"))
    unit = whole("unit", form.get("unit"))
    if unit is None:
        raise Invalid(FieldError("unit", "needed"))
    if not scope_for(target.function).holds(view(), unit):
        abort(404)
    return target, unit


@blueprint.get("/templates/<name>.csv")
@needs("archive")
def template(name: str) -> Response:
    target = TARGETS.get(name) or abort(404)
    return as_csv(f"{name}.csv", tables.heads(target, shown()), ())


# ---- one import


def known(number: int) -> Row:
    return store.get(view(), scope(), number) or abort(404)


@blueprint.get("/<int:number>")
@needs("archive")
def one(number: int) -> str:
    return show(known(number), {})


def show(row: Row, errors: dict[str, list[str]]) -> str:
    which = request.args.get("list") or _first(row)
    if which not in store.LISTS:
        abort(404)
    after = whole("after", request.args.get("after")) or 0
    found = store.shown(view(), row["id"], which, after, SHOWN + 1)
    mark = "id" if which == "wrong" else "line"
    acts = [act for act in machine.ACTS if machine.may(act, row["state"])]
    return render_template(
        "imports/one.html",
        errors=errors,
        values=request.form,
        once=approvals.once(),
        which=which,
        lists=[each for each in store.LISTS if _count(row, each)],
        count=lambda each: _count(row, each),
        rows=[_fault(row, each) if which == "wrong" else _cells(row, each) for each in found[:SHOWN]],
        after=found[SHOWN - 1][mark] if len(found) > SHOWN else None,
        first=not after,
        operation={act: life.operation(view(), row, act) for act in acts},
        acts=acts,
        proposal=store.proposal(view(), row["id"]),
        live=row["state"] in ("reading", "running", "undoing"),
        **state_of(row),
    )


def _first(row: Row) -> str:
    return next((each for each in ("wrong", "changed", "new") if _count(row, each)), "new")


def _count(row: Row, which: str) -> int:
    return row["fresh" if which == "new" else which]


def state_of(row: Row) -> Row:
    """What the live panel of an import needs; `parts` of the picture: (kind, lines, from and width in %)."""
    counts = [(kind, _count(row, kind)) for kind in compare.KINDS]
    whole_file, at, parts = sum(n for _kind, n in counts), 0, list[tuple[Any, ...]]()
    for kind, n in counts:
        parts.append((kind, n, *(f"{100 * each / max(1, whole_file):.3f}" for each in (at, n))))
        at += n
    back = row["state"] in ("undoing", "undone")
    goal = row["done"] if back else row["fresh"] + row["changed"]
    went = row["undone"] + row["kept"] if back else row["done"] + row["skipped"]
    told = {"parts": parts, "lines": whole_file, "goal": goal, "went": went, "kind_tones": KIND_TONES}
    return told | {"i": row, "tones": TONES, "target": TARGETS[row["target"]]}


def _cells(row: Row, each: Row) -> Row:
    """A row for the table: its key, and each cell that differs from before, or from a fresh record."""
    target, before = TARGETS[row["target"]], each["before"] or {}
    differing = [
        (column, column.show(before[column.name]) if before else "", column.show(each["after"][column.name]))
        for column in target.columns
        if column.name not in target.keys
        and before.get(column.name, column.first) != each["after"][column.name]
    ]
    why = word("error", each["why"]) if each["why"] else ""
    return {"line": each["line"], "key": " ".join(map(str, each["key"])), "cells": differing, "why": why}


def _fault(row: Row, each: Row) -> Row:
    column = TARGETS[row["target"]].column(each["column"])
    text = said(FieldError(each["column"], each["key"], each["args"]))
    return {"line": each["line"], "column": column, "value": each["value"], "text": text}


@blueprint.get("/<int:number>/live")
@needs("archive")
def live(number: int) -> Response:
    row = known(number)
    return jsonify(panels={"p-import": render_template("panels/import.html", polled=True, **state_of(row))})


@blueprint.get("/<int:number>/errors.csv")
@needs("archive")
def errors_csv(number: int) -> Response:
    row = known(number)
    with writing() as c:
        audit.add(c, current_user.name, "exported", f"import {number}", what="errors", lines=row["wrong"])
    heads = (_("Line of the file"), _("Column"), _("In the file"), _("What to do"))
    return as_csv(f"import-{number}-errors.csv", heads, _faults(row))


def _faults(row: Row) -> Iterator[tuple[Any, ...]]:
    after = 0
    while found := store.shown(view(), row["id"], "wrong", after, CSV_ROWS):
        after = found[-1]["id"]
        for each in found:
            told = _fault(row, each)
            column = heading(told["column"]) if told["column"] else ""
            yield told["line"], column, told["value"], told["text"]


def heading(column: Any) -> str:
    """The head of a column as files of this language have it."""
    return column.zh if shown() == "zh_CN" else column.name


@blueprint.post("/<int:number>/<act>")
@needs("archive")
def act(number: int, act: str) -> AnyResponse | tuple[str, int]:
    row = known(number)
    if act not in machine.ACTS:
        abort(404)
    there = redirect(url_for("imports.one", number=number))
    if row["state"] in machine.DONE[act]:  # a second press
        return there
    try:
        if life.operation(view(), row, act):
            return approvals.propose("import", kinds.import_of(row, act), approvals.once())
        with writing() as c:
            life.act(c, row, act, current_user.name, request.form.get("seen", ""))
    except Invalid as invalid:
        return show(known(number), by_field(invalid.errors)), 422
    life.carry_on(writing, number, now_s(), FIRST)
    return there


# ---- exports


@blueprint.get("/export")
@needs("export")
def export() -> Response:
    target = TARGETS.get(request.args.get("target", "")) or abort(404)
    q, unit = request.args.get("q", "").strip()[:64], whole("unit", request.args.get("unit")) or 0
    part = fleet.narrowed(view(), scope(), unit)
    records = list(target.every(view(), part, q))
    with writing() as c:
        told = {"q": q, "unit": unit, "records": len(records)}
        audit.add(c, current_user.name, "exported", target.name, **told)
    head, rows = tables.heads(target, shown()), tables.cells(target, records)
    if request.args.get("form") != "xlsx":
        return as_csv(f"{target.name}.csv", head, rows)
    made = Response(tables.workbook(head, rows), mimetype=XLSX)
    made.headers["Content-Disposition"] = f'attachment; filename="{target.name}.xlsx"'
    return made
