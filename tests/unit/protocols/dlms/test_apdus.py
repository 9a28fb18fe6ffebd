"""APDUs and associations: one grammar both ways, and any bytes a value or a refusal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.dlms import acse, apdu, axdr, clock, cosem
from protocols.lines.refused import REASONS, Refused
from tests.unit.protocols.dlms.support import outcome

bounded = settings(max_examples=200, deadline=None)
HEADS = [bytes([tag] if choice is None else [tag, choice]) for tag, choice in apdu._GRAMMAR]
INVOKED = st.binary(max_size=60).map(lambda tail: b"\xc1" + tail)


@bounded
@given(st.sampled_from(HEADS), st.one_of(INVOKED, st.binary(max_size=60)))
def test_any_apdu_is_read_or_refused(head, tail):
    def again() -> None:
        name, fields = apdu.decode(head + tail)
        assert apdu.decode(apdu.encode(name, fields)) == (name, fields)

    assert outcome(again) in ("", *REASONS)


@bounded
@given(st.sampled_from([0x60, 0x61, 0x62, 0x63]), st.lists(st.binary(max_size=14), max_size=4), st.data())
def test_any_association_is_read_or_refused(tag, contents, data):
    tags = st.sampled_from([0xA1, 0xA2, 0xA3, 0xA4, 0xA6, 0x80, 0x88, 0x89, 0x8B, 0xAA, 0xAC, 0xBE, 0xBD])
    body = b"".join(bytes([data.draw(tags), len(content)]) + content for content in contents)
    assert outcome(lambda: acse.decode(bytes([tag, len(body)]) + body)) in ("", *REASONS)


@bounded
@given(st.sampled_from([b"\x01", b"\x08", b"\x08\x00\x06\x5f\x1f\x04\x00"]), st.binary(max_size=20))
def test_any_initiate_is_read_or_refused(head, tail):
    assert outcome(lambda: acse.initiate(head + tail)) in ("", *REASONS)


def test_conformance_bits_have_their_names():
    assert acse.conformance_names(acse.LOGICAL_NAMES) == [
        "block-get",
        "block-set",
        "block-action",
        "multiple-references",
        "get",
        "set",
        "selective-access",
        "action",
    ]
    assert acse.conformance_names(acse.GENERAL_PROTECTION) == ["general-protection"]


def test_blocks_come_one_after_the_other_and_have_an_end():
    blocks = apdu.Blocks(5)
    blocks.add(1, b"abc")
    with pytest.raises(Refused, match="wrong_sequence"):
        blocks.add(3, b"d")
    blocks.add(2, b"de")
    with pytest.raises(Refused, match="too_long"):
        blocks.add(3, b"f")
    assert blocks.join() == b"abcde"


@pytest.mark.parametrize("text", ["1-0:1.8.0*255", "0-0:96.3.10*255", "255-255:255.255.255*255"])
def test_logical_names_come_back(text):
    assert cosem.name_text(cosem.name_bytes(text)) == text


@pytest.mark.parametrize(
    "text", ["", "1.8.0", "1-0:1.8.0", "1-0:1.8.0*256", "1:0-1.8.0*255", "a-0:1.8.0*255"]
)
def test_what_is_no_logical_name_is_told(text):
    with pytest.raises(ValueError, match="no logical name"):
        cosem.name_bytes(text)


def test_attributes_methods_and_units_have_names():
    assert cosem.attribute_name(3, 3) == "register.scaler_unit"
    assert cosem.attribute_name(70, 1) == "disconnect_control.logical_name"
    assert cosem.attribute_name(4711, 2) == "class-4711.2"
    assert cosem.method_name(70, 2) == "disconnect_control.remote_reconnect"
    assert [cosem.UNITS[n] for n in (27, 29, 30, 32, 33, 35, 44, 56, 255)] == [
        *"W var Wh varh A V Hz %".split(),
        "",
    ]


@pytest.mark.parametrize("text", ["2026", "20261301", "20261132", "2026112225", "2026-11-22", "202611221760"])
def test_what_is_no_time_is_told(text):
    with pytest.raises(ValueError):
        clock.parse(text)


@bounded
@given(st.binary(min_size=12, max_size=12))
def test_every_date_time_can_be_shown(data):
    assert clock.show(data)


def test_a_scaler_is_a_pair_of_numbers():
    pair = [(axdr.I8, -3), (axdr.ENUM, 30)]
    assert cosem.scaler_unit((axdr.STRUCTURE, pair)) == (-3, 30)
    assert cosem.scaler_unit((axdr.STRUCTURE, [*pair, (axdr.NULL, None)])) is None
    assert cosem.scaler_unit((axdr.U8, 3)) is None
    assert cosem.scaler_unit((axdr.STRUCTURE, [(axdr.OCTETS, b""), (axdr.ENUM, 30)])) is None
