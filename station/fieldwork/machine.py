"""How a work order may move, and who may move it. Pure.

    drafted, returned -> assigned -> accepted -> on_site -> done -> checked
    assigned, accepted, on_site, done -> returned      (with a reason)
    everything that is not at its end -> cancelled     (with a reason)

The hand is who has the order, or the deputy; the desk assigns, checks and cancels, and may excuse on site
what the checklist lacks, with a reason. Nobody checks or excuses his own work.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from station.errors import FieldError

KINDS = ("survey", "install", "commission", "repair", "replace", "remove", "patrol")
PRIORITIES = (1, 2, 3)  # urgent, soon, when there is time
SUBJECT_CHARS, REMARK_CHARS, VALUE_CHARS = 200, 200, 64
DUE_DAYS = 366
WARN_S = 24 * 3600  # before the due time the order is warned of
ENDS = ("checked", "cancelled")


class Move(NamedTuple):
    before: tuple[str, ...]
    to: str
    by: str  # hand or desk
    reason: bool = False  # a remark is needed


MOVES: Mapping[str, Move] = {
    "assign": Move(("drafted", "returned", "assigned", "accepted"), "assigned", "desk"),
    "accept": Move(("assigned",), "accepted", "hand"),
    "arrive": Move(("accepted",), "on_site", "hand"),
    "excuse": Move(("on_site",), "on_site", "desk", reason=True),  # why needed items may be left open
    "finish": Move(("on_site",), "done", "hand"),
    "check": Move(("done",), "checked", "desk"),
    "give_back": Move(("assigned", "accepted", "on_site"), "returned", "hand", reason=True),
    "send_back": Move(("done",), "returned", "desk", reason=True),
    "cancel": Move(
        ("drafted", "assigned", "accepted", "on_site", "done", "returned"), "cancelled", "desk", reason=True
    ),
}
STATES = ("drafted", "assigned", "accepted", "on_site", "done", "checked", "returned", "cancelled")
Row = Mapping[str, Any]


def hands(order: Row) -> tuple[str, ...]:
    return tuple(name for name in (order["assignee"], order["deputy"]) if name)


def open_to(order: Row, who: str, desk: bool) -> tuple[str, ...]:
    """Moves that `who` may make now; `desk`: with the desk's right in the unit of the order."""
    return tuple(name for name in MOVES if refusal(order, name, who, desk, "-") is None)


def refusal(order: Row, name: str, who: str, desk: bool, remark: str) -> FieldError | None:
    """Why `who` may not make this move."""
    move = MOVES[name]
    if order["state"] not in move.before:
        return FieldError("", "work_not_so", {"state": order["state"]})
    if move.by == "hand" and who not in hands(order):
        return FieldError("", "work_not_yours")
    if move.by == "desk" and not desk:
        return FieldError("", "work_desk_only")
    if name in ("check", "excuse") and who in hands(order):
        return FieldError("", "work_own_check")
    if move.reason and not remark:
        return FieldError("remark", "needed")
    return None


def lateness(order: Row, t_s: int) -> str:
    """late, soon or "" for an order that is not done."""
    if order["state"] in ("done", *ENDS):
        return ""
    if order["due_s"] < t_s:
        return "late"
    return "soon" if order["due_s"] - t_s <= WARN_S else ""
