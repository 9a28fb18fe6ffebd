"""What they say, held against the archive: taken where the rule may, else shown to a person.

Call in a write transaction. Saying a thing twice does what saying it once did.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection

from station.archives import records
from station.archives.kinds import ENDED, LINK
from station.archives.records import Desk
from station.errors import Invalid
from station.marketing import three
from station.marketing.kinds import SHEETS
from station.store import marketing as store

ELSEWHERE = "elsewhere"  # outcome: the number stands where the speaker may not see
REASON = "营销同步 / marketing"  # of what a rule took
Row = dict[str, Any]
Values = dict[str, Any]


class Said(NamedTuple):
    number: str
    values: Mapping[str, Any]  # by name of the sheet; None takes a value away
    unit: int  # where a new one would stand
    from_day: int | None = None


def receive(
    c: Connection, desk: Desk, kind: str, many: Sequence[Said], t_s: int, *, whole: bool
) -> list[str]:
    """One of three.OUTCOMES, or ELSEWHERE, for each. `whole`: all that they know of it, else what is new."""
    numbers = [each.number for each in many]
    known, held = store.known(c, kind, numbers), store.ours(c, kind, numbers)
    within = cache(lambda unit: desk.scope.holds(c, unit))
    out, again = list[str](), list[int]()
    for said in many:
        row, ours = known.get(said.number), held.get(said.number)
        if not all(within(each["unit"]) for each in (row, ours) if each):
            out.append(ELSEWHERE)
            continue
        theirs = dict(said.values) if whole or not (row and row["theirs"]) else row["theirs"] | said.values
        outcome, changed = _one(c, desk, kind, said, theirs, row, ours, t_s)
        out.append(outcome)
        if row and not changed:
            again.append(row["id"])
    store.saw(c, again, t_s)
    return out


def _one(
    c: Connection,
    desk: Desk,
    kind: str,
    said: Said,
    theirs: Values,
    row: Row | None,
    ours: Row | None,
    t_s: int,
) -> tuple[str, bool]:
    """(outcome, whether the row was written)."""
    took = False
    agreed = dict(row["agreed"]) if row else {}
    if ours is not None:
        met = three.meet(agreed, values_of(ours), theirs, SHEETS[kind].free)
        took = bool(met.take) and _take(c, desk, ours, met.take)
        if took:
            ours = store.ours(c, kind, [said.number])[said.number]
        agreed = three.meet(agreed, values_of(ours), theirs, ()).agreed
    facts = _facts(row, ours, theirs, agreed, t_s)
    facts |= {"unit": ours["unit"] if ours else said.unit, "from_day": said.from_day}
    changed = row is None or any(row[name] != value for name, value in facts.items())
    if row is None:
        store.add(c, kind=kind, number=said.number, seen_s=t_s, **facts)
    elif changed:
        store.put(c, row["id"], row["version"], seen_s=t_s, **facts)
    return _outcome(facts, took), changed


def _outcome(facts: Mapping[str, Any], took: bool) -> str:
    if facts["state"] == "agree":
        return "taken" if took else "same"
    if not facts["open"]:
        return "kept"
    return "new" if facts["state"] == "theirs" else "conflict"


def _take(c: Connection, desk: Desk, ours: Row, values: Values) -> bool:
    """Through the archive's own change, from today on; what it refuses is left to a person."""
    try:
        return records.put(c, desk, ours, ours["version"], values, desk.today, REASON, late=False)
    except Invalid:
        return False


def values_of(ours: Mapping[str, Any]) -> Values:
    """A record of the archive as they would say it; what is empty stays out."""
    links = {LINK + role: number for role, number in ours["links"].items()}
    return {**ours["facts"], **links, **({"name": ours["name"]} if ours["name"] else {})}


def narrowed(kind: str, ours: Row | None, theirs: Values | None) -> Values | None:
    """Ours as it is compared. One whose life ended and that they do not have either is nobody's."""
    if ours is None or (theirs is None and ours["state"] in ENDED):
        return None
    here = values_of(ours)
    return {name: here[name] for name in SHEETS[kind].names if name in here}


def _facts(row: Row | None, ours: Row | None, theirs: Values | None, agreed: Values, t_s: int) -> Row:
    kind = ours["kind"] if ours else row["kind"] if row else ""
    here = narrowed(kind, ours, theirs) if kind else None
    held = three.hold(here, theirs, row["kept"] if row else {})
    before: Mapping[str, Any] = row or {"theirs": None, "since": {}, "differs": {}, "opened_s": None}
    old, since = before["theirs"] or {}, before["since"]
    fresh = held.differs != before["differs"]
    return {
        "name": (ours["name"] if ours else "") or (theirs or {}).get("name") or "",
        "theirs": theirs,
        "since": {
            name: since[name] if name in since and name in old and old[name] == said else t_s
            for name, said in (theirs or {}).items()
        },
        "agreed": agreed,
        "differs": held.differs,
        "state": held.state,
        "open": int(bool(held.differs)),
        "same": held.same,
        "compared": held.compared,
        "ours_version": ours["version"] if ours else None,
        "opened_s": (t_s if not before["opened_s"] else before["opened_s"]) if held.differs else None,
        **({"later_s": None} if fresh else {}),
    }


def again(c: Connection, kind: str, numbers: Sequence[str], t_s: int, *, gone: bool = False) -> None:
    """Compare anew what is known; ours may have changed. `gone`: they do not have these any more."""
    known, held = store.known(c, kind, numbers), store.ours(c, kind, numbers)
    for number in numbers:
        row, ours = known.get(number), held.get(number)
        if row is None and ours is None:
            continue
        theirs = None if gone or row is None else row["theirs"]
        agreed = {} if row is None or theirs is None else row["agreed"]
        if ours is not None and theirs is not None:
            agreed = three.meet(agreed, values_of(ours), theirs, ()).agreed
        facts = _facts(row, ours, theirs, agreed, t_s)
        if row is None:
            assert ours
            store.add(c, kind=kind, number=number, seen_s=t_s, unit=ours["unit"], **facts)
        else:
            unit = ours["unit"] if ours else row["unit"]
            store.put(c, row["id"], row["version"], unit=unit, **facts)
