"""Accounts: the list of people, one person with his rights, and what may be done with an account."""

import secrets
import time
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from station.access import accounts, seen, strong, units
from station.access.roles import ROLES
from station.approvals import rights as proposed
from station.checks import refuse
from station.errors import FieldError, Invalid
from station.store import accounts as store
from station.store import audit, leaves, org, users
from station.store.db import now_s
from station.web import approvals, drafts, fleet
from station.web.area import as_csv
from station.web.arguments import whole
from station.web.db import view, writing
from station.web.errors import by_field
from station.web.figures import local
from station.web.helpers import station_offset_s
from station.web.i18n import word
from station.web.rights import needs, scope
from station.web.staff_words import own_roles, role_name

blueprint = Blueprint("staff", __name__, url_prefix="/people")
ROWS, CSV_ROWS, HISTORY = 50, 1000, 50
REASON_CHARS = 200
TONES = {
    "open": ("ok", "ok"),
    "disabled": ("idle", "idle"),
    "locked": ("trip", "warn"),
    "never": ("accent", "clock"),
    "unused": ("warn", "clock"),
}
Row = dict[str, Any]


# ---- the list


@blueprint.get("")
@needs("accounts")
def page() -> str:
    return _list({}, {"once": secrets.token_hex(16)})


def _list(errors: dict[str, list[str]], values: Mapping[str, Any]) -> str:
    wanted, after = _wanted(), request.args.get("after", "")[:64]
    found = store.listed(view(), scope(), wanted, now_s(), ROWS + 1, after)
    return render_template(
        "staff/list.html",
        found=found[:ROWS],
        more=found[ROWS - 1]["name"] if len(found) > ROWS else None,
        after=after,
        wanted=wanted,
        roles_of=store.roles_of(view(), [each["name"] for each in found], now_s()),
        states=[("", _("All")), *((name, word("account", name)) for name in store.STATES)],
        state=state,
        units=[("", _("All")), *fleet.units(view(), scope())],
        roles=[("", _("All")), *_roles()],
        tones=TONES,
        errors=errors,
        values=values,
    )


def _wanted() -> store.Wanted:
    asked = request.args
    at = asked.get("state", "")
    if at and at not in store.STATES:
        abort(404)
    unit = whole("unit", asked.get("unit"))
    return store.Wanted(asked.get("q", "").strip()[:64], unit, asked.get("role", "")[:32], at)


def _roles() -> list[tuple[str, str]]:
    return [(role, role_name(role)) for role in dict.fromkeys([*ROLES, *sorted(own_roles())])]


def state(row: Mapping[str, Any]) -> str:
    """One of store.STATES: what matters most of an account."""
    now = now_s()
    if row["disabled_s"] is not None:
        return "disabled"
    if row["locked_until_s"] > now:
        return "locked"
    if (row["last_login_s"] or row["created_s"]) <= now - store.UNUSED_S:
        return "unused"
    return "never" if row["last_login_s"] is None else "open"


@blueprint.get("/list.csv")
@needs("accounts")
def table() -> Response:
    wanted = _wanted()
    with writing() as c:
        audit.add(c, current_user.name, "exported", "people", **wanted._asdict())
    heads = (_("User name"), _("Unit"), _("Roles"), _("State"), _("Last login"), _("Made"))
    return as_csv("people.csv", heads, _cells(wanted))


def _cells(wanted: store.Wanted) -> Iterator[tuple[Any, ...]]:
    after = ""
    while found := store.listed(view(), scope(), wanted, now_s(), CSV_ROWS, after):
        after = found[-1]["name"]
        held = store.roles_of(view(), [each["name"] for each in found], now_s())
        for each in found:
            roles = " / ".join(role_name(role) for role in held.get(each["name"], []))
            times = [
                local(at, station_offset_s(), "%Y-%m-%d %H:%M:%S") if at else ""
                for at in (each["last_login_s"], each["created_s"])
            ]
            yield each["name"], each["unit_name"], roles, word("account", state(each)), *times


@blueprint.post("")
@needs("accounts")
def add() -> str | tuple[str, int]:
    form = request.form
    name, unit = form.get("name", "").strip()[:64], drafts.number(form.get("of"))
    try:
        with writing() as c:
            secret = accounts.add(c, by(c), name, unit if isinstance(unit, int) else 0)
    except Invalid as invalid:
        return _list(
            by_field([e._replace(field="of") if e.field == "unit" else e for e in invalid.errors]), form
        ), 422
    return show(known(name), {}, {}, secret)


@blueprint.post("/disable")
@needs("accounts")
def disable_many() -> AnyResponse | tuple[str, int]:
    """Those ticked in the list; above the limit of the policy a second person decides."""
    names = sorted(set(request.form.getlist("names")))
    mine = {each["name"] for each in store.facts(view(), names) if scope().holds(view(), each["unit"])}
    reason = request.form.get("reason", "").strip()
    try:
        if not names:
            raise Invalid(FieldError("names", "needed"))
        if mine != set(names):
            abort(404)
        if current_user.name in mine:
            raise Invalid(FieldError("names", "own_account"))
        second(names)
        return approvals.propose("disable", {"users": names, "reason": reason}, approvals.once())
    except Invalid as invalid:
        return _list(by_field(invalid.errors), request.form), 422


def second(names: list[str]) -> None:
    """Invalid: it needs two, and there is nobody to be the second."""
    content = {"users": names, "reason": ""}
    at = {each["unit"] for each in store.facts(view(), names)}
    if proposed.many(view(), content, proposed.people(view(), content)):
        able = [set(strong.seconds(view(), unit, (*names, current_user.name))) for unit in at]
        if not set.intersection(*able):
            raise Invalid(FieldError("names", "nobody_to_approve"))


