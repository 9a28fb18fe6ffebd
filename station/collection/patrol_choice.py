"""Which points a patrol reads: what a person filled in becomes devices and meters, or says what is wrong."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from protocols.meters.points import BY_NO
from protocols.uplink import archive_rows
from station.checks import refuse, whole
from station.collection import patrol_list
from station.collection.patrol_list import MOST, Line
from station.errors import FieldError, Invalid
from station.store import patrols as store
from station.store.scope import Scope

FILTER, LIST = "filter", "list"
WAYS = (FILTER, LIST)
ITEMS_MOST = 16
Q_CHARS = 64
WITHIN_S = (300, 86_400)  # of a round
MAIN = 1  # row by which a list may name the meter of a terminal
Facts = Mapping[str, Any]


class Target(NamedTuple):
    device: str
    meter: int  # row of the archive, 0: the terminal itself
    address: str
    online: bool


class Chosen(NamedTuple):
    facts: dict[str, Any]  # in order: unit, items, within_s, and `chosen` for who reads it later
    targets: list[Target]  # by device and meter
    left_out: int  # wrong lines of the list that were passed over

    @property
    def points(self) -> int:
        return len(self.targets) * len(self.facts["items"])


def choose(c: Connection, scope: Scope, facts: Facts, t_s: int) -> Chosen:
    """`facts`: unit, items, within_s, way of WAYS; of a filter kind, q, first, last, state; of a list `list`

    and `without_wrong`. Invalid says what is wrong, of a list line by line.
    """
    problems: list[FieldError] = []
    if not (isinstance(facts.get("unit"), int) and scope.holds(c, facts["unit"])):
        problems.append(FieldError("unit", "no_such_unit"))
    whole(facts.get("within_s"), "within_s", *WITHIN_S, problems)
    items = _items(facts.get("items") or (), problems)
    if facts.get("way") not in WAYS:
        problems.append(FieldError("way", "needed"))
    if facts.get("way") == FILTER:
        _check_filter(facts, problems)
    refuse(problems)
    of_list = facts["way"] == LIST
    targets, left_out = _of_list(c, scope, facts, t_s) if of_list else (_of_filter(c, scope, facts, t_s), 0)
    names = () if of_list else ("kind", "q", "first", "last", "state")
    told = {"way": facts["way"], "left_out": left_out} | {name: facts[name] for name in names}
    kept = {"unit": facts["unit"], "items": items, "within_s": facts["within_s"], "chosen": told}
    made = Chosen(kept, targets, left_out)
    if not targets:
        raise Invalid(FieldError("list" if of_list else "q", "no_points"))
    if made.points > MOST:
        raise Invalid(FieldError("", "too_many_points", {"most": MOST}))
    return made


def _items(items: Sequence[Any], problems: list[FieldError]) -> list[int]:
    found = sorted({item for item in items if isinstance(item, int) and item in BY_NO})
    if not found or len(found) != len(set(items)) or len(found) > ITEMS_MOST:
        problems.append(FieldError("items", "needed"))
    return found


def _check_filter(facts: Facts, problems: list[FieldError]) -> None:
    among = {"kind": store.KINDS, "state": store.DEVICE_STATES}
    problems += [
        FieldError(name, "needed") for name, values in among.items() if facts.get(name) not in values
    ]
    first = whole(facts.get("first"), "first", 1, archive_rows.MOST, problems)
    if whole(facts.get("last"), "last", 1, archive_rows.MOST, problems) < first:
        problems.append(FieldError("last", "last_before_first"))
    if len(str(facts.get("q") or "")) > Q_CHARS:
        problems.append(FieldError("q", "too_long", {"most": Q_CHARS}))


def _of_filter(c: Connection, scope: Scope, facts: Facts, t_s: int) -> list[Target]:
    wanted = {**facts, "q": str(facts.get("q") or "").strip()}
    found = store.sought(c, scope, wanted, t_s, MOST + 1)
    return [Target(row["device"], row["meter"], row["address"], bool(row["online"])) for row in found]


# ---- a list


def _of_list(c: Connection, scope: Scope, facts: Facts, t_s: int) -> tuple[list[Target], int]:
    """(targets, wrong lines passed over)"""
    lines, faults = patrol_list.read(str(facts.get("list") or ""))
    known = store.devices_of(c, scope, facts["unit"], {line.device for line in lines}, t_s)
    found: dict[tuple[str, int], tuple[int, Target]] = {}
    for line in lines:
        named = _named(c, line, known.get(line.device))
        again = _again(line, named, found) if not isinstance(named, FieldError) else named
        if isinstance(again, FieldError):
            faults.append(again)
        elif len(found) <= MOST:
            found |= again
    if faults and not (facts.get("without_wrong") and found):
        raise Invalid(*patrol_list.said(faults))
    return [found[at][1] for at in sorted(found)], len(faults)


def _again(line: Line, named: list[Target], found: Mapping[tuple[str, int], tuple[int, Target]]) -> Any:
    """The targets by place with their line; FieldError when one stands in another line already."""
    here = {(each.device, each.meter): (line.line, each) for each in named}
    for at in here:
        if at in found:
            return FieldError("list", "point_twice", {"line": line.line, "first": found[at][0]})
    return here


def _named(c: Connection, line: Line, device: Facts | None) -> list[Target] | FieldError:
    told = {"line": line.line, "device": line.device}
    if device is None:
        return FieldError("list", "point_no_device", told)
    if device["is_area"]:
        rows = store.rows_of(c, line.device, line.row, line.address, MOST + 1)
    else:
        own = line.row in (None, MAIN) and line.address in ("", device["address"])
        rows = [(0, device["address"])] if own else []
    if len(rows) > 1 and line.address:  # on two lines of a concentrator
        return FieldError("list", "point_unclear", told)
    online = bool(device["online"])
    return [Target(line.device, *row, online) for row in rows] or FieldError("list", "point_no_meter", told)
