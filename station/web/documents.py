"""Documents and photos: a list that is searched, one with its file, files that come whole or in pieces."""

import hashlib
import secrets
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from station.access.rights import where
from station.documents import life, types
from station.documents.files import Files, Gap
from station.errors import FieldError, Invalid
from station.store import audit
from station.store import documents as store
from station.store.scope import Scope
from station.web.approvals import once
from station.web.arguments import whole
from station.web.db import view, writing
from station.web.errors import Refused, by_field, said
from station.web.rights import functions_at, needs, scope

blueprint = Blueprint("documents", __name__, url_prefix="/documents")
ROWS = 50
FORM_BYTES = 64 << 10  # of an upload beside its file
IMAGE_POLICY = "default-src 'none'; sandbox"
PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
Row = dict[str, Any]


def room() -> None:
    """Let a file, or a piece of one, through to its page."""
    if request.endpoint == "documents.added":
        request.max_content_length = life.MOST_BYTES + FORM_BYTES
    elif request.endpoint == "documents.piece":
        request.max_content_length = life.PIECE_BYTES


def init_app(app: Flask) -> None:
    app.extensions["files"] = Files(app.extensions["settings"].home)
    app.before_request(room)


def files() -> Files:
    return current_app.extensions["files"]


# ---- lists


@blueprint.get("")
@needs("view")
def page() -> str:
    args = request.args
    subject, key = args.get("subject", ""), args.get("key", "").strip()[:64]
    if subject and subject not in store.SUBJECTS:
        abort(404)
    wanted = store.Wanted(scope(), args.get("q", "").strip()[:64], subject, key)
    found = store.listed(view(), wanted, ROWS + 1, whole("before", args.get("before")))
    return render_template(
        "documents/list.html",
        wanted=wanted,
        subjects=store.SUBJECTS,
        found=found[:ROWS],
        images=types.IMAGES,
        adds=bool(adding().units),
        older=found[ROWS - 1]["id"] if len(found) > ROWS else None,
    )


def adding() -> Scope:
    """Where the person may attach something: where any of life.ADDS is his."""
    units = {unit for function in life.ADDS for unit in where(current_user.rights, function).units}
    return Scope(tuple(sorted(units)))


# ---- a new one


@blueprint.get("/new")
@needs("view")
def new() -> str:
    return _form(request.args, {})


def _form(values: Any, errors: dict[str, list[str]]) -> str:
    if not adding().units:
        raise Refused(403, "forbidden")
    return render_template(
        "documents/new.html",
        values=values,
        errors=errors,
        once=once(),
        subjects=store.SUBJECTS,
        most_mb=life.MOST_BYTES >> 20,
        piece_bytes=life.PIECE_BYTES,
    )


def _about(name: str) -> life.About:
    form = request.form
    title = form.get("title", "").strip() or name.rpartition(".")[0][: life.TITLE_CHARS]
    return life.About(form.get("subject", ""), form.get("key", ""), name, title, form.get("tags", ""))


@blueprint.post("")
@needs("view")
def added() -> AnyResponse | tuple[str, int]:
    """A file that comes whole, from a form without a script."""
    file, token = request.files.get("file"), _token()
    try:
        if file is None or not file.filename:
            raise Invalid(FieldError("file", "no_file"))
        data = file.read(life.MOST_BYTES + 1)
        file.close()
        number = _whole(file.filename[-life.NAME_CHARS :], data, token)
    except Invalid as invalid:
        return _form(request.form, by_field(invalid.errors)), 422
    return redirect(url_for("documents.one", number=number))


def _whole(name: str, data: bytes, token: str) -> int:
    with writing() as c:
        there = store.by_token(c, token)
        if there is not None:  # a second press
            return there
        opened = store.upload(c, token, current_user.name)
        if opened is None:
            sha256, size = hashlib.sha256(data).hexdigest(), len(data)
            about, who = _about(name), current_user.name
            token = life.begin(c, files(), who, adding(), about, size, sha256, token)
            opened = store.upload(c, token, current_user.name)
    assert opened is not None
    life.whole(files(), token, data)
    return life.finish(writing, files(), opened)


def _token() -> str:
    """That of the form, which names the part on the disk; a made-up one gives way to a fresh one."""
    token = once()
    return token if len(token) == 32 and not set(token) - set("0123456789abcdef") else secrets.token_hex(16)


# ---- in pieces


