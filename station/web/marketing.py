"""The marketing system beside the archives: how they stand, its files, what differs and a word on it."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Flask, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from station.archives import shapes
from station.archives.kinds import KINDS, LINK, PEOPLE
from station.archives.records import REASON_CHARS
from station.errors import FieldError, Invalid
from station.imports import reading
from station.marketing import files, settle, three
from station.marketing.kinds import SHEETS
from station.marketing.settle import LATER_DAYS, Word
from station.store import audit
from station.store import marketing as store
from station.store.db import now_s
from station.store.marketing import Wanted
from station.web import fleet
from station.web.archives import desk, field_name, said, saw, today, unit_of
from station.web.area import as_csv
from station.web.arguments import MOST, whole
from station.web.db import view, writing
from station.web.errors import by_field
from station.web.errors import said as error_words
from station.web.i18n import shown as language
from station.web.i18n import word
from station.web.rights import needs, scope, scope_for

blueprint = Blueprint("marketing", __name__, url_prefix="/marketing")
ROWS, CSV_ROWS, QUERY = 50, 1000, 40
REFUSED = 5  # of the chosen ones that are named at once
FORM_BYTES = 64 << 10  # of an upload beside its file
SHOWS = ("open", "later", "kept")
TONES = {
    "agree": ("ok", "ok"),
    "differ": ("warn", "warn"),
    "theirs": ("accent", "eye"),
    "ours": ("unknown", "unknown"),
    "reading": ("accent", "clock"),
    "done": ("ok", "ok"),
    "refused": ("trip", "trip"),
}
Row = dict[str, Any]
Errors = Mapping[str, list[str]]


def room() -> None:
    """Let a file through to its page; before the token is looked for, which reads the form."""
    if request.endpoint == "marketing.read":
        request.max_content_length = reading.MOST_BYTES + FORM_BYTES


def init_app(app: Flask) -> None:
    app.before_request(room)


# ---- how they stand, and files


@blueprint.get("")
@needs("archive")
def page() -> str:
    return _page(MultiDict(), {})


def _page(values: Any, errors: Errors) -> str:
    return render_template(
        "marketing/page.html",
        values=values,
        errors=errors,
        kinds=[(kind, word("archive_kind", kind)) for kind in SHEETS],
        forms=[(form, word("marketing_form", form)) for form in files.FORMS],
        units=fleet.units(view(), scope()),
        picture=store.picture(view(), scope()),
        last=store.last_files(view(), scope()),
        found=store.listed(view(), scope()),
        tones=TONES,
        most_mb=reading.MOST_BYTES >> 20,
        most_rows=reading.MOST_ROWS,
    )


@blueprint.post("")
@needs("archive")
def read() -> AnyResponse | tuple[str, int]:
    form, sent = request.form, request.files.get("file")
    try:
        unit = _number(form.get("unit", ""))
        if unit is None or not scope().holds(view(), unit):
            raise Invalid(FieldError("unit", "no_such_unit"))
        if sent is None or not sent.filename:
            raise Invalid(FieldError("file", "no_file"))
        data = sent.read(reading.MOST_BYTES + 1)
        sent.close()  # a large one lies in a file of the system
        file = files.File(form.get("kind", ""), form.get("form", ""), unit, sent.filename[:200], data)
        number, fresh = files.take(writing, desk(), file)
    except Invalid as invalid:
        return _page(form, by_field(invalid.errors)), 422
    if not fresh:
        flash(_("This very file was taken before: nothing is done again."), "warn")
    return redirect(url_for("marketing.file", number=number))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


@blueprint.get("/files/<int:number>")
@needs("archive")
def file(number: int) -> str:
    row = (store.file(view(), number, scope()) if number <= MOST else None) or abort(404)
    faults = [
        (line, _head(column), value, error_words(FieldError(column, key, args)))
        for line, column, value, key, args in row["faults"]
    ]
    if faults and row["kind"] in PEOPLE:
        saw(f"marketing file {number}", rows=len(faults))
    return render_template("marketing/file.html", row=row, faults=faults, tones=TONES)


def _head(name: str) -> str:
    """The words of a column; "" of the whole line."""
    columns = {column.name: column for sheet in SHEETS.values() for column in sheet.columns}
    return (columns[name].zh if language() == "zh_CN" else name) if name in columns else ""


@blueprint.get("/template/<kind>.csv")
@needs("archive")
def template(kind: str) -> Response:
    if kind not in SHEETS:
        abort(404)
    heads = [_head(column.name) for column in SHEETS[kind].columns]
    return as_csv(f"marketing-{kind}.csv", heads, ())


# ---- what differs


def filter_of() -> Wanted:
    sent = request.args
    return Wanted(
        sent.get("kind", "") if sent.get("kind") in SHEETS else "",
        sent.get("state", "") if sent.get("state") in three.STATES[1:] else "",
        sent.get("show", "") if sent.get("show") in SHOWS else SHOWS[0],
        sent.get("number", "").strip()[:QUERY],
        whole("after", sent.get("after")) or 0,
    )


def address(wanted: Wanted) -> Row:
    """Arguments of the address of a filter, without the place in the list."""
    held = {"kind": wanted.kind, "state": wanted.state, "number": wanted.number}
    held |= {"show": wanted.show if wanted.show != SHOWS[0] else ""}
    return {name: value for name, value in held.items() if value}


@blueprint.get("/conflicts")
@needs("archive")
def conflicts() -> str:
    return _conflicts({})


def _conflicts(errors: Errors) -> str:
    wanted = filter_of()
    found = store.page(view(), wanted, scope(), now_s(), ROWS)
    if any(each["kind"] in PEOPLE for each in found):
        saw("marketing conflicts", rows=len(found))
    return render_template(
        "marketing/conflicts.html",
        found=[(each, settle.shown(view(), each).mark, differences(each)) for each in found],
        wanted=wanted,
        address=address(wanted),
        last=found[-1] if len(found) == ROWS else None,
        errors=errors,
        values=request.form or MultiDict({"from_day": shapes.day_text(today())}),
        kinds=list(SHEETS),
        states=three.STATES[1:],
        shows=SHOWS,
        tones=TONES,
        reason_chars=REASON_CHARS,
    )


def differences(row: Row) -> list[tuple[str, str, str]]:
    """(field, theirs, ours) in words, of what waits; of what was kept, as it was kept."""
    shown = row["differs"] or row["kept"]
    return [
        (words(name), value(row["kind"], name, both[0]), value(row["kind"], name, both[1]))
        for name, both in shown.items()
        if name != three.WHOLE
    ]


def words(name: str) -> str:
    if name.startswith(LINK):
        return word("archive_role", name[1:])
    return _("Name") if name == "name" else field_name(name)


def value(kind: str, name: str, given: Any) -> str:
    field = next((each for each in KINDS[kind].fields if each.name == name), None)
    if field is None or given is None:
        return "" if given is None else str(given)
    return said(field, given)


@blueprint.get("/conflicts.csv")
@needs("export")
def csv() -> Response:
    wanted, mine = filter_of(), scope_for("archive")  # both rights are needed, each where the record is
    with writing() as c:
        audit.add(c, current_user.name, "exported", "marketing conflicts", **address(wanted))
    heads = (_("Kind"), _("Number"), _("Name"), _("Unit"), _("State"), _("Field"), _("Theirs"), _("Ours"))
    return as_csv("marketing-conflicts.csv", heads, _cells(wanted._replace(after=0), mine))


def _cells(wanted: Wanted, mine: Any) -> Iterator[tuple[str, ...]]:
    while True:
        found = store.page(view(), wanted, mine, now_s(), CSV_ROWS)
        for row in found:
            if scope().holds(view(), row["unit"]):
                about = (word("archive_one", row["kind"]), row["number"], row["name"], row["unit_name"])
                for told in differences(row) or [("", "", "")]:
                    yield (*about, word("marketing_state", row["state"]), *told)
        if len(found) < CSV_ROWS:
            return
        wanted = wanted._replace(after=found[-1]["id"])


# ---- one


def known(number: int) -> Row:
    return (store.get(view(), number, scope()) if number <= MOST else None) or abort(404)


@blueprint.get("/conflicts/<int:number>")
@needs("archive")
def one(number: int) -> str:
    return _one(known(number), {})


def _one(row: Row, errors: Errors) -> str:
    if row["kind"] in PEOPLE:
        saw(f"marketing {row['kind']} {row['number']}")
    now = settle.shown(view(), row)
    first = {"unit": str(row["unit"]), "from_day": _first_day(row), "days": "7"}
    values = request.form or MultiDict([*first.items(), *(("fields", name) for name in row["differs"])])
    return render_template(
        "marketing/one.html",
        row=row,
        mark=now.mark,
        ours=now.ours,
        lines=_lines(row, now),
        errors=errors,
        values=values,
        units=fleet.units(view(), scope()),
        day_text=shapes.day_text,
        unit_of=unit_of,
        tones=TONES,
        reason_chars=REASON_CHARS,
        days=LATER_DAYS,
    )


def _first_day(row: Row) -> str:
    """What they say it took effect; today when they do not, or when it lies ahead."""
    day = row["from_day"]
    return shapes.day_text(today() if day is None else min(day, today()))


def _lines(row: Row, now: settle.Shown) -> list[Row]:
    """Each field that either side tells, with both values and since when."""
    theirs, here = row["theirs"] or {}, now.here or {}
    held = settle.since(view(), now, today())
    return [
        {
            "name": name,
            "words": words(name),
            "theirs": value(row["kind"], name, theirs.get(name)),
            "said": name in theirs,
            "ours": value(row["kind"], name, here.get(name)),
            "theirs_s": row["since"].get(name),
            "ours_day": held.get(name),
            "state": _line_state(row, name, theirs, here),
        }
        for name in SHEETS[row["kind"]].names
        if name in theirs or name in here
    ]


def _line_state(row: Row, name: str, theirs: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    if name in row["differs"]:
        return "differ"
    if row["theirs"] is None or not here or name not in theirs:
        return ""
    return "agree" if theirs[name] == here.get(name) else "kept"


@blueprint.post("/conflicts/<int:number>")
@needs("archive")
def act(number: int) -> AnyResponse | tuple[str, int]:
    row = known(number)
    try:
        with writing() as c:
            settle.act(c, desk(), number, _word())
    except Invalid as invalid:
        return _one(known(row["id"]), by_field(invalid.errors)), 422
    flash(
        _("Settled: %(kind)s %(number)s.", kind=word("archive_one", row["kind"]), number=row["number"]), "ok"
    )
    return redirect(url_for("marketing.conflicts", kind=row["kind"]))


def _word() -> Word:
    sent = request.form
    return Word(
        sent.get("act", ""),
        sent.get("mark", ""),
        sent.getlist("fields"),
        _day(sent.get("from_day", "")),
        _number(sent.get("unit", "")),
        sent.get("reason", ""),
        _number(sent.get("days", "")),
    )


def _day(text: str) -> int | None:
    try:
        return shapes.day_of(text)
    except ValueError:
        return None


@blueprint.post("/conflicts")
@needs("archive")
def take_new() -> AnyResponse | tuple[str, int]:
    """Take those that were chosen of the ones that are only theirs; each by itself."""
    chosen = [each.partition("-") for each in request.form.getlist("chosen")][:ROWS]
    if not chosen:
        return _conflicts(by_field([FieldError("chosen", "needed")])), 422
    taken, refused = 0, list[str]()
    for text, _dash, mark in chosen:
        row = known(_number(text) or 0)
        try:
            _take_one(row, mark)
            taken += 1
        except Invalid as invalid:
            refused.append(f"{row['number']}{_(': ')}{error_words(invalid.errors[0])}")
    if taken:
        flash(_("Taken into the archives: %(n)s.", n=taken), "ok")
    if refused:
        return _conflicts({"chosen": refused[:REFUSED]}), 422
    return redirect(url_for("marketing.conflicts", **address(filter_of())))


def _take_one(row: Row, mark: str) -> None:
    if row["state"] != "theirs":
        raise Invalid(FieldError("", "changed_meanwhile"))
    sent = request.form
    with writing() as c:
        word_of = Word("take", mark, (), _day(sent.get("from_day", "")), row["unit"], sent.get("reason", ""))
        settle.act(c, desk(), row["id"], word_of)
