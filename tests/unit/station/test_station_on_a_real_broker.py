"""The processes on a real nats-server: nothing acknowledged is lost or doubled, nobody speaks for another."""

import time

import pytest

from protocols import cbor
from protocols.uplink import messages, topics
from protocols.uplink.codes import EXECUTED, RECEIVED
from station import controls
from station.ingest.selftest import BrokerUnfit, self_test
from station.settings import Broker
from station.store import commands, db, traces
from tests.unit.station.conftest import Process
from tests.unit.station.double import T0, LiveDouble, curve, result, wait

DAY_S = T0 - T0 % 86_400


@pytest.fixture
def ingest(settings, nats):
    process = Process(settings, "ingest")
    try:
        wait(lambda: "ingest_ready" in process.text(), 60)
        yield process
    finally:
        ended = process.process.poll() is not None or process.stop() == 0
    assert ended


@pytest.fixture
def live(settings, nats):
    made = LiveDouble(settings, nats)
    assert made.subscribe()
    yield made
    made.close()


def test_hello_is_welcomed_and_a_batch_is_marked(ingest, live, look):
    live.send(live.hello())
    welcome = live.next(topics.WELCOME)
    assert welcome["nonce"] == b"nonce--1"
    assert welcome["marks"] == {1: 0, 2: 0, 3: 0, 4: 0}
    assert abs(welcome["t_ms"] - time.time() * 1000) < 10_000
    live.send(live.batch(topics.DA, 1, [curve(DAY_S, {8: 1})]))
    assert live.next(topics.MARK) == {"epoch": live.epoch, "marks": {2: 1}}
    assert len(look.readings) == 1, "stored before the mark went down"
    live.send(live.now(power_w=77))
    wait(lambda: look.live and look.live[0]["power_w"] == 77)


def test_sigkill_in_mid_stream_loses_and_doubles_nothing(settings, ingest, live, look):
    n, each = 300, 4
    sent = []
    for at in range(n):
        slots = [curve(DAY_S + 900 * seq, {8: seq}) for seq in range(at * each + 1, at * each + each + 1)]
        sent.append(live.send(live.batch(topics.DA, at * each + 1, slots)))
        if at in (100, 200):
            wait(lambda least=at / 2: len(look.records) > least)  # it is in the middle of it
            ingest.kill()
            ingest = Process(settings, "ingest")
    wait(lambda: set(sent) <= live.acked, 30)
    wait(lambda: live.next(topics.MARK, 30)["marks"] == {2: n * each}, 60)
    assert [row["seq"] for row in look.records] == list(range(1, n * each + 1))
    assert len(look.readings) == n * each
    assert look.gaps == look.counters == []
    assert ingest.stop() == 0


def test_what_comes_while_ingest_is_away_is_stored_when_it_is_back(settings, ingest, live, look):
    assert ingest.stop() == 0
    mid = live.send(live.batch(topics.DA, 1, [curve(DAY_S, {8: 1})]))
    wait(lambda: mid in live.acked)
    again = Process(settings, "ingest")
    wait(lambda: look.readings, 20)
    assert again.stop() == 0


def test_bad_messages_are_counted_and_nothing_dies(ingest, live, look):
    live.send(live.up(topics.EV, b"\xff\x00"))
    live.send(live.up(topics.DA, b"\x00" * 70_000))
    live.client.publish(topics.up(live.shard, live.device, "other"), b"x", 1)
    live.send(live.batch(topics.DA, 1, [curve(DAY_S, {8: 1})]))
    live.next(topics.MARK)
    assert look.counted() == {"malformed": 1, "oversized": 1, "bad_topic": 1}
    assert ingest.process.poll() is None


def test_device_cannot_speak_or_listen_for_another(settings, nats, ingest, live, look):
    thief = LiveDouble(settings, nats, "T2")
    try:
        assert not thief.subscribe(topics.all_down(live.shard, live.device))
        assert not thief.subscribe("#")
        assert thief.subscribe()
        mid = thief.send(live.batch(topics.DA, 1, [curve(DAY_S, {8: 666})]))  # T1's topic
        thief.client.publish(topics.down(live.shard, live.device, topics.CMD), cbor.encode({0: 1}), 1)
        wait(lambda: mid in thief.acked)
        thief.send(thief.batch(topics.DA, 1, [curve(DAY_S, {8: 2})]))
        thief.next(topics.MARK)
        assert [row["device"] for row in look.streams] == ["T2"]
        assert live.down.empty()
    finally:
        thief.close()


def test_wrong_password_is_refused(settings, nats):
    with pytest.raises(BrokerUnfit, match="password"):
        self_test(Broker(host=nats.host, port=nats.port, user="station", password="wrong"))


def test_selftest_passes_on_the_embedded_broker(nats):
    self_test(nats)


def test_selftest_sees_a_broker_that_forgets(nats, monkeypatch):
    monkeypatch.setattr("station.ingest.selftest.WITHIN_S", 1)
    # a session that is not kept is what a broker without a queue looks like
    from station.ingest import selftest

    real = selftest._client
    monkeypatch.setattr(selftest, "_client", lambda broker, name, keep: real(broker, name, False))
    with pytest.raises(BrokerUnfit, match="kept 0"):
        self_test(nats)


def test_command_goes_down_sealed_and_comes_back_executed(settings, engine, ingest, live, look):
    dispatch = Process(settings, "dispatch")
    with db.writing(engine) as c:
        command = controls.submit(c, "T1", messages.TRIP, controls.trip([2], 0, 0, 3), "me")
    body = live.next(topics.CMD)
    assert (body["device"], body["command"], body["kind"]) == ("T1", command, messages.TRIP)
    assert messages.unpack(messages.TRIP_PARAMS, body["params"]) == {"rounds": 2, "delay_s": 0, "limit_s": 0}
    wait(lambda: look.commands[0]["state"] == "sent")
    live.send(
        live.batch(topics.EV, 1, [result(command, RECEIVED), result(command, EXECUTED, tripped=2, open=2)])
    )
    wait(lambda: look.commands[0]["state"] == "executed")
    assert dispatch.stop() == 0


def test_device_that_comes_back_gets_the_same_id_again(settings, engine, ingest, live, look):
    dispatch = Process(settings, "dispatch")
    with db.writing(engine) as c:
        traces.switch(c, "T1", db.now_s() + 600, "me")
        command = controls.submit(c, "T1", messages.GUARANTEE, controls.guarantee(True), "me")
    assert live.next(topics.CMD)["command"] == command
    wait(lambda: look.commands[0]["state"] == "sent")
    wait(lambda: db.now_s() > look.commands[0]["published_s"])
    live.send(live.hello())
    again = live.next(topics.CMD)
    assert again["command"] == command
    assert look.commands[0]["publishes"] == 2
    assert [row["leaf"] for row in look.trace_messages if row["leaf"] in ("cmd", "hello")] == [
        "cmd",
        "hello",
        "cmd",
    ]
    assert dispatch.stop() == 0


def test_nothing_is_published_after_the_deadline(settings, engine, nats, live, look):
    with db.writing(engine) as c:
        commands.create(
            c, "T1", messages.TRIP, {"rounds": 1, "delay_s": 0, "limit_s": 0}, "me", db.now_s() - 1
        )
    dispatch = Process(settings, "dispatch")
    wait(lambda: look.commands[0]["state"] == "expired", 20)
    assert look.commands[0]["publishes"] == 0
    assert live.down.empty()
    assert dispatch.stop() == 0
