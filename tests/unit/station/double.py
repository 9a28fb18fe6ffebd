"""A device as the station sees it: its messages as bytes, and one that speaks MQTT through paho."""

import queue
import time
from collections.abc import Callable, Iterable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from protocols import cbor
from protocols.uplink import messages, topics
from protocols.uplink.codes import EVENT_CODE, EVENT_FIELD_NO
from protocols.uplink.envelope import unseal
from station.ingest.wire import Message
from station.provisioning import shard_for
from station.settings import Broker, Settings

T0 = 1_790_000_000
EPOCH = b"epoch--1"


def event(name: str, t_s: int = T0, **data: Any) -> list[Any]:
    body = {"code": EVENT_CODE[name], "data": {EVENT_FIELD_NO[key]: value for key, value in data.items()}}
    return [messages.EVENT, t_s, 1, messages.pack(messages.EVENT_BODY, body)]


def result(command: int, outcome: int, reason: int = 0, **facts: Any) -> list[Any]:
    body = {"command": command, "outcome": outcome, "reason": reason, "tripped": 0, "open": 0}
    body |= {"remaining_wh": None, "detail": {}} | facts
    return [messages.RESULT, T0, 1, messages.pack(messages.RESULT_BODY, body)]


def gap(first: int, last: int, reason: int = 1) -> list[Any]:
    body = {"first_seq": first, "last_seq": last, "reason": reason}
    return [messages.GAP, T0, 1, messages.pack(messages.GAP_BODY, body)]


def curve(slot_s: int, values: dict[int, int], quality: int = 0, point: int = 1) -> list[Any]:
    body = {
        "slot_s": slot_s,
        "interval_s": 900,
        "metering_point": point,
        "quality": quality,
        "values": values,
    }
    return [messages.CURVE, slot_s, 1, messages.pack(messages.CURVE_BODY, body)]


def daily(day_s: int, values: dict[int, int]) -> list[Any]:
    body = {"day_s": day_s, "metering_point": 1, "quality": 0, "values": values}
    return [messages.DAILY, day_s, 1, messages.pack(messages.DAILY_BODY, body)]


def diag(free: int) -> list[Any]:
    fields = [field for _key, field, _kind, _need in messages.rows(messages.DIAG_BODY)]
    body = dict.fromkeys(fields, 0) | {"heap_free": free}
    return [messages.DIAG, T0, 1, messages.pack(messages.DIAG_BODY, body)]


class Double:
    """Makes the messages of one device."""

    def __init__(self, device: str = "T1", epoch: bytes = EPOCH, shard: str | None = None) -> None:
        self.device, self.epoch = device, epoch
        self.shard = shard_for(device) if shard is None else shard

    def up(self, leaf: str, wire: Any, qos: int = 1) -> Message:
        payload = wire if isinstance(wire, bytes) else cbor.encode(wire)
        return Message(topics.up(self.shard, self.device, leaf), payload, 0, qos)

    def batch(
        self, leaf: str, first: int, records: Iterable[Any], held_from: int = 1, **facts: Any
    ) -> Message:
        body = {"version": 1, "epoch": self.epoch, "first_seq": first, "held_from": held_from}
        return self.up(leaf, messages.pack(messages.BATCH, body | {"records": list(records)} | facts))

    def hello(self, **facts: Any) -> Message:
        body = {
            "version": 1,
            "device": self.device,
            "epoch": self.epoch,
            "boot": 1,
            "nonce": b"nonce--1",
            "firmware": "0.1.0",
            "product": "terminal",
            "board": "unix",
            "t_s": T0,
            "t_ok": 1,
            "last_command": 0,
            "next_seq": {1: 1, 2: 1, 3: 1},
            "held_from": {1: 1, 2: 1, 3: 1},
            "multiplier": 80,
        }
        return self.up(topics.HELLO, messages.pack(messages.HELLO, body | facts))

    def now(self, **facts: Any) -> Message:
        body = {
            "version": 1,
            "t_s": T0,
            "t_ok": 1,
            "power_w": 120_000,
            "setpoint_w": None,
            "tripped": 0,
            "open": 0,
            "alarm": 0,
            "permitted": 0,
            "remaining_wh": None,
            "controls": [[2, 1, 0, 1]],
            "guarantee": 0,
            "guarantee_until_s": None,
            "meter_ok": 1,
            "points": {8: 15_000},
            "frames": [[T0, 0, b"\x68"]],
            "plan_id": 0,
            "last_order": 0,
        }
        return self.up(topics.NOW, messages.pack(messages.NOW, body | facts), qos=0)


class LiveDouble(Double):
    """The same on a real broker. `down` holds (leaf, unsealed body by field name)."""

    def __init__(self, settings: Settings, broker: Broker, device: str = "T1", **more: Any) -> None:
        super().__init__(device, **more)
        self.key = settings.key(device, "operator")
        self.down: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
        self.acked: set[int] = set()
        self.subscribed: list[bool] = []
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=device, clean_session=False)
        self.client.username_pw_set(device, settings.broker_password(device))
        self.client.on_message = self._on_message
        self.client.on_publish = lambda _c, _d, mid, _r, _p: self.acked.add(mid)
        self.client.on_subscribe = lambda _c, _d, _m, codes, _p: self.subscribed.append(
            not codes[0].is_failure
        )
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()

    def subscribe(self, topic: str | None = None) -> bool:
        """Whether the broker granted it."""
        n = len(self.subscribed)
        self.client.subscribe(topic or topics.all_down(self.shard, self.device), 1)
        wait(lambda: len(self.subscribed) > n)
        return self.subscribed[-1]

    def send(self, message: Message) -> int:
        return self.client.publish(message.topic, message.payload, message.qos).mid

    def next(self, leaf: str, within_s: float = 10) -> dict[str, Any]:
        """The next message down on `leaf`; others are skipped."""
        end = time.monotonic() + within_s
        while True:
            got, body = self.down.get(timeout=max(0.0, end - time.monotonic()))
            if got == leaf:
                return body

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        leaf = message.topic.rsplit("/", 1)[1]
        body, _approved = unseal(self.key, leaf, self.device, bytes(message.payload))
        self.down.put((leaf, messages.unpack(_DOWN[leaf], body)))


_DOWN = {topics.WELCOME: messages.WELCOME, topics.MARK: messages.MARK, topics.CMD: messages.COMMAND}


def wait(holds: Callable[[], Any], within_s: float = 10) -> Any:
    """Poll until `holds()` is true and return it; AssertionError after `within_s`."""
    end = time.monotonic() + within_s
    while True:
        found = holds()
        if found:
            return found
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
