"""A concentrator with 120 meters, freezes, balances, and a meter that no archive knows."""

import time

from sqlalchemy import Connection

from protocols.lines import dlt645, dlt645_meter
from protocols.meters import dlt645_items
from protocols.meters.compile import encoded
from protocols.meters.points import BY_ALIAS
from protocols.uplink import area, messages
from protocols.uplink.codes import APPEND
from protocols.uplink.topics import STREAM_NO
from station.area import life, rows
from station.profiles import files
from station.provisioning import add_device, area_of
from station.store import area as store
from station.store import commands, devices, streams
from station.store.readings import DAY_S, Reading, SqliteReadingStore
from station.web.curve import day_start, local_day
from tests.browser.seed import EPOCH, put_event, put_now

DEVICE, METERS, OFFSET_S = "TQ-0031", 120, 8 * 3600
MISSING = 37  # a meter that gives nothing
UNKNOWN = "202600009999"
NAMES = ("王建国", "李秀英", "张伟", "刘洋小卖部", "陈桂兰", "杨帆")
ENERGY = BY_ALIAS["energy_import_wh"][0]


def table() -> list[dict]:
    first = {"slot": 0, "multiplier": 1, "tariff": 1, "group": 0}
    return [
        first
        | {
            "meter": n,
            "address": f"{202600000000 + n:012d}",
            "line": 9 if n > 100 else 1 + n % 2,
            "phase": 1 + n % 3,
            "flags": 2 | (1 if n % 20 == 0 else 0) | (4 if n == 5 else 0),
            "name": NAMES[n % len(NAMES)],
        }
        for n in range(1, METERS + 1)
    ]


def now_area(done: int = 119) -> dict[int, object]:
    at = int(time.time())
    today = day_start(local_day(at, OFFSET_S), OFFSET_S)
    facts = (rows.digest(table())[:8], METERS, 1, 2, 3)
    duties = [[1, today, done, 1, METERS], [3, at // 900 * 900, 2, 0, 6]]
    module = dict(enumerate((2, "LK SM 0100", 20, 19, 1, 18, 964, 3), 1))
    return dict(enumerate((*facts, duties, [[1, 1000, 12, 0]], [], module), 1))


def seed_area(c: Connection) -> None:
    made = area_of(["1:9600:8E1", "2:2400:8E1"], [encoded(files.checked(files.content("dlt645-2007-1p")))])
    add_device(c, DEVICE, "admin", name="东风台区", rounds=1, area=made)
    store.replace(c, DEVICE, table())
    at = int(time.time())
    devices.set_link(c, DEVICE, last_seen_s=at, hello_s=at - 900, product="concentrator")
    nothing = {"setpoint_w": None, "remaining_wh": None, "open": None}  # it has no control of its own
    put_now(c, DEVICE, at, area=now_area(), power_w=31_200, **nothing)
    today = day_start(local_day(at, OFFSET_S), OFFSET_S)
    for n in range(1, METERS + 1):
        meter = SqliteReadingStore.meter_id(c, DEVICE, n)
        labels = [today - d * DAY_S for d in range(20) if n != MISSING and not (d == 3 and 40 < n < 60)]
        first = 5_000_000 + n * 1000
        values = [(label, {ENERGY: first + (label - today) // DAY_S * 7310}) for label in labels]
        SqliteReadingStore.put(
            c, [Reading(meter, messages.DAILY, label, 0, 0, 1, value) for label, value in values]
        )
    _told(c, at, today)
    _events(c, at)
    command = life.order(c, DEVICE, 2, APPEND, 1_000_000, 1, "admin")
    assert commands.move(c, DEVICE, command, "executed", at)


def _events(c: Connection, at: int) -> None:
    told = (
        (-7200, "archive_loaded", {"done": METERS}),
        (-5400, "meter_found", {"line": 2, "address": UNKNOWN}),
        (-3600, "meter_read_failed", {"metering_point": MISSING}),
        (-600, "energy_control_trip", {"metering_point": 12, "value": -800}),
    )
    for seq, (ago, name, data) in enumerate(told, 1):
        put_event(c, DEVICE, at + ago, name, data, seq)


def _told(c: Connection, at: int, today: int) -> None:
    stream = streams.opened(c, DEVICE, EPOCH, STREAM_NO["da"], at)
    place = {"stream_id": stream.id, "device": DEVICE, "t_s": at}
    ledger = {"fee": 1, "tier_wh": 0, "charged_wh": 5_000_000, "differs_wh": 0, "order": 0, "day_s": today}
    balances = [
        place | ledger | {"seq": n, "meter": n, "remaining": 10_000 * (n * 37 % 400 - 8), "cut": int(n == 12)}
        for n in range(1, METERS + 1)
    ]
    lost = {"duty": 1, "first_s": today, "last_s": today, "meter": MISSING, "read": 1, "reason": 1}
    found = {"line": 2, "address": bytes.fromhex(UNKNOWN)[::-1], "state": 1, "phase": 0}
    way = {"phase": 2, "hops": 3, "success_e3": 941, "signal": 12}
    store.put(
        c,
        {
            area.LEDGER: balances,
            area.ABSENT: [place | lost | {"seq": 1000}],
            area.FOUND: [place | found | {"seq": 1001}],
            area.ROUTE: [place | way | {"seq": 2000 + n, "meter": n} for n in range(101, METERS + 1)],
        },
    )


def put_reads(c: Connection, command: int, meters: range, at: int) -> None:
    """A patrol's results: every ninth meter is mute, every fortieth has no such item."""
    stream = streams.opened(c, DEVICE, EPOCH, STREAM_NO["da"], at)
    place = {"stream_id": stream.id, "device": DEVICE, "t_s": at, "command": command}
    reads = [
        place
        | {"seq": 2000 + n, "meter": n, "reason": 9 * (n % 40 == 0) or int(n % 9 == 0)}
        | {"values": {} if n % 40 == 0 or n % 9 == 0 else {ENERGY: 5_000_000 + n * 1000}}
        for n in meters
    ]
    store.put(c, {area.READ: reads})


def put_reply(c: Connection, command: int, data: bytes, at: int, reason: int = 0) -> None:
    stream = streams.opened(c, DEVICE, EPOCH, STREAM_NO["da"], at)
    place = {"stream_id": stream.id, "device": DEVICE, "t_s": at, "seq": 5000 + command}
    store.put(c, {area.REPLY: [place | {"command": command, "data": data, "took_ms": 212, "reason": reason}]})


def answer(address: str) -> bytes:
    """Of a meter to a read of its total."""
    data = dlt645_items.encode(0x00010000, {"1-0:1.8.0*255": 503_412})
    return dlt645_meter.reply(address, dlt645.READ, 0x00010000, data)
