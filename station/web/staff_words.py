"""Words for roles, units and what is proposed about people."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask, g
from flask_babel import gettext as _

from station.store import org
from station.web.db import view
from station.web.figures import local
from station.web.helpers import station_offset_s
from station.web.i18n import shown, word


def own_roles() -> dict[str, dict[str, Any]]:
    """Roles of the house, asked for once a request."""
    if "own_roles" not in g:
        g.own_roles = org.own_roles(view())
    return g.own_roles


def role_name(role: str) -> str:
    """What the house calls it, else the words of the template."""
    names = own_roles().get(role, {}).get("names", {})
    return names.get("en" if shown() == "en" else "zh") or word("role", role)


def unit_name(number: int) -> str:
    found = org.unit(view(), number)
    return (found["name"] or _("All units")) if found else ""


def functions(names: Iterable[str]) -> str:
    return _(", ").join(word("function", name) for name in names)


def end(until_s: int | None) -> str:
    """The instant until which a grant holds."""
    return local(until_s, station_offset_s(), "%Y-%m-%d %H:%M") if until_s else _("until it is taken back")


def content_rows(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A proposal about people, or about a unit, as (label, value)."""
    if "users" in content:
        campaign = [(_("Clean-up of accounts"), str(content["cleanup"]))] if "cleanup" in content else []
        return [(_("Disable accounts"), str(len(content["users"]))), *campaign]
    if "before" in content:
        return _of_unit(content)
    if "role" not in content:
        return [(_("A new password for"), content["user"])]
    return [
        (_("Person"), content["user"]),
        (_("Role"), role_name(content["role"])),
        (_("It may"), functions(content["functions"])),
        (_("At this unit and below"), unit_name(content["unit"])),
        (_("Until"), end(content["until_s"])),
    ]


def _of_unit(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    what = (_("Unit"), f"{unit_name(content['unit'])} {content['code']}")
    if content["parent"] is None:
        return [what, (_("Close the unit"), _("It takes nothing new. Its people and terminals stay."))]
    return [
        what,
        (_("From below"), unit_name(content["before"])),
        (_("To below"), unit_name(content["parent"])),
    ]


def target(text: str) -> str:
    """A row of the list of whom a change of a unit concerns (station.approvals.units)."""
    kind, _colon, what = text.partition(":")
    words = {"unit": _("Unit"), "person": _("Person"), "terminals": _("Terminals")}
    return f"{words[kind]} {what}"


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(
        role_name=role_name, functions_words=functions, end_words=end, target_words=target
    )
