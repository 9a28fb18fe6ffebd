"""A small utility area for tests and pictures, written through the store as ingest would leave it."""

import math
import secrets
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from protocols import cbor
from protocols.lines import dlt645, dlt645_meter
from protocols.meters import dlt645_items
from protocols.meters.points import BY_ALIAS
from protocols.uplink import messages, parameters
from protocols.uplink.area import EVENT_CODE
from protocols.uplink.codes import GENERAL_EVENTS, REASON_NO, REFRESH
from protocols.uplink.topics import STREAM_NO
from station import access, plans, prepaid
from station.provisioning import add_device
from station.store import audit, commands, counters, db, devices, events, gaps, live, orders, streams
from station.store.readings import DAY_S, SLOT_S, Reading, SqliteReadingStore
from tests.browser.seed_profiles import running, seed_profiles

PASSWORD = "Long-enough-2026"
METER = "202611220017"
MULTIPLIER = 80
EPOCH = b"epoch-01"

FLEET = (  # device, name, what is special
    ("DF-FOUNDRY-01", "东方铸造厂", "alarm"),
    ("CB-WATER-02", "城北自来水厂", "guaranteed"),
    ("BS-CEMENT-03", "北山水泥", "offline"),
    ("HX-TEXTILE-04", "华兴纺织", "mismatch"),
    ("XC-COLD-05", "新城冷链物流", "quiet"),
    ("LJ-STEEL-06", "龙江特钢", "tripped"),
    ("NEW-07", "南园电子", "never"),
)


def point(alias: str) -> int:
    return BY_ALIAS[alias][0]


def load_w(slot: int, day: int = 0) -> int:
    """A two-shift factory's load, W primary."""
    hour = slot / 4
    shifts = 150_000 / (1 + math.exp(-(hour - 7.5) * 2)) / (1 + math.exp((hour - 22) * 2))
    return int(62_000 + shifts + 18_000 * math.sin(hour * 1.7 + day) - 30_000 * (12 <= hour < 13))


def meter_points(power_w: int) -> dict[int, int]:
    """Secondary values that fit the power: thirds in U and I, power factor 0.93."""
    each_dw = power_w * 10 // MULTIPLIER // 3
    values = {
        point("power_dw"): each_dw * 3,
        point("frequency_chz"): 4998,
        point("reactive_power_dvar"): each_dw,
    }
    for phase, volt in (("a", 2207), ("b", 2213), ("c", 2198)):
        values[point(f"voltage_{phase}_dv")] = volt
        values[point(f"current_{phase}_ma")] = each_dw * 10**6 // (volt * 930)
        values[point(f"power_{phase}_dw")] = each_dw
        values[point(f"power_factor_{phase}_e3")] = 931
    registers = {"": 48_211_340, "_t1": 5_120_110, "_t2": 17_340_020, "_t3": 15_900_410, "_t4": 9_850_800}
    values |= {point(f"energy_import{tariff}_wh"): wh for tariff, wh in registers.items()}
    return values | {point("demand_import_dw"): 28_412}


def line_frames(at: int) -> list[list[Any]]:
    """A read of the voltages and its answer, an energy read answered with an error, and noise."""
    voltage, energy = 0x0201FF00, 0x00010000
    data = dlt645_items.encode(
        voltage, {f"1-0:{c}.7.0*255": v for c, v in ((32, 2207), (52, 2213), (72, 2198))}
    )
    return [
        [at - 3, 0, dlt645.read(METER, voltage)],
        [at - 3, 1, dlt645_meter.reply(METER, dlt645.READ, voltage, data)],
        [at - 1, 0, dlt645.read(METER, energy)],
        [at - 1, 1, dlt645_meter.error_reply(METER, dlt645.READ, "no_such_data")],
        [at, 1, bytes.fromhex("FEFE6817002211")],
    ]


def now_message(at: int, **changed: Any) -> dict[str, Any]:
    """A healthy terminal in monitor; `changed` are fields of messages.NOW."""
    power_w = changed.get("power_w", 172_400)
    message = {
        "version": 1,
        "t_s": at,
        "t_ok": 1,
        "power_w": power_w,
        "setpoint_w": 190_000,
        "tripped": 0,
        "open": 0,
        "alarm": 0,
        "permitted": 0,
        "remaining_wh": 8_412_350,
        "controls": [
            [2, 1, REASON_NO["below_setpoint"], 1],
            [3, 1, REASON_NO["above_threshold"], 1],
        ],
        "guarantee": 0,
        "guarantee_until_s": None,
        "meter_ok": 1,
        "points": meter_points(power_w) if power_w is not None else {},
        "frames": line_frames(at),
        "plan_id": 0,
        "last_order": 0,
    }
    return message | changed


