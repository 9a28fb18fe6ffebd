"""What an operator tells of SIM cards for a month. Months are made and changed, and taken out by an undo."""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from station.errors import FieldError
from station.imports import targets
from station.imports.targets import Change, Column, Importer, Key, Record, Target
from station.store import sims as store
from station.store.scope import Scope

STATES = {"": "", "active": "正常", "stopped": "停机", "expired": "到期"}  # of a card at its operator
FACTORS = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
_AMOUNT = re.compile(r"([0-9]{1,16}(?:\.[0-9]{1,6})?) ?([KMG]?B?)", re.IGNORECASE)
_MONTH = re.compile(r"(20[0-9]{2})[-/年]?(0[1-9]|1[0-2])月?")
_MONEY = re.compile(r"[0-9]{1,9}(\.[0-9]{1,4})?")
MOST_BYTES = 1 << 50


def traffic(cell: str) -> Any:
    """Bytes of "12.5", "12.5 MB", "800KB", "1.2GB", "5 B"; MB where nothing is said."""
    found = _AMOUNT.fullmatch(cell)
    if found is None:
        return FieldError("", "bad_traffic")
    unit = found[2].upper()
    factor = FACTORS.get(unit if unit.endswith("B") else unit + "B") if unit else FACTORS["MB"]
    amount = int(Decimal(found[1]) * (factor or 1))
    return amount if amount <= MOST_BYTES else FieldError("", "bad_traffic")


def month(cell: str) -> Any:
    """202610 of "2026-10", "202610", "2026/10", "2026年10月"."""
    found = _MONTH.fullmatch(cell)
    return int(found[1] + found[2]) if found else FieldError("", "bad_month")


def money(cell: str) -> Any:
    return int(Decimal(cell) * 10_000) if _MONEY.fullmatch(cell) else FieldError("", "bad_money")


def address(cell: str) -> Any:
    try:
        return str(ipaddress.ip_address(cell))
    except ValueError:
        return FieldError("", "bad_ip")


def state(cell: str) -> Any:
    lower = cell.lower()
    found = next((name for name, zh in STATES.items() if name and lower in (name, zh)), None)
    known = ", ".join(zh for zh in STATES.values() if zh)
    return FieldError("", "bad_choice", {"known": known}) if found is None else found


def iccid(cell: str) -> Any:
    """As it stands on the card, without the blanks that make it readable."""
    bare = cell.replace(" ", "").upper()
    return bare if 1 <= len(bare) <= 24 and bare.isalnum() and bare.isascii() else FieldError("", "bad_iccid")


def _look(c: Connection, scope: Scope, keys: Sequence[Key]) -> dict[Key, Record]:
    found = store.of_months(c, scope, [(key[0], key[1]) for key in keys])
    return {(each["iccid"], each["month"]): each for each in found}


def _judge(c: Connection, by: Importer, changes: Sequence[Change]) -> dict[int, FieldError]:
    cards = store.numbered(c, by.scope, sorted({each.key[0] for each in changes}))
    return {
        at: FieldError("iccid", "sim_not_there")
        for at, each in enumerate(changes)
        if each.key[0] not in cards
    }


def _apply(c: Connection, by: Importer, changes: Sequence[Change]) -> None:
    cards = store.numbered(c, by.scope, sorted({each.key[0] for each in changes}))
    gone = [(cards[each.key[0]], each.key[1]) for each in changes if each.after is None]
    store.drop_months(c, gone)
    told = [each.after for each in changes if each.after]
    store.put_months(c, [_row(cards[each["iccid"]], each) for each in told])


def _row(card: int, record: Record) -> Record:
    return {name: value for name, value in record.items() if name != "iccid"} | {"record": card}


def _every(c: Connection, scope: Scope, q: str) -> Iterator[Record]:
    return store.every_month(c, scope, q)


def _bytes(value: int) -> str:
    return f"{value} B"


def _yuan(value: int) -> str:
    return f"{Decimal(value) / 10_000:f}"


SIM_MONTHS = Target(
    name="sim_months",
    function="archive",
    columns=(
        Column("iccid", "ICCID", iccid, needed=True),
        Column("month", "月份", month, needed=True, show=lambda value: f"{value // 100}-{value % 100:02}"),
        Column("traffic_bytes", "流量", traffic, needed=True, show=_bytes),
        Column("quota_bytes", "套餐流量", traffic, first=0, show=_bytes),
        Column("cost_yuan_e4", "费用", money, first=0, show=_yuan),
        Column("ip", "IP地址", address),
        Column("roaming", "漫游", targets.yes_or_no, first=0),
        Column("state", "卡状态", state, show=STATES.__getitem__),
    ),
    keys=("iccid", "month"),
    unique=(),
    look=_look,
    judge=_judge,
    apply=_apply,
    every=_every,
)
