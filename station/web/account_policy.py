"""What the house demands of passwords and sessions, and which functions need a second factor."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from station.access import policy as rules
from station.access.roles import FUNCTIONS
from station.errors import Invalid
from station.store.scope import ROOT
from station.web import drafts, people
from station.web.db import view, writing
from station.web.errors import Refused, by_field
from station.web.rights import needs, scope

blueprint = Blueprint("account_policy", __name__, url_prefix="/policy")
UNITS = {"change_days": "days", "lock_min": "min", "idle_min": "min", "longest_h": "hours"}
SWITCHES = ("single",)


@blueprint.get("")
@needs("policy")
def page() -> str:
    held = people.policy()
    values = {name: str(value) for name, value in held._asdict().items()}
    return _page(values, {}, rules.version(held), held.factor)


def _page(values: Mapping[str, str], errors: Any, version: str, factor: Any) -> str:
    return render_template(
        "staff/policy.html",
        values=values,
        errors=errors,
        version=version,
        numbers={name: row for name, row in rules.NUMBERS.items() if name not in SWITCHES},
        units=UNITS,
        functions=FUNCTIONS,
        factor=factor,
        advised=rules.ADVISED,
        reason_chars=rules.REASON_CHARS,
        may_change=scope().holds(view(), ROOT),
    )


@blueprint.post("")
@needs("policy")
def change() -> Response | tuple[str, int]:
    form = request.form
    if not scope().holds(view(), ROOT):  # it is one for the whole house
        raise Refused(403, "forbidden")
    wanted: dict[str, Any] = {name: drafts.number(form.get(name)) for name in rules.NUMBERS}
    wanted |= {name: int(name in form) for name in SWITCHES} | {"factor": form.getlist("factor")}
    try:
        with writing() as c:
            rules.change(c, current_user.name, wanted, form.get("version", ""), form.get("reason", ""))
        people.stay()
    except Invalid as invalid:
        return _page(form, by_field(invalid.errors), form.get("version", ""), form.getlist("factor")), 422
    flash(_("The policy is changed; the change stands in the audit."), "ok")
    return redirect(url_for("account_policy.page"))