# ---- one person


def by(c: Connection) -> accounts.Keeper:
    return accounts.keeper(c, current_user.name)


def known(name: str) -> Row:
    """The row of a person in the keeper's care, else 404."""
    row = users.get(view(), name)
    if row is None or not scope().holds(view(), row["unit"]):
        abort(404)
    return row


def facts(c: Connection, name: str) -> Any:
    """What a decision about a person rests on: changes of it meanwhile are noticed."""
    row = users.get(c, name)
    held = [[each["id"], each["until_s"]] for each in org.grants_of(c, name, now_s())]
    return [row["unit"], row["disabled_s"], held] if row else None


@blueprint.get("/<name>")
@needs("accounts")
def one(name: str) -> str:
    row = known(name)
    with writing() as c:
        audit.add(c, current_user.name, "saw", name, what="account")
    return show(row, {}, {})


def show(row: Row, errors: dict[str, list[str]], values: Mapping[str, Any], secret: str = "") -> str:
    c, name = view(), row["name"]
    holding = {each["id"] for each in org.grants_of(c, name, now_s())}
    found = store.history(c, name, HISTORY)
    return render_template(
        "staff/one.html",
        p=row,
        state=state(row),
        tones=TONES,
        unit_way=" / ".join(each["name"] for each in units.way(c, row["unit"])) or _("All units"),
        held=[each for each in found if each["id"] in holding],
        ended=[each for each in found if each["id"] not in holding],
        mine=row["name"] == current_user.name,
        roles=_roles(),
        units=fleet.units(c, scope()),
        seen=seen.mark(facts(c, name)),
        once=approvals.once(),
        errors=errors,
        values=values,
        secret=secret,
        reset_by_two=strong.reset_operation(c, name) is not None,
        reset_until_s=leaves.held(c, name, current_user.name, now_s()),
    )


@blueprint.post("/<name>/<act>")
@needs("accounts")
def change(name: str, act: str) -> AnyResponse | str | tuple[str, int]:
    row = known(name)
    if act not in _ACTS:
        abort(404)
    try:
        done = _ACTS[act](name)
    except Invalid as invalid:
        return show(known(name), by_field(invalid.errors), request.form), 422
    if isinstance(done, str):
        return show(known(row["name"]), {}, {}, done)
    return done or redirect(url_for("staff.one", name=name))


def _same(c: Connection, name: str) -> accounts.Keeper:
    seen.same(facts(c, name), request.form.get("seen", ""))
    return by(c)


def _disable(name: str) -> None:
    reason = request.form.get("reason", "").strip()
    problems = [] if reason else [FieldError("reason", "needed")]
    if len(reason) > REASON_CHARS:
        problems.append(FieldError("reason", "too_long", {"most": REASON_CHARS}))
    refuse(problems)
    with writing() as c:
        accounts.disable(c, _same(c, name), name, reason)


def _enable(name: str) -> None:
    with writing() as c:
        accounts.enable(c, _same(c, name), name)


def _unlock(name: str) -> None:
    with writing() as c:
        accounts.unlock(c, by(c), name)


def _reset(name: str) -> AnyResponse | str:
    """The one-time password; of who has strong roles only after a second person let it be."""
    me = current_user.name
    if strong.reset_operation(view(), name) and not leaves.held(view(), name, me, now_s()):
        row = accounts.other(view(), _same(view(), name), name)
        if not request.form.get("reason", "").strip():
            raise Invalid(FieldError("reset", "needed"))
        if not strong.seconds(view(), row["unit"], (name, me)):
            raise Invalid(FieldError("name", "nobody_to_reset", {"user": name}))
        return approvals.propose("reset", {"user": name}, approvals.once())
    with writing() as c:
        return accounts.reset(c, _same(c, name), name)


def _take(name: str) -> None:
    with writing() as c:
        number = drafts.number(request.form.get("grant"))
        found = org.grant_row(c, number) if isinstance(number, int) else None
        if found is None or found["user"] != name:
            abort(404)
        accounts.take_back(c, by(c), found["id"])


def _give(name: str) -> AnyResponse | None:
    """Give a role; a strong one is proposed, its second press finds the first proposal."""
    form = request.form
    role, unit = form.get("role", ""), drafts.number(form.get("unit"))
    until_s = day_end(form.get("until", ""))
    found = org.unit(view(), unit) if isinstance(unit, int) else None
    if found is None or not scope().holds(view(), found["id"]):
        raise Invalid(FieldError("unit", "no_such_unit"))
    if strong.operation(view(), role) is None:
        with writing() as c:
            accounts.give(c, _same(c, name), name, role, found["id"], until_s)
        flash(_("The role is given."), "ok")
        return None
    accounts.other(view(), by(view()), name)
    if not strong.seconds(view(), found["id"], (name, current_user.name)):
        raise Invalid(FieldError("role", "nobody_else", {"user": name, "role": role, "unit": found["code"]}))
    content = proposed.grant(view(), name, role, found["id"], until_s)
    return approvals.propose("grant", content, approvals.once())


def day_end(text: str) -> int | None:
    """A last day (local) as the instant after it, None for nothing. Invalid: no date."""
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
        return int(time.mktime((day.year, day.month, day.day + 1, 0, 0, 0, 0, 0, -1)))
    except (ValueError, OverflowError):
        raise Invalid(FieldError("until", "not_a_date")) from None


_ACTS = {
    "disable": _disable,
    "enable": _enable,
    "unlock": _unlock,
    "reset": _reset,
    "take": _take,
    "give": _give,
}
