"""`loadkeeper area`: commands to one meter or many."""

import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection, Engine

from protocols.meters import points
from protocols.uplink import archive_rows, messages
from protocols.uplink import area as contract
from protocols.uplink.codes import APPEND, REASONS, REFRESH
from station.area import life, requests
from station.cli import second
from station.cli.shell import Whole, author, home_option, in_words, show, stored, wait_option
from station.controls import DEADLINE_S
from station.store import area as store
from station.store import commands, db, events

POLL_S = 0.2
EVENTS = 200  # among which the end of a patrol is looked for
_DEVICE = click.argument("device")
_METER = click.argument("meter", type=Whole(1, archive_rows.MOST))
_WAIT = wait_option(60)


# ---- one meter


@click.command()
@_DEVICE
@_METER
@click.option("--kwh", help="Energy")
@click.option("--yuan", help="Money, instead")
@click.option("--refresh", is_flag=True, help="Set the balance to it, instead of adding")
@_WAIT
@home_option
def order(
    home: Path | None,
    wait_s: int,
    refresh: bool,
    yuan: str | None,
    kwh: str | None,
    meter: int,
    device: str,
) -> None:
    """Sell energy or money to METER of DEVICE: one order with the next number."""
    if (kwh is None) == (yuan is None):
        raise click.UsageError("give one of --kwh and --yuan")
    value = _scaled(kwh, 3) if kwh is not None else _scaled(yuan or "", 4)
    flag = REFRESH if refresh else APPEND
    engine = _engine(home)
    with in_words(), db.writing(engine) as c:
        number = life.order(c, device, meter, flag, value, int(kwh is None), author())
    _wait(engine, device, number, wait_s)


def _scaled(text: str, digits: int) -> int:
    """12.5 with so many digits behind the point as a whole number."""
    sign = -1 if text.startswith("-") else 1
    ahead, _dot, behind = text.lstrip("+-").partition(".")
    if not (ahead + behind).isdecimal() or not text.isascii() or len(ahead) > 9 or len(behind) > digits:
        raise click.BadParameter(f"{text!r} is no number with at most {digits} digits behind the point")
    return sign * int(ahead + behind.ljust(digits, "0"))


@click.command()
@_DEVICE
@_METER
@click.argument("want", type=click.Choice(["balance", "open", "permit"]))
@_WAIT
@second.emergency_option
@home_option
def switch(home: Path | None, emergency: str | None, wait_s: int, want: str, meter: int, device: str) -> None:
    """Cut METER off (open), permit its closing, or leave it to its balance."""
    params = {"want": ("balance", "open", "permit").index(want)}
    _send(home, device, contract.METER_SWITCH, params, wait_s, meter, emergency)


@click.command()
@_DEVICE
@_METER
@click.argument("on", type=click.Choice(["on", "off"]))
@_WAIT
@second.emergency_option
@home_option
def guarantee(
    home: Path | None, emergency: str | None, wait_s: int, on: str, meter: int, device: str
) -> None:
    """Guarantee the supply of METER, or end that."""
    _send(home, device, contract.METER_GUARANTEE, {"on": int(on == "on")}, wait_s, meter, emergency)


@click.command()
@_DEVICE
@_METER
@click.argument("new_address")
@click.option("--old-wh", type=Whole(0), required=True, help="Last total of the old meter")
@click.option("--new-wh", type=Whole(0), default=0, show_default=True, help="First total of the new one")
@_WAIT
@home_option
def replace(
    home: Path | None, wait_s: int, new_wh: int, old_wh: int, new_address: str, meter: int, device: str
) -> None:
    """METER has been replaced by one with NEW_ADDRESS: its balance goes on."""
    try:
        params = {"new_address": archive_rows.address(new_address), "old_wh": old_wh, "new_wh": new_wh}
    except ValueError:
        raise click.BadParameter(f"{new_address!r} is not 12 digits") from None
    _send(home, device, contract.METER_REPLACED, params, wait_s, meter)


# ---- many meters


@click.command()
@_DEVICE
@click.argument("point")
@click.option("--first", type=Whole(1, archive_rows.MOST), default=1, show_default=True)
@click.option("--last", type=Whole(1, archive_rows.MOST), default=archive_rows.MOST, show_default=True)
@click.option("--group", type=Whole(1, 255), help="Of these the group alone")
@_WAIT
@home_option
def patrol(
    home: Path | None, wait_s: int, group: int | None, last: int, first: int, point: str, device: str
) -> None:
    """Read POINT (alias or OBIS) of many meters once, and show what came. One JSON object a meter."""
    row = points.BY_ALIAS.get(point) or points.BY_OBIS.get(point)
    if row is None:
        raise click.BadParameter(f"no point {point!r}")
    params = {"point": row[0], "first": first, "last": last} | ({"group": group} if group else {})
    engine, number = _queued(home, device, contract.PATROL, params)
    end = time.monotonic() + wait_s
    found = _settled(engine, device, number, wait_s)
    _told(engine, found, end, lambda c: _ended(c, device, number))
    with db.reading(engine) as c:
        for each in store.reads(c, device, number):
            outcome = contract.OUTCOMES.get(each["reason"], str(each["reason"]))
            show({"meter": each["meter"], "outcome": outcome, "value": each["values"].get(row[0])})
        ended, told = _ended(c, device, number), store.now(c, device) or {"work": []}
    work = [each[1:] for each in told["work"] if each[0] == number]
    _tell(device, number, found, work[0] if work and not ended else None, ended)


