"""What does not fit in the archives: findings of the night, big customers without terminal, late changes."""

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from station.archives import checks, records, shapes
from station.archives.kinds import ENDED, KEY_CUSTOMER_KVA, PEOPLE
from station.errors import Invalid
from station.store import archive_checks, audit
from station.store import archives as store
from station.web.archives import changed_words, desk, saw, version
from station.web.area import as_csv
from station.web.arguments import MOST, whole
from station.web.db import view, writing
from station.web.errors import by_field
from station.web.rights import needs, scope, scope_for

blueprint = Blueprint("archive_findings", __name__, url_prefix="/archives")
ROWS, CSV_MOST = 50, 10_000


@blueprint.get("/findings")
@needs("archive")
def page() -> str:
    return show({}, 0)


def show(errors: dict[str, list[str]], at: int) -> str:
    """`at`: the finding that `errors` are about."""
    rule, is_known = request.args.get("rule", ""), request.args.get("list") == "known"
    rule = rule if rule in checks.RULES else ""
    after = whole("after", request.args.get("after")) or 0
    found = archive_checks.listed(view(), scope(), rule, is_known, after, ROWS)
    return render_template(
        "archives/findings.html",
        found=found,
        rule=rule,
        rules=checks.RULES,
        known=is_known,
        errors=errors,
        at=at,
        last=found[-1] if len(found) == ROWS else None,
        reason_chars=records.REASON_CHARS,
    )


@blueprint.post("/findings/<int:number>")
@needs("archive")
def know(number: int) -> AnyResponse | tuple[str, int]:
    if number > MOST or archive_checks.finding(view(), number, scope()) is None:
        abort(404)
    try:
        with writing() as c:
            checks.know(c, desk(), number, version(), request.form.get("why", ""))
    except Invalid as invalid:
        return show(by_field(invalid.errors), number), 422
    flash(_("It is known now, and stands in the other list."), "ok")
    return redirect(url_for("archive_findings.page"))


@blueprint.get("/coverage")
@needs("archive")
def coverage() -> str:
    after = whole("after", request.args.get("after")) or 0
    found = store.uncovered(view(), scope(), KEY_CUSTOMER_KVA, ENDED, after, ROWS)
    if found:
        saw("archive coverage", rows=len(found))
    last = found[-1] if len(found) == ROWS else None
    return render_template("archives/coverage.html", found=found, last=last, kva=KEY_CUSTOMER_KVA)


@blueprint.get("/coverage.csv")
@needs("export")
def coverage_csv() -> Response:
    mine = scope_for("archive")  # both rights are needed, each where the customer is
    listed = store.uncovered(view(), mine, KEY_CUSTOMER_KVA, ENDED, 0, CSV_MOST)
    found = [row for row in listed if scope().holds(view(), row["unit"])]
    with writing() as c:
        audit.add(c, current_user.name, "exported", "archive coverage", rows=len(found))
    heads = (_("Number"), _("Name"), _("Unit"), _("Capacity (kVA)"))
    cells = [(row["number"], row["name"], row["unit_name"], row["capacity_kva"]) for row in found]
    return as_csv("coverage.csv", heads, cells)


@blueprint.get("/late")
@needs("archive")
def late() -> str:
    after = whole("after", request.args.get("after")) or 0
    found = store.late(view(), scope(), after, ROWS)
    if any(each["kind"] in PEOPLE for each in found):
        saw("archive late changes", rows=len(found))
    return render_template(
        "archives/late.html",
        found=[(each, changed_words(each["kind"], each["changed"])) for each in found],
        last=found[-1] if len(found) == ROWS else None,
        day_text=shapes.day_text,
    )


@blueprint.post("/late/<int:number>")
@needs("archive")
def settle(number: int) -> AnyResponse:
    if number > MOST or not store.has_change(view(), number, scope()):
        abort(404)
    try:
        with writing() as c:
            records.settle(c, desk(), number)
        flash(_("Noted as calculated again."), "ok")
    except Invalid as invalid:
        for words in by_field(invalid.errors).values():
            flash(words[0], "error")
    return redirect(url_for("archive_findings.late"))
