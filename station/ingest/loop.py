"""The MQTT side of ingest: gather, commit, acknowledge, answer - in this order.

Manual acknowledgement on a persistent session: what is not committed when the process dies comes again.
A batch is committed when the socket runs dry, at half the broker's in-flight window (a larger
one would wait for messages the broker may not send), or after AGE_S.
"""

import logging
import time
from collections.abc import Sequence

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from protocols.uplink import topics
from station.ingest.handler import Handler, Reply
from station.ingest.wire import Message
from station.settings import Broker
from station.store import db

log = logging.getLogger(__name__)

WINDOW = 1000  # max_ack_pending of the embedded broker
BATCH = WINDOW // 2
AGE_S = 0.2
IDLE_S = 0.2  # how long a stop request may wait
BACKOFF_S = (0.2, 0.5, 1, 2, 5)
KEEPALIVE_S = 30
QOS = 1


class Loop:
    def __init__(self, broker: Broker, handler: Handler, shards: Sequence[str] = ("+",)) -> None:
        self._broker = broker
        self._handler = handler
        self._shards = shards
        self._waiting: list[Message] = []
        self._since = 0.0
        self._stop = False
        self._connected = False
        self._failures = 0
        self._client = self._make()

    def stop(self) -> None:
        self._stop = True

    def run(self) -> None:
        """Until `stop`. Broker and database may come and go."""
        while not self._stop:
            if self._connect():
                self._serve()
            self._waiting.clear()  # unacknowledged: the broker sends them again
        self._client.disconnect()

    # ---- the link

    def _make(self) -> mqtt.Client:
        # one name a shard set: the broker keeps what comes while we are away
        name = "lk-ingest-" + "-".join("all" if shard == "+" else shard for shard in self._shards)
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=name, clean_session=False, manual_ack=True
        )
        if self._broker.user:
            client.username_pw_set(self._broker.user, self._broker.password)
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        return client

    def _connect(self) -> bool:
        self._connected = False
        try:
            self._client.connect(self._broker.host, self._broker.port, keepalive=KEEPALIVE_S)
            return True
        except OSError as error:
            self._pause("broker_unreachable", error)
            return False

    def _pause(self, event: str, error: object) -> None:
        wait_s = BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)]
        self._failures += 1
        log.warning("%s error=%s retry_s=%s", event, error, wait_s)
        end = time.monotonic() + wait_s
        while not self._stop and time.monotonic() < end:
            time.sleep(0.05)

    def _on_connect(
        self, client: mqtt.Client, _data: object, _flags: object, code: object, _p: object
    ) -> None:
        if getattr(code, "is_failure", True):
            log.error("broker_refused reason=%s", code)
            return
        client.subscribe([(topics.all_up(shard), QOS) for shard in self._shards])

    def _on_subscribe(
        self, _c: object, _data: object, _mid: int, codes: Sequence[object], _p: object
    ) -> None:
        if any(getattr(code, "is_failure", True) for code in codes):
            log.error("subscription_refused shards=%s", ",".join(self._shards))
            self._client.disconnect()
            return
        self._connected, self._failures = True, 0
        log.info("ingest_ready shards=%s", ",".join(self._shards))

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        if not self._waiting:
            self._since = time.monotonic()
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "\ufffd"
        self._waiting.append(Message(topic, bytes(message.payload), message.mid, message.qos))

    # ---- the work

    def _serve(self) -> None:
        """Until the link or the database fails, or `stop`."""
        while not self._stop:
            before = len(self._waiting)
            result = self._client.loop(timeout=0.0 if before else IDLE_S)
            if result != mqtt.MQTT_ERR_SUCCESS:
                self._pause("broker_lost", mqtt.error_string(result))
                return
            if self._waiting and self._due(before) and not self._flush():
                return
        if self._waiting:
            self._flush()

    def _due(self, before: int) -> bool:
        dry = len(self._waiting) == before
        return dry or len(self._waiting) >= BATCH or time.monotonic() - self._since > AGE_S

    def _flush(self) -> bool:
        batch, self._waiting = self._waiting, []
        try:
            replies = self._handler.take(batch)
        except db.StoreError as error:
            # nothing is stored; leave the link so that the broker delivers the batch again
            self._client.disconnect()
            self._pause("database_failed", error.orig)
            return False
        for message in batch:
            if message.qos:
                self._client.ack(message.mid, message.qos)
        for reply in replies:
            self._publish(reply)
        return True

    def _publish(self, reply: Reply) -> None:
        # QoS 0: a lost mark or welcome is answered by the device asking again, an old one must not be kept
        self._client.publish(reply.topic, reply.payload, qos=0)