def _ended(c: Connection, device: str, patrol: int) -> dict[str, Any]:
    """What the concentrator told at its end; {} before."""
    for each in events.recent(c, device, EVENTS):
        if each["name"] == "patrol_ended" and each["data"].get("command") == patrol:
            return {name: each["data"][name] for name in each["data"] if name != "command"}
    return {}


@click.command()
@_DEVICE
@click.option("--line", type=Whole(0, archive_rows.MODULE), default=0, show_default=True, help="0: all")
@_WAIT
@home_option
def search(home: Path | None, wait_s: int, line: int, device: str) -> None:
    """Look for meters that answer and are not in the archive; `on` shows them."""
    _send(home, device, contract.SEARCH, {"line": line}, wait_s)


@click.command()
@_DEVICE
@click.argument("line", type=Whole(1, archive_rows.MODULE))
@click.argument("data_hex")
@click.option("--wait-ms", type=Whole(1, requests.WAIT_MOST_MS), default=2000, show_default=True)
@click.option("--urgent", is_flag=True)
@_WAIT
@home_option
def forward(
    home: Path | None, wait_s: int, urgent: bool, wait_ms: int, data_hex: str, line: int, device: str
) -> None:
    """Send bytes to LINE of DEVICE as they are, and show the answer."""
    try:
        data = bytes.fromhex(data_hex)
    except ValueError:
        raise click.BadParameter("the bytes must be hexadecimal digits") from None
    params = {"line": line, "data": data, "wait_ms": wait_ms, "urgent": int(urgent)}
    engine, number = _queued(home, device, contract.FORWARD, params)
    end = time.monotonic() + wait_s
    found = _settled(engine, device, number, wait_s)
    _told(engine, found, end, lambda c: store.replies(c, device, number))
    with db.reading(engine) as c:
        for each in store.replies(c, device, number):
            show({"data": each["data"], "took_ms": each["took_ms"]})
    _tell(device, number, found)


@click.command()
@_DEVICE
@click.option("--monthly", is_flag=True)
@click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Local day")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Local day")
@click.option("--meter", type=Whole(1, archive_rows.MOST))
@_WAIT
@home_option
def resend(
    home: Path | None,
    wait_s: int,
    meter: int | None,
    until: datetime,
    since: datetime,
    monthly: bool,
    device: str,
) -> None:
    """Let DEVICE tell its freezes of these days once more."""
    engine = _engine(home)
    with in_words(), db.reading(engine) as c:
        offset_s = life.check(c, device)["utc_offset_s"]
    params: dict[str, Any] = {
        "kind": messages.MONTHLY if monthly else messages.DAILY,
        "from_s": requests.label_s(since.date(), offset_s),
        "until_s": requests.label_s(until.date(), offset_s),
    }
    _send(home, device, contract.RESEND, params | ({"meter": meter} if meter else {}), wait_s)


# ---- sending


def _engine(home: Path | None) -> Engine:
    return db.engine(stored(home).home)


def _queued(
    home: Path | None,
    device: str,
    kind: int,
    params: dict[str, Any],
    meter: int | None = None,
    reason: str | None = None,
) -> tuple[Engine, int]:
    engine = _engine(home)
    with in_words(), db.writing(engine) as c:
        named = {} if meter is None else life.named(life.meter(c, device, meter))
        whole = named | params
        number = second.command(c, device, kind, whole, "", DEADLINE_S, reason)
        return engine, number or life.send(c, device, kind, whole, author())


def _send(
    home: Path | None,
    device: str,
    kind: int,
    params: dict[str, Any],
    wait_s: int,
    meter: int | None = None,
    reason: str | None = None,
) -> None:
    engine, number = _queued(home, device, kind, params, meter, reason)
    _wait(engine, device, number, wait_s)


def _wait(engine: Engine, device: str, number: int, wait_s: int) -> None:
    _tell(device, number, _settled(engine, device, number, wait_s))


def _settled(engine: Engine, device: str, number: int, wait_s: int) -> dict[str, Any]:
    end = time.monotonic() + wait_s
    while True:
        with db.reading(engine) as c:
            row = commands.get(c, device, number)
        assert row is not None
        if row["state"] in commands.FINAL | {"unknown"} or time.monotonic() >= end:
            return row
        time.sleep(POLL_S)


def _told(engine: Engine, row: dict[str, Any], end: float, found: Callable[[Connection], object]) -> None:
    """Wait until what an executed command brings is there, `end` at the latest."""
    while row["state"] == "executed" and time.monotonic() < end:
        with db.reading(engine) as c:
            if found(c):
                return
        time.sleep(POLL_S)


def _tell(
    device: str,
    number: int,
    row: dict[str, Any],
    work: list[int] | None = None,
    ended: dict[str, Any] | None = None,
) -> None:
    """Exit code 0: done, or still on its way; 1: not done."""
    detail = row["detail"] or {}
    told = {"device": device, "command": number, "state": row["state"], "detail": detail}
    if row["reason"]:
        told["reason"] = REASONS.get(row["reason"], row["reason"])
    show(told | ({"done_failed_wanted": work} if work else {}) | (ended or {}))
    sys.exit(0 if row["state"] not in ("refused", "expired", "unknown") else 1)
