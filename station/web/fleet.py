"""The overview's table: work queues, search and pages of the devices of a scope. The address is the state."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask_babel import gettext as _
from sqlalchemy import Connection

from station.store import fleet, org
from station.store.scope import Scope

PAGE_ROWS = 20
MAX_QUERY = 64
MOST_UNITS = 500  # to choose from; a house with more searches

QUEUES = {  # key -> (tone, icon), in the order of the tiles
    "all": ("accent", "all"),
    "online": ("ok", "ok"),
    "offline": ("trip", "offline"),
    "alarm": ("warn", "warn"),
    "tripped": ("trip", "trip"),
    "unknown": ("unknown", "unknown"),
    "guaranteed": ("accent", "shield"),
    "gaps": ("unknown", "gap"),
}


class Filter(NamedTuple):
    queue: str = "all"
    q: str = ""
    unit: int = 0  # 0: all that one may see
    after: str = ""  # the last device of the page before this one
    before: str = ""  # the first of the page behind it

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> "Filter":
        """Read from an address; whatever makes no sense falls back to the whole list."""
        queue, unit = arguments.get("queue", "all"), arguments.get("unit", "")
        texts = (arguments.get(name, "").strip()[:MAX_QUERY] for name in ("q", "after", "before"))
        q, after, before = texts
        number = int(unit) if unit.isascii() and unit.isdecimal() and len(unit) < 10 else 0
        return cls(queue if queue in QUEUES else "all", q, number, after, before)

    def address(self, **change: Any) -> dict[str, Any]:
        """Arguments of the address of this filter, changed; defaults are left out."""
        new = self._replace(**change)
        return {k: v for k, v in new._asdict().items() if v != Filter._field_defaults[k]}

    def first(self, **change: Any) -> dict[str, Any]:
        """As `address`, of the first page."""
        return self.address(**{"after": "", "before": "", **change})


def narrowed(c: Connection, scope: Scope, unit: int) -> Scope:
    """The part of `scope` below `unit`; all of it when that is no unit in it."""
    return Scope((unit,)) if unit and scope.holds(c, unit) else scope


def units(c: Connection, scope: Scope) -> list[tuple[int, str]]:
    """[(id, name indented by its depth)] to choose from, those above before those below."""
    found = org.units(c, scope, MOST_UNITS)
    below: dict[int | None, list[dict[str, Any]]] = {}
    known = {each["id"] for each in found}
    for each in found:
        below.setdefault(each["parent"] if each["parent"] in known else None, []).append(each)
    out: list[tuple[int, str]] = []
    todo = [(each, 0) for each in reversed(below.get(None, []))]
    while todo:
        each, depth = todo.pop()
        out.append((each["id"], "\u3000" * depth + (each["name"] or _("the whole"))))
        todo += [(child, depth + 1) for child in reversed(below.get(each["id"], []))]
    return out


def select(c: Connection, scope: Scope, wanted: Filter, t_s: int) -> dict[str, Any]:
    """{rows, previous, next}: a page, and the arguments of those round it or None."""
    asked = fleet.Wanted(scope, wanted.queue, wanted.q)
    found = fleet.page(c, asked, PAGE_ROWS + 1, t_s, wanted.after, wanted.before)
    more = len(found) > PAGE_ROWS
    shown = (found[1:] if wanted.before else found[:-1]) if more else found
    has_next, has_previous = (True, more) if wanted.before else (more, bool(wanted.after))
    return {
        "rows": shown,
        "previous": wanted.first(before=shown[0]["device"]) if has_previous and shown else None,
        "next": wanted.first(after=shown[-1]["device"]) if has_next and shown else None,
    }
