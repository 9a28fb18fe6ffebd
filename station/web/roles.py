"""Roles: the templates and those of the house, what each may, who has it."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from station.access import accounts, own_roles, seen, strong
from station.access.roles import CHIEF, FUNCTIONS, ROLES, functions_of
from station.errors import Invalid
from station.store import accounts as store
from station.store.db import now_s
from station.store.scope import ROOT
from station.web import staff_words
from station.web.db import view, writing
from station.web.errors import by_field
from station.web.i18n import word
from station.web.rights import needs, scope

blueprint = Blueprint("roles", __name__, url_prefix="/roles")
ROWS = 50
Row = dict[str, Any]


@blueprint.get("")
@needs("accounts")
def page() -> str:
    own = staff_words.own_roles()
    held = store.held_in(view(), scope(), now_s())
    found = [
        {
            "role": role,
            "functions": [each for each in FUNCTIONS if each in functions_of(role, own)],
            "strong": strong.is_strong(functions_of(role, own)),
            "own": role in own,
            "people": held.get(role, 0),
        }
        for role in dict.fromkeys([*ROLES, *sorted(own)])
    ]
    return render_template("staff/roles.html", found=found, changes=_changes())


def _changes() -> bool:
    """Roles hold for the whole house: who keeps all of it changes them."""
    return scope().holds(view(), ROOT)


@blueprint.get("/new")
@needs("accounts")
def new() -> str:
    like = own_roles.facts(view(), request.args.get("like", "")[:32])
    values = {"functions": like["functions"] if like else []}
    return _form(None, values, {})


@blueprint.post("/new")
@needs("accounts")
def make() -> Response | tuple[str, int]:
    form = request.form
    role = form.get("role", "").strip()[:64]
    try:
        with writing() as c:
            names, functions = _asked()
            own_roles.add(c, accounts.keeper(c, current_user.name), role, names, functions)
    except Invalid as invalid:
        return _form(None, _typed(), by_field(invalid.errors)), 422
    flash(_("The role is stored."), "ok")
    return redirect(url_for("roles.one", role=role))


def _asked() -> tuple[dict[str, str], list[str]]:
    form = request.form
    names = {language: form.get(f"name_{language}", "") for language in own_roles.LANGUAGES}
    return names, form.getlist("functions")


def _typed() -> Row:
    return {**request.form.to_dict(), "functions": request.form.getlist("functions")}


def _known(role: str) -> Row:
    return own_roles.facts(view(), role) or abort(404)


@blueprint.get("/<role>")
@needs("accounts")
def one(role: str) -> str:
    found = _known(role)
    names = {f"name_{language}": name for language, name in _names(found).items()}
    return _form(found, names | {"functions": found["functions"], "seen": seen.mark(found)}, {})


def _names(found: Row) -> dict[str, str]:
    """Those of the house, else the words of the template."""
    out: dict[str, str] = {}
    for language, locale in (("zh", "zh_CN"), ("en", "en")):
        with force_locale(locale):
            out[language] = found["names"].get(language) or word("role", found["role"])
    return out


@blueprint.post("/<role>")
@needs("accounts")
def change(role: str) -> Response | tuple[str, int]:
    found = _known(role)
    try:
        with writing() as c:
            names, functions = _asked()
            keeper = accounts.keeper(c, current_user.name)
            own_roles.change(c, keeper, role, names, functions, request.form.get("seen", ""))
    except Invalid as invalid:
        return _form(found, _typed(), by_field(invalid.errors)), 422
    flash(_("The role is stored."), "ok")
    return redirect(url_for("roles.one", role=role))


def _form(found: Row | None, values: Mapping[str, Any], errors: dict[str, list[str]]) -> str:
    """`found`: the role as it stands, None for a new one."""
    holders: list[Row] = []
    if found:
        wanted = store.Wanted(role=found["role"])
        holders = store.listed(view(), scope(), wanted, now_s(), ROWS + 1)
    return render_template(
        "staff/role.html",
        role=found,
        holders=holders[:ROWS],
        more=len(holders) > ROWS,
        functions=FUNCTIONS,
        strong=strong.STRONG,
        changes=_changes() and (found is None or found["role"] != CHIEF),
        values=values,
        errors=errors,
    )