SPECIAL: dict[str, dict[str, Any]] = {
    "alarm": {
        "power_w": 214_600,
        "alarm": 1,
        "plan_id": 1,
        "last_order": 1,
        "controls": [[2, 2, 0, 1], [3, 1, REASON_NO["above_threshold"], 1]],
    },
    "guaranteed": {
        "guarantee": 1,
        "setpoint_w": None,
        "power_w": 88_020,
        "remaining_wh": None,
        "controls": [[2, 0, REASON_NO["guaranteed"], 1]],
    },
    "mismatch": {
        "tripped": 0b01,
        "open": 0b00,
        "controls": [
            [1, 4, 0, 0],
            [6, 5, REASON_NO["measuring"], 1],
            [2, 1, REASON_NO["higher_priority"], 1],
            [4, 0, REASON_NO["not_rest_day"], 2],
            [7, 2, 0, 2],
        ],
    },
    "tripped": {
        "profiles": running(),
        "parameters": {parameters.POINTS: 1},
        "tripped": 0b011,
        "open": 0b011,
        "power_w": 64_250,
        "setpoint_w": 70_000,
        "controls": [[2, 4, REASON_NO["all_rounds_tripped"], 1]],
        "t_ok": 0,
    },
    "quiet": {
        "setpoint_w": None,
        "power_w": None,
        "remaining_wh": None,
        "meter_ok": 0,
        "controls": [[2, 0, REASON_NO["no_reading"], 1]],
    },
    "offline": {"power_w": 31_900, "setpoint_w": None},
}


def put_now(c: Connection, device: str, at: int, **changed: Any) -> None:
    message = now_message(at, **changed)
    live.put(c, device, message, cbor.encode(messages.pack(messages.NOW, message)), at)


def put_event(
    c: Connection, device: str, at: int, name: str, data: dict[str, Any], seq: int, t_ok: int = 1
) -> None:
    stream = streams.opened(c, device, EPOCH, STREAM_NO["ev"], at)
    code = EVENT_CODE[name]
    events.put(
        c,
        [
            {
                "device": device,
                "t_s": at,
                "t_ok": t_ok,
                "received_s": at,
                "code": code,
                "important": int(code not in GENERAL_EVENTS),
                "data": data,
                "stream_id": stream.id,
                "seq": seq,
            }
        ],
    )


