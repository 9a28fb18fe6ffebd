"""The inbox of alarms, one alarm, and the numbers that decide when there is one."""

from collections.abc import Iterator, Mapping
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

from protocols.meters.rules import RULES
from protocols.uplink.area import EVENT_CODE
from station.access.rights import where
from station.alarms import acts, policy
from station.alarms.kinds import BY_EVENT, SEVERITIES
from station.errors import Invalid
from station.store import alarms as store
from station.store import audit
from station.store.alarms import Wanted
from station.store.db import now_s
from station.store.scope import Scope
from station.web import drafts, fleet
from station.web.approvals import once
from station.web.area import as_csv
from station.web.arguments import whole
from station.web.db import view, writing
from station.web.errors import Refused, by_field, said
from station.web.figures import iso
from station.web.i18n import shown, word
from station.web.rights import functions_at, needs, scope

blueprint = Blueprint("alarms", __name__, url_prefix="/alarms")
ROWS, MEMBERS, CSV_ROWS, MOST_CSV = 50, 50, 1000, 50_000
TONES = {1: ("trip", "trip"), 2: ("warn", "warn"), 3: ("accent", "bolt"), 4: ("idle", "idle")}
STATE_TONES = {"open": ("warn", "warn"), "acknowledged": ("accent", "hand"), "cleared": ("ok", "ok")}
OF_RULE = {rule.alias: rule for rule in RULES.values()}
ALL_KINDS = (*BY_EVENT, *OF_RULE)
Row = dict[str, Any]


def kind_words(kind: str) -> str:
    """An alarm's kind in the page's language; rules of meters have their words in their table."""
    rule = OF_RULE.get(kind)
    if rule:
        return rule.en if shown() == "en" else rule.zh
    return word("event" if kind in EVENT_CODE else "alarm_kind", kind)


# ---- the inbox


def _wanted() -> tuple[Wanted, int]:
    """(what the address asks for, the unit it names or 0)."""
    state, unit = request.args.get("state", "open"), whole("unit", request.args.get("unit")) or 0
    severity = whole("severity", request.args.get("severity")) or 0
    if state not in store.STATES or severity not in (0, *SEVERITIES):
        abort(404)
    kind, device = (request.args.get(name, "").strip()[:64] for name in ("kind", "device"))
    within = fleet.narrowed(view(), scope(), unit)
    return Wanted(within, state, severity, kind, current_user.name, device), unit


def _address(wanted: Wanted, unit: int) -> Row:
    """Arguments of the list, without those of the page of it."""
    every = {"state": wanted.state, "severity": wanted.severity, "kind": wanted.kind, "unit": unit}
    return {name: value for name, value in (every | {"device": wanted.device}).items() if value}


def _after() -> tuple[int, int] | None:
    severity, number = (whole(name, request.args.get(name)) for name in ("from", "before"))
    return (severity, number) if severity is not None and number is not None else None


@blueprint.get("")
@needs("view")
def page() -> str:
    wanted, unit = _wanted()
    found = store.page(view(), wanted, ROWS, _after())
    return render_template(
        "alarms/list.html",
        wanted=wanted,
        found=found,
        older=found[-1] if len(found) == ROWS else None,
        address=_address(wanted, unit),
        values=request.args,
        units=fleet.units(view(), scope()),
        kinds=sorted((kind_words(kind), kind) for kind in ALL_KINDS),
        severities=SEVERITIES,
        acts_here=current_user.may("events"),
        first=_after() is None,
        **_counted(wanted),
    )


def _counted(wanted: Wanted) -> Row:
    return {"counts": store.counts(view(), scope(), current_user.name), "state": wanted.state}


@blueprint.get("/counts")
@needs("view")
def live() -> Response:
    """The lists with how many stand in each, drawn anew."""
    wanted, unit = _wanted()
    panel = render_template("panels/alarm_lists.html", address=_address(wanted, unit), **_counted(wanted))
    return jsonify(panels={"p-alarm-lists": panel})


@blueprint.get("/alarms.csv")
@needs("export")
def csv() -> Response:
    wanted, _unit = _wanted()
    with writing() as c:
        audit.add(c, current_user.name, "exported", "alarms", state=wanted.state, kind=wanted.kind)
    heads = (_("No."), _("Severity"), _("Alarm"), _("Terminal"), _("Name"), _("Unit"), _("State"))
    more = (_("Began"), _("Last"), _("Times"), _("Assigned to"), _("Cause"))
    return as_csv(f"alarms-{wanted.state}.csv", heads + more, _cells(wanted))


def _cells(wanted: Wanted) -> Iterator[tuple[Any, ...]]:
    after, told = None, 0
    while (found := store.page(view(), wanted, CSV_ROWS, after)) and told < MOST_CSV:
        after, told = (found[-1]["severity"], found[-1]["id"]), told + len(found)
        for row in found:
            cause = word("alarm_cause", row["cause"]) if row["cause"] else ""
            state, name = word("alarm_state", row["state"]), row["device_name"] or ""
            begin = (row["id"], row["severity"], kind_words(row["kind"]), row["device"] or "", name)
            times = (iso(row["from_s"]), iso(row["last_s"]), row["repeats"])
            yield (*begin, row["unit_name"], state, *times, row["assignee"] or "", cause)


