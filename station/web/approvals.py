"""What waits for a second person, one proposal with whom it affects, a trip of many, the policy."""

import secrets
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

from protocols.uplink import area, messages
from protocols.uplink.codes import TO_MANY
from station.access.rights import where
from station.approvals import flags, kinds, life, machine, policy
from station.errors import FieldError, Invalid
from station.store import approvals as store
from station.store import audit
from station.store.db import now_s
from station.web import drafts, fleet, people, staff_words
from station.web.area import as_csv
from station.web.arguments import whole
from station.web.db import view, writing
from station.web.errors import by_field, said
from station.web.helpers import param_rows, proposed_rows, station_offset_s
from station.web.i18n import word
from station.web.rights import ANYONE, needs, scope, scope_for

blueprint = Blueprint("approvals", __name__)
ROWS, SHOWN, CSV_ROWS = 50, 100, 1000  # of a list; of the affected on a page; of them in one question
TONES = {
    "drafted": ("accent", "clock"),
    "approved": ("accent", "ok"),
    "executed": ("ok", "ok"),
    "refused": ("trip", "warn"),
    "failed": ("trip", "warn"),
    "withdrawn": ("idle", "idle"),
    "expired": ("warn", "clock"),
}
Row = dict[str, Any]


# ---- lists


@blueprint.get("/approvals")
@needs(ANYONE)
def page() -> str:
    which = request.args.get("list", "decide")
    if which not in store.LISTS:
        abort(404)
    scopes, before = _scopes(), whole("before", request.args.get("before"))
    found = store.listed(view(), which, current_user.name, scopes, now_s(), ROWS, before)
    return render_template(
        "approvals/list.html",
        which=which,
        found=found,
        tones=TONES,
        waiting=waiting(),
        older=found[-1]["id"] if len(found) == ROWS else None,
    )


def _scopes() -> dict[str, Any]:
    return life.approve_scopes(current_user.rights)


def waiting() -> int:
    """How many proposals wait for the person at the desk."""
    return store.waiting(view(), current_user.name, _scopes(), now_s())


# ---- one proposal


def known(number: int) -> Row:
    """The proposal, for its author, for who may approve it, and for auditors; else 404."""
    row = store.get(view(), number)
    if row is None or not (row["author"] == current_user.name or _may_see(row)):
        abort(404)
    return row


def _may_see(row: Row) -> bool:
    rights = current_user.rights
    return any(
        store.covers(view(), row["id"], where(rights, function))
        for function in (kinds.KINDS[row["kind"]].approve, "audit")
    )


def may_decide(row: Row) -> bool:
    found = life.rights_of(view(), current_user.name, now_s(), but_from=row["author"])
    mine = where(found, kinds.KINDS[row["kind"]].approve)
    if row["author"] == current_user.name or life.concerns(view(), row, current_user.name):
        return False
    return store.covers(view(), row["id"], mine)


@blueprint.get("/approvals/<int:number>")
@needs(ANYONE)
def one(number: int) -> str:
    return show(known(number), {})


def show(row: Row, errors: dict[str, list[str]]) -> str:
    c, number = view(), row["id"]
    after = (whole("unit", request.args.get("unit")) or 0, request.args.get("after", "")[:64])
    affected = store.targets(c, number, SHOWN, after)
    return render_template(
        "approvals/one.html",
        errors=errors,
        affected=affected,
        units=store.by_unit(c, number),
        more=(affected[-1]["unit"], affected[-1]["target"]) if len(affected) == SHOWN else None,
        first=after == (0, ""),
        content_rows=content_rows(row),
        decides=may_decide(row),
        typed=str(row["affected"]) if row["affected"] >= machine.TYPED_FROM else "",
        values=request.form,
        flags=flags.FLAGS,
        people=kinds.KINDS[row["kind"]].people,
        files=kinds.KINDS[row["kind"]].files,
        of_unit=kinds.KINDS[row["kind"]].units,
        offline=lambda each: flags.offline(_seen(each), now_s()),
        **state_of(row),
    )


def _seen(each: Row) -> Row:
    return {"last_seen_s": max(each["last_seen_s"] or 0, each["received_s"] or 0) or None}


def state_of(row: Row) -> Row:
    """What the live panel of a proposal needs."""
    over = machine.expired(row, now_s()) and row["state"] == "drafted"
    return {
        "p": row,
        "state": "expired" if over else row["state"],
        "tones": TONES,
        "progress": store.progress(view(), row["id"]) if row["started_s"] else {},
        "undone": len(store.undone(view(), row["id"])) if row["ended_s"] else 0,
    }


