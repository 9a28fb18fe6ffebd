"""How a proposal may move, and who may move it. Pure.

    drafted -> approved | refused | withdrawn | expired
    approved -> executed | failed        (failed: nothing was done)

An emergency goes from drafted to approved without anybody's word; it waits for a review afterwards.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from station.errors import FieldError

VALID_S = 30 * 60  # domain.md section 7: an approval expires
MOVES: Mapping[str, frozenset[str]] = {
    "drafted": frozenset({"approved", "refused", "withdrawn", "expired"}),
    "approved": frozenset({"executed", "failed"}),
    "refused": frozenset(),
    "withdrawn": frozenset(),
    "expired": frozenset(),
    "executed": frozenset(),
    "failed": frozenset(),
}
STATES = tuple(MOVES)
OPEN = tuple(state for state, to in MOVES.items() if to)
REASON_CHARS, TICKET_CHARS = 200, 40
TYPED_FROM = 10  # so many affected and more: their number is typed


class Affected(NamedTuple):
    target: str
    unit: int
    name: str
    flags: tuple[str, ...]


class Preview(NamedTuple):
    """What would happen now; `offline` of the affected could not be asked."""

    affected: Sequence[Affected]
    offline: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """{flag: how many of the affected have it}."""
        out: dict[str, int] = {}
        for each in self.affected:
            for flag in each.flags:
                out[flag] = out.get(flag, 0) + 1
        return out


def hash_of(kind: str, content: Mapping[str, Any], preview: Preview) -> str:
    """SHA-256, hex, of exactly the content and the affected list with its flags.

    Names are left out: they may be corrected meanwhile without a change of who is meant.
    """
    rows = sorted([each.target, each.unit, *each.flags] for each in preview.affected)
    return hashlib.sha256(canonical([kind, content, rows]).encode()).hexdigest()


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def expired(row: Mapping[str, Any], t_s: int) -> bool:
    """Its time is over before it was decided, or before it was begun."""
    return row["state"] in OPEN and row["started_s"] is None and t_s >= row["expires_s"]


def refusal(row: Mapping[str, Any], who: str, shown: str, covers: bool, t_s: int) -> FieldError | None:
    """Why `who`, who saw the hash `shown`, may not approve; `covers`: with the right over every target."""
    if row["state"] != "drafted":
        return FieldError("", "already_decided", {"state": row["state"]})
    if expired(row, t_s):
        return FieldError("", "proposal_expired")
    if who == row["author"]:
        return FieldError("", "same_person")
    if not covers:
        return FieldError("", "no_right_there")
    return None if shown == row["hash"] else FieldError("", "changed_meanwhile")
