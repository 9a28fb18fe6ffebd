"""What a patrol does next. Pure: its open points, what came of them, the time -> points anew, what is asked.

    waiting -> asked -> ok | failed
       ^---------'  busy, or it certainly never reached the concentrator

Meters are asked by PATROL commands, one of a concentrator at a time, rows that follow each other together.
Terminals have no such command: the first NOW that comes after the round began is their answer. What may have
been asked is not asked a second time in a round: a command whose fate nobody knows is waited for.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from protocols.uplink.area import OUTCOMES
from protocols.uplink.codes import REASON_NO
from station.store.patrols import ASKED, FAILED, OK, WAITING

OWN_REASONS = ("offline", "deadline", "not_taken", "meter_moved", "meter_gone", "not_told", "stopped")
REASONS = (*(name for number, name in OUTCOMES.items() if number), *OWN_REASONS)

BUSY_S = 30  # a concentrator that has its fill of patrols is asked again
LATE_S = 120  # after its end is told reads may still be on their way
WITHIN_LEAST_S = 60  # less time a concentrator does not take
TOGETHER = 100  # rows of one command, so that a stop is felt and others get their turn
MEASURED, SUSPECT = 0, 4  # of protocols.meters.points.QUALITIES
BUSY = REASON_NO["busy"]


class Round(NamedTuple):
    begun_s: int
    until_s: int
    stopping: bool


class Point(NamedTuple):
    no: int
    device: str
    meter: int  # row of the archive, 0: the terminal itself
    address: str  # of the meter when it was chosen
    item: int
    state: str = WAITING
    reason: str = ""
    value: Any = None
    quality: int | None = None
    value_s: int | None = None
    command: int | None = None
    asked_s: int | None = None
    doubt: int = 0
    again_s: int = 0


class Answer(NamedTuple):
    """How a command stands."""

    state: str  # of store.commands.STATES
    reason: int
    ended_s: int | None = None  # when the concentrator said that it is over
    error: str = ""  # and why it gave up


class Read(NamedTuple):
    reason: int  # of OUTCOMES
    values: Mapping[int, Any]
    t_s: int | None  # None: the clock was not set


class Now(NamedTuple):
    received_s: int
    t_s: int | None
    meter_ok: bool
    values: Mapping[int, Any]


class Heard(NamedTuple):
    """What is known of a device."""

    online: bool
    meters: Mapping[int, str]  # {row: address} in the archive now, of the rows that are asked for
    now: Now | None = None
    answers: Mapping[int, Answer] = {}  # by command
    reads: Mapping[tuple[int, int], Read] = {}  # by command and row


class Ask(NamedTuple):
    device: str
    item: int
    first: int
    last: int
    within_s: int
    numbers: tuple[int, ...]  # of the points


def step(
    this: Round, points: Sequence[Point], heard: Mapping[str, Heard], t_s: int, room: int
) -> tuple[list[Point], list[Ask]]:
    """(points that changed, up to `room` commands to send). `points`: the open ones, by number."""
    after = [_moved(this, each, heard[each.device], t_s) for each in points]
    asks = [] if this.stopping or t_s >= this.until_s else _asks(this, after, heard, t_s)
    return [new for old, new in zip(points, after, strict=True) if new != old], asks[:room]


def _moved(this: Round, point: Point, heard: Heard, t_s: int) -> Point:
    point = _answered(this, point, heard, t_s)
    if point.state == WAITING and this.stopping:
        return failed(point, "stopped")
    if point.state in (WAITING, ASKED) and t_s >= this.until_s:
        return failed(point, "deadline" if heard.online else "offline")
    return point


def _answered(this: Round, point: Point, heard: Heard, t_s: int) -> Point:
    if point.state == ASKED:
        return _asked(point, heard, t_s)
    if not point.meter:
        return _terminal(this, point, heard.now)
    if point.meter not in heard.meters:
        return failed(point, "meter_gone")
    return point if heard.meters[point.meter] == point.address else failed(point, "meter_moved")


def _terminal(this: Round, point: Point, now: Now | None) -> Point:
    if now is None or now.received_s <= this.begun_s:
        return point
    if not now.meter_ok:
        return failed(point, "mute")
    return _read(point, now.values, now.t_s, MEASURED)


def _asked(point: Point, heard: Heard, t_s: int) -> Point:
    command = point.command or 0
    read = heard.reads.get((command, point.meter))
    if read is None:
        return _unread(point, heard.answers.get(command), t_s)
    if read.reason:
        return failed(point, OUTCOMES.get(read.reason, str(read.reason)))
    moved = heard.meters.get(point.meter) != point.address
    return _read(point, read.values, read.t_s, SUSPECT if point.doubt or moved else MEASURED)


def _read(point: Point, values: Mapping[int, Any], t_s: int | None, quality: int) -> Point:
    value = values.get(point.item)
    if value is None:
        return failed(point, "empty")
    return point._replace(state=OK, reason="", value=value, quality=quality, value_s=t_s)


def _unread(point: Point, answer: Answer | None, t_s: int) -> Point:
    """What becomes of a point that was asked and of which no read is here."""
    if answer is None:
        return point
    if answer.state == "expired":  # it did nothing, by its own word or because it never left
        return point._replace(state=WAITING)
    if answer.state == "refused":
        if answer.reason == BUSY:
            return point._replace(state=WAITING, again_s=t_s + BUSY_S)
        return failed(point, "not_taken")
    if answer.ended_s is None or t_s < answer.ended_s + LATE_S:
        return point
    return failed(point, {"restart": "interrupted", "expired": "expired"}.get(answer.error, "not_told"))


def failed(point: Point, reason: str) -> Point:
    return point._replace(state=FAILED, reason=reason, value=None, quality=None, value_s=None)


# ---- what is asked


def _asks(this: Round, points: Sequence[Point], heard: Mapping[str, Heard], t_s: int) -> list[Ask]:
    """The next command of each concentrator that is online and has none under way, by its first point."""
    within_s = this.until_s - t_s
    if within_s < WITHIN_LEAST_S:
        return []
    busy = {each.device for each in points if each.state == ASKED or each.again_s > t_s}
    free = [each for each in points if each.state == WAITING and each.meter and each.device not in busy]
    found: dict[str, Ask] = {}
    for device, many in groupby(sorted(free, key=attrgetter("device", "no")), attrgetter("device")):
        if heard[device].online:
            found[device] = _run(device, list(many), within_s)
    return sorted(found.values(), key=lambda each: each.numbers[0])


def _run(device: str, waiting: Sequence[Point], within_s: int) -> Ask:
    """The item of the first point, from its row on as far as rows follow each other."""
    first = waiting[0]
    run: list[Point] = []
    for each in sorted((p for p in waiting if p.item == first.item), key=attrgetter("meter")):
        if each.meter == first.meter + len(run) and len(run) < TOGETHER:
            run.append(each)
    numbers = tuple(each.no for each in run)
    return Ask(device, first.item, first.meter, run[-1].meter, within_s, numbers)
