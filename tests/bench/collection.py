"""Bench `collection`: a day of freezes of many meters is counted, and what is missing is wanted.

The peer of the same run is SQLite handing over the same rows without anybody looking at them.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select

from protocols.meters.points import BY_ALIAS
from protocols.uplink.messages import DAILY
from station.collection import counts, supplement, tasks
from station.store import collection as store
from station.store import db
from station.store.area_schema import area_rows
from station.store.readings import DAY_S, Reading, SqliteReadingStore
from station.store.schema import devices, meters, readings
from station.store.scope import EVERYWHERE, ROOT

AREA, METERS = 1000, 200_000  # meters of a concentrator; of all
MISSING = 50  # one of so many gave nothing
OFFSET_S = 28_800
ENERGY = BY_ALIAS["energy_import_wh"][0]
BLANK = {"slot": 0, "line": 1, "phase": 1, "flags": 0, "multiplier": 1, "tariff": 0, "group": 1}
TASK = {"name": "Daily", "kind": DAILY, "unit": ROOT, "point_type": store.METER, "first": 1, "last": AREA}
TASK |= {"items": [ENERGY], "until_s": None, "every": 1, "priority": 1, "supplements": 3, "origin": store.OWN}


def fill(c: Connection, many: int, label_s: int) -> None:
    """Concentrators with meters, and of that day the freezes that came."""
    for area in range(many // AREA):
        device = f"C{area:05}"
        facts = {
            "shard": "00",
            "meter_address": "",
            "multiplier": 1,
            "rounds": 1,
            "added_s": 0,
            "name": device,
        }
        facts |= {"unit": ROOT, "utc_offset_s": OFFSET_S, "area": {"lines": {}, "profiles": []}}
        c.execute(insert(devices).values(device=device, **facts))
        rows = [BLANK | {"device": device, "meter": n, "address": f"{n:012}", "name": ""} for n in _numbers()]
        c.execute(insert(area_rows), rows)
        first = (c.execute(select(meters.c.id).order_by(meters.c.id.desc()).limit(1)).scalar() or 0) + 1
        ids = [{"id": first + n, "device": device, "metering_point": n} for n in _numbers()]
        c.execute(insert(meters), ids)
        came = [n for n in _numbers() if n % MISSING]
        SqliteReadingStore.put(
            c, [Reading(first + n, DAILY, label_s, 0, 0, 1, {ENERGY: 5_000_000 + n}) for n in came]
        )


def _numbers() -> range:
    return range(1, AREA + 1)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="tools/bench collection", description=__doc__)
    parser.add_argument("--meters", type=int, default=METERS)
    many = parser.parse_args(argv).meters
    t_s = int(time.time())
    day = counts.last_closed(t_s, OFFSET_S)
    label_s = day * DAY_S - OFFSET_S
    with tempfile.TemporaryDirectory() as home:
        engine = db.engine(Path(home))
        with db.writing(engine) as c:
            fill(c, many, label_s)
            tasks.add(c, "bench", EVERYWHERE, TASK | {"from_s": label_s, "until_s": label_s + DAY_S}, "bench")
        found = measured(engine, t_s)
        engine.dispose()
    told = {"bench": "collection", "value": found["count_s"], "unit": "s", "peer": found["read_s"]}
    told |= {"ratio": round(found["count_s"] / found["read_s"], 1), "meters": many}
    print(json.dumps(told | {"scan_s": found["scan_s"], "asked": found["asked"]}))


def measured(engine: Engine, t_s: int) -> dict[str, float]:
    """Seconds of reading alone, of counting the day, of wanting what is missing; requests that were made."""
    began = time.perf_counter()
    with db.reading(engine) as c:
        rows = c.execute(select(readings.c.meter_id, readings.c.slot_s, readings.c.points)).all()
    read_s = time.perf_counter() - began
    assert rows
    began = time.perf_counter()
    assert counts.close(engine, t_s, OFFSET_S) == 1
    count_s = time.perf_counter() - began
    began = time.perf_counter()
    asked = supplement.scan(engine, t_s)
    scan_s = time.perf_counter() - began
    times = {"read_s": read_s, "count_s": count_s, "scan_s": scan_s}
    return {name: round(took, 2) for name, took in times.items()} | {"asked": asked}


if __name__ == "__main__":
    main(sys.argv[1:])
