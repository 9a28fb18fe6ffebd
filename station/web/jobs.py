"""The periodic work: what there is, how it went, and a run by hand."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from station.errors import Invalid
from station.jobs import due, life
from station.store import audit
from station.store import jobs as store
from station.store.db import now_s
from station.store.scope import ROOT
from station.web.approvals import once
from station.web.area import as_csv
from station.web.arguments import whole
from station.web.db import view, writing
from station.web.errors import Refused
from station.web.helpers import station_offset_s
from station.web.i18n import word
from station.web.rights import needs, scope, scope_for

blueprint = Blueprint("jobs", __name__, url_prefix="/station/jobs")
ROWS, CSV_ROWS = 50, 1000  # of a page; in one question of the file
STATE_TONES = {
    "waiting": ("ok", "ok"),
    "wanted": ("accent", "clock"),
    "running": ("accent", "clock"),
    "late": ("warn", "clock"),
    "failed": ("trip", "warn"),
}
RESULT_TONES = {
    "running": ("accent", "clock"),
    "done": ("ok", "ok"),
    "failed": ("trip", "warn"),
    "cut": ("warn", "gap"),
}


@blueprint.get("")
@needs("run")
def page() -> str:
    job, result = _filter()
    found = store.runs(view(), ROWS, job, result, whole("before", request.args.get("before")))
    return render_template(
        "jobs/page.html",
        jobs=[_shown(row) for row in store.listed(view())],
        found=found,
        older=found[-1]["id"] if len(found) == ROWS else None,
        job=job,
        result=result,
        results=due.RESULTS,
        state_tones=STATE_TONES,
        result_tones=RESULT_TONES,
        whole_house=_whole_house(),
        once=once(),
    )


def _filter() -> tuple[str, str]:
    job, result = request.args.get("job", "")[:64], request.args.get("result", "")
    if result and result not in due.RESULTS:
        abort(404)
    return job, result


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its `state` and the words of its `time`."""
    if row["every_s"] is not None:
        time = _("every %(n)s s", n=row["every_s"])
    else:
        time = _("every day at %(time)s", time=f"{row['at_min'] // 60:02d}:{row['at_min'] % 60:02d}")
    return row | {"state": due.state(row, now_s(), station_offset_s()), "time": time}


def _whole_house() -> bool:
    """A job works on the data of all: it is started by who runs the whole station."""
    return scope().holds(view(), ROOT)


@blueprint.post("/<name>/run")
@needs("run")
def run(name: str) -> AnyResponse:
    if not _whole_house():
        raise Refused(403, "forbidden")
    try:
        with writing() as c:
            asked = life.ask(c, name, current_user.name, once(), now_s())
    except Invalid:
        abort(404)
    if asked:
        flash(_("The job starts within a few seconds."), "ok")
    else:
        flash(_("This run is asked for already."), "ok")
    return redirect(url_for("jobs.page"))


@blueprint.get("/runs.csv")
@needs("export")
def file() -> Response:
    scope_for("run")
    job, result = _filter()
    with writing() as c:
        audit.add(c, current_user.name, "exported", "job runs", job=job, result=result)
    heads = (_("Job"), _("Began"), _("Took"), _("Result"), _("Rows"), _("Asked by"), _("Error"))
    return as_csv("job-runs.csv", heads, _cells(job, result))


def _cells(job: str, result: str) -> Iterator[tuple[Any, ...]]:
    before = None
    while found := store.runs(view(), CSV_ROWS, job, result, before):
        before = found[-1]["id"]
        for row in found:
            took = "" if row["end_s"] is None else row["end_s"] - row["start_s"]
            ended = word("run_result", row["result"])
            count = "" if row["rows"] is None else row["rows"]
            yield row["job"], row["start_s"], took, ended, count, row["author"], row["error"]
