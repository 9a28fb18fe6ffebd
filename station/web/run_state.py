"""How the station itself is, put together for its page, for the overview and for Prometheus."""

import ipaddress
import platform
import time
from collections import Counter
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request
from sqlalchemy import Connection

from station.access import tokens
from station.access.rights import where
from station.backup import nightly
from station.jobs import due
from station.store import counters, db, fleet
from station.store import jobs as runs
from station.store import tokens as uses
from station.store.db import now_s
from station.watch import judge, logs, machine, metrics
from station.web.db import store
from station.web.figures import fixed
from station.web.helpers import station_offset_s
from station.web.rights import ANYONE, needs

blueprint = Blueprint("run_state", __name__)
TONES = {"ok": ("ok", "ok"), "warn": ("warn", "warn"), "alarm": ("trip", "offline")}
LOOK_S = 5
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


def held(c: Connection, t_s: int) -> judge.Held:
    tested, refused = nightly.tested(c), counters.all_counters(c)
    states = Counter(due.state(row, t_s, station_offset_s()) for row in runs.listed(c))
    return judge.Held(
        newest_s=fleet.newest_s(c),
        refused_s=max((row["last_s"] for row in refused), default=None),
        jobs=states,
        tested_s=tested["t_s"] if tested else None,
    )


def looked() -> machine.Machine:
    """The machine as it was at most LOOK_S ago: the overview is drawn again at every change, for many."""
    kept = current_app.extensions.get("looked")
    if kept is None or time.monotonic() - kept[0] >= LOOK_S:
        kept = time.monotonic(), machine.look(current_app.extensions["settings"])
        current_app.extensions["looked"] = kept
    return kept[1]


def checks(c: Connection) -> list[judge.Check]:
    t_s = now_s()
    return judge.checks(looked(), held(c, t_s), t_s)


def troubles(c: Connection) -> list[judge.Check]:
    """What is not well, the gravest first."""
    found = (each for each in checks(c) if each.state != "ok")
    return sorted(found, key=lambda each: -judge.STATES.index(each.state))


def versions(c: Connection) -> list[tuple[str, str]]:
    """(name of what, version)."""
    try:
        own = version("loadkeeper")
    except PackageNotFoundError:  # run from its folder, never installed
        own = "–"
    return [
        ("station", own),
        ("tables", db.HEAD),
        ("sqlite", db.sqlite_version(c)),
        ("python", platform.python_version()),
    ]


def figure(kind: str, value: Any) -> str:
    """Words of a fact of a check; `age` is drawn by the template."""
    if value is None:
        return "–"
    if kind == "bytes":
        return size(value)
    if kind == "1e2":
        return fixed(value, -2)
    return str(value)


def size(count: int) -> str:
    """Bytes in words."""
    for power, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if count >= 1 << power:
            return f"{fixed(count * 10 >> power, -1)} {unit}"
    return f"{count} B"


def has_log(name: str) -> bool:
    return bool(logs.files(current_app.extensions["settings"].log, name))


# ---- Prometheus


@blueprint.get("/metrics")
@needs(ANYONE)
def prometheus() -> Response:
    """From this machine itself, or with a token that may `run`; a proxy's callers are not this machine."""
    if not _from_here():
        refusal = _refusal()
        if refusal:
            return refusal
    t_s, now = now_s(), looked()
    with store().reading() as c:
        known, refused = held(c, t_s), counters.all_counters(c)
    found = metrics.families(now, known, judge.checks(now, known, t_s), refused)
    return Response(metrics.text(found), content_type=metrics.TYPE)


def _from_here() -> bool:
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _refusal() -> Response | None:
    kind, _space, text = request.headers.get("Authorization", "").partition(" ")
    at = now_s()
    with store().reading() as c:
        found = tokens.bearer(c, text.strip(), at) if kind.lower() == "bearer" else None
        stale = found is not None and tokens.stale(c, found.token, at)
    if found is None:
        return Response("a token is needed\n", 401, {"WWW-Authenticate": "Bearer"}, mimetype="text/plain")
    if stale:
        with store().writing() as c:
            uses.change(c, found.token, used_s=at, used_from=request.remote_addr or "")
    if not where(found.rights, "run").units:
        return Response("this token may run nothing\n", 403, mimetype="text/plain")
    return None


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(check_tones=TONES, check_figure=figure, has_log=has_log)
