"""The trace of a device: switched on for some hours, looked at live, taken along as a file."""

from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from station.collection import traces as rules
from station.errors import Invalid
from station.store import audit, devices
from station.store import traces as store
from station.store.db import now_s
from station.web import drafts, trace_panels
from station.web.area import as_csv
from station.web.db import view, writing
from station.web.errors import by_field
from station.web.figures import local
from station.web.i18n import word
from station.web.rights import needs, scope

blueprint = Blueprint("traces", __name__, url_prefix="/terminals/<device>")
Row = dict[str, Any]


@blueprint.get("/trace")
@needs("view")
def page(device: str) -> str:
    return _page(device, {})


def _page(device: str, errors: dict[str, list[str]]) -> str:
    row = devices.get(view(), device) or abort(404)
    return render_template(
        "query/trace.html",
        errors=errors,
        hours=[(str(n), word("trace_hours", str(n))) for n in rules.HOURS],
        leaves=trace_panels.LEAVES,
        keep_days=rules.KEEP_S // 86_400,
        others=[each for each in store.listened(view(), scope(), now_s()) if each["device"] != device],
        **trace_panels.context(view(), row, request.args),
    )


@blueprint.post("/trace/<any(on, off):act>")
@needs("collect")
def switch(device: str, act: str) -> AnyResponse | tuple[str, int]:
    if devices.get(view(), device) is None:
        abort(404)
    hours = drafts.number(request.form.get("hours"))
    try:
        with writing() as c:
            if act == "off":
                rules.stop(c, current_user.name, device, now_s())
            else:
                rules.begin(c, current_user.name, device, hours, now_s())
    except Invalid as invalid:
        return _page(device, by_field(invalid.errors)), 422
    return redirect(url_for("traces.page", device=device))


@blueprint.get("/trace.csv")
@needs("export")
def csv(device: str) -> Response:
    row = devices.get(view(), device) or abort(404)
    found = store.page(view(), device, None, None, **trace_panels.wanted(request.args))
    with writing() as c:
        audit.add(c, current_user.name, "exported", f"trace of {device}", rows=len(found))
    heads = (_("Time"), _("Direction"), _("Message"), _("Bytes"), _("Outcome"), _("Decoded"), _("Raw bytes"))
    lines = (_line(trace_panels.shown(each), row["utc_offset_s"]) for each in found)
    return as_csv(f"trace-{device}.csv", heads, lines)


def _line(each: Row, offset_s: int) -> tuple[Any, ...]:
    return (
        f"{local(each['t_s'], offset_s, '%Y-%m-%d %H:%M:%S')}.{each['ms']}",
        _("received") if each["up"] else _("sent"),
        word("leaf", each["leaf"]),
        each["size"],
        each["trouble_words"],
        each["text"] or each["what"],
        each["payload"].hex(" ").upper(),
    )
