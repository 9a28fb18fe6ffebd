"""Pages of the archives: the list of a kind, one record with all that belongs to it, its form, its life."""

import secrets
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from station.archives import records, shapes
from station.archives.history import fold
from station.archives.kinds import ENDED, FIELDS, KINDS, LINK, LIVE, PEOPLE, STATES, SWAPPED, Field, life
from station.archives.records import REASON_CHARS, Desk, Given
from station.errors import Invalid
from station.store import archive_checks, audit, org
from station.store import archives as store
from station.store.archives import Wanted
from station.store.db import now_s
from station.store.scope import Scope
from station.web import fleet
from station.web.area import as_csv
from station.web.arguments import MOST, past_day, whole
from station.web.db import view, writing
from station.web.errors import by_field
from station.web.helpers import station_offset_s
from station.web.i18n import word
from station.web.rights import functions_at, needs, scope, scope_for

blueprint = Blueprint("archives", __name__, url_prefix="/archives")
ROWS, CSV_ROWS, QUERY = 50, 1000, 64
DAY_S = 86_400
DEPTHS = {"customer": 3, "point": 2}  # how far what hangs on a record is followed; else 1
TONES = {
    "planned": ("accent", "clock"),
    "stored": ("accent", "clock"),
    "open": ("ok", "ok"),
    "running": ("ok", "ok"),
    "paused": ("warn", "idle"),
    "removed": ("warn", "gap"),
    "closed": ("idle", "closed"),
    "scrapped": ("idle", "closed"),
}
Row = dict[str, Any]


def today() -> int:
    """Days since 1970 by the station's clock."""
    return (now_s() + station_offset_s()) // DAY_S


def desk() -> Desk:
    return Desk(current_user.name, scope(), today())


def may_see(kind: str) -> bool:
    """Whose records tell of people, sees only who keeps the archive."""
    return kind not in PEOPLE or current_user.may("archive")


def scope_of(kind: str) -> Scope:
    """Where the person may see records of a kind; 404 for no such kind."""
    if kind not in KINDS:
        abort(404)
    return scope_for("archive" if kind in PEOPLE else "view")


def known(number: int) -> Row:
    """The record, within what the view may do; 404 otherwise."""
    row = store.get(view(), number, scope()) if number <= MOST else None
    if row and row["kind"] in PEOPLE:
        row = store.get(view(), number, scope_of(row["kind"]))
    return row or abort(404)


# ---- lists


@blueprint.get("")
@needs("view")
def start() -> AnyResponse:
    return redirect(url_for("archives.page", kind="customer" if may_see("customer") else "point"))


@blueprint.get("/<kind>")
@needs("view")
def page(kind: str) -> str:
    seen, wanted = scope_of(kind), filter_of(kind)
    found = store.page(view(), wanted, seen, ROWS)
    if kind in PEOPLE and found:
        saw(f"archive {kind}", rows=len(found), q=wanted.q)
    last = found[-1] if len(found) == ROWS else None
    return render_template(
        "archives/list.html",
        kind=kind,
        found=found,
        wanted=wanted,
        address=address(wanted),
        last=last,
        first=not wanted.after[1],
        kinds=[each for each in KINDS if may_see(each)],
        states=life(kind).moves,
        units=fleet.units(view(), seen),
        tones=TONES,
    )


def filter_of(kind: str) -> Wanted:
    sent = request.args
    score = whole("score", sent.get("score"))
    return Wanted(
        kind,
        sent.get("q", "").strip()[:QUERY],
        whole("unit", sent.get("unit")) or 0,
        sent.get("state", "") if sent.get("state") in STATES else "",
        sent.get("complete", "") if sent.get("complete") in ("yes", "no") else "",
        "worst" in sent,
        (-1 if score is None else score, sent.get("after", "")[:QUERY]),
    )


def address(wanted: Wanted) -> Row:
    """Arguments of the address of a filter, without the place in the list."""
    held = {"q": wanted.q, "unit": wanted.unit, "state": wanted.state, "complete": wanted.complete}
    return {name: value for name, value in held.items() if value} | ({"worst": 1} if wanted.worst else {})


def saw(subject: str, **facts: Any) -> None:
    with writing() as c:
        audit.add(c, current_user.name, "saw", subject, **facts)


