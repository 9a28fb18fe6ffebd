"""The life of profiles in terminals: begin, go on, stop, roll back, and what runs where.

`station.profiles.push` says what comes next; here its facts are fetched and its steps become commands, by the
same door as all others. `work` is called by the process that dispatches: who began a push need not stay.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Engine

from protocols.uplink import messages, parameters
from protocols.uplink.codes import EVENT_CODE
from station.approvals import policy
from station.controls import DEADLINE_S, submit
from station.errors import FieldError, Invalid
from station.profiles import push, signing
from station.profiles.push import Answer, Push, Step, Told
from station.store import area, audit, commands, db, devices, events, live, profiles

SLOTS = 4
PUSH_S = 24 * 3600  # a terminal that stays away so long gets it by a new push
VERDICTS = {EVENT_CODE["profile_kept"]: push.KEPT, EVENT_CODE["profile_rolled_back"]: push.ROLLED_BACK}
_FIELDS = Push._fields
Row = dict[str, Any]


# ---- asked for by people


def begin(
    c: Connection,
    device: str,
    slot: int,
    number: int,
    author: str,
    within_s: int = PUSH_S,
    leave: policy.Leave | None = None,
) -> int:
    """Begin to send package `number`; the id of the push, of the one under way if it is the same.

    Invalid: unknown terminal or slot, a revision that the terminal will refuse, another push at the slot, or
    it needs two and there is no `leave`.
    """
    _check(c, device, slot)
    wanted = profiles.package(c, number)
    if wanted is None:
        raise Invalid(FieldError("package", "no_such_package"))
    for row in _under_way(c, device, slot):
        if row["package"] == number:
            return row["id"]
        if row["state"] == push.SENDING:
            facts = {name: row[name] for name in ("slot", "profile", "rev", "author")}
            raise Invalid(FieldError("slot", "slot_taken", facts))
    check_newer(c, device, wanted)
    if leave is None:
        policy.check(c, "profile", 1)
    total = len(signing.for_device(wanted["data"]))
    fresh = Push(total, None if _sent_before(c, device, slot, number) else 0, db.now_s() + within_s)
    made = profiles.begin(c, device, slot, number, author, **fresh._asdict())
    facts = {"slot": slot, "profile": wanted["profile"], "rev": wanted["rev"]}
    audit.add(c, author, "profile_push", device, **facts)
    return made


def check_newer(c: Connection, device: str, wanted: Row) -> None:
    """Invalid where the terminal would refuse: a revision must be above all that proved themselves there."""
    last = highest(c, device).get(wanted["profile"], 0)
    if wanted["rev"] <= last:
        facts = {name: wanted[name] for name in ("profile", "rev")} | {"last": last}
        raise Invalid(FieldError("file", "package_older", facts))


def highest(c: Connection, device: str) -> dict[str, int]:
    """{id: highest revision that proved itself there}, as far as the station knows."""
    known = profiles.highest(c, device, push.KEPT)
    for row in running(c, device):
        if row["rev"] and not row["on_trial"]:
            known[row["profile"]] = max(known.get(row["profile"], 0), row["rev"])
    return known


def stop(c: Connection, device: str, slot: int, author: str) -> None:
    """End what is being sent into the slot. Invalid: nothing is, or it is being activated."""
    _check(c, device, slot)
    row = next((row for row in _under_way(c, device, slot) if row["state"] == push.SENDING), None)
    if row is None:
        raise Invalid(FieldError("slot", "nothing_to_stop"))
    awaited = _answer(c, row)
    if row["doubt"] or (awaited and awaited.op == push.ACTIVATE):
        raise Invalid(FieldError("slot", "activation_sent"))
    profiles.change(c, row["id"], db.now_s(), state=push.STOPPED, why=author)
    audit.add(c, author, "profile_push_stopped", device, slot=slot)


def roll_back(c: Connection, device: str, slot: int, author: str, note: str = "") -> int:
    """Send the command that brings the one before back; its id."""
    _check(c, device, slot)
    return submit(c, device, messages.PROFILE, {"op": push.ROLL_BACK, "slot": slot}, author, note)


def check_device(c: Connection, device: str) -> None:
    if devices.get(c, device) is None:
        raise Invalid(FieldError("device", "no_such_device"))


def _check(c: Connection, device: str, slot: int) -> None:
    check_device(c, device)
    if not 1 <= slot <= SLOTS:
        raise Invalid(FieldError("slot", "out_of_range", {"least": 1, "most": SLOTS}))


def _under_way(c: Connection, device: str, slot: int) -> list[Row]:
    rows = profiles.in_states(c, *push.UNDER_WAY)
    return [row for row in rows if (row["device"], row["slot"]) == (device, slot)]


def _sent_before(c: Connection, device: str, slot: int, number: int) -> bool:
    """Whether what the terminal may hold for the slot is of this package."""
    last = next((row for row in profiles.pushes(c, device, 50) if row["slot"] == slot), None)
    return last is not None and last["package"] == number


# ---- going on


def work(engine: Engine, t_s: int) -> None:
    """Take every push that is under way one step further, if there is one. Call often."""
    with db.reading(engine) as c:
        due = [row["id"] for row in profiles.in_states(c, *push.UNDER_WAY) if _moved(c, row, t_s)]
    for number in due:
        with db.writing(engine) as c:
            _advance(c, number, t_s)


def _moved(c: Connection, row: Row, t_s: int) -> bool:
    before = _push(row)
    after, step = push.step(before, _answer(c, row), _told(c, row), t_s)
    return step is not None or after != before


def _advance(c: Connection, number: int, t_s: int) -> None:
    row = profiles.push(c, number)
    if row is None or row["state"] not in push.UNDER_WAY:
        return
    after, step = push.step(_push(row), _answer(c, row), _told(c, row), t_s)
    facts = after._asdict() | {"command": row["command"] if after.state == push.TRIAL else None}
    if step is not None:
        facts["command"] = _send(c, row, step, t_s)
        if step.op == push.ACTIVATE:
            facts["after_event"] = events.last(c, row["device"])
    profiles.change(c, number, t_s, **facts)
    if after.state not in push.UNDER_WAY:
        told = {"slot": row["slot"], "profile": row["profile"], "rev": row["rev"], "why": after.why}
        audit.add(c, row["author"], f"profile_{after.state}", row["device"], **told)


def _send(c: Connection, row: Row, step: Step, t_s: int) -> int:
    params: Row = {"op": step.op, "slot": row["slot"]}
    if step.op == push.ACTIVATE:
        params["hash"] = row["hash"]
    else:
        held = profiles.package(c, row["package"])
        assert held is not None, "a foreign key"
        data = signing.for_device(held["data"])
        params |= {"total": len(data), "offset": step.at, "bytes": data[step.at : step.at + step.size]}
    until = min(row["until_s"], t_s + DEADLINE_S)
    note = f"{row['profile']} {row['rev']}"
    part = step.op != push.ACTIVATE
    return submit(c, row["device"], messages.PROFILE, params, row["author"], note, until, part=part)


def _push(row: Row) -> Push:
    return Push(*[row[name] for name in _FIELDS])


def _answer(c: Connection, row: Row) -> Answer | None:
    found = row["command"] and commands.get(c, row["device"], row["command"])
    if not found:
        return None
    detail = found["detail"] or {}
    held = detail.get("bytes")
    return Answer(
        found["params"]["op"],
        found["state"],
        held if isinstance(held, int) else None,
        push.reason_name(found["reason"]),
        str(detail.get("error", "")),
    )


def _told(c: Connection, row: Row) -> Told:
    device = devices.get(c, row["device"])
    now = live.latest(c, row["device"])
    runs = None
    if now and now["received_s"] > row["changed_s"]:
        here = [each for each in _reported(now) if each[0] == row["slot"]]
        same = [bool(each[2]) for each in here if row["hash"].startswith(each[1])]
        runs = (bool(same), any(same))
    return Told(bool(device and device["online"]), runs, _verdict(c, row))


def _verdict(c: Connection, row: Row) -> tuple[str, str] | None:
    for event in events.of_codes(c, row["device"], VERDICTS, row["after_event"]):
        data = event["data"]
        if (data.get("slot"), data.get("version")) == (row["slot"], row["rev"]):
            return VERDICTS[event["code"]], str(data.get("error", ""))
    return None


# ---- what runs


def _reported(now: Row) -> list[list[Any]]:
    """[slot, hash, on trial, id] of the live state; what has another shape is left out."""
    kinds = (int, bytes, int, str)
    rows = [row for row in now.get("profiles", ()) if isinstance(row, list) and len(row) == len(kinds)]
    return [
        row
        for row in rows
        if all(isinstance(part, kind) for part, kind in zip(row, kinds, strict=True)) and row[1]
    ]


def running(c: Connection, device: str) -> list[Row]:
    """By slot: slot, profile, hash (hex), on_trial, since_s, points, and rev, names, author of a package that
    was here, else None."""
    now = live.latest(c, device)
    used = points_of_slots(c, device)
    since = _since(c, device)
    out = []
    for slot, hash_, on_trial, profile in sorted(_reported(now) if now else [], key=lambda row: row[0]):
        known = profiles.by_hash(c, hash_) or {}
        out.append(
            {
                "slot": slot,
                "profile": profile,
                "rev": known.get("rev"),
                "names": known.get("names"),
                "hash": hash_.hex(),
                "on_trial": bool(on_trial),
                "since_s": since.get(slot),
                "points": None if used is None else used.get(slot, []),
            }
        )
    return out


def _since(c: Connection, device: str) -> dict[int, int]:
    """{slot: when what stands in it last changed}, by station time of commands and device time of events."""
    at = {}
    for event in events.of_codes(c, device, VERDICTS):
        at[event["data"].get("slot")] = event["t_s"]
    for row in commands.of_kind(c, device, messages.PROFILE):
        if row["state"] == "executed" and row["params"]["op"] in (push.ACTIVATE, push.ROLL_BACK):
            slot = row["params"]["slot"]
            at[slot] = max(at.get(slot, 0), row["done_s"])
    return at


def points_of_slots(c: Connection, device: str) -> dict[int, list[int]] | None:
    """{slot: metering points that read by it} by the section in force, of a concentrator by its archive; None
    when it was not set from here."""
    if (devices.get(c, device) or {}).get("area") is not None:
        return _by_slot((row["slot"], row["meter"]) for row in area.archive(c, device))
    version = (live.latest(c, device) or {}).get("parameters", {}).get(parameters.POINTS, 0)
    if not version:
        return {}  # the meter of the identity
    for row in reversed(commands.of_kind(c, device, messages.PARAMETERS)):
        params = row["params"]
        if (params["section"], params["version"]) == (parameters.POINTS, version):
            rows = parameters.read(parameters.POINTS, params["values"])["points"]
            return _by_slot((point[5], point[0]) for point in rows)
    return None


def _by_slot(pairs: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    out: dict[int, list[int]] = {}
    for slot, point in pairs:
        out.setdefault(slot, []).append(point)
    return out
