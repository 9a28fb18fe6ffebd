"""The same records may come twice, overlapping or out of order: ledger and derived facts stay the same."""

from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols import cbor
from protocols.uplink import messages, topics
from protocols.uplink.codes import EXECUTED
from protocols.uplink.messages import CURVE
from station.ingest.transaction import Transaction
from station.ingest.wire import read
from station.store import commands, db
from station.store.readings import Reading, SqliteReadingStore, merged, unpacked
from station.store.streams import opened, stored
from tests.unit.station.double import EPOCH, T0, Double, curve, event, result

DAY_S = T0 - T0 % 86_400
EPOCHS = count(1)  # every example has a sequence space of its own


def test_same_batch_twice_is_stored_once_and_answered_twice(handler, device, look):
    batch = device.batch(topics.EV, 1, [event("power_up"), event("clock_set", step_ms=5)])
    first, second = handler.take([batch]), handler.take([batch])
    assert [row["seq"] for row in look.records] == [1, 2]
    assert len(look.events) == 2
    assert len(first) == len(second) == 1, "a repeat means the device has not heard the mark"


def test_same_batch_twice_in_one_transaction(handler, device, look):
    batch = device.batch(topics.EV, 1, [event("power_up")])
    handler.take([batch, batch])
    assert len(look.events) == len(look.records) == 1


def test_repeat_counts_and_logs_nothing_again(handler, device, engine, look):
    with db.writing(engine) as c:
        command = commands.create(c, "T1", messages.RELEASE, {"control": 2}, "me", T0)
    batch = device.batch(topics.EV, 1, [result(command, EXECUTED), result(99, EXECUTED), ["poison"]])
    for _ in range(3):
        handler.take([batch])
    assert look.counted() == {"unknown_command": 1, "poisoned": 1}
    assert [row["state_to"] for row in look.command_log].count("executed") == 1


def test_overlapping_batches_add_only_what_is_new(handler, device, look):
    handler.take([device.batch(topics.EV, 1, [event("power_up"), event("clock_set")])])
    handler.take([device.batch(topics.EV, 2, [event("clock_set"), event("guarantee_on")])])
    assert [row["seq"] for row in look.events] == [1, 2, 3]
    assert [row["mark"] for row in look.streams if row["stream"] == 1] == [3]


@given(
    cuts=st.lists(st.tuples(st.integers(1, 30), st.integers(1, 8)), min_size=1, max_size=12),
    transactions=st.integers(1, 4),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_and_overlap_gives_the_same_ledger(engine, cuts, transactions):
    device = Double(epoch=b"%08d" % next(EPOCHS))
    sent = {seq for first, n in cuts for seq in range(first, first + n)}
    batches = [
        device.batch(
            topics.DA, first, [curve(DAY_S + seq * 900, {8: seq}) for seq in range(first, first + n)]
        )
        for first, n in cuts
    ]
    for at in range(transactions):
        with db.writing(engine) as c:
            work = Transaction(c, DAY_S + 86_400)
            for batch in batches[at::transactions]:
                work.take(read(batch))
            work.finish()
    with db.reading(engine) as c:
        held, mark = held_and_mark(c, device.epoch)
        found = SqliteReadingStore.curve(c, "T1", 8, DAY_S)
    assert held == sent
    contiguous = next(n for n in range(100) if n + 1 not in sent)
    assert mark == contiguous
    assert all(found[seq] == (seq, 0) for seq in sent)


def held_and_mark(c, epoch):
    found = opened(c, "T1", epoch, 2, T0)
    return stored(c, found.id, 0, 1000), found.mark


def test_two_readings_of_one_slot_are_merged_by_quality(c):
    store = SqliteReadingStore
    meter = store.meter_id(c, "T1", 1)
    measured, suspect = 0, 4
    store.put(c, [Reading(meter, CURVE, DAY_S, 900, measured, 1, {8: 100, 1: 2200})])
    store.put(c, [Reading(meter, CURVE, DAY_S, 900, suspect, 1, {8: 999, 2: 2210})])
    assert store.curve(c, "T1", 8, DAY_S)[0] == (100, measured)
    assert store.curve(c, "T1", 2, DAY_S)[0][0] == 2210
    store.put(c, [Reading(meter, CURVE, DAY_S, 900, measured, 1, {8: 101})])
    assert store.curve(c, "T1", 8, DAY_S)[0] == (101, measured)


def test_merge_does_not_depend_on_order_when_qualities_differ():
    good, bad = {1: 10}, {1: 99, 2: 5}
    assert merged(good, 0, bad, 4) == merged(bad, 4, good, 0) == {1: 10, 2: 5}


def test_a_reading_from_the_future_is_suspect(engine):
    device = Double()
    with db.writing(engine) as c:
        work = Transaction(c, DAY_S)
        work.take(read(device.batch(topics.DA, 1, [curve(DAY_S + 900 * n, {8: n}) for n in (0, 1)])))
        work.finish()
    with db.reading(engine) as c:
        assert SqliteReadingStore.curve(c, "T1", 8, DAY_S)[:2] == [(0, 0), (1, 4)]


def test_missing_slot_stays_missing(c):
    meter = SqliteReadingStore.meter_id(c, "T1", 1)
    SqliteReadingStore.put(c, [Reading(meter, CURVE, DAY_S + 900, 900, 0, 1, {8: 7})])
    found = SqliteReadingStore.curve(c, "T1", 8, DAY_S)
    assert len(found) == 96
    assert found[1] == (7, 0)
    assert set(found[:1] + found[2:]) == {(None, None)}


def test_record_is_kept_as_it_came(handler, device, look):
    record = curve(DAY_S, {8: 123_456_789_012})
    handler.take([device.batch(topics.DA, 1, [record])])
    assert look.records[0]["body"] == cbor.encode(record[3])
    assert unpacked(look.readings[0]["points"]) == {8: 123_456_789_012}
    assert look.streams[0]["epoch"] == EPOCH