@blueprint.get("/<kind>.csv")
@needs("export")
def csv(kind: str) -> Response:
    scope_of(kind)
    seen, wanted = scope(), filter_of(kind)
    with writing() as c:
        audit.add(c, current_user.name, "exported", f"archive {kind}", **address(wanted))
    names = [field.name for field in KINDS[kind].fields]
    heads = (
        _("Number"),
        _("Name"),
        _("Unit"),
        _("State"),
        _("Completeness, percent"),
        *map(field_name, names),
    )
    return as_csv(f"{kind}.csv", heads, _cells(wanted._replace(after=(-1, "")), seen, names))


def _cells(wanted: Wanted, seen: Scope, names: list[str]) -> Iterator[tuple[Any, ...]]:
    both = seen if wanted.kind not in PEOPLE else scope_for("archive")
    while True:
        found = store.page(view(), wanted, seen, CSV_ROWS)
        for row in found:
            if both is seen or both.holds(view(), row["unit"]):
                facts = [row["facts"].get(name, "") for name in names]
                state = word("archive_state", row["state"])
                yield row["number"], row["name"], row["unit_name"], state, row["score"], *facts
        if len(found) < CSV_ROWS:
            return
        wanted = wanted._replace(after=(found[-1]["score"], found[-1]["number"]))


# ---- one record


@blueprint.get("/record/<int:number>")
@needs("view")
def one(number: int) -> str:
    return show(known(number), {})


def show(row: Row, errors: Mapping[str, list[str]]) -> str:
    if row["kind"] in PEOPLE:
        saw(f"{row['kind']} {row['number']}")
    now = today()
    asked = past_day("day", request.args.get("day"), date.fromisoformat(shapes.day_text(now)))
    day = shapes.day_of(asked.isoformat())
    changes = store.changes(view(), row["id"])
    values = fold(changes, day)
    seen = scope_for("view")
    return render_template(
        "archives/one.html",
        row=row,
        errors=errors,
        values=request.form or MultiDict({"from_day": shapes.day_text(now)}),
        day=shapes.day_text(day),
        then=day != now,
        held=values,
        unit_of=unit_of,
        facts=[(field_name(f.name), said(f, values.get(f.name))) for f in KINDS[row["kind"]].fields],
        above=[each for each in store.above(view(), row["id"], seen, day) if may_see(each["kind"])],
        below=_below(row, seen, day),
        history=[(each, changed_words(row["kind"], each["changed"])) for each in reversed(changes)],
        findings=archive_checks.of_record(view(), row["id"]),
        collected=store.collected_by(view(), row["id"], seen) if row["kind"] == "meter" else None,
        swaps=store.swaps_of(view(), row["id"]),
        moves=life(row["kind"]).moves[row["state"]],
        edits="archive" in functions_at(row["unit"]),
        swappable=row["kind"] in SWAPPED and row["state"] in LIVE,
        tones=TONES,
        ended=ENDED,
        day_text=shapes.day_text,
        reason_chars=REASON_CHARS,
    )


def _below(row: Row, seen: Scope, day: int) -> list[Row]:
    """What hangs on the record, and on that, and so on: each with `depth`, behind what it hangs on."""
    out: list[Row] = []
    numbers = {row["id"]}
    front = [row["id"]]
    for depth in range(DEPTHS.get(row["kind"], 1)):
        found = [each for each in store.below(view(), front, seen, day) if each["id"] not in numbers]
        for each in found:
            if may_see(each["kind"]):
                above = [n for n, other in enumerate(out) if each["target"] == other["id"]]
                below = [n for n, other in enumerate(out) if each["target"] == other["target"]]
                out.insert(max(above + below, default=len(out) - 1) + 1, each | {"depth": depth})
        front = [each["id"] for each in found]
        numbers.update(front)
        if not front:
            break
    return out


def field_name(name: str) -> str:
    return word("archive_field", name)


def unit_of(number: int | None) -> str:
    """Name of a unit, "" when it lies outside of what the person may see."""
    found = org.unit(view(), number) if number and scope_for("view").holds(view(), number) else None
    return (found["name"] or _("the whole")) if found else ""


def said(field: Field, value: Any) -> str:
    """A value as people read it; "" for none."""
    if value is None:
        return ""
    return word("archive_value", value) if field.shape == "choice" else str(value)


