"""Whatever arrives as a sealed message, message or record: a value or a MessageError."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import cbor
from protocols.uplink import envelope, messages
from tests.unit.protocols.test_cbor_against_cbor2 import VALUES
from tests.vectors import make

bounded = settings(max_examples=150, deadline=None)
SEALED = envelope.seal(make.KEY, "cmd", make.DEVICE, make.command(messages.TRIP), make.SECOND)
SCHEMAS = [
    messages.HELLO,
    messages.BATCH,
    messages.NOW,
    *(messages.RECORDS[kind] for kind in messages.RECORDS),
    *(messages.COMMANDS[kind] for kind in messages.COMMANDS),
]


def unseal(data):
    return envelope.unseal(make.KEY, "cmd", make.DEVICE, data, make.SECOND)


def refusal(call, *args):
    """The reason of a MessageError, or None; anything else is a failure of the test."""
    try:
        call(*args)
    except messages.MessageError as error:
        return error.args[0]
    return None


@bounded
@given(st.one_of(st.binary(max_size=80), VALUES.map(cbor.encode)))
def test_foreign_bytes_are_not_unsealed(data):
    assert refusal(unseal, data)


@bounded
@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_no_changed_byte_is_accepted(at, flip):
    changed = bytearray(SEALED)
    changed[at] ^= flip
    reason = refusal(unseal, bytes(changed))
    # A changed key 3 is a key we do not know: the approval is gone then, and the body is what was sealed.
    assert reason or unseal(bytes(changed)) == (unseal(SEALED)[0], False)


@bounded
@given(VALUES)
def test_a_body_that_is_no_map_is_refused_though_its_mac_is_right(value):
    reason = refusal(unseal, envelope.seal(make.KEY, "cmd", make.DEVICE, value))
    assert bool(reason) == (not isinstance(value, dict) or reason == "too deep")


@bounded
@given(VALUES)
def test_records_and_messages_of_any_shape(value):
    refusal(messages.unpack_record, value)
    refusal(messages.check_version, value)
    for schema in SCHEMAS:
        refusal(messages.unpack, schema, value)


@bounded
@given(st.sampled_from(list(messages.RECORDS)), VALUES, st.data())
def test_a_record_with_one_field_changed_is_read_or_refused(kind, value, data):
    record = make.record(kind)
    key = data.draw(st.sampled_from(list(record[3])))
    record[3][key] = value
    if refusal(messages.unpack_record, record) is None:
        assert messages.unpack_record(record)[0] == kind


@pytest.mark.parametrize("kind", list(messages.RECORDS))
def test_round_trip_of_records(kind):
    wire = cbor.decode(cbor.encode(make.record(kind)))
    assert messages.unpack_record(wire) == (kind, make.T_S, 1, make.BODIES[kind])


def test_pack_refuses_our_own_mistakes():
    with pytest.raises(KeyError):
        messages.pack(messages.MARK, {"epoch": b""})
    with pytest.raises(KeyError):
        messages.pack(messages.MARK, make.MARK | {"colour": 1})