@blueprint.post("/uploads")
@needs("view")
def begin() -> AnyResponse | tuple[Response, int]:
    form = request.form
    size, sha256 = whole("bytes", form.get("bytes")) or 0, form.get("sha256", "").lower()
    if sha256 and (len(sha256) != 64 or set(sha256) - set("0123456789abcdef")):
        raise Refused(400, "bad_argument", argument="sha256")
    about = _about(form.get("name", "")[-life.NAME_CHARS :])
    token = _token()
    there = store.by_token(view(), token)
    if there is not None:  # a second press
        return jsonify(url=url_for("documents.one", number=there))
    try:
        with writing() as c:
            if store.upload(c, token, current_user.name) is None:
                token = life.begin(c, files(), current_user.name, adding(), about, size, sha256, token)
    except Invalid as invalid:
        return _refused(invalid)
    return jsonify(token=token, have=files().have(token))


def _refused(invalid: Invalid) -> tuple[Response, int]:
    full = any(error.key == "disk_full" for error in invalid.errors)
    return jsonify(errors=[said(error) for error in invalid.errors]), 507 if full else 422


def _upload(token: str) -> Row:
    return store.upload(view(), token, current_user.name) or abort(404)


@blueprint.get("/uploads/<token>")
@needs("view")
def have(token: str) -> Response:
    """Where to go on: `have`, for HEAD too as Upload-Offset."""
    made = jsonify(token=token, have=files().have(_upload(token)["token"]))
    made.headers["Upload-Offset"] = str(files().have(token))
    return made


@blueprint.post("/uploads/<token>/pieces")
@needs("view")
def piece(token: str) -> AnyResponse | tuple[Response, int]:
    upload, offset = _upload(token), whole("offset", request.args.get("offset")) or 0
    try:
        return jsonify(have=life.piece(files(), upload, offset, request.get_data()))
    except Gap as gap:
        return jsonify(have=gap.args[0]), 409
    except Invalid as invalid:
        return _refused(invalid)


@blueprint.post("/uploads/<token>/finish")
@needs("view")
def finish(token: str) -> AnyResponse | tuple[Response, int]:
    there = store.by_token(view(), token)
    if there is not None:
        return jsonify(url=url_for("documents.one", number=known(there)["id"]))
    try:
        number = life.finish(writing, files(), _upload(token))
    except Invalid as invalid:
        return _refused(invalid)
    return jsonify(url=url_for("documents.one", number=number))


# ---- one


def known(number: int) -> Row:
    return store.get(view(), scope(), number) or abort(404)


def _mine(row: Row) -> bool:
    """May change its words and take it away: as who may attach it."""
    unit = store.unit_of(view(), scope(), row["subject"], row["key"]) or row["unit"]
    return bool(functions_at(unit) & set(life.ADDS))


@blueprint.get("/<int:number>")
@needs("view")
def one(number: int) -> str:
    return show(known(number), request.form, {})


def show(row: Row, values: Any, errors: dict[str, list[str]]) -> str:
    return render_template(
        "documents/one.html",
        d=row,
        values=values or row,
        errors=errors,
        mine=_mine(row),
        image=row["type"] in types.IMAGES,
        inline=types.TYPES[row["type"]].inline,
    )


@blueprint.post("/<int:number>/<act>")
@needs("view")
def change(number: int, act: str) -> AnyResponse | tuple[str, int]:
    row, form = known(number), request.form
    if act not in ("describe", "remove"):
        abort(404)
    if not _mine(row):
        raise Refused(403, "forbidden")
    version = whole("version", form.get("version")) or 0
    try:
        with writing() as c:
            if act == "remove":
                life.remove(c, row, current_user.name, version)
            else:
                words = form.get("title", ""), form.get("tags", "")
                life.describe(c, row, current_user.name, version, *words)
    except Invalid as invalid:
        return show(known(number), form, by_field(invalid.errors)), 422
    if act == "remove":
        flash(_("The document is taken out; that stands in the audit."), "ok")
        return redirect(url_for("documents.page"))
    return redirect(url_for("documents.one", number=number))


@blueprint.get("/<int:number>/file")
@needs("view")
def file(number: int) -> Response:
    """The file itself. By its content: pictures and PDF are shown, but may run nothing; others are saved."""
    row = known(number)
    kind = types.TYPES[row["type"]]
    with writing() as c:
        audit.add(c, current_user.name, "saw", f"document {number}", name=row["name"], sha256=row["sha256"])
    path = files().path(row["sha256"])
    shown = kind.inline and "save" not in request.args
    made = send_file(path, mimetype=kind.mime, as_attachment=not shown, download_name=row["name"], max_age=0)
    made.headers["Content-Security-Policy"] = PDF_POLICY if kind.name == "pdf" else IMAGE_POLICY
    made.headers["Cache-Control"] = "private, no-store"
    return made
