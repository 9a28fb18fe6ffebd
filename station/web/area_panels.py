"""What the panels of a concentrator, of one of its meters and of its commands' results show."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from protocols.meters.points import BY_ALIAS, QUALITIES
from protocols.uplink import archive_rows, area
from station.area import life, requests, rows
from station.area import load as way
from station.decoding import known
from station.store import area as store
from station.store import commands, devices, events
from station.store.db import now_s
from station.store.readings import DAY_S
from station.web import curve, feed, heat
from station.web.decoded import shown_frames
from station.web.figures import fixed, share
from station.web.helpers import point_value

AREA_PANELS = (
    "head",
    "area_tiles",
    "area_heat",
    "area_meters",
    "area_archive",
    "area_module",
    "area_duties",
    "area_found",
    "area_events",
)
METER_PANELS = ("meter_head", "meter_freezes", "meter_balance", "meter_orders", "meter_absents")
PAGE_ROWS, RESULT_ROWS = 50, 200
DAYS, METER_DAYS = 14, 31
ENERGY = BY_ALIAS["energy_import_wh"]
STATES = ("all", "missing", "cut", "prepaid")
MODULE_TONES = {"gone": ("trip", "warn"), "starting": ("accent", "clock"), "ready": ("ok", "ok")}
LOAD_TONES = {
    way.SENDING: ("accent", "clock"),
    way.LOADED: ("ok", "ok"),
    way.REFUSED: ("trip", "warn"),
    way.GIVEN_UP: ("warn", "clock"),
    way.STOPPED: ("idle", "hand"),
}
TOLD = (area.PATROL, area.FORWARD, area.SEARCH, area.RESEND)  # commands with more to show than an outcome

Row = Mapping[str, Any]
Arguments = Mapping[str, str]


def concentrator(c: Connection, device: str) -> dict[str, Any] | None:
    row = devices.get(c, device)
    return row if row is not None and row["area"] is not None else None


def _today(row: Row) -> int:
    """Label of the freeze of the last local midnight."""
    offset_s = row["utc_offset_s"]
    return curve.day_start(curve.local_day(now_s(), offset_s), offset_s)


# ---- the area


def area_context(c: Connection, device: str, arguments: Arguments) -> dict[str, Any] | None:
    """Everything the panels of AREA_PANELS need; None when it is no concentrator."""
    row = concentrator(c, device)
    if row is None:
        return None
    meters, today = store.archive(c, device), _today(row)
    labels = [today - n * DAY_S for n in range(DAYS)]
    frozen, module = store.frozen(c, device, labels[-1]), _told(c, device, "module")
    return archive_context(c, row, meters) | {
        "duties": [_duty(each) for each in _told(c, device, "duties")],
        "work": [_work(each) | {"kind": _kind(c, device, each[0])} for each in _told(c, device, "work")],
        "heat": heat.draw([each["meter"] for each in meters], labels, frozen, row["utc_offset_s"]),
        "table": _table(meters, frozen, today, store.ledgers(c, device), arguments),
        "module": _module(module) if module else None,
        "unknown": found_meters(c, device, meters),
        "events": feed.show_all(events.recent(c, device, 8), row["utc_offset_s"]),
    }


def archive_context(c: Connection, row: Row, meters: Sequence[Row] | None = None) -> dict[str, Any]:
    """Of panels/area_archive.html. `meters`: the archive, where it is known already."""
    device = row["device"]
    meters = store.archive(c, device) if meters is None else meters
    loads = store.loads(c, device, 1)
    return {
        "d": row,
        "now": store.now(c, device),
        "drift": life.drift(c, device, meters),
        "wanted": len(meters),
        "load": _load(loads[0]) if loads else None,
    }


def _told(c: Connection, device: str, name: str) -> Any:
    """A part of the live state that is a list or a map."""
    now = store.now(c, device)
    return now[name] if now else []


def _module(told: Row) -> dict[str, Any]:
    name = area.MODULES[told["state"]]
    tone, shape = MODULE_TONES[name]
    return {**told, "name": name, "tone": tone, "shape": shape}


def _duty(row: Sequence[int]) -> dict[str, Any]:
    duty, slot_s, done, absent, wanted = row
    facts = {"duty": duty, "slot_s": slot_s, "done": done, "absent": absent, "wanted": wanted}
    return facts | {"percent": share(done, wanted)}


def _work(row: Sequence[int]) -> dict[str, Any]:
    command, done, failed, wanted = row
    facts = {"command": command, "done": done, "failed": failed, "wanted": wanted}
    return facts | {"percent": share(done + failed, wanted)}


def _kind(c: Connection, device: str, command: int) -> str:
    found = commands.get(c, device, command)
    return found["kind_name"] if found else ""


def _load(row: Row) -> dict[str, Any]:
    tone, shape = LOAD_TONES[row["state"]]
    return {**row, "tone": tone, "shape": shape, "percent": share(row["done"], row["total"])}


def found_meters(c: Connection, device: str, meters: Sequence[Row]) -> list[dict[str, Any]]:
    """Those of searches that the archive has not, and that answer twice. `other`: whose meter it is."""
    have = {(each["line"], each["address"]) for each in meters}
    found = [each | {"digits": archive_rows.digits(each["address"])} for each in store.unknown(c, device)]
    others = store.elsewhere(c, device, [each["digits"] for each in found])
    told = [
        each | {"known": (each["line"], each["digits"]) in have, "other": others.get(each["digits"])}
        for each in found
    ]
    return [each for each in told if each["state"] == store.TWICE or not each["known"]]


def _table(
    meters: Sequence[Row],
    frozen: set[tuple[int, int]],
    today: int,
    ledgers: Mapping[int, Row],
    arguments: Arguments,
) -> dict[str, Any]:
    """The meters that fit the address of the page, one page of them."""
    text, state = arguments.get("q", "").strip()[:64], arguments.get("state", "all")
    holds = {
        "missing": lambda each: (each["meter"], today) not in frozen,
        "cut": lambda each: bool(each["ledger"] and each["ledger"]["cut"]),
        "prepaid": lambda each: bool(each["flags"] & archive_rows.PREPAID),
    }.get(state, lambda _each: True)
    all_of = [_meter(each, ledgers.get(each["meter"]), (each["meter"], today) in frozen) for each in meters]
    found = [each for each in all_of if _fits(each, text) and holds(each)]
    pages, page = max(1, -(-len(found) // PAGE_ROWS)), arguments.get("page", "")
    at = min(int(page), pages) if page.isascii() and page.isdecimal() and 0 < len(page) < 8 else 1
    at = max(at, 1)
    return {
        "rows": found[(at - 1) * PAGE_ROWS : at * PAGE_ROWS],
        "total": len(found),
        "page": at,
        "pages": pages,
        "q": text,
        "state": state if state in STATES else "all",
    }


def _fits(row: Row, text: str) -> bool:
    return text in row["address"] or text.casefold() in row["name"].casefold() or text == str(row["meter"])


def _meter(row: Row, ledger: Row | None, frozen: bool) -> dict[str, Any]:
    flags = [name for name, bit in rows.FLAGS.items() if row["flags"] & bit]
    return {**row, "ledger": ledger, "frozen": frozen, "flag_names": flags}


# ---- one meter


def meter_context(c: Connection, device: str, number: int) -> dict[str, Any] | None:
    """Everything the panels of METER_PANELS need; None when there is none."""
    row = concentrator(c, device)
    found = store.meter(c, device, number) if row and number <= archive_rows.MOST else None
    if row is None or found is None:
        return None
    today = _today(row)
    held = store.freezes(c, device, today - (METER_DAYS - 1) * DAY_S, today + 1, number)
    ledger = store.ledger(c, device, number)
    return {
        "d": row,
        "r": _meter(found, ledger, any(each["slot_s"] == today for each in held)),
        "ledger": ledger,
        "orders": store.orders(c, device, number),
        "next_order": life.next_order(c, device, number),
        "freezes": _freezes(
            held, [today - n * DAY_S for n in range(METER_DAYS)], store.exchanges(c, device, number)
        ),
        "absents": store.absents(c, device, number, 8),
        "route": store.routes(c, device).get(number) if found["line"] == archive_rows.MODULE else None,
        "outcomes": area.OUTCOMES,
    }


def _freezes(
    held: Sequence[Row], labels: Sequence[int], exchanges: Sequence[tuple[int, int]]
) -> list[dict[str, Any]]:
    """By day, the newest first: total, use since the day before where both are here, quality."""
    totals = {each["slot_s"]: each["values"].get(ENERGY[0]) for each in held}
    quality = {each["slot_s"]: QUALITIES.get(each["quality"], "") for each in held}
    out = []
    for label in labels:
        total, before = totals.get(label), totals.get(label - DAY_S)
        used = _used(before, total, exchanges) if total is not None and before is not None else None
        out.append(
            {
                "label": label,
                "total": fixed(total, -3, 2),
                "used": fixed(used, -3, 2),
                "quality": quality.get(label, "missing"),
            }
        )
    return out


def _used(before: int, total: int, exchanges: Sequence[tuple[int, int]]) -> int | None:
    """Wh between two totals; None when they are of two meters and nobody said what the old one showed."""
    if total >= before:
        return total - before
    both = [old - before + total - new for old, new in exchanges if old >= before and total >= new]
    return min(both, default=None)


# ---- results of commands


def told_of(c: Connection, row: Row, command: Row) -> dict[str, Any] | None:
    """What came of a command of TOLD besides its outcome, for panels/told.html; None for others."""
    if row["area"] is None or command["kind"] not in TOLD:
        return None
    under_way = [_work(each) for each in _told(c, row["device"], "work") if each[0] == command["command"]]
    told: dict[str, Any] = {"kind": command["kind_name"], "work": under_way[0] if under_way else None}
    if command["kind"] == area.PATROL:
        return told | patrol(c, row, command)
    if command["kind"] == area.FORWARD:
        return told | _reply(c, row, command)
    if command["kind"] == area.SEARCH:
        told["unknown"] = found_meters(c, row["device"], store.archive(c, row["device"]))
    return told


def patrol(c: Connection, row: Row, command: Row) -> dict[str, Any]:
    """`counts` by outcome, `rows` by meter, failures first: number, address, name, outcome, text."""
    point = command["params"]["point"]
    names = {each["meter"]: each for each in store.archive(c, row["device"])}
    found = []
    for each in store.reads(c, row["device"], command["command"]):
        meter = names.get(each["meter"], {"address": "", "name": ""})
        value = point_value(point, each["values"].get(point))
        outcome = area.OUTCOMES.get(each["reason"], str(each["reason"]))
        facts = {"meter": each["meter"], "outcome": outcome, "ok": not each["reason"], "text": value}
        found.append(facts | {"address": meter["address"], "name": meter["name"]})
    counts: dict[str, int] = {}
    for each in found:
        counts[each["outcome"]] = counts.get(each["outcome"], 0) + 1
    found.sort(key=lambda each: (each["ok"], each["meter"]))
    return {"counts": counts, "rows": found[:RESULT_ROWS], "all": found}


def _reply(c: Connection, row: Row, command: Row) -> dict[str, Any]:
    links = [profile.link for profile in requests.profiles(row).values()]
    return {
        "request": shown_frames(*known.explain(command["params"]["data"], links)),
        "replies": [
            {
                "hex": each["data"].hex(" ").upper(),
                "took_ms": each["took_ms"],
                "outcome": area.OUTCOMES.get(each["reason"] or int(not each["data"]), str(each["reason"])),
                "frames": shown_frames(*known.explain(each["data"], links)) if each["data"] else None,
            }
            for each in store.replies(c, row["device"], command["command"])
        ],
    }


def exists(c: Connection, device: str, command: int) -> Row | None:
    """A patrol's command, None when there is none."""
    found = commands.get(c, device, command)
    return found if found and found["kind"] == area.PATROL else None