@blueprint.get("/api/approvals/<int:number>")
@needs(ANYONE)
def live(number: int) -> Response:
    row = known(number)
    return jsonify(panels={"p-approval": render_template("panels/approval.html", **state_of(row))})


def content_rows(row: Row) -> list[tuple[str, str]]:
    """Exactly what is done, as (label, value)."""
    content: Mapping[str, Any] = row["content"]
    if kinds.KINDS[row["kind"]].people or kinds.KINDS[row["kind"]].units:
        return staff_words.content_rows(content)
    if "params" not in content:
        return proposed_rows(content)
    rows = param_rows(content["kind"], kinds.params_of(content), station_offset_s())
    valid = _("%(n)s min from its execution on", n=-(-content["within_s"] // 60))
    note = [(_("Remark"), content["note"])] if content["note"] else []
    return [*rows, (_("Valid for"), valid), *note]


@blueprint.post("/approvals/<int:number>/<act>")
@needs(ANYONE)
def decide(number: int, act: str) -> AnyResponse | tuple[str, int]:
    row, remark = known(number), request.form.get("remark", "").strip()[: machine.REASON_CHARS]
    wrong = _ACTS[act](row, remark) if act in _ACTS else abort(404)
    if wrong is not None and wrong.field:
        return show(known(number), by_field([wrong])), 422
    if wrong is not None:
        flash(said(wrong), "error")
    return redirect(url_for("approvals.one", number=number))


def _approve(row: Row, remark: str) -> FieldError | None:
    if row["affected"] >= machine.TYPED_FROM and request.form.get("typed", "").strip() != str(
        row["affected"]
    ):
        return FieldError("typed", "typed_count")
    wrong = people.confirm()
    if wrong is None:
        with writing() as c:
            wrong = life.approve(c, row["id"], current_user.name, request.form.get("shown", ""), remark)
    if wrong is None:
        begin(row["id"])
    return wrong


def begin(number: int) -> None:
    """The first batch at once, so that its page shows it; the process that dispatches goes on."""
    with writing() as c:
        life.step(c, number, now_s())


def _turn_down(row: Row, remark: str) -> FieldError | None:
    with writing() as c:
        return life.turn_down(c, row["id"], current_user.name, remark)


def _withdraw(row: Row, _remark: str) -> FieldError | None:
    with writing() as c:
        return life.withdraw(c, row["id"], current_user.name)


def _review(row: Row, remark: str) -> FieldError | None:
    with writing() as c:
        return life.review(c, row["id"], current_user.name, remark)


_ACTS = {"approve": _approve, "refuse": _turn_down, "withdraw": _withdraw, "review": _review}


@blueprint.get("/approvals/<int:number>.csv")
@needs("export")
def affected_csv(number: int) -> Response:
    row = known(number)
    with writing() as c:
        audit.add(c, current_user.name, "saw", f"proposal {number}", what="affected", rows=row["affected"])
    kind = kinds.KINDS[row["kind"]]
    whom = _("Person") if kind.people else _("Affected") if kind.units else _("Terminal")
    heads = (_("Unit"), whom, _("Name"), _("Flags"), _("State"), _("Command"), _("Reason"))
    return as_csv(f"proposal-{number}.csv", heads, _cells(number, kind))


def _cells(number: int, kind: kinds.Kind) -> Iterator[tuple[Any, ...]]:
    after = (0, "")
    while found := store.targets(view(), number, CSV_ROWS, after):
        after = (found[-1]["unit"], found[-1]["target"])
        for each in found:
            named = " ".join(word("approval_flag", flag) for flag in each["flags"].split())
            why = word("error", each["why"]) if each["why"] else ""
            state = word("target_state", each["state"])
            whom = staff_words.target(each["target"]) if kind.units else each["target"]
            yield each["unit_name"], whom, each["name"], named, state, each["command"] or "", why


# ---- proposing from another door


def once() -> str:
    """The token of a form, by which a second press finds the first proposal; a fresh one for a fresh form."""
    return request.form.get("once", "")[:64] or secrets.token_hex(16)


def propose(kind: str, content: Mapping[str, Any], token: str) -> AnyResponse:
    """Draft what the form of another page asked for, and go to its page. Invalid says why not."""
    form = request.form
    with writing() as c:
        number = life.propose(
            c,
            kind,
            content,
            current_user.name,
            where(current_user.rights, kinds.KINDS[kind].draft),
            form.get("reason", ""),
            token=token,
            ticket=form.get("ticket", ""),
            emergency="emergency" in form,
            shown=form.get("shown") or None,
        )
    begin(number)
    return redirect(url_for("approvals.one", number=number))


# ---- a trip of many


@blueprint.get("/approvals/new/trip")
@needs("control")
def new_trip() -> str:
    values = request.args.copy()
    again = whole("again", request.args.get("again"))
    if again is not None:  # those of an earlier one for whom it came to nothing
        values["devices"] = "\n".join(store.undone(view(), known(again)["id"]))
    for name, value in {"delay_min": "0", "limit_half_hours": "0", "valid_min": "5", "rounds": "1"}.items():
        values.setdefault(name, value)
    return _form(values, {}, None)


def _form(values: Any, errors: dict[str, list[str]], seen: Row | None) -> str:
    return render_template(
        "approvals/trip.html",
        values=values,
        errors=errors,
        seen=seen,
        once=once(),
        units=fleet.units(view(), scope()),
        shown_rows=SHOWN,
        typed=str(len(seen["affected"])) if seen and len(seen["affected"]) >= machine.TYPED_FROM else "",
        **_limits(),
    )


def _limits() -> Row:
    return {"valid_choices": drafts.VALID_MIN, "reason_chars": machine.REASON_CHARS, "rounds": range(1, 9)}


@blueprint.post("/approvals/new/trip")
@needs("control")
def trip_asked() -> AnyResponse | str | tuple[str, int]:
    form = request.form
    try:
        content = _content(form)
        seen, digest, operation = life.look(view(), "control", content)
        shown = {"affected": seen.affected, "counts": seen.counts, "offline": seen.offline}
        shown |= {"hash": digest, "operation": operation}
        if not {"send", "emergency"} & set(form) or not form.get("shown"):  # first it is seen
            return _form(form, {}, shown)
        if len(seen.affected) >= machine.TYPED_FROM and form.get("typed", "").strip() != str(
            len(seen.affected)
        ):
            return _form(form, by_field([FieldError("typed", "typed_count")]), shown), 422
        return propose("control", content, once())
    except Invalid as invalid:
        return _form(form, by_field(invalid.errors), None), 422


def _content(form: Any) -> Mapping[str, Any]:
    params = drafts.trip(form, {"rounds": 8})
    valid_min = drafts.number(form.get("valid_min"))
    if valid_min not in drafts.VALID_MIN:
        raise Invalid(FieldError("valid_min", "needed"))
    return kinds.command(_chosen(form), messages.TRIP, params, 60 * valid_min, "", TO_MANY)


def _chosen(form: Any) -> list[str]:
    """Terminals from the list, or by the filter; all of them where the person may control."""
    listed = form.get("devices", "").split()
    if not listed and not form.get("q", "").strip() and not form.get("unit"):
        raise Invalid(FieldError("devices", "needed"))
    unit = whole("unit", form.get("unit"))
    if listed:
        held = {each["device"]: each["unit"] for each in store.facts(view(), listed[: life.MOST + 1])}
        mine = {unit for unit in set(held.values()) if scope().holds(view(), unit)}
        strange = [name for name in listed if held.get(name) not in mine]
        if strange:
            raise Invalid(FieldError("devices", "no_such_devices", {"devices": " ".join(strange[:5])}))
        return listed
    return store.choose(view(), scope(), form.get("q", "").strip()[:64], unit, life.MOST + 1)


# ---- the policy


@blueprint.get("/approvals/policy")
@needs("policy")
def rules() -> str:
    return _rules(policy.rules(view()), {})


def _rules(held: Mapping[str, Any], errors: dict[str, list[str]]) -> str:
    now = policy.rules(view())
    return render_template(
        "approvals/policy.html",
        rules=held,
        now=now,
        errors=errors,
        operations=policy.OPERATIONS,
        version=policy.version(now),
        values=request.form,
    )


@blueprint.post("/approvals/policy")
@needs("policy")
def rules_changed() -> AnyResponse | tuple[str, int]:
    scope_for("policy")
    wanted = {
        name: {"on": f"{name}-on" in request.form, "limit": drafts.number(request.form.get(f"{name}-limit"))}
        for name in policy.OPERATIONS
    }
    try:
        with writing() as c:
            reason, seen = request.form.get("reason", ""), request.form.get("version", "")
            policy.change(c, current_user.name, wanted, seen, reason)
    except Invalid as invalid:
        return _rules(wanted, by_field(invalid.errors)), 422
    flash(_("The policy is changed; the change stands in the audit."), "ok")
    return redirect(url_for("approvals.rules"))


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(approvals_waiting=waiting, command_name=area.COMMAND_NAMES.__getitem__)
