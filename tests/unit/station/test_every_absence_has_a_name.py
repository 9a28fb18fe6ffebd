"""The mark moves over what is stored or named as a gap, and over nothing else."""

import pytest

from protocols.uplink import topics
from protocols.uplink.envelope import unseal
from protocols.uplink.messages import MARK, WELCOME, unpack
from station.store import db, gaps
from tests.unit.station.double import Double, event, gap

UNEXPLAINED, FULL, FLASH, UNDECODABLE = 0, 1, 2, 3


def marks(settings, replies, device="T1"):
    key = settings.key(device, "operator")
    leaf = replies[-1].topic.rsplit("/", 1)[1]
    body, _approved = unseal(key, leaf, device, replies[-1].payload)
    return unpack(MARK if leaf == topics.MARK else WELCOME, body)["marks"]


def named(engine, device="T1"):
    with db.reading(engine) as c:
        return sorted((g["first_seq"], g["last_seq"], g["reason"]) for g in gaps.open_gaps(c, device))


def events(n):
    return [event("clock_set", step_ms=at) for at in range(n)]


def test_mark_waits_for_a_hole(handler, device, settings):
    assert marks(settings, handler.take([device.batch(topics.EV, 1, events(2))])) == {1: 2}
    assert marks(settings, handler.take([device.batch(topics.EV, 5, events(2))])) == {1: 2}
    assert marks(settings, handler.take([device.batch(topics.EV, 3, events(2))])) == {1: 6}


def test_what_the_device_no_longer_holds_becomes_a_named_gap(handler, device, settings, engine):
    replies = handler.take([device.batch(topics.EV, 11, events(1), held_from=11)])
    assert marks(settings, replies) == {1: 11}
    assert named(engine) == [(1, 10, UNEXPLAINED)]


def test_hello_alone_names_the_gap(handler, device, settings, engine):
    handler.take([device.batch(topics.DA, 1, [event("clock_set")])])
    replies = handler.take([device.hello(next_seq={1: 1, 2: 9, 3: 1}, held_from={1: 1, 2: 7, 3: 1})])
    assert marks(settings, replies) == {1: 0, 2: 6, 3: 0, 4: 0}
    assert named(engine) == [(2, 6, UNEXPLAINED)]


def test_gap_record_explains(handler, device, settings, engine):
    handler.take([device.batch(topics.EV, 11, [event("clock_set")], held_from=11)])
    handler.take([device.batch(topics.EV, 12, [gap(1, 6, FULL)], held_from=11)])
    assert named(engine) == [(1, 6, FULL), (7, 10, UNEXPLAINED)]


@pytest.mark.parametrize("first", [1, 4])
def test_gap_record_in_place_of_an_undecodable_one(handler, device, settings, engine, first):
    sent = [*events(2), gap(first + 2, first + 2, UNDECODABLE), *events(1)]
    replies = handler.take([device.batch(topics.EV, first, sent)])
    assert marks(settings, replies) == {1: 4 if first == 1 else 0}
    assert named(engine) == [(first + 2, first + 2, UNDECODABLE)]


def test_first_explanation_stands(handler, device, engine):
    handler.take([device.batch(topics.EV, 7, [gap(1, 4, FULL), gap(2, 6, FLASH)])])
    assert named(engine) == [(1, 4, FULL), (5, 6, FLASH)]


def test_gap_record_may_come_before_the_hole_is_noticed(handler, device, settings, engine):
    replies = handler.take([device.batch(topics.EV, 4, [gap(1, 3, FULL), event("clock_set")])])
    assert marks(settings, replies) == {1: 5}
    assert named(engine) == [(1, 3, FULL)]


def test_record_that_comes_after_all_leaves_the_gap(handler, device, engine, look):
    handler.take([device.batch(topics.EV, 6, events(1), held_from=6)])
    handler.take([device.batch(topics.EV, 3, events(1))])
    assert named(engine) == [(1, 2, UNEXPLAINED), (4, 5, UNEXPLAINED)]
    assert [row["mark"] for row in look.streams if row["stream"] == 1] == [6]


def test_stored_records_are_never_in_a_gap(handler, device, engine):
    handler.take([device.batch(topics.EV, 4, events(2))])
    handler.take([device.batch(topics.EV, 9, events(1), held_from=9)])
    assert named(engine) == [(1, 3, UNEXPLAINED), (6, 8, UNEXPLAINED)]


def test_repeated_loss_is_named_once(handler, device, engine):
    for first in (6, 7, 8):
        handler.take([device.batch(topics.EV, first, events(1), held_from=6)])
    handler.take([device.hello(held_from={1: 6, 2: 1, 3: 1}, next_seq={1: 9, 2: 1, 3: 1})])
    assert named(engine) == [(1, 5, UNEXPLAINED)]


def test_new_epoch_is_a_new_sequence_space(handler, settings, look):
    old, new = Double(epoch=b"epoch--1"), Double(epoch=b"epoch--2")
    handler.take([old.batch(topics.EV, 1, events(5))])
    replies = handler.take([new.batch(topics.EV, 1, events(2))])
    assert marks(settings, replies) == {1: 2}
    assert sorted((row["epoch"], row["mark"]) for row in look.streams) == [(b"epoch--1", 5), (b"epoch--2", 2)]
    assert len(look.events) == 7


def test_sequence_that_went_back_under_the_same_epoch_is_counted(handler, device, look):
    handler.take([device.batch(topics.EV, 1, events(5))])
    handler.take([device.hello(next_seq={1: 3, 2: 1, 3: 1})])
    assert look.counted() == {"sequence_went_back": 1}


@pytest.mark.parametrize("record", [gap(0, 3), gap(2, 1), gap(1, 9), gap(1, 6)])
def test_gap_outside_its_stream_explains_nothing(handler, device, engine, look, record):
    handler.take([device.batch(topics.EV, 5, [record])])
    assert named(engine) == []
    assert look.counted() == {"poisoned": 1}


def test_missing_parts():
    assert gaps.missing(1, 5, []) == [(1, 5)]
    assert gaps.missing(1, 5, [1, 2, 5]) == [(3, 4)]
    assert gaps.missing(1, 5, [1, 2, 3, 4, 5]) == []
    assert gaps.missing(3, 5, [1, 4, 9]) == [(3, 3), (5, 5)]
