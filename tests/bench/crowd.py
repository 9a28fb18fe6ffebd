"""What fills the rooms of the station of the bench `pages`: rows that its pages have to search."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, insert

from station.collection import tasks
from station.store.alarms_schema import alarms
from station.store.area_schema import area_rows
from station.store.fieldwork_schema import work_orders
from station.store.org_schema import grants
from station.store.schema import audit, devices, links, users
from station.store.scope import EVERYWHERE
from station.store.stock_schema import stock_balances, stock_items, stock_moves
from tests.browser.seed_rooms import TASK

AREAS, METERS, PEOPLE, ORDERS, ALARMS, ITEMS, ACTS = 1000, 1000, 5000, 20_000, 20_000, 100_000, 200_000
BATCH = 50_000
Row = dict[str, Any]


def fill(c: Connection, units: Sequence[int], at: int) -> None:
    _put(c, devices, (_area(n, units, at) for n in range(AREAS)))
    _put(c, links, ({"device": area(n), "last_seen_s": at} for n in range(AREAS)))
    _put(c, area_rows, (_meter(n, meter) for n in range(AREAS) for meter in range(1, METERS + 1)))
    _put(c, users, (_person(n, units, at) for n in range(PEOPLE)))
    _put(c, grants, (_grant(n, units, at) for n in range(PEOPLE)))
    _put(c, alarms, (_alarm(n, units, at) for n in range(ALARMS)))
    _put(c, work_orders, (_order(n, units, at) for n in range(ORDERS)))
    _put(c, stock_items, (_item(n) for n in range(ITEMS)))
    _put(c, stock_balances, (_balance(n, units) for n in range(ITEMS)))
    _put(c, stock_moves, (_move(n, units, at) for n in range(ITEMS)))
    _put(c, audit, (_act(n, at) for n in range(ACTS)))
    tasks.add(c, "admin", EVERYWHERE, TASK | {"from_s": at - 10 * 86_400}, "bench")


def _put(c: Connection, table: Table, found: Iterator[Row]) -> None:
    while batch := list(islice(found, BATCH)):
        c.execute(insert(table), batch)


def area(n: int) -> str:
    return f"A{n:07}"


def _area(n: int, units: Sequence[int], at: int) -> Row:
    facts = {"shard": f"{n % 256:02x}", "meter_address": "", "multiplier": 1, "rounds": 0}
    made = {"lines": {"1": {"baud": 9600, "format": "8E1"}}, "profiles": []}
    where = {"utc_offset_s": 28_800, "added_s": at, "area": made, "unit": units[n % len(units)]}
    return {"device": area(n), "name": f"第 {n} 台区", **facts, **where}


def _meter(n: int, meter: int) -> Row:
    fixed = {"slot": 0, "line": 1, "phase": 1, "flags": 2, "multiplier": 1, "tariff": 1, "group": 0}
    who = {"address": f"{n * METERS + meter:012}", "name": f"第 {meter} 户"}
    return {"device": area(n), "meter": meter, **who, **fixed}


def _person(n: int, units: Sequence[int], at: int) -> Row:
    fixed = {"password_hash": "-", "must_change": 0, "failures": 0, "locked_until_s": 0, "session": 1}
    return {"name": f"p{n:05}", "created_s": at, "unit": units[n % len(units)], **fixed}


def _grant(n: int, units: Sequence[int], at: int) -> Row:
    return {
        "user": f"p{n:05}",
        "role": "clerk",
        "unit": units[n % len(units)],
        "author": "admin",
        "from_s": at,
    }


def _alarm(n: int, units: Sequence[int], at: int) -> Row:
    kind, unit = ("offline", "meter_cover_open")[n % 2], units[n % len(units)]
    times = {"from_s": at - n, "opened_s": at - n, "last_s": at - n, "spots": {}}
    what = {
        "kind": kind,
        "severity": 1 + n % 4,
        "class": "device",
        "state": "open" if n % 4 == 0 else "cleared",
    }
    return {"device": f"T{n * 3:07}", "unit": unit, **what, **times}


def _order(n: int, units: Sequence[int], at: int) -> Row:
    what = {
        "kind": "repair",
        "subject": f"第 {n} 户",
        "priority": 1 + n % 3,
        "state": "drafted" if n % 5 else "closed",
    }
    times = {"due_s": at + n, "drafted_s": at, "changed_s": at}
    return {"token": f"bench {n}", "unit": units[n % len(units)], "author": "admin", **what, **times}


def _item(n: int) -> Row:
    return {"id": n + 1, "kind": "meter", "model": "M", "serial": f"S{n:07}"}


def _balance(n: int, units: Sequence[int]) -> Row:
    return {"item": n + 1, "unit": units[n % len(units)], "place": "store", "holder": "", "count": 1}


def _move(n: int, units: Sequence[int], at: int) -> Row:
    what = {"move": "receive", "holder": "", "person": "", "count": 1, "remark": "", "author": "admin"}
    return {"token": f"{n}", "line": 0, "item": n + 1, "unit": units[n % len(units)], "t_s": at, **what}


def _act(n: int, at: int) -> Row:
    return {
        "t_s": at - ACTS + n,
        "author": f"p{n % PEOPLE:05}",
        "action": "login",
        "subject": "",
        "detail": {},
    }
