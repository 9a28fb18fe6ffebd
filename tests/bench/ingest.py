"""Readings a second from broker to database: QoS 1 -> decoded -> checked -> committed -> acknowledged.

The messages lie ready in a real nats-server; one thread runs the product's own ingest loop on them. In the
same run: the naive way (one reading, one INSERT, one COMMIT, same file system, same pragmas) and the raw
ceiling (packed rows into the same store, without broker, decoding and ledger). Takes about 15 s.
"""

import argparse
import json
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import Engine

from protocols import cbor
from protocols.uplink import messages, topics
from station import broker
from station.ingest.handler import Handler, Reply
from station.ingest.loop import Loop
from station.ingest.wire import Message
from station.provisioning import add_device, shard_for
from station.settings import LOOPBACK, Broker, Settings, write_atomic
from station.store import db, devices
from station.store.readings import Reading, SqliteReadingStore

DEVICE = "BENCH"
DAY_S = 1_790_000_000 - 1_790_000_000 % 86_400
NAIVE_S = 2.0
SHAPES = {"batch": (100, 8), "sample": (1, 20)}  # metering points x points in a message


def wire(first_seq: int, meters: int, points: int) -> bytes:
    """One message of `meters` curve records; every value is different."""
    records = []
    for n in range(meters):
        seq = first_seq + n
        slot_s = DAY_S + 900 * (first_seq // meters)
        values = {1 + p: 2_000 + (seq * 7 + p * 131) % 90_000 for p in range(points)}
        body = {"slot_s": slot_s, "interval_s": 900, "metering_point": n + 1, "quality": 0, "values": values}
        records.append([messages.CURVE, slot_s, 1, messages.pack(messages.CURVE_BODY, body)])
    batch = {"version": 1, "epoch": b"bench---", "first_seq": first_seq, "held_from": 1, "records": records}
    return cbor.encode(messages.pack(messages.BATCH, batch))


class Counting(Handler):
    """The product's handler; stops the loop when `expected` messages are committed."""

    def __init__(self, settings: Settings, engine: Engine, expected: int) -> None:
        super().__init__(settings, engine)
        self.left = expected
        self.loop: Loop | None = None
        self.started = 0.0
        self.ended = 0.0
        self.commits = 0

    def take(self, batch: Sequence[Message]) -> list[Reply]:
        self.started = self.started or time.perf_counter()
        replies = super().take(batch)
        self.ended = time.perf_counter()
        self.left -= len(batch)
        self.commits += 1
        if self.left <= 0 and self.loop:
            self.loop.stop()
        return replies


def drain(home: Path, shape: tuple[int, int], n: int) -> dict[str, float]:
    """Readings a second of `n` messages of a shape, counted from the database afterwards."""
    settings = Settings.load(home)
    engine = db.engine(settings.home)
    with db.writing(engine) as c:
        add_device(c, DEVICE, "bench")
    with server(settings, engine) as address:
        arrive(settings, engine, address)
        payloads = [wire(1 + at * shape[0], *shape) for at in range(n)]
        feed(address, settings, payloads)
        handler = Counting(settings, engine, n)
        handler.loop = Loop(address, handler)
        cpu = time.process_time()
        handler.loop.run()
        cpu = time.process_time() - cpu
    with db.reading(engine) as c:
        stored = c.exec_driver_sql("SELECT count(*) FROM readings").scalar_one()
        mark = c.exec_driver_sql("SELECT mark FROM streams").scalar_one()
    engine.dispose()
    assert stored == mark == n * shape[0], (stored, mark, n * shape[0])
    took = handler.ended - handler.started
    readings = n * shape[0] * shape[1]
    return {
        "readings_per_s": readings / took,
        "messages_per_s": n / took,
        "cpu_us_per_message": cpu * 1e6 / n,
        "commits": handler.commits,
        "bytes_per_message": len(payloads[-1]),
    }


class server:
    """A nats-server for the time of a `with`."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = probe.getsockname()[1]
        with db.reading(engine) as c:
            config = broker.write_config(settings, devices.names(c), port)
        write_atomic(settings.run / "ports.json", json.dumps({"mqtt": port}))
        self._log = (settings.log / "broker.log").open("wb")
        self._process = subprocess.Popen(broker.command(config), stdout=self._log, stderr=self._log)
        assert broker.ready(LOOPBACK, port)
        self._address = settings.broker()

    def __enter__(self) -> Broker:
        return self._address

    def __exit__(self, *_error: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._log.close()


def arrive(settings: Settings, engine: Engine, address: Broker) -> None:
    """Make the persistent session of ingest, so that the broker keeps what is sent next."""
    loop = Loop(address, Handler(settings, engine))
    real = loop._on_subscribe

    def subscribed(*args: object) -> None:
        real(*args)  # type: ignore[arg-type]
        loop.stop()

    loop._client.on_subscribe = subscribed
    loop.run()


def feed(address: Broker, settings: Settings, payloads: Sequence[bytes]) -> None:
    acked = 0

    def count(*_args: object) -> None:
        nonlocal acked
        acked += 1

    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=DEVICE)
    client.username_pw_set(DEVICE, settings.broker_password(DEVICE))
    client.max_inflight_messages_set(500)
    client.max_queued_messages_set(0)
    client.on_publish = count
    client.connect(address.host, address.port)
    topic = topics.up(shard_for(DEVICE), DEVICE, topics.DA)
    client.loop_start()
    for payload in payloads:
        client.publish(topic, payload, 1)
    while acked < len(payloads):
        time.sleep(0.01)
    client.disconnect()
    client.loop_stop()


def naive(folder: Path) -> float:
    """One reading, one INSERT, one COMMIT: narrow text rows as a first design has them."""
    c = sqlite3.connect(folder / "naive.db", isolation_level=None)
    c.execute("PRAGMA journal_mode=WAL")
    c.execute("PRAGMA synchronous=FULL")
    c.execute("CREATE TABLE reading (meter TEXT, point TEXT, t TEXT, value REAL)")
    n, end = 0, time.perf_counter() + NAIVE_S
    start = time.perf_counter()
    while time.perf_counter() < end:
        c.execute("INSERT INTO reading VALUES (?, ?, ?, ?)", (f"m{n % 100}", f"p{n % 8}", str(n), n / 10))
        n += 1
    took = time.perf_counter() - start
    c.close()
    return n / took


def raw(home: Path, n: int = 200) -> float:
    """Packed rows into the reading store, 100 a statement, 10 statements a commit."""
    meters, points = SHAPES["batch"]
    engine = db.engine(home)
    with db.writing(engine) as c:
        add_device(c, DEVICE, "bench")
        ids = [SqliteReadingStore.meter_id(c, DEVICE, at + 1) for at in range(meters)]
    start = time.perf_counter()
    for at in range(0, n, 10):
        with db.writing(engine) as c:
            for slot in range(at, at + 10):
                SqliteReadingStore.put(c, list(_readings(ids, slot, points)))
    took = time.perf_counter() - start
    engine.dispose()
    return n * meters * points / took


def _readings(ids: Sequence[int], slot: int, points: int) -> Iterator[Reading]:
    for meter_id in ids:
        values = {1 + p: 2_000 + (slot * 7 + p * 131 + meter_id) % 90_000 for p in range(points)}
        yield Reading(meter_id, messages.CURVE, DAY_S + 900 * slot, 900, 0, 1, values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--messages", type=int, default=1000, help="of each shape; `sample` takes 5 times as many"
    )
    n = parser.parse_args().messages
    with tempfile.TemporaryDirectory(prefix="lk-bench-") as folder:
        home = Path(folder)
        batch = drain(home / "batch", SHAPES["batch"], n)
        sample = drain(home / "sample", SHAPES["sample"], 5 * n)
        (home / "raw").mkdir()
        ceiling, peer = raw(home / "raw"), naive(home)
    for name, found in (("batch 100x8", batch), ("sample 1x20", sample)):
        print(f"{name}: " + " ".join(f"{key}={value:.0f}" for key, value in found.items()))
    print(
        json.dumps(
            {
                "bench": "ingest",
                "value": round(batch["readings_per_s"]),
                "unit": "readings/s",
                "peer": round(peer),
                "ratio": round(batch["readings_per_s"] / peer, 1),
                "peer_name": "one reading, one INSERT, one COMMIT",
                "sample_value": round(sample["readings_per_s"]),
                "sample_ratio": round(sample["readings_per_s"] / peer, 1),
                "raw_ceiling": round(ceiling),
            }
        )
    )


if __name__ == "__main__":
    main()
