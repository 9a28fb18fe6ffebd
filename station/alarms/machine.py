"""Alarms as events move them. Pure: no clock, no store.

A device's events may come late and in any order of their times. The law: what is older than the last end of
its kind at its place opens nothing; an end that is older than what it would clear clears nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from station.alarms.kinds import OF_RULES, RESTART, Sign, signs, when

Spot = tuple[str, str, str]  # device, kind, place on the device


@dataclass(slots=True, kw_only=True)
class Alarm:
    """One that holds, or held until `cleared_s`; `id` is None before it is stored."""

    device: str
    kind: str
    severity: int
    cls: str
    mutable: bool
    from_s: int
    last_s: int
    repeats: int
    spots: dict[str, int]  # {place: when it was last told there}
    id: int | None = None
    cleared_s: int | None = None


@dataclass(slots=True, kw_only=True)
class World:
    """What holds before, and what a batch of events made of it."""

    held: dict[tuple[str, str], Alarm]
    ends: dict[Spot, int]
    terminals: Collection[str] = ()  # devices whose anomalies end with a restart
    touched: list[Alarm] = field(default_factory=list)
    ended: dict[Spot, int] = field(default_factory=dict)


def run(world: World, events: Iterable[Mapping[str, Any]]) -> World:
    """Take events in the order in which they came; returns `world`, changed."""
    for event in events:
        for sign in signs(event):
            (_begin if sign.begins else _end)(world, event["device"], sign)
        if event["name"] == RESTART and event["device"] in world.terminals:
            _restart(world, event["device"], when(event))
    return world


def _begin(world: World, device: str, sign: Sign) -> None:
    if sign.t_s <= world.ends.get((device, sign.kind, sign.spot), -1):
        return  # it ended since
    alarm = world.held.get((device, sign.kind))
    if alarm is None:
        assert sign.what is not None
        alarm = world.held[device, sign.kind] = Alarm(
            device=device,
            kind=sign.kind,
            severity=sign.what.severity,
            cls=sign.what.cls,
            mutable=sign.what.mutable,
            from_s=sign.t_s,
            last_s=sign.t_s,
            repeats=0,
            spots={},
        )
    alarm.repeats += sign.times
    alarm.from_s, alarm.last_s = min(alarm.from_s, sign.t_s), max(alarm.last_s, sign.t_s)
    alarm.spots[sign.spot] = max(alarm.spots.get(sign.spot, 0), sign.t_s)
    _touch(world, alarm)


def _end(world: World, device: str, sign: Sign) -> None:
    key = (device, sign.kind, sign.spot)
    world.ends[key] = world.ended[key] = max(world.ends.get(key, 0), sign.t_s)
    alarm = world.held.get((device, sign.kind))
    if alarm is None or sign.t_s < alarm.spots.get(sign.spot, sign.t_s + 1):
        return  # nothing holds there, or it was told anew since
    del alarm.spots[sign.spot]
    _touch(world, alarm)
    if not alarm.spots:
        alarm.cleared_s = sign.t_s
        del world.held[device, sign.kind]


def _restart(world: World, device: str, t_s: int) -> None:
    for (name, kind), alarm in list(world.held.items()):
        if name == device and kind in OF_RULES:
            for spot in list(alarm.spots):
                _end(world, device, Sign(kind, spot, t_s, False))


def _touch(world: World, alarm: Alarm) -> None:
    if all(each is not alarm for each in reversed(world.touched)):
        world.touched.append(alarm)


def is_down(silent: int, devices: int, least: int, percent: int) -> bool:
    """Whether so many of a unit's devices that fell silent together are the unit and not the devices."""
    return silent >= least and 100 * silent >= percent * devices


def is_back(silent: int, members: int) -> bool:
    """Most of them are back."""
    return 2 * silent < members
