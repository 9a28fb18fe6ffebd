"""Clean-up of accounts: a campaign lists what nobody uses, units answer, what they give up is disabled."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Flask, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from station.access import accounts
from station.access import cleanup as rules
from station.errors import FieldError, Invalid
from station.imports import reading
from station.store import audit
from station.store import cleanup as store
from station.store.db import now_s
from station.store.scope import Scope
from station.web import approvals, drafts, fleet, staff
from station.web.area import as_csv
from station.web.arguments import whole
from station.web.db import view, writing
from station.web.errors import by_field, said
from station.web.figures import local
from station.web.helpers import station_offset_s
from station.web.i18n import shown, word
from station.web.rights import needs, scope
from station.web.staff_words import role_name

blueprint = Blueprint("cleanup", __name__, url_prefix="/clean-up")
CAMPAIGNS, ROWS, UNITS, CSV_ROWS, SENT, FAULTS = 20, 50, 30, 1000, 20, 100
MOST_BYTES = 4 << 20  # of a file: 20,000 lines of 200 bytes
FORM_BYTES = 64 << 10  # of an upload beside its file
TONES = {  # state of a listed account -> (tone, icon); in the order of the picture
    "disabled": ("idle", "offline"),
    "disable": ("trip", "trip"),
    "unknown": ("unknown", "unknown"),
    "keep": ("ok", "ok"),
    "used": ("ok", "hand"),
    "moved": ("accent", "eye"),
    "waiting": ("warn", "clock"),
}
Row = dict[str, Any]


def room() -> None:
    """Let a file through to its page; before the token is looked for, which reads the form."""
    if request.endpoint == "cleanup.take":
        request.max_content_length = MOST_BYTES + FORM_BYTES


def init_app(app: Flask) -> None:
    app.before_request(room)


# ---- campaigns


@blueprint.get("")
@needs("accounts")
def page() -> str:
    return _page({"days": str(rules.DAYS)}, {})


def _page(values: Mapping[str, Any], errors: dict[str, list[str]]) -> str:
    before = whole("before", request.args.get("before"))
    found = store.campaigns(view(), scope(), CAMPAIGNS + 1, before)
    return render_template(
        "cleanup/list.html",
        found=found[:CAMPAIGNS],
        older=found[CAMPAIGNS - 1]["id"] if len(found) > CAMPAIGNS else None,
        counts={each["id"]: store.counted(view(), each["id"], scope()) for each in found[:CAMPAIGNS]},
        now=now_s(),
        units=fleet.units(view(), scope()),
        once=approvals.once(),
        rules=rules,
        values=values,
        errors=errors,
    )


@blueprint.post("")
@needs("accounts")
def begin() -> AnyResponse | tuple[str, int]:
    form = request.form
    unit, days = drafts.number(form.get("unit")), drafts.number(form.get("days"))
    try:
        with writing() as c:
            number = rules.begin(
                c,
                accounts.keeper(c, current_user.name),
                unit if isinstance(unit, int) else 0,
                days,
                staff.day_end(form.get("until", "")),
                form.get("note", ""),
                approvals.once(),
            )
    except Invalid as invalid:
        return _page(form, by_field(invalid.errors)), 422
    return redirect(url_for("cleanup.one", number=number))


# ---- one campaign


def known(number: int) -> Row:
    return store.get(view(), scope(), number) or abort(404)


@blueprint.get("/<int:number>")
@needs("accounts")
def one(number: int) -> str:
    return _one(known(number), {}, ())


def _one(row: Row, errors: dict[str, list[str]], faults: Any) -> str:
    c, number = view(), row["id"]
    after = whole("after", request.args.get("after")) or 0
    found = store.by_unit(c, number, scope(), UNITS + 1, after)
    return render_template(
        "cleanup/one.html",
        total=_split(store.counted(c, number, scope())),
        found=[each | {"parts": _split(each["counts"])} for each in found[:UNITS]],
        more=found[UNITS - 1]["unit"] if len(found) > UNITS else None,
        after=after,
        states=TONES,
        sent=store.sent(c, number, scope(), SENT),
        proposed=store.proposed(c, number, scope(), SENT),
        proposal_tones=approvals.TONES,
        ready=len(store.to_disable(c, number, scope())),
        ends=scope().holds(c, row["unit"]),
        faults=[_fault(each) for each in faults[:FAULTS]],
        more_faults=max(0, len(faults) - FAULTS),
        values=request.form,
        errors=errors,
        **_head(row),
    )


def _head(row: Row) -> Row:
    seen = rules.mark(view(), row, scope())
    return {"r": row, "tones": TONES, "now": now_s(), "once": approvals.once(), "seen": seen, "rules": rules}


def _split(counts: Mapping[str, int]) -> Row:
    """{n, parts}: the picture of a bar, as (state, accounts, from and width in % of all)."""
    whole_list, at, parts = sum(counts.values()), 0, list[tuple[Any, ...]]()
    for state in TONES:
        n = counts.get(state, 0)
        parts.append((state, n, *(f"{100 * each / max(1, whole_list):.3f}" for each in (at, n))))
        at += n
    return {"n": whole_list, "parts": parts}


# ---- what units say


@blueprint.post("/<int:number>/file")
@needs("accounts")
def take(number: int) -> AnyResponse | tuple[str, int]:
    """A file of replies: taken as a whole, or not at all."""
    row, file, faults = known(number), request.files.get("file"), list[rules.Fault]()
    try:
        if file is None or not file.filename:
            raise Invalid(FieldError("file", "no_file"))
        given, faults = _read(row, file.read(MOST_BYTES + 1))
        if faults:
            raise Invalid()
        changed = _say(number, given, file.filename[:200])
    except Invalid as invalid:
        return _one(row, by_field(invalid.errors), faults), 422
    flash(_("%(n)s accounts are now answered otherwise than before.", n=changed), "ok")
    return redirect(url_for("cleanup.one", number=number))


def _read(row: Row, data: bytes) -> tuple[list[rules.Reply], list[rules.Fault]]:
    """Invalid: it is no such file."""
    if len(data) > MOST_BYTES:
        raise Invalid(FieldError("file", "file_too_large", {"most": MOST_BYTES}))
    try:
        table = reading.opened(data)
        lines = ((line, [reading.plain(cell) or cell for cell in cells]) for line, cells in table.lines)
        return rules.read(table.head, lines, store.said(view(), row["id"], scope()))
    except reading.Unreadable as wrong:
        raise Invalid(FieldError("file", wrong.key, {"line": wrong.line} | dict(wrong.args_of))) from None


def _fault(fault: rules.Fault) -> Row:
    return {"line": fault.line, "column": _heads()[fault.column], "value": fault.value[:60]} | {
        "text": said(fault.error)
    }


def _heads() -> Mapping[str, str]:
    """Of the columns that are read when the file comes back, in the page's language."""
    return {name: heads[shown() == "zh_CN"] for name, heads in rules.HEADS.items()}


