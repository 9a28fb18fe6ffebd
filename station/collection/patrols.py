"""Batch patrols: begun, stopped and repeated by people, carried on by `work`. Who began one need not stay.

All of a patrol stands in the database, and a command goes into its table in the transaction in which its
points become `asked`: a station that stops anywhere goes on from there, and asks nothing twice.
"""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Engine

from protocols.uplink import area
from station.area import life
from station.collection import patrol_choice
from station.collection.patrol_step import Answer, Ask, Heard, Now, Point, Read, Round, failed, step
from station.controls import DEADLINE_S, submit
from station.errors import FieldError, Invalid
from station.store import audit, db
from station.store import patrols as store
from station.store.scope import EVERYWHERE, Scope

COMMANDS_A_SECOND = 5  # of all patrols together: other commands go between them
UNDER_WAY_MOST = 5  # of one person
KEEP_S = 180 * 86_400
RETRY, STOP = "retry", "stop"
ACTS = (RETRY, STOP)
_FIELDS = Point._fields
Row = dict[str, Any]


# ---- acts of people


def begin(
    c: Connection, author: str, scope: Scope, facts: Mapping[str, Any], once: str, t_s: int | None = None
) -> int:
    """Number of a new patrol; that of the first when the same form comes again. Invalid."""
    before = store.by_once(c, once, author)
    if before is not None:
        return before
    at = db.now_s() if t_s is None else t_s
    chosen = patrol_choice.choose(c, scope, facts, at)
    _check_room(c, author)
    kept = chosen.facts
    points = [
        {"device": each.device, "meter": each.meter, "address": each.address, "item": item}
        for each in chosen.targets
        for item in kept["items"]
    ]
    times = {"begun_s": at, "until_s": at + kept["within_s"], "created_s": at}
    number = store.add(c, points, author=author, doer=author, once=once, state=store.RUNNING, **times, **kept)
    audit.add(c, author, "patrol_begun", _subject(number), points=len(points), **kept)
    return number


def _check_room(c: Connection, author: str) -> None:
    if store.under_way(c, author) >= UNDER_WAY_MOST:
        raise Invalid(FieldError("", "patrols_full", {"most": UNDER_WAY_MOST}))


def _subject(number: int) -> str:
    return f"patrol {number}"


def stop(c: Connection, author: str, row: Row, version: int) -> None:
    """Ask nothing more. Invalid: it changed since `version`. One that ends already is left alone."""
    if row["state"] != store.RUNNING:
        return
    if not store.change(c, row["id"], version, state=store.STOPPING):
        raise Invalid(FieldError("", "changed_meanwhile"))
    audit.add(c, author, "patrol_stopped", _subject(row["id"]))


def retry(c: Connection, author: str, scope: Scope, row: Row, version: int, t_s: int | None = None) -> None:
    """Ask the failed points once more, as a new round. Invalid. One that runs already is left alone."""
    if row["state"] in store.ACTIVE:
        return
    at = db.now_s() if t_s is None else t_s
    _check_room(c, author)
    times = {"begun_s": at, "until_s": at + row["within_s"]}
    facts = {"state": store.RUNNING, "round": row["round"] + 1, "doer": author, **times}
    if not store.begin_round(c, row["id"], version, **facts):
        raise Invalid(FieldError("", "changed_meanwhile"))
    points = store.ask_again(c, row["id"], scope)
    if not points:
        raise Invalid(FieldError("", "nothing_failed"))
    audit.add(c, author, "patrol_repeated", _subject(row["id"]), points=points)


def look(c: Connection, author: str, row: Row, t_s: int) -> bool:
    """Note that its author saw what came of one that ended; whether there was something to note."""
    fresh = row["author"] == author and row["ended_s"] is not None and row["seen_s"] is None
    if fresh:
        store.seen(c, row["id"], t_s)
    return fresh


# ---- carried on


def work(engine: Engine, t_s: int) -> None:
    """Take every patrol that is under way one step further, if there is one. Call often."""
    with db.reading(engine) as c:
        due = [row["id"] for row in store.active(c) if _is_due(c, row, t_s)]
    for number in due:
        with db.writing(engine) as c:
            _advance(c, number, t_s)


def _is_due(c: Connection, row: Row, t_s: int) -> bool:
    changed, asks, left = _next(c, row, t_s)
    return bool(changed or asks) or not left


