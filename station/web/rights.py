"""Every view says which function it is; who may do that nowhere is refused before it runs.

`scope()` is where the person at the desk may do it: every query of the view takes it. A device that an
address names is looked at here, once for all views: one of another unit is refused, and that stands in the
audit.
"""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

from flask import Flask, current_app, g, request
from flask_login import current_user

from station.access import units
from station.access.rights import Rights, where
from station.controls.functions import OF_KIND
from station.store import audit, devices, org
from station.store.scope import Scope
from station.web.db import view, writing
from station.web.errors import Refused

ANYONE = ""  # a view for whoever is logged in, that shows nobody's data
View = TypeVar("View", bound=Callable[..., object])


def needs(function: str) -> Callable[[View], View]:
    """Mark a view with one of station.access.roles.FUNCTIONS, or ANYONE."""

    def mark(marked: View) -> View:
        marked.function = function  # type: ignore[attr-defined]
        return marked

    return mark


def check(endpoint: str) -> None:
    """Refused 403 unless the view of `endpoint` may be used somewhere, and on the device that is named.

    A view without a mark never may."""
    marked = current_app.view_functions.get(endpoint)
    if marked is None:
        return  # no such page: the answer is 404
    function = getattr(marked, "function", None)
    if function is None:
        raise Refused(403, "forbidden")
    if function:
        g.scope = scope_for(function)
        device = (request.view_args or {}).get("device") or request.args.get("device")
        row = devices.get(view(), device) if device else None
        if row is not None:
            demand(function, row)


def scope_for(function: str) -> Scope:
    """Where the person may do `function`; Refused 403 when nowhere."""
    found = where(current_user.rights, function)
    if not found.units:
        raise Refused(403, "forbidden")
    return found


def scope() -> Scope:
    """Where the person may do what this view does."""
    return g.scope


def demand(function: str, device: Mapping[str, Any]) -> None:
    """Refused 403 unless the person may do `function` on this device."""
    if not may(function, device):
        _refuse(function, device["device"])


def _refuse(function: str, device: str) -> NoReturn:
    with writing() as c:
        facts = {"function": function, "method": request.method, "path": request.path}
        audit.add(c, current_user.name, "refused", device, **facts)
    raise Refused(403, "forbidden")


def may(function: str, device: Mapping[str, Any]) -> bool:
    """Whether the person may do `function` on this device; for templates too."""
    return function in functions_at(device["unit"])


def may_command(kind: str, device: Mapping[str, Any]) -> bool:
    return may(OF_KIND[kind], device)


def functions_at(unit: int) -> frozenset[str]:
    """What the person may do in a unit."""
    held: dict[int, frozenset[str]] = g.setdefault("functions", {})
    if unit not in held:
        held[unit] = _functions(current_user.rights, unit)
    return held[unit]


def _functions(rights: Rights, unit: int) -> frozenset[str]:
    above = set(org.ancestors(view(), unit))
    return frozenset(function for function, at in rights.items() if above.intersection(at.units))


def unit_way(device: Mapping[str, Any]) -> str:
    """Names of the units from the top down to that of the device, "" of the root."""
    return " / ".join(each["name"] for each in units.way(view(), device["unit"]))


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(may=may, may_command=may_command, unit_way=unit_way)
