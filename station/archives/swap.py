"""One thing takes the place of another: meter, CT, PT, terminal, concentrator. The register goes on.

Used energy over a swap: what the old register counted since it was billed, times the ratio then, and what the
new one counted since it began, times the ratio now. When a CT or PT is swapped, both are of the same meter.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from station.archives import records
from station.archives.kinds import KINDS, LINK, METERED, SWAPPED, life
from station.archives.records import Desk, Row
from station.checks import refuse
from station.errors import FieldError, Invalid
from station.store import archives as store
from station.store import audit
from station.store.db import now_s

MOST_WH = 10**12
RATIO_MOST = 1_000_000


class Wish(NamedTuple):
    """What the form says; registers in Wh, of no use for a terminal."""

    number: str  # of the new one
    day: int | None
    reason: str
    last_wh: int | None = None  # billed last
    final_wh: int | None = None
    initial_wh: int | None = None
    multiplier: int | None = None  # CT x PT afterwards, as the person understands it


class Plan(NamedTuple):
    old: Row
    new: Row
    wish: Wish
    places: Mapping[str, int]  # @ROLE: what the new one is hung on
    follows: tuple[tuple[int, str], ...]  # (record, @ROLE) that go over to the new one
    point: int | None
    ratio_before: int
    ratio_after: int
    shown: str  # hash of all that a person saw

    @property
    def used_wh(self) -> int:
        """Until the swap, since it was billed last."""
        w = self.wish
        return used_wh(w.last_wh or 0, w.final_wh or 0, 0, 0, self.ratio_before, self.ratio_after)


def used_wh(last: int, final: int, initial: int, now: int, before: int, after: int) -> int:
    """Primary Wh between the bill before the swap and the register `now` behind it."""
    return (final - last) * before + (now - initial) * after


def look(c: Connection, desk: Desk, old: Row, wish: Wish) -> Plan:
    """What would be done; Invalid lists all that is against it."""
    problems: list[FieldError] = []
    if old["kind"] not in SWAPPED or old["state"] != life(old["kind"]).live:
        raise Invalid(FieldError("", "not_running"))
    new = store.named(c, old["kind"], wish.number.strip(), desk.scope)
    if new is None:
        problems.append(FieldError("number", "no_such_record"))
    elif new["state"] != life(new["kind"]).first:
        problems.append(FieldError("number", "not_in_store"))
    day = _day(c, desk, old, new, wish, problems)
    refuse(problems)
    assert new
    roles = [link.role for link in KINDS[old["kind"]].links if link.place]
    places = {
        LINK + row["role"]: row["id"]
        for row in store.above(c, old["id"], records.EVERYWHERE, day)
        if row["role"] in roles
    }
    point = places.get(LINK + "point")
    before, after = _ratio(c, point, day), _ratio(c, point, day, old, new)
    if old["kind"] in METERED:
        _registers(wish, point, after, problems)
    refuse(problems)
    moved = {link.role for kind in KINDS.values() for link in kind.links if link.follows}
    follows = tuple(
        (row["record"], LINK + row["role"])
        for row in store.hanging(c, old["id"], day)
        if row["role"] in moved
    )
    seen = [old["id"], old["version"], new["id"], new["version"], places, follows, before, after, list(wish)]
    shown = hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()
    return Plan(old, new, wish, places, follows, point, before, after, shown)


def do(c: Connection, desk: Desk, old: Row, wish: Wish, shown: str, token: str) -> int:
    """Id of the swap, or of the one that this form did before. Invalid, also when not as it was shown."""
    before = store.swap_by_token(c, token)
    if before is not None:
        return before
    plan = look(c, desk, old, wish)
    if plan.shown != shown:
        raise Invalid(FieldError("", "changed_meanwhile"))
    day = wish.day or 0
    late = day < desk.today
    of = life(old["kind"])

    def put(row: Row, values: Mapping[str, Any]) -> None:
        records.put(c, desk, row, row["version"], values, day, wish.reason, late=late)

    put(plan.old, dict.fromkeys(plan.places) | {"state": of.out})
    put(plan.new, {**plan.places, "state": of.live, "unit": old["unit"]})
    for number, role in plan.follows:
        put(records.unseen(c, number), {role: plan.new["id"]})
    facts = {
        "kind": old["kind"],
        "old": old["id"],
        "new": plan.new["id"],
        "point": plan.point,
        "day": day,
        "last_wh": wish.last_wh,
        "final_wh": wish.final_wh,
        "initial_wh": wish.initial_wh,
        "ratio_before": plan.ratio_before,
        "ratio_after": plan.ratio_after,
        "reason": wish.reason.strip(),
    }
    number = store.add_swap(c, token=token, unit=old["unit"], author=desk.author, done_s=now_s(), **facts)
    audit.add(c, desk.author, "archive_swapped", f"{old['kind']} {old['number']}", swap=number, **facts)
    return number


def _day(c: Connection, desk: Desk, old: Row, new: Row | None, wish: Wish, problems: list[FieldError]) -> int:
    day = wish.day
    if day is None:
        problems.append(FieldError("day", "bad_day"))
        return desk.today
    if day > desk.today:
        problems.append(FieldError("day", "day_ahead"))
    began = [each["from_day"] for each in store.changes(c, old["id"]) if "state" in each["changed"]]
    began += [each["from_day"] for each in store.changes(c, new["id"])] if new else []
    if day < max(began):  # the old one did not run there yet, or the new one was not known
        problems.append(FieldError("day", "before_first"))
    if not wish.reason.strip():
        problems.append(FieldError("reason", "needed"))
    elif len(wish.reason) > records.REASON_CHARS:
        problems.append(FieldError("reason", "too_long", {"most": records.REASON_CHARS}))
    return day


def _registers(wish: Wish, point: int | None, after: int, problems: list[FieldError]) -> None:
    if point is None:
        problems.append(FieldError("", "stands_nowhere"))
    for name in ("last_wh", "final_wh", "initial_wh"):
        if getattr(wish, name) is None:
            problems.append(FieldError(name, "not_a_register"))
    if wish.last_wh is not None and wish.final_wh is not None and wish.final_wh < wish.last_wh:
        problems.append(FieldError("final_wh", "register_fell"))
    if wish.multiplier != after:
        problems.append(FieldError("multiplier", "ratio_differs", {"ratio": after}))


def _ratio(c: Connection, point: int | None, day: int, old: Row | None = None, new: Row | None = None) -> int:
    """CT x PT at a point, with `new` in the place of `old`; 1 where there is none."""
    if point is None:
        return 1
    standing = {row["id"]: row for row in store.running_on(c, point, ("ct", "pt"), day)}
    if old and new and standing.pop(old["id"], None):
        standing[new["id"]] = new
    ratio = {"ct": 1, "pt": 1}
    for row in standing.values():  # three CTs of three phases count once
        facts = row["facts"]
        if facts.get("primary") and facts.get("secondary"):
            ratio[row["kind"]] = facts["primary"] // facts["secondary"]
    return ratio["ct"] * ratio["pt"]
