"""Before anything depends on a broker: does it keep acknowledged messages for a subscriber that is away?

A broker with the usual defaults drops queued messages beyond 1000 after acknowledging them, without a word.
"""

import time
from collections.abc import Callable

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from protocols.uplink import topics
from station.settings import SELFTEST, Broker

MESSAGES = 1100  # above the default queue limit of the brokers that have one
WITHIN_S = 20
_SHARD = "00"


class BrokerUnfit(RuntimeError):
    """The broker must not be used; args[0] says why."""


def self_test(broker: Broker) -> None:
    """Raise BrokerUnfit, or OSError when it cannot be reached."""
    name = f"lk-selftest-{time.time_ns():x}"
    heard: set[bytes] = set()
    reader = _client(broker, name, keep=True)
    reader.on_message = lambda _c, _d, message: heard.add(bytes(message.payload))
    granted: list[bool] = []
    reader.on_subscribe = lambda _c, _d, _m, codes, _p: granted.append(not codes[0].is_failure)
    _connect(reader, broker)
    reader.subscribe(topics.all_down(_SHARD, SELFTEST), 1)
    _until(reader, lambda: bool(granted), "no answer to a subscription")
    if not granted[0]:
        raise BrokerUnfit("subscription refused: the account needs the topics of the station")
    reader.disconnect()
    _fill(broker, name)
    try:
        reader = _client(broker, name, keep=True)
        reader.on_message = lambda _c, _d, message: heard.add(bytes(message.payload))
        _connect(reader, broker)
        _until(reader, lambda: len(heard) == MESSAGES, "")
        if len(heard) < MESSAGES:
            raise BrokerUnfit(f"it acknowledged {MESSAGES} messages and kept {len(heard)}")
        reader.disconnect()
    finally:
        _forget(broker, name)


def _fill(broker: Broker, name: str) -> None:
    acknowledged: list[int] = []
    writer = _client(broker, name + "-w", keep=False)
    writer.on_publish = lambda _c, _d, mid, _r, _p: acknowledged.append(mid)
    _connect(writer, broker)
    for n in range(MESSAGES):
        writer.publish(topics.down(_SHARD, SELFTEST, topics.MARK), n.to_bytes(4, "big"), qos=1)
    _until(writer, lambda: len(acknowledged) == MESSAGES, "it does not acknowledge messages")
    writer.disconnect()


def _client(broker: Broker, name: str, keep: bool) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=not keep)
    if broker.user:
        client.username_pw_set(broker.user, broker.password)
    client.max_inflight_messages_set(200)
    client.max_queued_messages_set(0)
    return client


def _connect(client: mqtt.Client, broker: Broker) -> None:
    answers: list[bool] = []
    client.on_connect = lambda _c, _d, _f, code, _p: answers.append(not code.is_failure)
    client.connect(broker.host, broker.port, keepalive=WITHIN_S * 2)
    _until(client, lambda: bool(answers), "no answer to a connection")
    if not answers[0]:
        raise BrokerUnfit("it refused the station's name or password")


def _forget(broker: Broker, name: str) -> None:
    """A clean session of the same name deletes the kept one."""
    client = _client(broker, name, keep=False)
    _connect(client, broker)
    client.disconnect()


def _until(client: mqtt.Client, done: Callable[[], bool], complaint: str) -> None:
    """Run the client until `done()`; after WITHIN_S raise `complaint`, or return if it is empty."""
    end = time.monotonic() + WITHIN_S
    while not done():
        alive = client.loop(timeout=0.1) == mqtt.MQTT_ERR_SUCCESS and time.monotonic() < end
        if not alive and not done():  # an answer may be the last thing before the end
            if complaint:
                raise BrokerUnfit(complaint)
            return
