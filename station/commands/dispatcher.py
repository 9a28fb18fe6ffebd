"""The process `loadkeeper dispatch`: watches the commands table and is the only one that publishes commands.

A try is counted in the database before it is made, and a command keeps its id for ever: the device answers a
repeat from memory. Nothing is published at or after the deadline, so paho's own resending is avoided by a new
client for every connection.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import Engine

from protocols.uplink import area, messages, topics
from protocols.uplink.codes import ADDRESSED
from protocols.uplink.envelope import seal
from station.commands import due
from station.settings import Broker, Settings
from station.store import commands, db, devices, traces
from station.store.traces import Noted

log = logging.getLogger(__name__)

POLL_S = 0.2
SWEEP_S = 1.0  # deadlines pass without a change in the database
KEEPALIVE_S = 30
BACKOFF_S = 1.0

Key = tuple[str, int]  # device, command id
Room = Callable[[Engine, int], None]  # queues what is due at a time, UTC seconds


class Dispatcher:
    def __init__(
        self, settings: Settings, engine: Engine, broker: Broker, rooms: Sequence[Room] = ()
    ) -> None:
        """`rooms` have work of many commands, one after the other; they are asked before each sweep."""
        self._settings = settings
        self._rooms = rooms
        self._engine = engine
        self._broker = broker
        self._changes = db.Changes(engine)
        self._in_flight: dict[int, Key] = {}  # MQTT mid -> command
        self._acked: list[Key] = []
        self._client: mqtt.Client | None = None
        self._ready = False
        self._stop = False
        self._swept = 0.0

    def stop(self) -> None:
        self._stop = True

    def run(self) -> None:
        """Until `stop`. Broker and database may come and go."""
        while not self._stop:
            try:
                self._link()
                self._note_acks()
                now = time.monotonic()
                if self._changes.any() or now - self._swept >= SWEEP_S:
                    self._swept = now
                    self._ask_rooms()
                    self.sweep()
            except db.StoreError as error:
                log.error("database_failed error=%s", error.orig)
                time.sleep(BACKOFF_S)
        self._drop()
        self._changes.close()

    # ---- what to do

    def _ask_rooms(self) -> None:
        for room in self._rooms:
            try:
                room(self._engine, db.now_s())
            except db.StoreError:
                raise
            except Exception:  # a fault of one room must not hold up the commands of all
                log.exception("room_failed room=%s", room.__module__)

    def sweep(self, t_s: int | None = None) -> None:
        """Look at every open command once and do what is due."""
        at = db.now_s() if t_s is None else t_s
        with db.reading(self._engine) as c:
            found = commands.in_states(c, *commands.OPEN)
            links = {row["device"]: row for row in devices.all_devices(c, at)} if found else {}
        todo = [(row, due.action(row, links[row["device"]], at)) for row in found]
        settled = [(row, action) for row, action in todo if action in _SETTLE]
        if settled:
            with db.writing(self._engine) as c:
                for row, action in settled:
                    _SETTLE[action](c, row, at)
                    log.info(
                        "command_settled device=%s command=%s as=%s", row["device"], row["command"], action
                    )
        flying = set(self._in_flight.values())
        for row, action in todo:
            key = (row["device"], row["command"])
            if action == due.PUBLISH and key not in flying and self._ready:
                self._publish(row, links[row["device"]]["shard"], at)

    def _publish(self, row: dict[str, Any], shard: str, at: int) -> None:
        payload = sealed(self._settings, row)
        with db.writing(self._engine) as c:
            commands.count_publish(c, row["device"], row["command"], at)
            if row["device"] in traces.on(c, at):
                traces.put(c, time.time_ns() // 1_000_000, [Noted(row["device"], 0, topics.CMD, payload)])
        assert self._client is not None
        info = self._client.publish(topics.down(shard, row["device"], topics.CMD), payload, qos=1)
        if info.rc == mqtt.MQTT_ERR_SUCCESS:
            self._in_flight[info.mid] = (row["device"], row["command"])
        log.info(
            "command_published device=%s command=%s kind=%s try=%s",
            row["device"],
            row["command"],
            row["kind_name"],
            row["publishes"] + 1,
        )

    def _note_acks(self) -> None:
        if not self._acked:
            return
        acked, self._acked = self._acked, []
        with db.writing(self._engine) as c:
            for device, command in acked:
                commands.move(c, device, command, "sent")  # False when the device's word was faster

    # ---- the link

    def _link(self) -> None:
        """Serve the link for up to POLL_S, making it first if there is none."""
        if self._client is None and not self._connect():
            time.sleep(POLL_S)
            return
        assert self._client is not None
        result = self._client.loop(timeout=POLL_S)
        if result != mqtt.MQTT_ERR_SUCCESS:
            log.warning("broker_lost error=%s", mqtt.error_string(result))
            self._drop()
            time.sleep(BACKOFF_S)

    def _connect(self) -> bool:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="lk-dispatch", clean_session=True)
        if self._broker.user:
            client.username_pw_set(self._broker.user, self._broker.password)
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        try:
            client.connect(self._broker.host, self._broker.port, keepalive=KEEPALIVE_S)
        except OSError as error:
            log.warning("broker_unreachable error=%s", error)
            return False
        self._client = client
        return True

    def _drop(self) -> None:
        if self._client is not None:
            self._client.disconnect()
        self._client, self._ready = None, False
        self._in_flight.clear()

    def _on_connect(self, _c: object, _data: object, _flags: object, code: object, _p: object) -> None:
        self._ready = not getattr(code, "is_failure", True)
        log.info("dispatch_ready") if self._ready else log.error("broker_refused reason=%s", code)

    def _on_publish(self, _c: object, _data: object, mid: int, _code: object, _p: object) -> None:
        key = self._in_flight.pop(mid, None)
        if key is not None:
            self._acked.append(key)


def sealed(settings: Settings, row: dict[str, Any]) -> bytes:
    """The bytes that go to the device for a row of `commands`."""
    kind = row["kind"]
    command = {name: row[name] for name in ("device", "command", "not_before_s", "deadline_s", "kind")}
    command["params"] = messages.pack(area.COMMANDS[kind], row["params"])
    if row["scope"] != ADDRESSED:
        command["scope"] = row["scope"]
    body = messages.pack(messages.COMMAND, command)
    second = settings.key(row["device"], "approver") if row["second"] else None
    return seal(settings.key(row["device"], "operator"), topics.CMD, row["device"], body, second)


_SETTLE = {
    due.EXPIRE: lambda c, row, at: commands.move(
        c, row["device"], row["command"], "expired", at, by="station"
    ),
    due.UNKNOWN: lambda c, row, at: commands.move(
        c, row["device"], row["command"], "unknown", at, by="station"
    ),
    due.EXECUTED: lambda c, row, at: commands.move(
        c, row["device"], row["command"], "executed", at, by="read_back"
    ),
}
