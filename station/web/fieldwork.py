"""Work orders: my own and those of a unit, one order with its checklist, its sheet on paper."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from station.errors import Invalid
from station.fieldwork import checklist, life, machine
from station.store import audit
from station.store import fieldwork as store
from station.store.db import now_s
from station.web import fleet
from station.web.approvals import once
from station.web.area import as_csv
from station.web.arguments import whole
from station.web.db import view, writing
from station.web.errors import Refused, by_field
from station.web.figures import local
from station.web.helpers import station_offset_s
from station.web.i18n import word
from station.web.rights import functions_at, needs, scope, scope_for

blueprint = Blueprint("fieldwork", __name__, url_prefix="/work-orders")
ROWS, CSV_ROWS = 50, 1000
STATE_TONES = {  # state -> (tone, icon)
    "drafted": ("idle", "idle"),
    "assigned": ("accent", "clock"),
    "accepted": ("accent", "hand"),
    "on_site": ("accent", "bolt"),
    "done": ("warn", "eye"),
    "checked": ("ok", "ok"),
    "returned": ("trip", "warn"),
    "cancelled": ("idle", "offline"),
}
VERDICT_TONES = {"pass": ("ok", "ok"), "fail": ("trip", "warn"), "unknown": ("unknown", "unknown")}
Row = dict[str, Any]


# ---- lists


@blueprint.get("")
@needs("field")
def page() -> str:
    wanted = _wanted()
    found = store.listed(view(), wanted, ROWS + 1, _after())
    shown = found[:ROWS]
    return render_template(
        "fieldwork/list.html",
        wanted=wanted,
        found=shown,
        lists=[(which, store.count(view(), _whole(which))) for which in store.LISTS[:3]],
        kinds=machine.KINDS,
        tones=STATE_TONES,
        late=lambda order: machine.lateness(order, now_s()),
        next=f"{shown[-1]['due_s']}-{shown[-1]['id']}" if len(found) > ROWS else None,
    )


def _wanted() -> store.Wanted:
    which, kind = request.args.get("list", "mine"), request.args.get("kind", "")
    if which not in store.LISTS or kind not in ("", *machine.KINDS):
        abort(404)
    return store.Wanted(scope(), which, current_user.name, kind, request.args.get("q", "").strip()[:64])


def _whole(which: str) -> store.Wanted:
    return store.Wanted(scope(), which, current_user.name)


def _after() -> tuple[int, int] | None:
    """Of `due_s-id` in the address, the last order of the page before."""
    text = request.args.get("after", "")
    if not text:
        return None
    due, _minus, number = text.partition("-")
    if not due or not number:
        raise Refused(400, "bad_argument", argument="after")
    return whole("after", due) or 0, whole("after", number) or 0


@blueprint.get("/list.csv")
@needs("export")
def as_table() -> Response:
    wanted = _wanted()._replace(scope=scope_for("field"))
    with writing() as c:
        audit.add(c, current_user.name, "exported", "work orders", list=wanted.which, kind=wanted.kind)
    heads = (
        _("No."),
        _("Kind of work"),
        _("Unit"),
        _("Terminal"),
        _("Task"),
        _("Due"),
        _("Assigned to"),
        _("State"),
    )
    return as_csv("work-orders.csv", heads, _cells(wanted))


def _cells(wanted: store.Wanted) -> Iterator[tuple[Any, ...]]:
    for o in store.every(view(), wanted, CSV_ROWS):
        if "export" not in functions_at(o["unit"]):  # seen on the page, but not to be taken out
            continue
        due = local(o["due_s"], station_offset_s(), "%Y-%m-%d %H:%M")
        kind, state = word("work_kind", o["kind"]), word("work_state", o["state"])
        yield o["id"], kind, o["unit_name"], o["device"] or "", o["subject"], due, o["assignee"] or "", state


# ---- a new one


@blueprint.get("/new")
@needs("field")
def new() -> str:
    values = request.args.copy()
    values.setdefault("priority", "2")
    return _form(values, {})


def _form(values: Any, errors: dict[str, list[str]]) -> str:
    return render_template(
        "fieldwork/new.html",
        values=values,
        errors=errors,
        once=once(),
        kinds=machine.KINDS,
        priorities=machine.PRIORITIES,
        units=fleet.units(view(), scope()),
        subject_chars=machine.SUBJECT_CHARS,
    )


@blueprint.post("/new")
@needs("field")
def drafted() -> AnyResponse | tuple[str, int]:
    form = request.form
    asked = {
        "kind": form.get("kind", ""),
        "unit": whole("unit", form.get("unit")) or 0,
        "device": form.get("device", "").strip(),
        "subject": form.get("subject", "").strip(),
        "priority": whole("priority", form.get("priority")) or 0,
        "due_s": _due_s(form.get("due", "")),
    }
    try:
        with writing() as c:
            number = life.draft(c, current_user.name, scope(), once(), asked)
    except Invalid as invalid:
        return _form(form, by_field(invalid.errors)), 422
    return redirect(url_for("fieldwork.one", number=number))


def _due_s(text: str) -> int | None:
    """UTC seconds of a local time as `datetime-local` gives it; None for what is none."""
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) - station_offset_s()
    except (ValueError, OverflowError):
        return None


# ---- one


def known(number: int) -> Row:
    return store.get(view(), scope(), number) or abort(404)


def at_desk(order: Row) -> bool:
    return life.DESK in functions_at(order["unit"])


@blueprint.get("/<int:number>")
@needs("field")
def one(number: int) -> str:
    return show(known(number), {})


def show(order: Row, errors: dict[str, list[str]]) -> str:
    c, number = view(), order["id"]
    return render_template(
        "fieldwork/one.html",
        o=order,
        errors=errors,
        values=request.form or {field: order[field] or "" for field in ("assignee", "deputy")},
        found=life.look(c, order, now_s()),
        excused=life.excused(c, order),
        by_hand=checklist.BY_HAND,
        steps=store.steps(c, number),
        moves=machine.open_to(order, current_user.name, at_desk(order)),
        reasoned=[name for name, move in machine.MOVES.items() if move.reason],
        mine=current_user.name in machine.hands(order),
        late=machine.lateness(order, now_s()),
        tones=STATE_TONES,
        verdicts=VERDICT_TONES,
        remark_chars=machine.REMARK_CHARS,
    )


@blueprint.post("/<int:number>/<act>")
@needs("field")
def act(number: int, act: str) -> AnyResponse | tuple[str, int]:
    order, form = known(number), request.form
    if act not in (*machine.MOVES, "tick"):
        abort(404)
    version, desk, who = whole("version", form.get("version")) or 0, at_desk(order), current_user.name
    try:
        with writing() as c:
            if act == "tick":
                life.tick(c, order, who, version, form.to_dict())
            else:
                people = {field: form.get(field, "") for field in ("assignee", "deputy")}
                life.move(c, order, act, who, desk, version, form.get("remark", ""), **people)
    except Invalid as invalid:
        return show(known(number), by_field(invalid.errors)), 422
    return redirect(url_for("fieldwork.one", number=number))
