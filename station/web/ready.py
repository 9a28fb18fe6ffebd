"""/readyz, for what watches this station from outside: 200, or 503 with the reasons. Needs no login."""

import shutil
from pathlib import Path

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy import Connection

from station.store import db, fleet
from station.web.db import store
from station.web.rights import ANYONE, needs

blueprint = Blueprint("ready", __name__)
SILENT_S = 15 * 60  # some terminal of a working house is heard far more often
FREE_BYTES = 64 << 20  # below it a batch of ingest may not fit any more


@blueprint.get("/readyz")
@needs(ANYONE)
def readyz() -> tuple[Response, int]:
    reasons = _disk(current_app.extensions["settings"].home)
    try:
        with store().writing():  # takes the write lock and gives it back
            pass
        with store().reading() as c:
            reasons += _ingest(c, db.now_s())
    except db.StoreError:
        reasons.append("database_not_writable")
    return jsonify(ready=not reasons, reasons=reasons), 503 if reasons else 200


def _disk(home: Path) -> list[str]:
    return ["disk_full"] if shutil.disk_usage(home).free < FREE_BYTES else []


def _ingest(c: Connection, t_s: int) -> list[str]:
    """A house from which nothing ever came is new, not silent."""
    newest_s = fleet.newest_s(c)
    return ["nothing_stored_lately"] if newest_s is not None and t_s - newest_s > SILENT_S else []