def put_curves(c: Connection, device: str, at: int, offset_s: int) -> None:
    """Yesterday whole; today with a hole of five slots, a single missing one, and three backfilled points."""
    midnight = (at + offset_s) // DAY_S * DAY_S - offset_s
    meter = SqliteReadingStore.meter_id(c, device, 1)
    batch = []
    for day in (-1, 0):
        for slot in range(96):
            slot_s = midnight + day * DAY_S + slot * SLOT_S
            missing = day == 0 and (slot in range(18, 23) or slot == 30)
            if slot_s <= at - 180 and not missing:
                quality = 1 if day == 0 and slot in (23, 24, 25) else 0
                values = {point("power_dw"): load_w(slot, day) * 10 // MULTIPLIER}
                batch.append(Reading(meter, messages.CURVE, slot_s, SLOT_S, quality, 1, values))
    SqliteReadingStore.put(c, batch)


def finish(c: Connection, device: str, command: int, outcome: str = "executed", **facts: Any) -> None:
    for state in ("sent", "received", outcome):
        commands.move(c, device, command, state, **(facts if state == outcome else {}))


def _plan_and_order(c: Connection, device: str, at: int) -> None:
    params = plans.build([(14, 23, 190), (23, 26, 160), (26, 44, 190)], [1, 2, 3], [120, 180, 180], 60, 60)
    plan = commands.create(c, device, messages.PERIOD_PLAN, params, "admin", at + 300, "有序用电 第三轮")
    finish(c, device, plan, t_s=at - 2 * DAY_S, tripped=0, open=0)
    order = prepaid.build(1, REFRESH, 12_000, 3_000, 0, [1, 2])
    bought = commands.create(c, device, messages.PURCHASE, order, "admin", at + 300)
    prepaid.book(c, device, bought, order)
    orders.applied(
        c, device, 1, at - DAY_S, {"remaining_before_wh": 400_000, "remaining_after_wh": 12_000_000}
    )
    finish(c, device, bought, remaining_wh=12_000_000, tripped=0, open=0)
    refused = commands.create(
        c, device, messages.TRIP, {"rounds": 1, "delay_s": 60, "limit_s": 0}, "admin", at + 300
    )
    finish(
        c, device, refused, "refused", reason=REASON_NO["guaranteed"], tripped=0, open=0, remaining_wh=None
    )


def _events(c: Connection, device: str, at: int) -> None:
    rows: tuple[tuple[int, str, dict[str, Any]], ...] = (
        (-9000, "power_up", {"boot": 7, "off_s": 312}),
        (-8990, "clock_set", {"step_ms": -1840}),
        (-7200, "power_control_alarm", {"control": 2, "rounds": 1, "setpoint_w": 190_000, "alarm_s": 120}),
        (
            -7080,
            "power_control_trip",
            {
                "control": 2,
                "rounds": 1,
                "power_before_w": 221_300,
                "power_after_w": 168_900,
                "setpoint_w": 190_000,
            },
        ),
        (-3600, "close_permitted", {"rounds": 1, "reason": REASON_NO["outside_period"]}),
        (-3480, "switch_closed", {"rounds": 1}),
        (
            -1800,
            "purchase_applied",
            {"order": 1, "remaining_before_wh": 400_000, "remaining_after_wh": 12_000_000},
        ),
        (-40, "power_control_alarm", {"control": 2, "rounds": 1, "setpoint_w": 190_000, "alarm_s": 120}),
    )
    for seq, (ago, name, data) in enumerate(rows, 1):
        put_event(c, device, at + ago, name, data, seq, t_ok=0 if name == "power_up" else 1)


def _device(c: Connection, device: str, name: str, special: str, at: int) -> None:
    add_device(c, device, "admin", name=name, meter_address=METER, multiplier=MULTIPLIER, rounds=3)
    devices.change(c, device, added_s=at - 30 * DAY_S)
    if special == "never":
        return
    seen = at - 5400 if special == "offline" else at
    devices.set_link(
        c,
        device,
        last_seen_s=seen,
        hello_s=seen - 4000,
        epoch=EPOCH,
        boot=7,
        firmware="0.1.0",
        product="terminal",
        board="unix",
        t_ok=SPECIAL[special].get("t_ok", 1),
        clock_off_s=-2,
        last_command=3,
        multiplier=MULTIPLIER,
    )
    for ago in range(840, 0, -5):
        if not 400 < ago < 470:  # the line was silent: the chart must show a break
            wave = int(9000 * math.sin(ago / 47)) - ago * 35
            t_s = seen - ago
            put_now(
                c, device, t_s, power_w=max(0, (SPECIAL[special].get("power_w", 172_400) or 60_000) + wave)
            )
    put_now(c, device, seen, **SPECIAL[special])


def alive(c: Connection, at: int) -> None:
    """All but the offline and the never seen one report again."""
    for device, _name, special in FLEET:
        if special not in ("offline", "never"):
            put_now(c, device, at, **SPECIAL[special])


def seed(home: Path, at: int | None = None, must_change: bool = False) -> None:
    """Make the area in `home`; user admin with PASSWORD (or with a one-time password to be changed)."""
    on = db.engine(home)
    at = db.now_s() if at is None else at
    with db.writing(on) as c:
        once = access.first_admin(c)
        assert once is not None
        if not must_change:
            access.change_password(c, "admin", once, PASSWORD)
        for row in FLEET:
            _device(c, *row, at)
        first = FLEET[0][0]
        put_curves(c, first, at, 8 * 3600)
        _plan_and_order(c, first, at)
        seed_profiles(c, FLEET[5][0], at)
        told = {"slot": 1, "version": 2, "error": "2 of 8 reads"}
        put_event(c, FLEET[5][0], at - 82_000, "profile_rolled_back", told, 2)
        put_event(
            c,
            FLEET[5][0],
            at - 9600,
            "energy_control_trip",
            {"control": 3, "rounds": 3, "remaining_after_wh": 0},
            1,
        )
        _events(c, first, at)
        stream = streams.opened(c, FLEET[2][0], EPOCH, STREAM_NO["da"], at)
        gaps.cover(c, stream.id, 118, 141, 1, at)
        gaps.cover(c, stream.id, 150, 150, 0, at)
        counters.bump(c, "ingest", "malformed", secrets.token_bytes(24), "lk/1/3f/DF-FOUNDRY-01/up/ev")
        counters.bump(c, "ingest", "oversized", b"\xff" * 64, "lk/1/3f/DF-FOUNDRY-01/up/da")
        audit.add(c, "admin", "logout", "admin")
    on.dispose()


def hostile(home: Path) -> None:
    """Names and texts from outside that must stay text."""
    bad = '<script>alert("x")</script>'
    on = db.engine(home)
    with db.writing(on) as c:
        devices.change(c, FLEET[0][0], name=bad)
        put_event(
            c,
            FLEET[0][0],
            db.now_s(),
            "terminal_fault",
            {"task": bad, "error": '"><img src=x onerror=alert(1)>'},
            90,
        )
        counters.bump(c, "ingest", "bad_topic", b"<b>", f"lk/{bad}")
    on.dispose()
