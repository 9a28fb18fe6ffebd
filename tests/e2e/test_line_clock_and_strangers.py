"""A bad line, a wrong clock and messages that nobody should have sent."""

import time

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from hil.plugin import DEVICE
from protocols import cbor
from protocols.uplink import messages, topics
from station.settings import Settings
from station.store import counters, devices, schema


@pytest.mark.timeout(300)
def test_mute_meter_is_told_and_never_trips(rig):
    rig.load(120_000)
    rig.plan(setpoint_kw=200, alarm_s=2)
    rig.world.ask(mute=True)
    rig.load(230_000)
    rig.wait(lambda: rig.now()["power_w"] is None, "no power told")
    rig.event("meter_read_failed")
    assert rig.now()["points"] == {}, "old values are not shown as new"
    assert rig.world.truth()["edges"] == [], "without a reading nobody is tripped"
    rig.world.ask(mute=False)
    rig.event("meter_read_recovered")
    rig.event("power_control_trip", rounds=1)


@pytest.mark.timeout(300)
def test_noise_on_the_line_gives_gaps_but_no_wrong_value(rig):
    rig.load(150_000)
    rig.wait(lambda: rig.now()["power_w"] == 150_000, "the load read")
    rig.world.ask(noise=0.01)
    seen = {}
    end = time.monotonic() + 30
    while time.monotonic() < end:
        now = rig.now()
        seen[now["t_s"]] = now["power_w"]
        time.sleep(0.5)
    rig.world.ask(noise=0)
    assert sum(power_w == 150_000 for power_w in seen.values()) > 3, "readings came through the noise"
    assert set(seen.values()) <= {150_000, None}, seen
    assert rig.world.truth()["line"]["flipped"] > 20


def test_a_wrong_clock_is_set_and_what_came_before_says_so(rig, dut):
    rig.terminal.kill()
    rig.terminal.start(clock_step_s=-7200)
    dut.expect("boot=2", timeout=30)
    step = rig.event("clock_set")
    assert abs(step["data"]["step_ms"] - 7_200_000) < 5000
    before = rig.event("power_up", boot=2)
    assert before["t_ok"] == 0
    assert step["t_s"] - before["t_s"] > 7000
    rig.wait(lambda: abs(rig.now()["t_s"] - time.time()) < 10 and rig.now()["t_ok"] == 1, "the time is right")
    rig.done(rig.trip(1))


class Stranger:
    """Somebody with the device's broker account: all that an attacker at the broker could send."""

    def __init__(self, rig):
        settings = Settings.load(rig.station.home)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="stranger")
        self._client.username_pw_set(DEVICE, settings.broker_password(DEVICE))
        self._client.connect("127.0.0.1", rig.station.mqtt)
        self._client.loop_start()
        self.shard = rig.ask(devices.shard_of, DEVICE)

    def send(self, leaf, payload):
        sent = self._client.publish(topics.up(self.shard, DEVICE, leaf), payload, qos=1)
        sent.wait_for_publish(10)

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def stranger(rig):
    someone = Stranger(rig)
    yield someone
    someone.close()


def test_malformed_messages_are_counted_and_ingest_lives(rig, stranger):
    hello = {0: messages.VERSION + 1}
    for leaf, payload in (
        ("ev", b"\xff\xff"),
        ("ev", b""),
        ("da", bytes(70_000)),
        ("hello", cbor.encode(hello)),
        ("now", cbor.encode({0: 1})),
    ):
        stranger.send(leaf, payload)
    rig.wait(lambda: sum(row["n"] for row in rig.ask(counters.all_counters)) >= 5, "all five counted")
    reasons = {row["reason"] for row in rig.ask(counters.all_counters)}
    assert len(reasons) >= 3, reasons
    rig.done(rig.trip(1))


def test_the_same_batch_again_changes_nothing(rig, stranger):
    rig.done(rig.trip(1))
    rig.event("switch_opened", rounds=1)
    events_before, stored_before = len(rig.events()), rig.stored()
    epoch = rig.rows(schema.links)[0]["epoch"]
    record = [messages.EVENT, int(time.time()), 1, {1: 14, 2: {11: 99}}]
    batch = {0: messages.VERSION, 1: epoch, 2: 1, 3: 1, 4: [record, record]}
    stranger.send("ev", cbor.encode(batch))
    stranger.send("ev", cbor.encode(batch))
    rig.done(rig.permit(1))
    assert [row for row in rig.stored() if row in set(stored_before)] == stored_before
    assert not [e for e in rig.events("power_up") if e["data"].get("boot") == 99]
    assert len(rig.events()) >= events_before
    rig.assert_whole()
