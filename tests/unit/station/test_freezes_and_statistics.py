"""Monthly and billing freezes, statistics and the importance of events are stored once."""

import time

import pytest

from protocols.uplink import codes, messages, topics
from station.store import db, events, statistics
from station.store.collection_schema import collection_late
from station.store.schema import readings, records
from tests.unit.station.double import T0, event

DAY_S = T0 - T0 % 86_400 - 28_800


def freeze(kind, day_s, values):
    body = {"day_s": day_s, "metering_point": 2, "quality": 0, "values": values}
    return [kind, day_s, 1, messages.pack(messages.DAILY_BODY, body)]


def stats(values, **subject):
    body = {"from_s": DAY_S, "period": codes.DAY, "quality": 0, "values": values} | subject
    return [messages.STATS, T0, 1, messages.pack(messages.STATS_BODY, body)]


def stored(engine, table):
    with db.reading(engine) as c:
        return c.execute(table.select()).mappings().all()


def test_freezes_of_one_instant_are_kept_apart(handler, device, engine):
    sent = [
        freeze(kind, DAY_S, {256: 5 + kind}) for kind in (messages.DAILY, messages.MONTHLY, messages.BILLING)
    ]
    for _twice in range(2):
        handler.take([device.batch(topics.DA, 1, sent)])
    assert sorted(row["kind"] for row in stored(engine, readings)) == [11, 12, 13]
    assert len(stored(engine, records)) == 3


@pytest.mark.parametrize(("age_s", "is_late"), [(0, False), (7 * 3600, False), (9 * 3600, True)])
def test_a_freeze_that_may_belong_to_a_counted_day_is_noted(handler, device, engine, age_s, is_late):
    day_s = int(time.time()) - age_s
    for _twice in range(2):
        handler.take([device.batch(topics.DA, 1, [freeze(messages.DAILY, day_s, {256: 5})])])
    late = [("T1", day_s // 86_400)] if is_late else []
    assert [(row["device"], row["utc_day"]) for row in stored(engine, collection_late)] == late


def test_statistics_stand_once_for_each_subject_and_the_later_word_counts(handler, device, engine):
    first = [stats({20001: 5}, metering_point=1), stats({20002: 6}, group=1), stats({20003: 7})]
    handler.take([device.batch(topics.DA, 1, first)])
    handler.take([device.batch(topics.DA, 4, [stats({20001: 8}, metering_point=1)])])
    with db.reading(engine) as c:
        found = statistics.of_device(c, "T1", codes.DAY, DAY_S, DAY_S + 1)
        assert statistics.of_device(c, "T1", codes.MONTH, DAY_S, DAY_S + 1) == []
    assert [(r["metering_point"], r["summation_group"], r["values"]) for r in found] == [
        (0, 0, {20003: 7}),
        (0, 1, {20002: 6}),
        (1, 0, {20001: 8}),
    ]


def test_the_stream_says_how_important_an_event_is(handler, device, engine):
    handler.take([device.batch(topics.EV, 1, [event("clock_set", step_ms=1)])])
    handler.take([device.batch(topics.LG, 1, [event("clock_set", step_ms=2)])])
    with db.reading(engine) as c:
        assert [(e["data"]["step_ms"], e["important"]) for e in events.recent(c, "T1")] == [(2, 0), (1, 1)]


@pytest.mark.parametrize("change", [{"period": 3}, {"quality": 9}, {"values": {1: "x"}}, {"group": 9}])
def test_statistics_that_make_no_sense_are_kept_with_their_flaw(handler, device, engine, change):
    body = {"from_s": DAY_S, "period": 1, "quality": 0, "values": {}} | change
    record = [messages.STATS, T0, 1, messages.pack(messages.STATS_BODY, body)]
    handler.take([device.batch(topics.DA, 1, [record])])
    assert [row["flaw"] is None for row in stored(engine, records)] == [False]
    assert stored(engine, statistics.statistics) == []