@blueprint.post("/acknowledge")
@needs("events")
def acknowledge_many() -> AnyResponse:
    chosen = []
    for each in request.form.getlist("chosen")[: acts.MOST]:
        number, _colon, version = each.partition(":")
        chosen.append((whole("chosen", number) or 0, whole("chosen", version) or 0))
    with writing() as c:
        done, missed = acts.acknowledge_many(c, current_user.name, scope(), chosen)
    if not chosen:
        flash(_("Select alarms first."), "error")
    if done:
        flash(_("Acknowledged: %(n)s", n=done), "ok")
    if missed:
        told = _("%(n)s were changed by somebody else meanwhile: look at them again.", n=missed)
        flash(told, "error")
    return redirect(url_for("alarms.page", **_back()))


def _back() -> Row:
    """The list that the form was on."""
    names = ("state", "severity", "kind", "unit", "device")
    return {name: request.form[name] for name in names if request.form.get(name)}


# ---- one alarm


def known(number: int, within: Scope | None = None) -> Row:
    return store.get(view(), number, within or scope()) or abort(404)


@blueprint.get("/<int:number>")
@needs("view")
def one(number: int) -> str:
    return _show(known(number), {}, {})


def _show(row: Row, errors: Mapping[str, list[str]], values: Mapping[str, str]) -> str:
    c, after = view(), whole("after", request.args.get("after")) or 0
    members = store.members(c, row["id"], MEMBERS, after) if row["members"] else []
    return render_template(
        "alarms/one.html",
        a=row,
        errors=errors,
        values=values,
        once=once(),
        notes=store.notes(c, row["id"]),
        members=members,
        more=members[-1]["id"] if len(members) == MEMBERS else None,
        acts_here="events" in functions_at(row["unit_now"]),
        causes=acts.CAUSES,
        chars=acts.TEXT_CHARS,
    )


@blueprint.post("/<int:number>/<act>")
@needs("events")
def change(number: int, act: str) -> AnyResponse | tuple[str, int]:
    known(number)
    form, version = request.form, whole("version", request.form.get("version")) or 0
    if act not in _ACTS:
        abort(404)
    try:
        with writing() as c:
            _ACTS[act](c, current_user.name, scope(), number, version, form)
    except Invalid as invalid:
        row = known(number, where(current_user.rights, "view"))
        return _show(row, by_field(invalid.errors), form), 422
    return redirect(url_for("alarms.one", number=number))


def _acknowledge(c: Any, who: str, at: Scope, number: int, version: int, _form: Any) -> None:
    acts.acknowledge(c, who, at, number, version)


def _assign(c: Any, who: str, at: Scope, number: int, version: int, form: Any) -> None:
    acts.assign(c, who, at, number, version, form.get("to", "").strip()[:64])


def _note(c: Any, who: str, at: Scope, number: int, _version: int, form: Any) -> None:
    acts.comment(c, who, at, number, form.get("text", ""), once())


def _escalate(c: Any, who: str, at: Scope, number: int, version: int, form: Any) -> None:
    acts.escalate(c, who, at, number, version, form.get("text", ""))


def _close(c: Any, who: str, at: Scope, number: int, version: int, form: Any) -> None:
    acts.close(c, who, at, number, version, form.get("cause", ""), form.get("text", ""))


_ACTS = {
    "acknowledge": _acknowledge,
    "assign": _assign,
    "note": _note,
    "escalate": _escalate,
    "close": _close,
}


# ---- the numbers


@blueprint.get("/rules")
@needs("run")
def rules() -> str:
    held = policy.rules(view())
    return _rules({name: str(value) for name, value in held.items()}, {}, policy.version(held))


def _rules(values: Mapping[str, str], errors: Mapping[str, list[str]], version: str) -> str:
    return render_template(
        "alarms/rules.html",
        values=values,
        errors=errors,
        version=version,
        rules=policy.RULES,
        kinds=sorted(BY_EVENT.items(), key=lambda each: (each[1].severity, each[0])),
    )


@blueprint.post("/rules")
@needs("run")
def rules_changed() -> AnyResponse | tuple[str, int]:
    form = request.form
    if 1 not in scope().units:  # the numbers are of the whole house
        raise Refused(403, "forbidden")
    wanted = {name: drafts.number(form.get(name)) for name in policy.RULES}
    try:
        with writing() as c:
            policy.change(c, current_user.name, wanted, form.get("version", ""))
    except Invalid as invalid:
        return _rules(form, by_field(invalid.errors), form.get("version", "")), 422
    flash(_("The numbers are changed; the change stands in the audit."), "ok")
    return redirect(url_for("alarms.rules"))


def waiting() -> int:
    """How many alarms of the person at the desk nobody has acknowledged."""
    return store.waiting(view(), where(current_user.rights, "view"), now_s())


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(
        alarm_kind=kind_words, alarm_tones=TONES, alarm_state_tones=STATE_TONES, error_said=said
    )
