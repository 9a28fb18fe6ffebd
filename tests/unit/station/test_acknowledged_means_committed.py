"""The order of the ingest loop, without a broker: commit, then acknowledge, then mark; none on a failure."""

import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from protocols.uplink import topics
from station.ingest.loop import Loop
from station.settings import Broker
from tests.unit.station.double import event


class Client:
    def __init__(self, story):
        self.story = story

    def ack(self, mid, _qos):
        self.story.append(("ack", mid))

    def publish(self, topic, _payload, qos):
        self.story.append(("publish", topic.rsplit("/", 1)[1], qos))

    def disconnect(self):
        self.story.append(("disconnect",))


@pytest.fixture
def story():
    return []


@pytest.fixture
def loop(handler, story, monkeypatch):
    made = Loop(Broker(host="-", port=1), handler)
    real = handler.take

    def take(batch):
        replies = real(batch)
        story.append(("commit", len(batch)))
        return replies

    monkeypatch.setattr(handler, "take", take)
    monkeypatch.setattr(made, "_client", Client(story))
    monkeypatch.setattr(made, "_pause", lambda *_words: None)
    return made


def test_acknowledged_after_commit_marked_after_that(loop, device, story, look):
    batch = device.batch(topics.EV, 1, [event("power_up")])
    loop._waiting = [batch._replace(mid=5), device.now(), batch._replace(mid=6)]
    assert loop._flush()
    assert story == [("commit", 3), ("ack", 5), ("ack", 6), ("publish", "mark", 0)]
    assert len(look.events) == 1


def test_nothing_is_acknowledged_when_the_database_refuses(loop, device, story, monkeypatch):
    def full(_batch):
        raise OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))

    monkeypatch.setattr(loop._handler, "take", full)
    loop._waiting = [device.batch(topics.EV, 1, [event("power_up")])._replace(mid=5)]
    assert not loop._flush()
    assert story == [("disconnect",)]


def test_commit_waits_neither_for_a_full_batch_nor_for_ever(loop, device):
    loop._waiting = [device.now()]
    loop._since = 0.0  # long ago
    assert loop._due(before=1), "the socket is dry"
    assert loop._due(before=0), "too old to wait for more"
