"""The tree of units: added, renamed, moved, closed; one that is not empty by two."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from station.access import accounts, seen, strong
from station.access import units as rules
from station.approvals import units as proposed
from station.errors import FieldError, Invalid
from station.store import accounts as store
from station.store import org
from station.store.scope import ROOT
from station.web import approvals, drafts, fleet
from station.web.db import view, writing
from station.web.errors import by_field
from station.web.i18n import word
from station.web.rights import needs, scope

blueprint = Blueprint("units", __name__, url_prefix="/units")
Row = dict[str, Any]


@blueprint.get("")
@needs("accounts")
def page() -> str:
    names = fleet.units(view(), scope())
    rows = {each["id"]: each for each in org.units(view(), scope())}
    return render_template(
        "staff/units.html",
        names=names,
        rows=rows,
        counts=store.counts(view(), scope()),
        most=fleet.MOST_UNITS,
    )


def _known(unit: int) -> Row:
    found = org.unit(view(), unit)
    if found is None or not scope().holds(view(), unit):
        abort(404)
    return found


@blueprint.get("/<int:unit>")
@needs("accounts")
def one(unit: int) -> str:
    return _show(_known(unit), {}, {})


def _show(found: Row, errors: dict[str, list[str]], values: Mapping[str, Any]) -> str:
    c, unit = view(), found["id"]
    lower = org.LEVELS[org.LEVELS.index(found["level"]) + 1 :]
    below = set(org.subtree(c, unit))
    moves = unit != ROOT and scope().holds(c, found["parent"])
    return render_template(
        "staff/unit.html",
        unit=found,
        way=rules.way(c, unit)[:-1],
        held=org.held(c, unit),
        levels=[(level, word("level", level)) for level in lower],
        parents=[each for each in fleet.units(c, scope()) if each[0] not in below] if moves else [],
        moves=moves,
        seen=seen.mark(found),
        once=approvals.once(),
        values={"newname": found["name"], "parent": str(found["parent"] or ""), **values},
        errors=errors,
    )


@blueprint.post("/<int:unit>/<act>")
@needs("accounts")
def change(unit: int, act: str) -> Response | tuple[str, int]:
    found = _known(unit)
    if act not in _ACTS:
        abort(404)
    try:
        if act in ("move", "close") and rules.is_filled(view(), unit):
            return _propose(act, found)
        with writing() as c:
            seen.same(org.unit(c, unit), request.form.get("seen", ""))
            at = _ACTS[act](c, accounts.keeper(c, current_user.name), unit)
    except Invalid as invalid:
        errors = [each._replace(field=_FIELDS.get((act, each.field), each.field)) for each in invalid.errors]
        return _show(found, by_field(errors), request.form), 422
    flash(_("The unit is changed."), "ok")
    return redirect(url_for("units.one", unit=at or unit))


def _propose(act: str, found: Row) -> Response:
    """Ask a second person, if the policy has it so. Invalid: it cannot be, or there is nobody to ask."""
    c, unit, form = view(), found["id"], request.form
    by, parent = accounts.keeper(c, current_user.name), None
    earlier = approvals.store.by_token(c, approvals.once())
    if earlier is not None:  # a second press
        return redirect(url_for("approvals.one", number=earlier))
    seen.same(found, form.get("seen", ""))
    if act == "move":
        wanted = drafts.number(form.get("parent"))
        parent = wanted if isinstance(wanted, int) else 0
        rules.movable(c, by, unit, parent)
    else:
        rules.closable(c, by, unit, filled=True)
    content = proposed.change(found, parent)
    if rules.operation(c, unit):
        _second(content, act)
    return approvals.propose("unit_move", content, approvals.once())


def _second(content: proposed.Content, act: str) -> None:
    """Invalid: there is nobody to be the second who is not concerned."""
    affected = proposed.preview(view(), content).affected
    concerned = [each.target.removeprefix(proposed.PERSON) for each in affected]
    able = [
        set(strong.seconds(view(), at, (current_user.name, *concerned))) for at in {a.unit for a in affected}
    ]
    if not set.intersection(*able):
        raise Invalid(FieldError("" if act == "close" else "parent", "nobody_to_move"))


# the names of two fields differ from those of the rules: several forms stand on one page
_FIELDS = {
    ("rename", "name"): "newname",
    ("rename", "unit"): "newname",
    ("close", "unit"): "",
    ("close", "reason"): "",
}


def _add(c: Connection, by: accounts.Keeper, unit: int) -> int:
    form = request.form
    return rules.add(c, by, unit, form.get("level", ""), form.get("code", ""), form.get("name", ""))


def _rename(c: Connection, by: accounts.Keeper, unit: int) -> None:
    rules.rename(c, by, unit, request.form.get("newname", ""))


def _move(c: Connection, by: accounts.Keeper, unit: int) -> None:
    parent = drafts.number(request.form.get("parent"))
    rules.move(c, by, unit, parent if isinstance(parent, int) else 0)


def _close(c: Connection, by: accounts.Keeper, unit: int) -> None:
    rules.close(c, by, unit)


_ACTS = {"add": _add, "rename": _rename, "move": _move, "close": _close}
