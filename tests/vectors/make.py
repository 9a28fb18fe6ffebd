"""Write uplink.json: one vector for every message, record and command kind, and for the refusals.

python tests/vectors/make.py    (a test fails when the committed file differs from what this makes)
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from protocols import cbor
from protocols.uplink import codes, envelope
from protocols.uplink import messages as m
from tests.vectors.run import shown

TARGET = Path(__file__).with_name("uplink.json")
EPOCH, NONCE = bytes(range(8)), bytes(range(0xA0, 0xA8))
KEY, SECOND = bytes(range(32)), bytes(range(32, 64))  # made for these vectors, used nowhere else
DEVICE = "T0000001"
T_S = 1795305600  # 2026-11-22 00:00 UTC

HELLO = {
    "version": 1,
    "device": DEVICE,
    "epoch": EPOCH,
    "boot": 7,
    "nonce": NONCE,
    "firmware": "0.1.0",
    "product": "terminal",
    "board": "unix",
    "t_s": T_S,
    "t_ok": 1,
    "last_command": 41,
    "next_seq": {1: 120, 2: 5000, 3: 17},
    "held_from": {1: 118, 2: 4905, 3: 1},
    "multiplier": 80,
}
NOW = {
    "version": 1,
    "t_s": T_S,
    "t_ok": 1,
    "power_w": 187_440,
    "setpoint_w": 150_000,
    "tripped": 0b001,
    "open": 0b001,
    "alarm": 0b010,
    "permitted": 0,
    "remaining_wh": -12_500,
    "controls": [
        [codes.REMOTE, codes.POST_TRIP, 0, 0],
        [codes.PERIOD, codes.ALARM, 0, 1],
        [codes.PURCHASE, codes.TRIPPED, 0, 1],
    ],
    "guarantee": codes.GUARANTEE_OFF,
    "guarantee_until_s": None,
    "meter_ok": 1,
    "points": {1: 2301, 8: 23430, 320: 1_234_560},
    "frames": [[T_S, 0, bytes.fromhex("fefefefe68129078563412681104333334336816")]],
    "plan_id": 40,
    "last_order": 1002,
    "groups": [
        [1, 187_440, 150_000, codes.PERIOD, -12_500, None, 3_000_000, 40, 1002],
        [2, None, None, 0, None, 123_4500, None, 0, 7],
    ],
    "excluded": 0,
    "reminder": 1,
    "parameters": {1: 3, 8: 12},
    "metering": [[1, 187_440, 98_764_800], [2, None, None]],
    "profiles": [[1, bytes(range(8)), 1, "acme-m3"]],
}
SILENT = NOW | {"t_ok": 0, "power_w": None, "setpoint_w": None, "remaining_wh": None, "meter_ok": 0}
SILENT |= {
    "open": None,
    "points": {},
    "frames": [],
    "controls": [],
    "guarantee": 2,
    "guarantee_until_s": T_S + 86_400,
}

BODIES = {
    m.EVENT: {"code": 5, "data": {1: 1, 3: 187_440, 4: 121_000, 12: "poller"}},
    m.RESULT: {
        "command": 41,
        "outcome": codes.REFUSED,
        "reason": codes.REASON_NO["guaranteed"],
        "tripped": 0,
        "open": 0,
        "remaining_wh": None,
        "detail": {17: T_S + 3600},
    },
    m.GAP: {"first_seq": 100, "last_seq": 117, "reason": 1},
    m.CURVE: {
        "slot_s": T_S,
        "interval_s": 900,
        "metering_point": 1,
        "quality": 0,
        "values": {8: -23_430, 20: 950, 320: 1_234_560},
    },
    m.DAILY: {"day_s": T_S - 28_800, "metering_point": 1, "quality": 1, "values": {320: 1_234_560, 321: 0}},
    m.MONTHLY: {"day_s": T_S - 28_800, "metering_point": 2, "quality": 0, "values": {256: 1_234_560}},
    m.BILLING: {"day_s": T_S - 28_800, "metering_point": 1, "quality": 4, "values": {}},
    m.STATS: {
        "from_s": T_S - 115_200,
        "period": codes.DAY,
        "metering_point": 1,
        "quality": 0,
        "values": {20001: 5},
    },
    m.DIAG: {
        "heap_free": 70_000,
        "heap_used": 58_000,
        "line_ok": 86_400,
        "line_timeouts": 3,
        "line_bad": 1,
        "links": 2,
        "restarts": 0,
        "flash_free": 900_000,
        "discards": 0,
        "store_errors": 0,
    },
}
LOOP = {
    "rounds": 0b011,
    "alarm_s": [120, 180],
    "slide_s": 60,
    "safety_w": 20_000,
    "post_trip_s": 120,
    "group": 2,
}
PARAMS = {
    m.TRIP: {"rounds": 0b011, "delay_s": 300, "limit_s": 0},
    m.PERMIT_CLOSE: {"rounds": 0b111},
    m.PERIOD_PLAN: {
        "codes": bytes.fromhex("000000005555aaaa55550000"),
        "setpoints_w": [150_000, 120_000],
        "float_pct": -10,
        "periods": 0b11,
        "rounds": 0b111,
        "alarm_s": [120, 60],
        "slide_s": 60,
        "safety_w": 20_000,
        "post_trip_s": 120,
    },
    m.RELEASE: {"control": codes.DOWN_FLOAT, "group": 8},
    m.PURCHASE: {
        "order": 1002,
        "flag": codes.APPEND,
        "value_wh": 500_000,
        "alarm_wh": 300_000,
        "trip_wh": -50_000,
        "rounds": 0b111,
    },
    m.GUARANTEE: {"on": 1, "duration_s": 86_400},
    m.FACTORY_REST: {"setpoint_w": 50_000, "start_min": 1320, "duration_s": 14_400, "days": 0b1000000} | LOOP,
    m.BUSINESS_STOP: {"setpoint_w": 20_000, "from_day": 20_574, "until_day": 20_584} | LOOP,
    m.DOWN_FLOAT: {"float_pct": -20, "freeze_s": 600, "duration_s": 1800} | LOOP,
    m.MONTH_ENERGY: {"setpoint_wh": 50_000_000, "float_pct": 10, "alarm_pct": 80, "rounds": 0b11, "group": 1},
    m.PERIOD_ENABLE: {"periods": 0b101, "scheme": 2},
    m.EXCLUSION: {"on": 1},
    m.FEE_ORDER: {
        "order": 1003,
        "flag": codes.REFRESH,
        "value_yuan_e4": 8_000_000,
        "alarm_yuan_e4": 1_000_000,
        "trip_yuan_e4": 0,
        "rounds": 0b001,
    },
    m.AUTO_RELEASE: {},
    m.REMINDER: {"on": 1, "hours": 0x03FF00, "text": "请尽快缴费"},
    m.MESSAGE: {"slot": 8, "important": 1, "text": "明日 10 时检修停电"},
    m.PARAMETERS: {"section": 3, "version": 12, "values": {1: 300, 2: 1 << 24}},
    m.METER_CHANGE: {"metering_point": 1, "old_wh": 1_234_560, "new_wh": 10},
    m.PROFILE: {"op": 0, "slot": 1, "total": 3000, "offset": 1024, "bytes": bytes(range(16))},
}


def record(kind: int) -> list:
    return [kind, T_S, 1, m.pack(m.RECORDS[kind], BODIES[kind])]


def command(kind: int) -> dict:
    head = {"device": DEVICE, "command": 40 + kind, "not_before_s": 0, "deadline_s": T_S + 60, "kind": kind}
    return m.pack(m.COMMAND, head | {"params": m.pack(m.COMMANDS[kind], PARAMS[kind])})


BATCH = {"version": 1, "epoch": EPOCH, "first_seq": 118, "held_from": 118}
WELCOME = {"nonce": NONCE, "t_ms": T_S * 1000 + 250, "epoch": EPOCH, "marks": {1: 117, 2: 4904, 3: 0}}
MARK = {"epoch": EPOCH, "marks": {1: 119}}


def both_ways(name: str, schema: str, values: dict) -> list[dict]:
    wire = cbor.encode(m.pack(getattr(m, schema), values))
    return [
        {"name": name, "do": "pack", "schema": schema, "values": shown(values), "want": shown(wire)},
        {"name": name, "do": "unpack", "schema": schema, "hex": wire.hex(), "want": shown(values)},
    ]


def refused(name: str, schema: str, wire: object, error: str) -> dict:
    return {"name": name, "do": "unpack", "schema": schema, "hex": cbor.encode(wire).hex(), "error": error}


def messages() -> list[dict]:
    out = both_ways("hello", "HELLO", HELLO)
    out += both_ways("now", "NOW", NOW) + both_ways("now without reading or clock", "NOW", SILENT)
    out += both_ways(
        "batch of every record kind", "BATCH", BATCH | {"records": [record(k) for k in m.RECORDS]}
    )
    out += both_ways("empty batch", "BATCH", BATCH | {"records": []})
    hello = m.pack(m.HELLO, HELLO)
    out += [
        {
            "name": "hello, unknown keys ignored",
            "do": "unpack",
            "schema": "HELLO",
            "hex": cbor.encode(hello | {99: [1, {2: "x"}], -1: None}).hex(),
            "want": shown(HELLO),
        },
        refused("hello of version 2", "HELLO", hello | {0: 2}, "unknown version"),
        refused("hello without version", "HELLO", {k: v for k, v in hello.items() if k}, "no version"),
        refused(
            "hello without device", "HELLO", {k: v for k, v in hello.items() if k != 1}, "missing device"
        ),
        refused("hello, boot is text", "HELLO", hello | {3: "7"}, "wrong type of boot"),
        refused("hello, boot is true", "HELLO", hello | {3: True}, "wrong type of boot"),
        refused("hello, boot below zero", "HELLO", hello | {3: -1}, "wrong type of boot"),
        refused("hello is a list", "HELLO", [hello], "no version"),
        refused("mark is a list", "MARK", [1], "not a map"),
    ]
    return out


def records() -> list[dict]:
    def case(name: str, wire: object, **outcome: object) -> dict:
        return {"name": name, "do": "record", "hex": cbor.encode(wire).hex()} | outcome

    out = []
    for kind, name in m.RECORD_NAMES.items():
        out.append(case(f"record {name}", record(kind), want=shown([kind, T_S, 1, BODIES[kind]])))
    later = [99, T_S, 0, {1: 5}]
    out += [
        case("record of a later kind keeps its body", later, want=shown(later)),
        case("record of three", later[:3], error="record is not a list of four"),
        case("record with clock flag 2", [1, T_S, 2, {}], error="wrong type in record"),
        case("record with a list as body", [1, T_S, 1, []], error="wrong type in record"),
        case("gap record without reason", [m.GAP, T_S, 1, {1: 1, 2: 2}], error="missing reason"),
    ]
    return out


def sealed_pair(name: str, leaf: str, body: dict, second: bytes = b"") -> list[dict]:
    data = envelope.seal(KEY, leaf, DEVICE, body, second or None)
    common = {"name": name, "key": KEY.hex(), "second_key": second.hex(), "leaf": leaf, "device": DEVICE}
    return [
        common | {"do": "seal", "body": shown(body), "want": shown(data)},
        common | {"do": "unseal", "hex": data.hex(), "want": shown([body, bool(second)])},
    ]


def sealed() -> list[dict]:
    out = both_ways("welcome body", "WELCOME", WELCOME) + both_ways("mark body", "MARK", MARK)
    out += sealed_pair("sealed welcome", "hi", m.pack(m.WELCOME, WELCOME))
    out += sealed_pair("sealed mark", "mark", m.pack(m.MARK, MARK))
    for kind, name in m.COMMAND_NAMES.items():
        if PARAMS[kind]:
            out += both_ways(f"params of {name}", f"{name.upper()}_PARAMS", PARAMS[kind])
        out += sealed_pair(f"sealed command {name}", "cmd", command(kind))
    out += sealed_pair("sealed trip with two MACs", "cmd", command(m.TRIP), SECOND)
    return out + broken_seals()


def broken_seals() -> list[dict]:
    body = command(m.TRIP)
    good = cbor.decode(envelope.seal(KEY, "cmd", DEVICE, body, SECOND))

    def case(name: str, wire: object, error: str, **other: str) -> dict:
        data = wire if isinstance(wire, bytes) else cbor.encode(wire)
        common = {"key": KEY.hex(), "second_key": SECOND.hex(), "leaf": "cmd", "device": DEVICE}
        return {"name": name, "do": "unseal", "hex": data.hex(), "error": error} | common | other

    flipped = bytes([good[2][0] ^ 1]) + good[2][1:]
    one = {k: v for k, v in good.items() if k != 3}
    return [
        case("first MAC wrong", good | {2: flipped}, "bad_mac"),
        case("second MAC wrong", good | {3: flipped}, "bad_mac"),
        case("second MAC is a number", good | {3: 1}, "bad_mac"),
        case("MAC too short", good | {2: good[2][:31]}, "bad_mac"),
        case("body changed", good | {1: good[1][:-1] + bytes([good[1][-1] ^ 1])}, "bad_mac"),
        case("sealed for another device", good, "bad_mac", device="T0000002"),
        case("sealed for another leaf", good, "bad_mac", leaf="mark"),
        case("operator key used as approver", cbor.encode(one | {3: one[2]}), "bad_mac"),
        case("seal of version 2", good | {0: 2}, "unknown version"),
        case("no MAC", {0: 1, 1: good[1]}, "not sealed"),
        case("not a map", [1], "no version"),
        case("not CBOR", b"\xff", "float or simple value not in the subset"),
        case("too large", good | {9: bytes(4096)}, "too large"),
    ]


def text() -> str:
    cases = messages() + records() + sealed()
    return "[\n" + ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases) + "\n]\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