def _say(number: int, given: list[rules.Reply], file: str) -> int:
    token, seen = approvals.once(), request.form.get("seen", "")
    with writing() as c:
        by = accounts.keeper(c, current_user.name)
        return rules.reply(c, by, number, given, token=token, file=file, seen=seen)


# ---- the list


@blueprint.get("/<int:number>/accounts")
@needs("accounts")
def listed(number: int) -> str:
    row = known(number)
    with writing() as c:
        audit.add(c, current_user.name, "saw", f"cleanup {number}", what="accounts")
    return _listed(row, {})


def _listed(row: Row, errors: dict[str, list[str]]) -> str:
    asked, part = _asked(), _part()
    after = request.args.get("after", "")[:64]
    found = store.accounts(view(), row["id"], part, ROWS + 1, after=after, **asked)
    held = staff.store.roles_of(view(), [each["user"] for each in found], now_s())
    return render_template(
        "cleanup/accounts.html",
        found=found[:ROWS],
        more=found[ROWS - 1]["user"] if len(found) > ROWS else None,
        after=after,
        wanted=_filter(),
        units=[("", _("All")), *fleet.units(view(), scope())],
        states=[("", _("All")), *((name, word("cleanup", name)) for name in store.STATES)],
        replies=[(name, word("cleanup", name)) for name in store.REPLIES],
        roles_of=held,
        values=request.form,
        errors=errors,
        **_head(row),
    )


