"""Bench `pages`: server time and size of pages, with 100,000 terminals and 1,000,000 meters of 200 stations.

The peer of the same run is a page that asks the database nothing (the password form): what Flask, session and
template cost by themselves. Each page is asked ROUNDS times in turn with the others, so none runs warm alone.
"""

import json
import secrets
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Connection, insert

from station import access
from station.access import people, policy, sessions
from station.store import db, org, users
from station.store.schema import devices, events, links, live, streams
from station.store.scope import ROOT
from station.web import create_app
from station.web.fleet import QUEUES
from tests.bench import crowd

TERMINALS, CITIES, STATIONS, ROUNDS = 100_000, 10, 20, 40
CITY = 2  # id of the first
PEER = "/password"
PAGES = (
    "/",
    *(f"/?queue={queue}" for queue in QUEUES if queue != "all"),
    "/?after=T0099900",
    "/?q=99999",
    f"/?unit={CITY}",
    "/api/panels/overview",
    "/terminals/T0050000/events",
    "/areas/A0000500",
    "/areas/A0000500/archive",
    "/alarms",
    "/alarms?state=cleared",
    "/approvals",
    "/collection",
    "/collection/1",
    "/work-orders",
    "/work-orders?list=closed",
    "/stock",
    "/stock?q=S0099",
    "/stock/plan",
    "/people",
    "/people?q=p04",
    "/roles/clerk",
    "/units",
    "/duty",
    "/station",
    PEER,
)


def seed(c: Connection, at: int) -> None:
    cities = [org.add_unit(c, ROOT, "city", f"C{n}", f"第{n}市") for n in range(CITIES)]
    wanted = [(city, n) for city in cities for n in range(STATIONS)]
    units = [org.add_unit(c, city, "station", f"S{city}-{n}", f"第{n}所") for city, n in wanted]
    c.execute(insert(devices), [_device(n, units, at) for n in range(TERMINALS)])
    c.execute(insert(links), [{"device": _id(n), "last_seen_s": at - 3600} for n in range(TERMINALS)])
    c.execute(insert(live), [_live(n, at) for n in range(TERMINALS)])
    c.execute(insert(streams), [_stream(n) for n in range(TERMINALS)])
    c.execute(insert(events), [_event(n, at) for n in range(TERMINALS)])
    crowd.fill(c, units, at)


def _id(n: int) -> str:
    return f"T{n:07}"


def _device(n: int, units: list[int], at: int) -> dict[str, Any]:
    facts = {"shard": f"{n % 256:02x}", "meter_address": f"{n:012}", "multiplier": 80, "rounds": 4}
    where = {"utc_offset_s": 28800, "added_s": at, "area": None, "unit": units[n % len(units)]}
    return {"device": _id(n), "name": f"第 {n} 户", **facts, **where}


def _live(n: int, at: int) -> dict[str, Any]:
    now: dict[str, Any] = dict.fromkeys(("permitted", "plan_id", "last_order"), 0)
    now |= {"t_s": at, "t_ok": 1, "power_w": 1000 * (n % 500), "setpoint_w": 300_000, "remaining_wh": 10**6}
    now |= {"tripped": int(n % 500 == 0), "open": int(n % 1000 == 0), "alarm": int(n % 300 == 0)}
    now |= {"guarantee": int(n % 400 == 0), "meter_ok": 1, "body": bytes(400)}
    return {"device": _id(n), "received_s": at + 3600 if n % 50 else at - 3600, **now}


def _stream(n: int) -> dict[str, Any]:
    return {"id": n + 1, "device": _id(n), "epoch": b"e", "stream": 1, "mark": 1, "top": 1, "opened_s": 0}


def _event(n: int, at: int) -> dict[str, Any]:
    told = {"t_s": at, "t_ok": 1, "received_s": at, "code": 1, "important": 1, "data": {}}
    return {"device": _id(n), "stream_id": n + 1, "seq": 1, **told}


def desk(home: Path) -> FlaskClient:
    """The first administrator, logged in."""
    client = create_app(home, TESTING=True).test_client()
    secret = secrets.token_hex(8)
    with db.writing(db.engine(home)) as c:
        row = users.get(c, people.ADMIN) or {}
        sessions.begin(c, policy.DEFAULT, people.ADMIN, secret, db.now_s(), "127.0.0.1", "")
    with client.session_transaction() as session:
        who = {"_user_id": f"{row['session']} {row['name']}", "_fresh": True}
        session.update(who | {"sid": secret, "seen": time.time()})
    return client


def measured(client: FlaskClient) -> dict[str, tuple[list[float], int]]:
    """{page: (milliseconds, rising; bytes of the reply)}."""
    took: dict[str, list[float]] = {page: [] for page in PAGES}
    size = dict.fromkeys(PAGES, 0)
    for _ in range(ROUNDS):
        for page in PAGES:
            begun = time.perf_counter()
            reply = client.get(page)
            took[page].append((time.perf_counter() - begun) * 1000)
            size[page] = len(reply.data)
            if reply.status_code != 200:
                raise SystemExit(f"{page}: {reply.status}")
    return {page: (sorted(took[page]), size[page]) for page in PAGES}


def p99(rising: list[float]) -> float:
    return rising[min(len(rising) - 1, len(rising) * 99 // 100)]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home, engine = Path(folder), db.engine(folder)
        with db.writing(engine) as c:
            access.first_admin(c)
            users.change(c, people.ADMIN, must_change=0)
            seed(c, db.now_s())
        engine.dispose()
        found = measured(desk(home))
    for page, (rising, size) in found.items():
        print(f"{page:<28} median {median(rising):6.1f} ms  p99 {p99(rising):6.1f} ms  {size / 1000:6.1f} kB")
    lists = {page: row for page, row in found.items() if page != PEER}
    worst = max(lists, key=lambda page: p99(lists[page][0]))
    peer_ms = p99(found[PEER][0])
    result = {
        "bench": "pages",
        "value": round(p99(lists[worst][0]), 1),
        "unit": "ms",
        "p99_ms": round(p99(lists[worst][0]), 1),
        "worst": worst,
        "reply_kb": round(max(size for _, size in lists.values()) / 1000, 1),
        "peer": round(peer_ms, 1),
        "ratio": round(p99(lists[worst][0]) / peer_ms, 2),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    sys.exit(main())
