"""What must be right before an order is finished. Pure: facts of the device -> verdicts.

An item that the station can judge says pass, fail or unknown, with the value it saw and when; the others are
ticked or noted by the person at the place. What is old says nothing about now: it is unknown.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

FRESH_S = 600  # a device that was just installed has spoken within ten minutes
CLOCK_OFF_S = 120  # a clock may be off by so much before it was set
LIVE_PHASE_DV = 500  # below 50 V a phase is dead, also on a secondary of 57.7 V
PROVEN = ("trip", "permit")  # commands whose outcome proves the relays,
PROVEN_S = 24 * 3600  # for so long

BY_HAND: Mapping[str, str] = {"seal": "text", "label": "tick", "wiring": "tick", "photo": "text"}
_TERMINAL = ("login", "clock", "meter", "phases", "relays", "setpoint", "multiplier")
_AREA = ("login", "clock", "meters_read", "archive")
_HANDED: Mapping[str, tuple[str, ...]] = {
    "survey": ("photo",),
    "install": ("seal", "label", "wiring"),
    "commission": ("seal", "label"),
    "repair": ("seal",),
    "replace": ("seal", "label", "wiring"),
    "remove": ("photo",),
    "patrol": ("seal",),
}
_JUDGED = ("install", "commission", "repair", "replace", "patrol")  # kinds after which a device works
NEEDED: Mapping[str, frozenset[str]] = {
    "commission": frozenset(
        {"login", "clock", "meter", "phases", "relays", "multiplier", "meters_read", "seal"}
    ),
    "install": frozenset({"seal", "wiring"}),
    "replace": frozenset({"login", "meter", "seal", "wiring"}),
}


Row = Mapping[str, Any]


class Finding(NamedTuple):
    item: str
    verdict: str  # pass, fail, unknown
    value: str = ""  # as it is shown, without words
    seen_s: int | None = None
    needed: bool = False


class Facts(NamedTuple):
    """What the station knows of a device; None for what it was never told."""

    device: Mapping[str, Any]  # of store.devices.get
    voltages_dv: tuple[int | None, ...] | None  # of phases A, B, C as last read
    told_s: int | None  # station time of the last NOW
    proven_s: int | None  # when a command of PROVEN last came to its end
    area: Mapping[str, Any] | None  # {meters, unread} of a concentrator
    archived: int = 0  # rows of the wanted archive


Judge = Callable[[Facts, int], tuple[str, str, int | None]]


def _verdict(right: bool) -> str:
    return "pass" if right else "fail"


def _login(facts: Facts, t_s: int) -> tuple[str, str, int | None]:
    seen = facts.device["last_seen_s"]
    return _verdict(seen is not None and t_s - seen <= FRESH_S), "", seen


def _clock(facts: Facts, t_s: int) -> tuple[str, str, int | None]:
    d = facts.device
    if d["t_ok"] is None or not _fresh(d["last_seen_s"], t_s):
        return "unknown", "", d["last_seen_s"]
    off = d["clock_off_s"]
    right = bool(d["t_ok"]) and (off is None or abs(off) <= CLOCK_OFF_S)
    return _verdict(right), "" if off is None else f"{off:+d} s", d["last_seen_s"]


def _meter(facts: Facts, t_s: int) -> tuple[str, str, int | None]:
    if facts.device["meter_ok"] is None or not _fresh(facts.told_s, t_s):
        return "unknown", "", facts.told_s
    return _verdict(facts.device["meter_ok"] == 1), "", facts.told_s


def _phases(facts: Facts, t_s: int) -> tuple[str, str, int | None]:
    found = facts.voltages_dv
    if found is None or all(each is None for each in found) or not _fresh(facts.told_s, t_s):
        return "unknown", "", facts.told_s
    shown = " / ".join("–" if each is None else f"{each // 10}.{each % 10}" for each in found)
    return (
        _verdict(all(each is not None and each >= LIVE_PHASE_DV for each in found)),
        f"{shown} V",
        facts.told_s,
    )


def _relays(facts: Facts, t_s: int) -> tuple[str, str, int | None]:
    """A command that was executed of late proves them; no test is no failure."""
    proven = facts.proven_s is not None and t_s - facts.proven_s <= PROVEN_S
    return "pass" if proven else "unknown", "", facts.proven_s


def _setpoint(facts: Facts, t_s: int) -> tuple[str, str, int | None]:
    if not _fresh(facts.told_s, t_s):
        return "unknown", "", facts.told_s
    held = facts.device["setpoint_w"]
    said = "" if held is None else f"{Decimal(held).scaleb(-3):,.1f} kW"
    return _verdict(held is not None), said, facts.told_s


def _multiplier(facts: Facts, _t_s: int) -> tuple[str, str, int | None]:
    told, held = facts.device["reported_multiplier"], facts.device["multiplier"]
    if told is None:
        return "unknown", "", None
    return _verdict(told == held), str(told) if told == held else f"{told} ≠ {held}", facts.device["hello_s"]


def _meters_read(facts: Facts, t_s: int) -> tuple[str, str, int | None]:
    if facts.area is None or not _fresh(facts.told_s, t_s):
        return "unknown", "", facts.told_s
    whole, unread = facts.area["meters"], facts.area["unread"]
    return _verdict(whole > 0 and unread == 0), f"{whole - unread} / {whole}", facts.told_s


def _archive(facts: Facts, _t_s: int) -> tuple[str, str, int | None]:
    if facts.area is None:
        return "unknown", "", None
    told = facts.area["meters"]
    return _verdict(told == facts.archived), f"{told} / {facts.archived}", facts.told_s


def _fresh(seen_s: int | None, t_s: int) -> bool:
    return seen_s is not None and t_s - seen_s <= FRESH_S


JUDGES: Mapping[str, Judge] = {
    "login": _login,
    "clock": _clock,
    "meter": _meter,
    "phases": _phases,
    "relays": _relays,
    "setpoint": _setpoint,
    "multiplier": _multiplier,
    "meters_read": _meters_read,
    "archive": _archive,
}
ITEMS = (*JUDGES, *BY_HAND)


def findings(
    kind: str, facts: Facts | None, ticked: Mapping[str, Mapping[str, Any]], t_s: int
) -> list[Finding]:
    """All items of an order of `kind`. `ticked`: {item: {value, t_s}}.

    `facts` None: nothing is known of a device; then what commissioning needs of one is unknown.
    """
    needed, out = NEEDED.get(kind, frozenset()), list[Finding]()
    if facts is not None and kind in _JUDGED:
        for item in _AREA if facts.device["area"] is not None else _TERMINAL:
            out.append(Finding(item, *JUDGES[item](facts, t_s), item in needed))
    elif kind == "commission":
        out += [Finding(item, "unknown", needed=True) for item in _TERMINAL if item in needed]
    for item in _HANDED[kind]:
        held = ticked.get(item)
        value = held["value"] if held and BY_HAND[item] == "text" else ""
        verdict = "pass" if held else "unknown"
        out.append(Finding(item, verdict, value, held["t_s"] if held else None, item in needed))
    return out


def missing(found: list[Finding]) -> tuple[str, ...]:
    """Needed items that do not pass."""
    return tuple(each.item for each in found if each.needed and each.verdict != "pass")