def changed_words(kind: str, changed: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(name, value) of a change; a link is a number, if one may see it."""
    fields = {field.name: field for field in KINDS[kind].fields}
    out = []
    for name, value in changed.items():
        if name in fields:
            out.append((field_name(name), said(fields[name], value)))
        elif name.startswith(LINK):
            target = store.get(view(), value, scope_for("view")) if value else None
            out.append((word("archive_role", name[1:]), target["number"] if target else ""))
        elif name == "state":
            out.append((_("State"), word("archive_state", value)))
        elif name == "unit":
            out.append((_("Unit"), unit_of(value)))
        else:
            out.append((_("Name"), value or ""))
    return out


@blueprint.post("/record/<int:number>/move")
@needs("archive")
def move(number: int) -> AnyResponse | tuple[str, int]:
    row = known(number)
    try:
        with writing() as c:
            records.move(c, desk(), row, version(), request.form.get("to", ""), given(row["kind"], row))
    except Invalid as invalid:
        return show(row, by_field(invalid.errors)), 422
    flash(_("Recorded; the change stands in the history."), "ok")
    return redirect(url_for("archives.one", number=number))


def token() -> str:
    """Of the form and the person; a form without one is never taken for another."""
    return f"{current_user.name} {request.form.get('once', '')[:64] or secrets.token_hex(16)}"


def version() -> int | None:
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


# ---- its form


def form(kind: str, row: Row | None, values: Any, errors: Mapping[str, list[str]]) -> str:
    hidden = {link.role for link in _foreign(row)} if row else set()
    return render_template(
        "archives/edit.html",
        kind=kind,
        row=row,
        values=values,
        errors=errors,
        fields=KINDS[kind].fields,
        links=[link for link in KINDS[kind].links if link.role not in hidden],
        once=values.get("once") or secrets.token_hex(16),
        units=fleet.units(view(), scope()),
        choices=lambda f: [("", "–"), *((each, word("archive_value", each)) for each in f.among)],
        name_chars=shapes.NAME_CHARS,
        reason_chars=REASON_CHARS,
    )


def _foreign(row: Row) -> Iterator[Any]:
    """Links to what the person may not see: they are neither shown nor taken away."""
    seen = {each["role"] for each in store.above(view(), row["id"], scope())}
    now = fold(store.changes(view(), row["id"]), today())
    for link in KINDS[row["kind"]].links:
        if LINK + link.role in now and link.role not in seen:
            yield link


def typed(row: Row) -> MultiDict[str, Any]:
    """The form of a record as it is."""
    values: MultiDict[str, Any] = MultiDict({name: str(value) for name, value in row["facts"].items()})
    for each in store.above(view(), row["id"], scope()):
        values[LINK + each["role"]] = each["number"]
    values.update({"name": row["name"], "unit": str(row["unit"]), "version": str(row["version"])})
    values["from_day"] = shapes.day_text(today())
    return values


def given(kind: str, row: Row | None = None) -> Given:
    """What stands in the form; a unit that is not there is the record's own."""
    sent, unit = request.form, request.form.get("unit", "")
    names = ["name", *FIELDS, *(LINK + link.role for link in KINDS[kind].links)]
    try:
        day: int | None = shapes.day_of(sent.get("from_day", ""))
    except ValueError:
        day = None
    number = int(unit) if unit.isascii() and unit.isdecimal() and len(unit) < 10 else None
    if row and "unit" not in sent:
        number = row["unit"]
    values = {name: sent[name] for name in names if name in sent}
    return Given(values, number, day, sent.get("reason", ""))


@blueprint.get("/<kind>/new")
@needs("archive")
def new(kind: str) -> str:
    scope_of(kind)
    return form(kind, None, MultiDict({"from_day": shapes.day_text(today())}), {})


@blueprint.post("/<kind>")
@needs("archive")
def make(kind: str) -> AnyResponse | tuple[str, int]:
    scope_of(kind)
    sent = request.form
    try:
        with writing() as c:
            number = records.add(c, desk(), kind, sent.get("number", ""), given(kind), token())
    except Invalid as invalid:
        return form(kind, None, sent, by_field(invalid.errors)), 422
    return redirect(url_for("archives.one", number=number))


@blueprint.get("/record/<int:number>/edit")
@needs("archive")
def edit(number: int) -> str:
    row = known(number)
    return form(row["kind"], row, typed(row), {})


@blueprint.post("/record/<int:number>/edit")
@needs("archive")
def change(number: int) -> AnyResponse | tuple[str, int]:
    row = known(number)
    try:
        with writing() as c:
            records.change(c, desk(), row, version(), given(row["kind"], row))
    except Invalid as invalid:
        return form(row["kind"], row, request.form, by_field(invalid.errors)), 422
    flash(_("Recorded; the change stands in the history."), "ok")
    return redirect(url_for("archives.one", number=number))