def _advance(c: Connection, number: int, t_s: int) -> None:
    row = store.get(c, number, EVERYWHERE)
    if row is None or row["state"] not in store.ACTIVE:
        return
    changed, asks, _left = _next(c, row, t_s)
    after = {each.no: each for each in changed}
    points = {each.no: each for each in map(_point, store.open_points(c, number, t_s))} | after
    for ask in asks:
        after |= _send(c, row, ask, [points[no] for no in ask.numbers], t_s)
    store.put(c, number, [each._asdict() for each in after.values()])
    if not store.still_open(c, number):
        _end(c, row, t_s)


def _end(c: Connection, row: Row, t_s: int) -> None:
    state = store.STOPPED if row["state"] == store.STOPPING else store.DONE
    store.change(c, row["id"], row["version"], state=state, ended_s=t_s)
    counts: dict[str, int] = {}
    for kind, _reason, count in store.tally(c, row["id"], EVERYWHERE):
        counts[kind] = counts.get(kind, 0) + count
    audit.add(c, row["author"], "patrol_ended", _subject(row["id"]), round=row["round"], **counts)


def _send(c: Connection, row: Row, ask: Ask, points: Sequence[Point], t_s: int) -> dict[int, Point]:
    """{number: point} after the command was queued, or was refused here."""
    params = {"point": ask.item, "first": ask.first, "last": ask.last, "within_s": ask.within_s}
    until_s = min(row["until_s"], t_s + DEADLINE_S)
    doubt = int(life.drift(c, ask.device) is not False)
    try:
        number = submit(c, ask.device, area.PATROL, params, row["doer"], "", until_s, part=True)
    except Invalid:
        return {each.no: failed(each, "not_taken") for each in points}
    asked = {"state": store.ASKED, "command": number, "asked_s": t_s, "doubt": doubt}
    return {each.no: each._replace(**asked) for each in points}


def _next(c: Connection, row: Row, t_s: int) -> tuple[list[Point], list[Ask], int]:
    """(points that change, commands to send, open points before)"""
    found = store.open_points(c, row["id"], t_s)
    room = max(0, COMMANDS_A_SECOND - store.sent_since(c, t_s))
    this = Round(row["begun_s"], row["until_s"], row["state"] == store.STOPPING)
    return *step(this, [_point(each) for each in found], _heard(c, row, found), t_s, room), len(found)


def _point(row: Row) -> Point:
    return Point(*[row[name] for name in _FIELDS])


def _heard(c: Connection, row: Row, found: Sequence[Row]) -> dict[str, Heard]:
    """{device: what is known of it} of the devices of some open points."""
    told = {each["device"] for each in found if not each["meter"] and (each["live_s"] or 0) > row["begun_s"]}
    lives = store.lives(c, told) if told else {}
    waited = any(each["state"] == store.ASKED for each in found)
    answers = _answers(c, row) if waited else {}
    reads = _reads(c, row) if waited else {}
    meters: dict[str, dict[int, str]] = {}
    for each in found:
        if each["there"] is not None:
            meters.setdefault(each["device"], {})[each["meter"]] = each["there"]
    return {
        device: Heard(
            online,
            meters.get(device, {}),
            _now(lives.get(device)),
            answers.get(device, {}),
            reads.get(device, {}),
        )
        for device, online in {each["device"]: bool(each["online"]) for each in found}.items()
    }


def _now(told: Row | None) -> Now | None:
    if told is None:
        return None
    return Now(
        told["received_s"], told["t_s"] if told["t_ok"] else None, bool(told["meter_ok"]), told["points"]
    )


def _answers(c: Connection, row: Row) -> dict[str, dict[int, Answer]]:
    ends = store.ends(c, row["id"], row["after_event"])
    out: dict[str, dict[int, Answer]] = {}
    for each in store.answers(c, row["id"]):
        end = ends.get((each["device"], each["command"]))
        ended = (end["received_s"], str(end["data"].get("error", ""))) if end else (None, "")
        answer = Answer(each["state"], each["reason"] or 0, *ended)
        out.setdefault(each["device"], {})[each["command"]] = answer
    return out


def _reads(c: Connection, row: Row) -> dict[str, dict[tuple[int, int], Read]]:
    out: dict[str, dict[tuple[int, int], Read]] = {}
    for each in sorted(store.reads(c, row["id"]), key=itemgetter("seq")):
        read = Read(each["reason"], each["values"], each["t_s"] if each["t_ok"] else None)
        out.setdefault(each["device"], {})[each["command"], each["meter"]] = read
    return out


def forget(engine: Engine, t_s: int) -> int:
    """Delete what ended so long ago. Returns the patrols."""
    with db.writing(engine) as c:
        return store.forget(c, t_s - KEEP_S)
