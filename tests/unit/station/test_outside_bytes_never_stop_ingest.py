"""Malformed, oversized, foreign, unknown: counted with reason and sample, never an exception or a block."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols import cbor
from protocols.uplink import messages, topics
from station.ingest.wire import Bad, Message, read
from station.store import counters
from tests.unit.station.double import T0, Double, curve, diag, event, gap, result

SMALL = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.binary(max_size=9)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(0, 18) | st.text(max_size=2), inner, max_size=8)
    ),
    max_leaves=12,
)


def shaped(schema):
    """Values of the right types at the right keys, with any content."""
    types = {
        "u": st.integers(0, 2**64 - 1),
        "i": st.integers(-(2**64), 2**64 - 1),
        "n": st.none() | st.integers(-(2**64), 2**64 - 1),
        "t": st.just("T1") | st.text(max_size=70),
        "b": st.binary(max_size=9) | st.binary(min_size=8, max_size=8),
        "l": st.lists(SMALL, max_size=4),
        "m": st.dictionaries(st.integers(0, 30), SMALL, max_size=4),
    }
    return st.fixed_dictionaries({key: types[kind] for key, _field, kind, _need in messages.rows(schema)})


def versioned(schema):
    return shaped(schema).map(lambda wire: wire | {0: 1})


RECORDS = st.one_of(
    *(
        st.tuples(
            st.just(kind), st.integers(0, 2**64 - 1), st.integers(0, 1), shaped(messages.RECORDS[kind])
        ).map(list)
        for kind in messages.RECORDS
    ),
    SMALL,
)
BATCHES = st.builds(
    lambda first, held, records: {0: 1, 1: b"epoch--1", 2: first, 3: min(held, first), 4: records},
    st.integers(1, 40) | st.integers(1, 2**64 - 1),
    st.integers(1, 40) | st.integers(1, 2**64 - 1),
    st.lists(RECORDS, min_size=1, max_size=4),
)
WIRES = st.one_of(BATCHES, versioned(messages.HELLO), versioned(messages.NOW), SMALL)
TOPICS = st.one_of(
    st.sampled_from([topics.up(Double().shard, "T1", leaf) for leaf in topics.UP]), st.text(max_size=40)
)


@given(st.lists(st.tuples(TOPICS, WIRES.map(cbor.encode) | st.binary(max_size=80)), min_size=1, max_size=3))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_on_any_topic_raise_or_reach_our_fault_counter(handler, look, sent):
    handler.take([Message(topic, payload, 0, 1) for topic, payload in sent])
    assert "internal" not in look.counted()


def bad(reason, message):
    return pytest.param(message, reason, id=reason)


OURS = Double()
CASES = [
    bad("oversized", OURS.up(topics.EV, b"\x00" * 65_537)),
    bad("bad_topic", Message("lk/1/00/T1/down/cmd", b"")),
    bad("bad_topic", Message("lk/2/00/T1/up/ev", b"")),
    bad("bad_topic", Message("\ufffd", b"")),
    bad("malformed", OURS.up(topics.EV, b"")),
    bad("malformed", OURS.up(topics.EV, b"\xff\xff")),
    bad("malformed", OURS.up(topics.EV, {0: 1})),
    bad("malformed", OURS.batch(topics.EV, 1, [])),
    bad("malformed", OURS.batch(topics.EV, 0, [event("power_up")])),
    bad("malformed", OURS.batch(topics.EV, 3, [event("power_up")], held_from=4)),
    bad("malformed", OURS.batch(topics.EV, 1 << 50, [event("power_up")])),
    bad("malformed", OURS.hello(nonce=b"short")),
    bad("malformed", OURS.now(controls=[[1, 2]])),
    bad("malformed", OURS.now(power_w=1 << 63)),
    bad("unknown_version", OURS.up(topics.EV, {0: 2, 1: b"", 2: 1, 3: 1, 4: []})),
    bad("foreign", Double("T9").batch(topics.EV, 1, [event("power_up")])),
    bad("foreign", Double("T1", shard="00").batch(topics.EV, 1, [event("power_up")])),
    bad("foreign", OURS.hello(device="T2")),
]


@pytest.mark.parametrize(("message", "reason"), CASES)
def test_bad_message_is_counted_and_the_good_one_beside_it_stored(handler, device, look, message, reason):
    replies = handler.take([message, device.batch(topics.EV, 1, [event("power_up")])])
    assert look.counted() == {reason: 1}
    assert len(look.events) == 1
    assert len(replies) == 1


def test_counter_keeps_time_source_and_a_short_sample(handler, look):
    handler.take([OURS.up(topics.EV, b"\xff" * 500)])
    row = look.counters[0]
    assert row["sample_hex"] == "ff" * counters.SAMPLE_BYTES
    assert row["last_s"] >= row["first_s"] > 0
    assert row["source"].startswith(topics.up(OURS.shard, "T1", "ev"))


POISON = [
    [messages.EVENT, T0, 1, {1: 14}],
    [messages.EVENT, T0, 1, {1: 14, 2: {1: [1]}}],
    [messages.EVENT, 1 << 60, 1, {1: 14, 2: {}}],
    [99, T0, 1, {1: 1}],
    [messages.EVENT, T0, 2, {}],
    "text",
    [],
    result(1, 9),
    curve(T0, {8: 1 << 63}),
    curve(T0, {8: 1}, quality=7),
    curve(T0, {8: 1}, point=0),
    gap(5, 9),
]


@pytest.mark.parametrize("record", POISON)
def test_poisoned_record_is_kept_counted_and_does_not_block(handler, device, look, record):
    handler.take([device.batch(topics.EV, 1, [event("power_up"), record, event("clock_set")])])
    assert [row["mark"] for row in look.streams] == [3]
    assert [row["seq"] for row in look.events] == [1, 3]
    assert look.counted() == {"poisoned": 1}
    kept = look.records[1]
    assert kept["flaw"]
    assert kept["body"] == cbor.encode(record[3] if isinstance(record, list) and len(record) == 4 else record)


def test_fault_of_ours_costs_one_message_only(handler, device, look, monkeypatch):
    real = handler._commit

    def faulty(batch):
        if any(m.topic.endswith("/lg") for m in batch):
            raise RuntimeError("a fault of ours")
        return real(batch)

    monkeypatch.setattr(handler, "_commit", faulty)
    replies = handler.take(
        [device.batch(topics.LG, 1, [diag(1)]), device.batch(topics.EV, 1, [event("power_up")])]
    )
    assert look.counted() == {"internal": 1}
    assert len(look.events) == len(replies) == 1, "no mark for what was not stored"


def test_unknown_event_and_field_are_kept_by_number(handler, device, look):
    handler.take([device.batch(topics.EV, 1, [[messages.EVENT, T0, 0, {1: 250, 2: {77: "x"}}]])])
    assert (look.events[0]["code"], look.events[0]["data"], look.events[0]["t_ok"]) == (250, {"77": "x"}, 0)


def test_size_is_judged_before_anything_is_decoded():
    with pytest.raises(Bad, match="oversized"):
        read(Message(topics.up("00", "T1", "ev"), b"\x00" * 70_000))
