"""What the panels of a batch patrol show: how far it is, why points failed, a page of its points."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from protocols.meters.points import BY_NO, QUALITIES
from protocols.uplink.area import OUTCOMES
from station.store import patrols as store
from station.store.scope import Scope
from station.web.arguments import MOST, whole
from station.web.errors import Refused
from station.web.figures import fixed, share
from station.web.helpers import point_value
from station.web.i18n import word
from station.web.points import point_name
from station.web.rights import functions_at

PATROL_PANELS = ("patrol_head", "patrol_acts", "patrol_points")
ROWS = 50
OUTCOME_NAMES = frozenset(name for _no, name in OUTCOMES.items())
TONES = {
    store.RUNNING: ("accent", "bolt"),
    store.STOPPING: ("warn", "clock"),
    store.STOPPED: ("idle", "hand"),
    store.DONE: ("ok", "ok"),
}
POINT_TONES = {
    store.FAILED: ("trip", "warn"),
    store.ASKED: ("accent", "clock"),
    store.WAITING: ("idle", "idle"),
    store.OK: ("ok", "ok"),
}
QUALITY_TONES = {"measured": ("ok", "ok"), "suspect": ("warn", "warn")}

Row = dict[str, Any]
Arguments = Mapping[str, str]


def known(c: Connection, scope: Scope, number: int | None) -> Row | None:
    return store.get(c, number, scope) if number is not None and number <= MOST else None


def check(c: Connection, scope: Scope, arguments: Arguments) -> Row:
    """The patrol that the address names; Refused: none, or a slip in the address."""
    found = known(c, scope, whole("number", arguments.get("number")))
    if found is None:
        raise Refused(404, "not_found")
    wanted(arguments)
    return found


def wanted(arguments: Arguments) -> tuple[str | None, int]:
    """(state or None for all, place behind which the page begins) of an address; Refused."""
    state = arguments.get("state") or None
    if state not in (None, *store.POINT_STATES):
        raise Refused(400, "bad_argument", argument="state")
    return state, whole("after", arguments.get("after")) or 0


def context(c: Connection, scope: Scope, row: Row, arguments: Arguments) -> Row:
    """Everything the panels of PATROL_PANELS need."""
    state, after = wanted(arguments)
    found = store.page(c, row["id"], scope, state, after, ROWS + 1)
    tally = store.tally(c, row["id"], scope)
    counts = {name: sum(n for at, _why, n in tally if at == name) for name in store.POINT_STATES}
    return {
        "p": row,
        "items": [item_name(no) for no in row["items"]],
        "total": sum(counts.values()),
        "counts": counts,
        "parts": parts(counts),
        "percent": share(counts[store.OK] + counts[store.FAILED], sum(counts.values())),
        "reasons": [(why(reason), n) for at, reason, n in tally if at == store.FAILED],
        "points": [shown(each) for each in found[:ROWS]],
        "state": state,
        "states": store.POINT_STATES,
        "next": found[ROWS - 1]["place"] if len(found) > ROWS else None,
        "first": not after,
        "tones": TONES,
        "point_tones": POINT_TONES,
        "may_collect": "collect" in functions_at(row["unit"]),
        "active": row["state"] in store.ACTIVE,
    }


def parts(counts: Mapping[str, int]) -> list[tuple[str, int, str, str]]:
    """[(state, points, from and width in % of the bar)], what is done first."""
    whole_bar, at, out = max(1, sum(counts.values())), 0, []
    for state in (store.OK, store.FAILED, store.ASKED, store.WAITING):
        n = counts.get(state, 0)
        out.append((state, n, *(f"{100 * each / whole_bar:.3f}" for each in (at, n))))
        at += n
    return out


def item_name(no: int) -> str:
    return point_name(BY_NO[no]) if no in BY_NO else str(no)


def why(reason: str) -> str:
    """Words of a reason of station.collection.patrol_step.REASONS."""
    return word("outcome" if reason in OUTCOME_NAMES else "patrol_reason", reason)


def shown(each: Row) -> Row:
    """A point for the table."""
    quality = QUALITIES.get(each["quality"], "") if each["quality"] is not None else ""
    facts: Row = {"item_name": item_name(each["item"]), "quality_name": quality}
    facts["quality_tone"] = QUALITY_TONES.get(quality, ("unknown", "unknown"))
    facts["text"] = point_value(each["item"], each["value"])
    return each | facts | {"why": why(each["reason"]) if each["reason"] else ""}


def plain(item: int, value: Any) -> tuple[str, str]:
    """(value, unit) for a file: no commas between thousands."""
    row = BY_NO.get(item)
    if value is None:
        return "", ""
    if row is None or not isinstance(value, int) or row[5] in ("time", "bits"):
        return point_value(item, value), ""
    return fixed(value, row[4]).replace(",", ""), row[3]
