"""Numbers, lists, messages: round trips, and a name for whatever is wrong."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.refused import REASONS, Refused
from protocols.lines.sml import messages, tlv
from tests.unit.protocols.refusals import outcome

bounded = settings(max_examples=200, deadline=None)
LEAVES = st.one_of(
    st.none().map(lambda _: (None, tlv.NONE)),
    st.booleans().map(lambda value: (value, tlv.boolean(value))),
    st.binary(min_size=1, max_size=300).map(lambda value: (value, tlv.octets(value))),
    st.integers(0, (1 << 32) - 1).map(lambda n: (n, tlv.unsigned(n, 4))),
    st.integers(-(1 << 63), (1 << 63) - 1).map(lambda n: (n, tlv.signed(n, 8))),
    st.integers(-(1 << 23), (1 << 23) - 1).map(lambda n: (n, tlv.signed(n, 3))),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=20).map(
        lambda items: (tuple(value for value, _ in items), tlv.sequence([wire for _, wire in items]))
    ),
    max_leaves=30,
)


@bounded
@given(VALUES)
def test_what_is_encoded_is_decoded(value_wire):
    value, wire = value_wire
    reason, found = outcome(tlv.decode, wire + b"\1")
    assert reason == "too_deep" or found == (value, len(wire))


@bounded
@given(
    st.binary(max_size=80)
    | st.lists(st.sampled_from(list(b"\x76\x72\x77\x71\x62\x52\x01\x00\x07")), max_size=80).map(bytes)
)
def test_any_bytes_give_a_value_or_a_named_refusal(data):
    for decode in (tlv.decode, messages.decode):
        assert outcome(decode, data)[0] in ("", *REASONS)


@bounded
@given(st.sampled_from(sorted(messages.KINDS)), VALUES)
def test_a_message_with_any_body_gives_entries_or_a_named_refusal(kind, body):
    value, wire = body
    if not isinstance(value, tuple):
        value, wire = (value,), tlv.sequence([wire])
    reason, found = outcome(messages.decode, messages.encode(b"\1", kind, wire))
    if reason:
        assert reason == "too_deep"
        return
    assert found == [messages.Message(b"\1", 0, 0, kind, value)]
    assert outcome(messages.values, found[0])[0] in ("", "bad_value")


@pytest.mark.parametrize(
    "call", [lambda: tlv.unsigned(256, 1), lambda: tlv.unsigned(-1, 4), lambda: tlv.signed(128, 1)]
)
def test_our_own_mistakes_are_told(call):
    with pytest.raises(ValueError, match="bytes"):
        call()


def listed(*rows) -> messages.Message:
    none = tlv.NONE
    body = tlv.sequence([none, tlv.octets(b"\1"), none, none, tlv.sequence(rows), none, none])
    return messages.decode(messages.encode(b"\1", messages.GET_LIST, body))[0]


def row(name=b"\1\0\1\x08\0\xff", scaler=tlv.NONE, value=tlv.NONE, time=tlv.NONE) -> bytes:
    return tlv.sequence([tlv.octets(name), tlv.NONE, time, tlv.NONE, scaler, value, tlv.NONE])


@pytest.mark.parametrize(
    ("entry", "values"),
    [
        (row(value=tlv.unsigned(5, 8), scaler=tlv.signed(-1, 1)), {"1-0:1.8.0*255": (5, -1)}),
        (row(value=tlv.signed(-5, 2)), {"1-0:1.8.0*255": (-5, 0)}),
        (row(value=tlv.boolean(True)), {"1-0:1.8.0*255": (1, 0)}),
        (row(value=tlv.octets(b"abc")), {"1-0:1.8.0*255": b"abc"}),
        (row(), {"1-0:1.8.0*255": None}),
        (row(value=tlv.sequence([tlv.NONE])), {}),
        (row(name=b"\1\2", value=tlv.octets(b"a")), {"0102": b"a"}),
    ],
)
def test_what_a_value_is_read_as(entry, values):
    assert messages.values(listed(entry)) == values


@pytest.mark.parametrize(
    "entry",
    [
        tlv.NONE,
        tlv.sequence([tlv.NONE] * 6),
        row(name=b""),
        row(scaler=tlv.octets(b"1")),
        row(scaler=tlv.signed(300, 2)),
    ],
)
def test_an_entry_that_is_none_is_refused(entry):
    with pytest.raises(Refused) as refused:
        messages.entries(listed(entry))
    assert refused.value.reason == "bad_value"


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        (tlv.NONE, None),
        (tlv.unsigned(7, 4), 7),
        (tlv.sequence([tlv.unsigned(1, 1), tlv.unsigned(7, 4)]), 7),
        (
            tlv.sequence(
                [tlv.unsigned(3, 1), tlv.sequence([tlv.unsigned(7, 4), tlv.signed(60, 2), tlv.signed(0, 2)])]
            ),
            7,
        ),
    ],
)
def test_a_time_is_read_in_each_of_its_forms(time, seconds):
    (entry,) = messages.entries(listed(row(time=time)))
    assert entry.time == seconds


def test_a_profile_list_gives_its_values():
    none, server = tlv.NONE, tlv.octets(b"\x0a\1")
    period = tlv.sequence(
        [tlv.octets(b"\1\0\1\x08\0\xff"), tlv.unsigned(30, 1), tlv.signed(-1, 1), tlv.unsigned(9, 4), none]
    )
    body = [server, none, tlv.unsigned(900, 4), none, none, none, tlv.sequence([period]), none, none]
    (message,) = messages.decode(messages.encode(b"\1", messages.PROFILE_LIST, tlv.sequence(body)))
    assert messages.fields(message)["period_s"] == 900
    assert messages.values(message) == {"1-0:1.8.0*255": (9, -1)}
    assert messages.entries(message)[0].unit == 30


def test_more_messages_than_are_taken_are_refused():
    close = messages.encode(b"\1", messages.CLOSE, tlv.sequence([tlv.NONE]))
    with pytest.raises(Refused) as refused:
        messages.decode(close * (messages.MAX_MESSAGES + 1))
    assert refused.value.reason == "too_long"
