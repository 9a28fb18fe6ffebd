"""Compares what a run of the long day left behind with what had to be: each check yields what is wrong."""

from collections import Counter
from collections.abc import Iterator

from protocols.uplink import codes, messages, topics
from tests.e2e.day import measured, story
from tests.e2e.day.run import Day

BACK_S = 5  # after power is on again
SETTLED_H, HEAP_BYTES = 2, 4096  # after so many hours of a start the heap in use moves no more than this


def is_whole(day: Day) -> bool:
    return day.end_s == day.midnight + story.END_MIN * 60


def failures(day: Day) -> list[str]:
    found = [*ledger(day), *tasks(day), *heap(day), *plant_agrees(day)]
    if is_whole(day):
        for check in (events, outputs, link, commands, *measured.CHECKS):
            found += check(day)
    return found


# ---- every record exactly once


def take_cut_off(day: Day) -> None:
    """A record that was on its way into the flash as the power went is there, or not."""
    for stream, record in day.cut_off:
        keys = [key for key, each in day.stored.items() if key[0] == stream and each == record]
        day.told.update({key: record for key in keys[:1] if key not in day.told})


def ledger(day: Day) -> Iterator[str]:
    """Told and stored are the same records under the same numbers, without a hole."""
    take_cut_off(day)
    for key in sorted(day.told.keys() - day.stored.keys()):
        yield f"told but not stored: {key} {day.told[key]}"
    for key in sorted(day.stored.keys() - day.told.keys()):
        yield f"stored but never told: {key} {day.stored[key]}"
    for key in day.told.keys() & day.stored.keys():
        if day.told[key] != day.stored[key]:
            yield f"{key} told as {day.told[key]}, stored as {day.stored[key]}"
    yield from books(day)


def books(day: Day) -> Iterator[str]:
    """The station's own tables of it: no hole, no gap, no refusal, no event twice."""
    for stream in topics.STREAMS:
        numbers = sorted(seq for no, seq in day.stored if no == stream)
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"stream {stream} has holes: {numbers}"
    for gap in day.tables["gaps"]:
        yield f"gap without a loss: {gap}"
    if len({row["epoch"] for row in day.tables["streams"]}) != 1:
        yield "more than one epoch: the flash was formatted again"
    for row in day.tables["counters"]:
        if row["name"] == "ingest":
            yield f"ingest refused something: {row}"
    seen = Counter((row["code"], row["t_s"], str(row["data"])) for row in day.tables["events"])
    yield from (f"event twice: {event}" for event, count in seen.items() if count > 1)
    told = sum(record[0] == messages.EVENT for record in day.told.values())
    if len(day.tables["events"]) != told:
        yield f"{told} events told, {len(day.tables['events'])} in the table"


def tasks(day: Day) -> Iterator[str]:
    yield from day.failures


def heap(day: Day) -> Iterator[str]:
    """Flat: bytes in use after a collection, each hour of each start."""
    for used in day.heaps:
        settled = used[SETTLED_H:]
        if settled and max(settled) - min(settled) > HEAP_BYTES:
            yield f"heap grows: {used}"


def plant_agrees(day: Day) -> Iterator[str]:
    """The two ways to add up the same energy: else a comparison with the truth would prove nothing."""
    truth = day.truth()
    for t_s, energy_ws in day.truths:
        if truth.energy_wh(t_s) != energy_ws // 3600:
            yield f"energy at {t_s}: plant {energy_ws // 3600}, truth {truth.energy_wh(t_s)}"


# ---- events and commands


def events(day: Day) -> Iterator[str]:
    """Each by name, once, in order, within its time, with its facts; and no other."""
    wanted = story.events(day.midnight, day.truth(), day.began_s)
    there = sorted(day.tables["events"], key=lambda row: (row["t_s"], row["stream_id"], row["seq"]))
    left = [(codes.EVENTS[row["code"]], row["t_s"], row["data"]) for row in there]
    last_s = 0
    for told in wanted:
        hit = next((event for event in left if event[0] == told.name and _has(event[2], told.fields)), None)
        if hit is None:
            yield f"missing: {told}"
            continue
        left.remove(hit)
        if not told.first_s <= hit[1] <= told.last_s:
            yield f"at the wrong time ({hit[1] - told.first_s} s late): {told} was {hit}"
        if hit[1] < last_s:
            yield f"before the one before it: {told} was {hit}"
        last_s = hit[1]
    yield from (f"not expected: {event}" for event in left)


def _has(data: dict[str, int], fields: dict[str, int]) -> bool:
    return all(data.get(name) == value for name, value in fields.items())


def outputs(day: Day) -> Iterator[str]:
    """Rounds tripped before the outage are driven again at its end, and let go with their control."""
    on_s = day.midnight + (story.OFF_AT + story.OFF_MIN) * 60
    after = [(t_s, mask) for t_s, mask in day.driven if t_s >= on_s]
    held = story.OVEN | story.PRESS
    if not after or after[0][1] != held or after[0][0] > on_s + BACK_S:
        yield f"outputs after the outage {after[:3]}, wanted {held} at {on_s}"
    if len(after) > 1 and after[1][0] < day.midnight + 720 * 60:
        yield f"outputs moved before the control ended: {after[:3]}"


def link(day: Day) -> Iterator[str]:
    """While it was cut nothing came up, and things did happen."""
    cut_s, join_s = (day.midnight + minute * 60 for minute in (story.CUT_AT, story.JOIN_AT))
    waited = [key for key, record in day.stored.items() if cut_s + 60 <= record[1] < join_s]
    trips = [key for key in waited if day.stored[key][0] == messages.EVENT]
    if len(trips) < 3:
        yield f"{len(trips)} events while the link was cut"
    for key in waited:
        if day.received_s[key] < day.began_real_s[story.JOIN]:
            yield f"{key} came up while the link was cut: {day.stored[key]}"


def commands(day: Day) -> Iterator[str]:
    for what, row in day.commands.items():
        wanted = ("refused", "guaranteed") if what == "trip while guaranteed" else ("executed", "none")
        if (row["state"], codes.REASONS.get(row["reason"] or 0)) != wanted:
            yield f"{what}: {row['state']} reason {row['reason']}"
    final = [record[3] for record in day.told.values() if record[0] == messages.RESULT]
    for what, row in day.commands.items():
        answers = {str(body) for body in final if body[1] == row["command"] and body[2] != codes.RECEIVED}
        if len(answers) != 1:  # told again is the same answer (design section 4)
            yield f"{what}: {len(answers)} different answers {answers}"


# ---- for people


def table(day: Day) -> str:
    kinds = Counter((key[0], record[0]) for key, record in day.told.items())
    stored = Counter((key[0], record[0]) for key, record in day.stored.items())
    rows = [f"{'stream':<8}{'record':<10}{'told':>8}{'stored':>8}"]
    for (stream, kind), count in sorted(kinds.items()):
        name = messages.RECORD_NAMES.get(kind, str(kind))
        rows.append(f"{topics.STREAMS[stream]:<8}{name:<10}{count:>8}{stored[stream, kind]:>8}")
    hours = (day.end_s - day.begin_s) / 3600
    rows += [f"heap in use each hour, bytes: {min(used)}..{max(used)}" for used in day.heaps if used]
    rows.append(f"{hours:.1f} h in {day.wall_s:.0f} s, {hours * 3600 / day.wall_s:.0f} times real time")
    return "\n".join(rows)
