"""Supplementary collection: asking concentrators again for what is missing, and for nothing else.

Only concentrators are asked: a terminal sends all it has by itself. What one said it could not read is not
asked for, and neither is what it may still be reading. Of a concentrator one request is under way at a time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Engine

from protocols.uplink import area
from protocols.uplink.codes import REASON_NO
from protocols.uplink.messages import DAILY, MONTHLY
from station.area import life
from station.collection import tasks
from station.collection.slots import DAY_S, Ask, Missing, asks, expected
from station.errors import FieldError, Invalid
from station.store import area as areas
from station.store import audit, commands, db, devices
from station.store import collection as store
from station.store import collection_asks as queue
from station.store.scope import EVERYWHERE, Scope

SETTLE_S = 2 * 3600  # after a slot is due: the concentrator reads it and tells it by itself
REST_S = 2 * 3600  # between two requests for the same slot
BACK_S = {DAILY: 7 * DAY_S, MONTHLY: 62 * DAY_S}  # so old holes are asked for without a person
DUTIES = {DAILY: 1, MONTHLY: 2}  # of a concentrator, by which it says what it could not read
GIVEN_UP_S = DAY_S
BUSY_S = 60
TOGETHER = 200  # requests begun in one sweep: the link of each is slow, the broker's is not
DEVICES_MOST = 500  # of what one person asks for at once
KEEP_S = 62 * DAY_S
AUTHOR = "collection"  # of what a task asks for by itself

Row = dict[str, Any]


def can_ask(task: Mapping[str, Any]) -> bool:
    """Whether what is missing of it can be asked for."""
    return task["point_type"] == store.METER and task["kind"] in BACK_S


# ---- what is asked for


def scan(engine: Engine, t_s: int) -> int:
    """Want what the tasks miss and may ask for. Returns the requests."""
    made = 0
    with db.reading(engine) as c:
        every = [task for task in store.every(c) if task["supplements"] and can_ask(task)]
    for task in every:
        since_s = t_s - BACK_S[task["kind"]]
        with db.reading(engine) as c:
            holes = tasks.missing(c, task, EVERYWHERE, since_s, t_s - SETTLE_S)
            found = list(_wanted(c, task, holes, since_s, t_s, task["supplements"]))
        if found:
            with db.writing(engine) as c:
                queue.add(c, [_row(task, each, "", t_s) for each in found])
        made += len(found)
    return made


def ask(c: Connection, author: str, scope: Scope, task: Row, day: int, device: str | None, t_s: int) -> int:
    """A person wants what is missing of a local day (since 1970), however often it was asked for. Slots.

    Invalid: nothing of it can be asked for, or at too many concentrators."""
    holes = tasks.missing_of_day(c, task, scope, day, t_s, device) if can_ask(task) else []
    if len({each.device for each in holes}) > DEVICES_MOST:
        raise Invalid(FieldError("", "too_many_affected", {"most": DEVICES_MOST}))
    since_s = min((each.slot_s for each in holes), default=t_s)
    wanted = list(_wanted(c, task, holes, since_s, t_s, None))
    if not wanted:
        raise Invalid(FieldError("", "nothing_to_ask"))
    queue.add(c, [_row(task, each, author, t_s) for each in wanted])
    subject = f"collection task {task['id']}"
    audit.add(c, author, "supplement_asked", subject, device=device, day=day, slots=len(holes))
    return len(holes)


def _row(task: Mapping[str, Any], each: Ask, author: str, t_s: int) -> Row:
    facts = {"device": each.device, "meter": each.point, "from_s": each.from_s, "until_s": each.until_s - 1}
    more = {"kind": task["kind"], "priority": task["priority"], "author": author, "made_s": t_s}
    return facts | more


def _wanted(
    c: Connection, task: Row, holes: Sequence[Missing], since_s: int, t_s: int, supplements: int | None
) -> Iterator[Ask]:
    """Requests for these holes; `supplements` None: a person asks, and no limit holds."""
    span = tasks.span_of(task)
    for device, found in groupby(holes, attrgetter("device")):
        row = devices.get(c, device)
        if row is None or row["area"] is None:
            continue
        mine = list(found)
        labels = list(expected(span, since_s, t_s + 1, row["utc_offset_s"]))
        before = queue.covering(c, [device], task["kind"], since_s)
        if supplements is not None:
            absent = told(c, [device], task["kind"], since_s)
            mine = [each for each in mine if _times(before, each) < supplements and not why(absent, each)]
        free = [each for each in mine if not _resting(before, each, t_s, supplements is None)]
        yield from whole(asks(free, labels), len(areas.archive(c, device)))


def _covers(row: Mapping[str, Any], hole: Missing) -> bool:
    here = row["device"] == hole.device and row["meter"] in (0, hole.point)
    return here and row["from_s"] <= hole.slot_s <= row["until_s"]


def _times(before: Iterable[Row], hole: Missing) -> int:
    return sum(not row["author"] and _covers(row, hole) for row in before)


def newest(before: Iterable[Row], hole: Missing) -> Row | None:
    """The last request for this slot."""
    return next((row for row in reversed([*before]) if _covers(row, hole)), None)


def _resting(before: Iterable[Row], hole: Missing, t_s: int, urgent: bool) -> bool:
    """Asked for a short while ago, or about to be."""
    return any(
        (row["state"] in queue.OPEN or (not urgent and row["made_s"] > t_s - REST_S)) and _covers(row, hole)
        for row in before
    )


def whole(found: Sequence[Ask], meters: int) -> list[Ask]:
    """One request where all `meters` of a concentrator miss the same slots, else one for each of them."""
    same: dict[tuple[int, int], list[Ask]] = {}
    for each in found:
        same.setdefault((each.from_s, each.until_s), []).append(each)
    out: list[Ask] = []
    for many in same.values():
        out += [many[0]._replace(point=0)] if len(many) == meters > 1 else many
    return out


# ---- what a concentrator said it could not read


def told(c: Connection, some: Sequence[str], kind: int, since_s: int) -> list[Row]:
    """Its words on slots without a value; none for kinds that it does not freeze."""
    return areas.told_absent(c, some, DUTIES[kind], since_s) if kind in DUTIES else []


def why(absent: Iterable[Mapping[str, Any]], hole: Missing) -> str | None:
    """The last outcome it told for this slot (protocols.uplink.area.OUTCOMES); None: it told none."""
    found = None
    for row in absent:
        here = row["device"] == hole.device and row["meter"] in (0, hole.point)
        if here and row["first_s"] <= hole.slot_s <= row["last_s"]:
            found = area.OUTCOMES.get(row["reason"], str(row["reason"]))
    return found


# ---- how it is asked


def sweep(engine: Engine, t_s: int) -> int:
    """See what came of the requests, and send the next of each concentrator. Returns those sent."""
    with db.reading(engine) as c:
        ended = [(row, after) for row in queue.under_way(c) if (after := _after(row, t_s))]
        waiting = queue.first_wanted(c, TOGETHER)
    if ended or waiting:
        with db.writing(engine) as c:
            for row, facts in ended:
                queue.change(c, row["id"], **facts)
            return sum(_send(c, row, t_s) for row in queue.first_wanted(c, TOGETHER))
    return 0


def _after(row: Row, t_s: int) -> Row | None:
    """What becomes of one that was sent; None: nothing yet."""
    if row["answer"] == "executed":
        return {"state": queue.DONE}
    if row["answer"] not in commands.FINAL:
        return None
    again = row["answer"] == "expired" or row["reason"] == REASON_NO["busy"]
    return {"state": queue.WANTED if again and t_s < row["made_s"] + GIVEN_UP_S else queue.FAILED}


def _send(c: Connection, row: Row, t_s: int) -> bool:
    device = devices.get(c, row["device"])
    if t_s >= row["made_s"] + GIVEN_UP_S or device is None:
        queue.change(c, row["id"], state=queue.FAILED)
        return False
    last = row["command"] and commands.get(c, row["device"], row["command"])
    if not device["online"] or (last and t_s < last["done_s"] + BUSY_S):
        return False
    params = {"kind": row["kind"], "from_s": row["from_s"], "until_s": row["until_s"]}
    if row["meter"]:
        params["meter"] = row["meter"]
    try:
        sent = life.send(c, row["device"], area.RESEND, params, row["author"] or AUTHOR)
    except Invalid:
        queue.change(c, row["id"], state=queue.FAILED)
        return False
    queue.change(c, row["id"], state=queue.SENT, command=sent)
    return True


def forget(engine: Engine, t_s: int) -> int:
    with db.writing(engine) as c:
        return queue.forget(c, t_s - KEEP_S)
