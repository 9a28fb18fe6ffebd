"""The work of the station on alarms: events, silence, whole units, outages, escalation.

`work` is one step of it in one transaction of milliseconds; call it every few seconds, in db.writing.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Engine

from station.alarms import machine, policy
from station.alarms.kinds import BY_EVENT, NO_MESSAGES, OFFLINE, UNIT_DOWN, Kind
from station.store import alarms as store
from station.store import db, fleet, outages, settings
from station.store.scope import ROOT

MARK = "alarms_mark"  # id of the last event that was looked at
BATCH = 500  # events, or devices, in one step
BACKLOG = 20_000  # events that the first step of all looks back at
Row = dict[str, Any]


def work(c: Connection, t_s: int) -> int:
    """Returns how many events it looked at; BATCH: call again at once."""
    looked = _events(c, t_s)
    rules = policy.rules(c)
    if _hears(c, t_s, rules):
        _silence(c, t_s, rules)
        _units(c, t_s, rules)
    store.unmute(c, t_s)
    _escalate(c, t_s, rules)
    return looked


def job(engine: Engine, t_s: int) -> int:
    """`work` until nothing is left to look at; returns how many events that were."""
    looked = 0
    while True:
        with db.writing(engine) as c:
            found = work(c, t_s)
        looked += found
        if found < BATCH:
            return looked


# ---- events


def _events(c: Connection, t_s: int) -> int:
    mark = settings.get(c, MARK)
    if mark is None:
        mark = max(0, store.newest(c) - BACKLOG)
    found = store.newer(c, mark, BATCH)
    names = {each["device"] for each in found}
    if not found:
        return 0
    standing = store.standing(c, names)
    world = machine.run(_world(c, names, standing), found)
    _keep(c, world, standing, t_s)
    settings.put(c, MARK, found[-1]["id"])
    return len(found)


def _world(c: Connection, names: set[str], standing: Mapping[str, Row]) -> machine.World:
    held = {(row["device"], row["kind"]): _alarm(row) for row in store.held_of(c, names)}
    terminals = {name for name, row in standing.items() if row["area"] is None}
    return machine.World(held=held, ends=store.ends(c, names), terminals=terminals)


def _alarm(row: Row) -> machine.Alarm:
    same = ("device", "kind", "severity", "from_s", "last_s", "repeats", "id")
    facts = {name: row[name] for name in same}
    return machine.Alarm(cls=row["class"], mutable=False, spots=dict(row["spots"]), **facts)


def _keep(c: Connection, world: machine.World, standing: Mapping[str, Row], t_s: int) -> None:
    store.put_ends(c, world.ended)
    out = outages.holding(c, t_s)
    for alarm in world.touched:
        facts = {
            "from_s": alarm.from_s,
            "last_s": alarm.last_s,
            "repeats": alarm.repeats,
            "spots": alarm.spots,
            "cleared_s": alarm.cleared_s,
        }
        if alarm.cleared_s is not None:
            facts["state"] = "cleared"
        if alarm.id is not None:
            store.change(c, alarm.id, **facts)
            continue
        unit = standing[alarm.device]["unit"]
        what = Kind(alarm.severity, alarm.cls, alarm.mutable)
        muted = _muted(out, alarm.device, unit) if alarm.mutable else None
        number = _open(c, alarm.kind, what, unit, t_s, device=alarm.device, outage=muted, **facts)
        if alarm.cleared_s is not None:
            store.note(c, number, "", "cleared", "", t_s)


def _open(c: Connection, kind: str, what: Kind, unit: int, t_s: int, **facts: Any) -> int:
    base = {"state": "open", "opened_s": t_s, "from_s": t_s, "last_s": t_s, "spots": {}}
    told = {"kind": kind, "severity": what.severity, "class": what.cls, "unit": unit}
    return store.add(c, **(base | told | facts))


def _muted(out: Iterable[Row], device: str, unit: int) -> int | None:
    """The outage that covers a device, or None."""
    return next((each["id"] for each in out if device in each["devices"] or unit in each["units"]), None)


def _clear(c: Connection, number: int, t_s: int) -> None:
    store.change(c, number, state="cleared", cleared_s=t_s)
    store.note(c, number, "", "cleared", "", t_s)


# ---- silence


def _hears(c: Connection, t_s: int, rules: Mapping[str, int]) -> bool:
    """False while no device at all is heard: then it is the station, or its network, that is ill."""
    newest, held = fleet.newest_s(c), store.held_of_unit(c, ROOT, NO_MESSAGES)
    hears = newest is None or t_s - newest <= 60 * rules["silent_min"]
    if hears and held is not None:
        _clear(c, held["id"], t_s)
    elif not hears and held is None:
        _open(c, NO_MESSAGES, BY_EVENT[NO_MESSAGES], ROOT, t_s, from_s=newest)
    return hears


def _silence(c: Connection, t_s: int, rules: Mapping[str, int]) -> None:
    since_s = t_s - 60 * rules["silent_min"]
    for row in store.back(c, since_s):
        _clear(c, row["id"], row["seen_s"])
    found = store.silent(c, since_s, BATCH)
    out = outages.holding(c, t_s) if found else []
    for row in found:
        seen, unit = row["seen_s"], row["unit"]
        facts = {"device": row["device"], "outage": _muted(out, row["device"], unit)}
        _open(c, OFFLINE, BY_EVENT[OFFLINE], unit, t_s, from_s=seen, last_s=seen, **facts)


def _units(c: Connection, t_s: int, rules: Mapping[str, int]) -> None:
    """Many of one unit at once are one alarm; who is back leaves it, and with most of them it ends."""
    window_s = 60 * rules["down_window_min"]
    for held in store.down(c):
        if machine.is_back(held["silent"], held["members"]):
            _clear(c, held["id"], t_s)
            store.release(c, held["id"])
        else:
            store.gather(c, held["id"], held["unit"], held["from_s"] - window_s)
    since_s = t_s - 60 * rules["silent_min"] - window_s
    for row in store.fell_silent(c, since_s):
        if machine.is_down(row["silent"], row["devices"], rules["down_least"], rules["down_percent"]):
            number = _open(c, UNIT_DOWN, BY_EVENT[UNIT_DOWN], row["unit"], t_s, from_s=row["from_s"])
            store.gather(c, number, row["unit"], since_s)


# ---- time


def _escalate(c: Connection, t_s: int, rules: Mapping[str, int]) -> None:
    for severity in (1, 2, 3, 4):
        wait_s = 60 * rules[f"escalate_{severity}_min"]
        for row in store.overdue(c, severity, t_s - wait_s, BATCH) if wait_s else ():
            store.change(c, row["id"], escalated_s=t_s, version=row["version"] + 1)
            store.note(c, row["id"], "", "escalated", "", t_s)