def _asked() -> dict[str, str]:
    state = request.args.get("state", "")
    if state and state not in store.STATES:
        abort(404)
    return {"state": state, "q": request.args.get("q", "").strip()[:64]}


def _filter() -> dict[str, Any]:
    """What the address asks for, to ask for it again."""
    return {name: request.args[name] for name in ("state", "q", "unit") if request.args.get(name)}


def _part() -> Scope:
    return fleet.narrowed(view(), scope(), whole("unit", request.args.get("unit")) or 0)


@blueprint.get("/<int:number>/accounts.csv")
@needs("accounts")
def table(number: int) -> Response:
    """What a unit fills in and sends back."""
    row, asked = known(number), _asked()
    unit = whole("unit", request.args.get("unit"))
    with writing() as c:
        audit.add(c, current_user.name, "exported", f"cleanup {number}", what="accounts", unit=unit, **asked)
    own = _heads()
    heads = (own["user"], _("Unit"), _("Roles"), _("Last login"), _("State"), own["reply"], own["remark"])
    name = f"clean-up-{number}-{unit}.csv" if unit else f"clean-up-{number}.csv"
    return as_csv(name, heads, _cells(row, asked, _part()))


def _cells(row: Row, asked: Mapping[str, str], part: Scope) -> Iterator[tuple[Any, ...]]:
    after, spoken = "", 1 if shown() == "zh_CN" else 0
    while found := store.accounts(view(), row["id"], part, CSV_ROWS, after=after, **asked):
        after = found[-1]["user"]
        held = staff.store.roles_of(view(), [each["user"] for each in found], now_s())
        for each in found:
            roles = " / ".join(role_name(role) for role in held.get(each["user"], []))
            last = local(each["last_login_s"], station_offset_s(), "%Y-%m-%d %H:%M")
            reply = rules.WORDS[each["reply"]][spoken] if each["reply"] else ""
            state = word("cleanup", each["state"])
            yield each["user"], each["unit_name"], roles, last, state, reply, each["remark"]


@blueprint.post("/<int:number>/accounts")
@needs("accounts")
def say(number: int) -> AnyResponse | tuple[str, int]:
    """What is said here of those ticked."""
    row, form = known(number), request.form
    try:
        names, remark = sorted(set(form.getlist("names"))), form.get("remark", "").strip()
        if not names:
            raise Invalid(FieldError("names", "needed"))
        if len(remark) > rules.REMARK_CHARS:
            raise Invalid(FieldError("remark", "too_long", {"most": rules.REMARK_CHARS}))
        _say(number, [rules.Reply(name, form.get("reply", ""), remark) for name in names], "")
    except Invalid as invalid:
        return _listed(row, by_field(invalid.errors)), 422
    return redirect(url_for("cleanup.listed", number=number, **_filter()))


# ---- the end of it


@blueprint.post("/<int:number>/disable")
@needs("accounts")
def disable(number: int) -> AnyResponse | tuple[str, int]:
    """All of whom the units said so; above the limit of the policy a second person decides."""
    row = known(number)
    earlier = approvals.store.by_token(view(), approvals.once())
    if earlier is not None:  # a second press
        return redirect(url_for("approvals.one", number=earlier))
    names = store.to_disable(view(), number, scope())
    try:
        if not names:
            raise Invalid(FieldError("", "nothing_affected"))
        if rules.mark(view(), row, scope()) != request.form.get("seen", ""):
            raise Invalid(FieldError("", "changed_meanwhile"))
        staff.second(names)
        reason = request.form.get("reason", "").strip()
        content = {"users": names, "reason": reason, "cleanup": number}
        return approvals.propose("disable", content, approvals.once())
    except Invalid as invalid:
        return _one(row, by_field(invalid.errors), ()), 422


@blueprint.post("/<int:number>/close")
@needs("accounts")
def close(number: int) -> AnyResponse | tuple[str, int]:
    row = known(number)
    if not scope().holds(view(), row["unit"]):
        abort(404)
    try:
        with writing() as c:
            rules.close(c, accounts.keeper(c, current_user.name), number, request.form.get("seen", ""))
    except Invalid as invalid:
        return _one(row, by_field(invalid.errors), ()), 422
    flash(_("The campaign is over. Nothing was deleted."), "ok")
    return redirect(url_for("cleanup.one", number=number))
