"""The logs of the station's processes: read in pages, newest first, and taken out as a file."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from flask import Blueprint, Response, abort, current_app, render_template, request
from flask_login import current_user

from station.store import audit
from station.store.scope import ROOT
from station.watch import logs
from station.web.arguments import whole
from station.web.db import view, writing
from station.web.errors import Refused
from station.web.rights import needs, scope_for

blueprint = Blueprint("logs", __name__, url_prefix="/station/logs")
ROWS, WORD_CHARS = 100, 64
LEASTS = ("INFO", "WARNING", "ERROR")  # what may be chosen as the least grave; INFO: all
TONES = {
    "WARNING": ("warn", "warn"),
    "ERROR": ("trip", "offline"),
    "CRITICAL": ("trip", "offline"),
}


def _folder() -> Path:
    """Refused 403 to who does not run the whole station: a log tells of all its terminals."""
    if not scope_for("run").holds(view(), ROOT):
        raise Refused(403, "forbidden")
    return current_app.extensions["settings"].log


def _levels(least: str) -> frozenset[str]:
    if least == LEASTS[0]:
        return frozenset()  # with what no level stands before
    return frozenset(logs.LEVELS[logs.LEVELS.index(least) :])


def _place() -> logs.Place | None:
    inode, offset = whole("inode", request.args.get("inode")), whole("offset", request.args.get("offset"))
    return None if inode is None or offset is None else logs.Place(inode, offset)


@blueprint.get("")
@needs("run")
def page() -> str:
    folder = _folder()
    names = logs.names(folder)
    process = request.args.get("process") or (names[0] if names else "")
    least, word = request.args.get("least", LEASTS[0]), request.args.get("q", "")[:WORD_CHARS]
    if least not in LEASTS or (process and process not in names):
        abort(404)
    found = logs.page(folder, process, _levels(least), word, ROWS, _place())
    return render_template(
        "logs/page.html",
        names=names,
        process=process,
        least=least,
        leasts=LEASTS,
        q=word,
        found=found,
        at_place=_place() is not None,
        word_chars=WORD_CHARS,
        tones=TONES,
    )


@blueprint.get("/<process>.log")
@needs("export")
def file(process: str) -> Response:
    """All of a log, the oldest first."""
    paths = logs.files(_folder(), process)
    if not paths:
        abort(404)
    with writing() as c:
        audit.add(c, current_user.name, "exported", f"log {process}")
    with ExitStack() as opened:
        files = [opened.enter_context(path.open("rb")) for path in reversed(paths)]
        made = Response(_blocks(files), mimetype="text/plain")
        made.call_on_close(opened.pop_all().close)
    made.headers["Content-Disposition"] = f'attachment; filename="{process}.log"'
    return made


def _blocks(files: Sequence[BinaryIO]) -> Iterator[bytes]:
    """They are open before the first byte goes out: what is moved on meanwhile is still read."""
    for each in files:
        while block := each.read(logs.BLOCK_BYTES):
            yield block
