"""Configuration of nats-server. A device may publish its own `up` and subscribe its own `down`, nothing else.

Tried with nats-server 2.15.1: these subjects are enough for QoS 1 and persistent sessions; `$MQTT.>` is not
needed. A forbidden PUBLISH is acknowledged and dropped, a forbidden SUBSCRIBE answered 0x80. A device that
takes another's client id can end that link but gets none of its messages.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from protocols.uplink import topics
from station.settings import LOOPBACK, SELFTEST, STATION_USER, Settings, write_atomic

MAX_ACK_PENDING = 1000  # messages in flight to ingest; it commits at half of that
MAX_STORE = 4 << 30  # bytes of undelivered messages; devices keep their own until the mark
MAX_PAYLOAD = 1 << 17  # twice what ingest takes, so that an oversized message is counted and not just cut off


def write_config(
    settings: Settings,
    devices: Iterable[Any],
    mqtt_port: int,
    host: str = LOOPBACK,
    sync_always: bool = False,
) -> Path:
    """Write broker/nats.conf for rows with .device and .shard; the supervisor makes the server read it again.

    `sync_always`: fsync before every PUBACK (survives a power cut, about a tenth of the speed).
    """
    path = settings.broker_home / "nats.conf"
    accounts = [_station(settings), *(_device(settings, row.device, row.shard) for row in devices)]
    config = {
        "server_name": "loadkeeper",
        "listen": f"{LOOPBACK}:-1",  # its own protocol is not used; any free port
        "max_payload": MAX_PAYLOAD,
        "jetstream": {
            "store_dir": str(settings.broker_home / "data"),
            "max_memory_store": 1 << 26,
            "max_file_store": MAX_STORE,
            "sync_interval": "always" if sync_always else "1s",
        },
        "mqtt": {"listen": f"{host}:{mqtt_port}", "ack_wait": "30s", "max_ack_pending": MAX_ACK_PENDING},
        "authorization": {"users": accounts},
    }
    # nats reads JSON as its own format
    write_atomic(path, json.dumps(config, indent=1))
    return path


def _subject(topic: str) -> str:
    """MQTT topic or filter -> NATS subject."""
    return topic.replace("/", ".").replace("+", "*").replace("#", ">")


def _account(settings: Settings, user: str, publish: list[str], subscribe: list[str]) -> dict[str, Any]:
    allow = {
        "publish": {"allow": [_subject(t) for t in publish]},
        "subscribe": {"allow": [_subject(t) for t in subscribe]},
    }
    return {"user": user, "password": settings.broker_password(user), "permissions": allow}


def _station(settings: Settings) -> dict[str, Any]:
    own = topics.all_down("+", SELFTEST)
    return _account(settings, STATION_USER, [topics.down("+", "+", "+")], [topics.all_up(), own])


def _device(settings: Settings, device: str, shard: str) -> dict[str, Any]:
    return _account(settings, device, [topics.up(shard, device, "+")], [topics.all_down(shard, device)])
