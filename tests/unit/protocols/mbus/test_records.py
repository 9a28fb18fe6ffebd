"""Records: what is read is what was sent, what cannot be read is refused by name."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.mbus import link, records, secondary, telegram, values
from protocols.lines.refused import REASONS, Refused

bounded = settings(max_examples=150, deadline=None)
ENERGY, ERROR_FLAGS, DATE, TIME = b"\x03", b"\xfd\x17", b"\x6c", b"\x6d"


def outcome(call) -> str:
    """'' or the reason of the refusal."""
    try:
        call()
    except Refused as refused:
        return refused.reason
    return ""


def one(data: bytes) -> records.Record:
    (record,), more = records.decode(data)
    assert not more
    return record


@bounded
@given(
    st.sampled_from([1, 2, 3, 4, 6, 7]),
    st.integers(0, 2**20),
    st.integers(0, 2**10),
    st.integers(0, 2**8),
    st.sampled_from(records.FUNCTIONS),
    st.data(),
)
def test_integers_go_round_with_storage_tariff_subunit_and_function(
    field, storage, tariff, subunit, function, data
):
    limit = 1 << 8 * values.SIZES[field] - 1
    value = data.draw(st.integers(-limit + 1, limit - 1))
    wire = records.encode(field, ENERGY, value, storage, tariff, subunit, function)
    assert one(wire) == ("energy", storage, tariff, subunit, function, value, 0, "Wh")


@bounded
@given(st.sampled_from(values.BCD), st.data())
def test_digits_go_round_negative_ones_too(field, data):
    digits = 2 * values.SIZES[field]
    value = data.draw(st.integers(-(10 ** (digits - 1)) + 1, 10**digits - 1))
    assert one(records.encode(field, ENERGY, value)).value == value


@bounded
@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float_keeps_its_seven_digits(value):
    record = one(records.encode(values.REAL32, ENERGY, value))
    assert record.value * 10.0**record.scale == pytest.approx(value, rel=6e-7, abs=1e-44)
    assert struct.pack("<f", value) == records.encode(values.REAL32, ENERGY, value)[2:]


@bounded
@given(st.text(st.characters(max_codepoint=255), max_size=100))
def test_text_goes_round(text):
    assert one(records.encode(values.LVAR, b"\xfd\x11", text)).value == text


@pytest.mark.parametrize(
    ("wire", "want"),
    [
        ("0103 80", None),  # the smallest integer says invalid
        ("0203 0080", None),
        ("01fd17 80", 0x80),  # but flags have every bit
        ("0503 0000c07f", None),
        ("0a03 3af2", None),  # a digit A
        ("0a03 34f2", -234),
        ("0a03 34f0", -34),
        ("0903 f0", 0),
        ("0403 15000000", 21),
        ("048315 15000000", None),  # no data available
        ("048318 15000000", None),
        ("0003", None),
        ("0803", None),
    ],
)
def test_no_value_is_never_a_number(wire, want):
    assert one(bytes.fromhex(wire)).value == want


@pytest.mark.parametrize(
    ("wire", "want"),
    [
        ("026c 5f1c", "2010-12-31"),
        ("046d 1a2f6511", "2011-01-05T15:26"),
        ("046d 9a2f6511", None),  # marked invalid
        ("046d 1a4f6511", "2111-01-05T15:26"),  # hundreds given: 2
        ("026c 4117", "2010-07-01"),
        ("026c 41b7", "1990-07-01"),
        ("026c 0000", None),
        ("026c ffff", None),
        ("066d 1e1a0f6511 00", "2011-01-05T15:26:30"),
        ("036d 1e1a0f", "15:26:30"),
        ("046d 3c2f6511", None),  # minute 60
        ("04ab6f 1a2f6511", "2011-01-05T15:26"),  # date of the end of a maximum
    ],
)
def test_dates_are_text(wire, want):
    assert one(bytes.fromhex(wire)).value == want


@bounded
@given(
    st.integers(1, 31), st.integers(1, 12), st.integers(2000, 2080), st.integers(0, 23), st.integers(0, 59)
)
def test_dates_go_round(day, month, year, hour, minute):
    date = f"{year:04d}-{month:02d}-{day:02d}"
    assert one(records.encode(2, DATE, values.encode_date(year, month, day))).value == date
    full = values.encode_date(year, month, day, hour, minute)
    assert one(records.encode(4, TIME, full)).value == f"{date}T{hour:02d}:{minute:02d}"


@pytest.mark.parametrize(
    ("vib", "want"),
    [
        ("00", ("energy", -3, "Wh")),  # its data may look like a field of a table
        ("fb01", ("energy", 6, "Wh")),
        ("fd49", ("voltage", 0, "V")),
        ("fd59", ("current", -3, "A")),
        ("fb2e", ("frequency", -1, "Hz")),
        ("22", ("on_time", 0, "h")),
        ("8374", ("energy", -2, "Wh")),  # corrected by 10^-2
        ("837d", ("energy", 3, "Wh")),
        ("8400", ("energy", 1, "Wh")),  # no error
        ("ac21", ("power+21", 1, "W/min")),
        ("ab41", ("power+41", 0, "")),
        ("ab52", ("power+52", 0, "h")),
        ("abff03", ("power+ff03", 0, "W")),
        ("fd7f", ("vif_fd7f", 0, "")),
        ("7b", ("vif_7b", 0, "")),
        ("ffe101", ("manufacturer+e101", 0, "")),
        ("7c025756", ("VW", 0, "VW")),
        ("fc02575674", ("VW", -2, "VW")),
        ("fc74025756", ("VW", -2, "VW")),
    ],
)
def test_what_is_measured_and_in_what_unit(vib, want):
    record = one(records.encode(1, bytes.fromhex(vib), 5))
    assert (record.quantity, record.scale, record.unit) == want


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        ("0403 010203", "truncated"),
        ("04", "truncated"),
        ("84", "truncated"),
        ("04fd", "truncated"),
        ("0d7811 3132", "truncated"),
        ("0d78 ca", "unknown_type"),
        ("0d78 f7", "unknown_type"),
        ("3f", "unknown_type"),
        ("7f", "unknown_type"),
        ("04" + "83" * 12 + "00", "too_long"),
        ("84" + "80" * 10 + "00" + "03", "too_long"),
        ("017c 05 3132", "truncated"),
    ],
)
def test_what_cannot_be_read_is_refused(wire, reason):
    with pytest.raises(Refused) as caught:
        records.decode(bytes.fromhex(wire))
    assert caught.value.reason == reason


def test_a_record_seen_again_gets_a_number():
    found, _more = records.decode(records.encode(1, ENERGY, 1) * 3)
    assert [row[0] for row in records.keyed(found)] == [
        "energy/0/0/0/inst",
        "energy/0/0/0/inst#2",
        "energy/0/0/0/inst#3",
    ]


def test_fill_bytes_and_the_manufacturers_block():
    found, more = records.decode(b"\x2f\x2f" + records.encode(1, ENERGY, 1) + b"\x2f\x1f\x01\x02")
    assert [record.value for record in found] == [1, b"\x01\x02"]
    assert more


def test_high_byte_first_telegrams():
    data = bytes.fromhex("12345678 1540 0107 05000000".replace(" ", "")) + b"\x02\x03\x01\x02"
    little = telegram.decode(
        link.Frame(8, 1, 0x72, bytes.fromhex("7856341240150107 05000000") + b"\x02\x03\x02\x01")
    )
    assert telegram.decode(link.Frame(8, 1, 0x76, data)) == little


@pytest.mark.parametrize(
    ("frame", "reason", "detail"),
    [
        (link.Frame(8, 1, 0x70, b"\x01"), "refused", "unimplemented CI field"),
        (link.Frame(8, 1, 0x70, b""), "refused", "unspecified error"),
        (link.Frame(8, 1, 0x70, b"\x99"), "refused", "error 153"),
        (link.Frame(8, 1, 0x73, bytes(16)), "unsupported", "CI 73"),
        (link.Frame(8, 1, None, b""), "unsupported", "no CI"),
        (link.Frame(8, 1, 0x72, bytes(11)), "truncated", "header of 12 bytes"),
        (link.Frame(8, 1, 0x7A, b"\x01\x00\x00\x05"), "unsupported", "encrypted, mode 5"),
    ],
)
def test_answers_that_hold_no_records_say_why(frame, reason, detail):
    with pytest.raises(Refused) as caught:
        telegram.decode(frame)
    assert caught.value.args == (reason, detail)


def test_short_and_missing_headers():
    body = records.encode(1, ENERGY, 1)
    assert telegram.decode(link.Frame(8, 1, 0x7A, b"\x07\x04\x00\x00" + body)).header == (None, 7, 4)
    assert telegram.decode(link.Frame(8, 1, 0x78, body)).header == (None, None, None)


@bounded
@given(st.integers(0, 255), st.binary(max_size=252))
def test_any_bytes_give_records_or_a_named_refusal(ci, data):
    for kind in (ci, 0x72, 0x76, 0x78):
        assert outcome(lambda kind=kind: telegram.decode(link.Frame(8, 1, kind, data))) in ("", *REASONS)


@pytest.mark.parametrize(
    "text", ["1234567", "1234567G", "12345678.QD", "12345678.qds", "12345678.QDS.1", "1.2.3.4.5"]
)
def test_wrong_secondary_addresses_are_told(text):
    with pytest.raises(ValueError):
        secondary.pack(text)


def test_wildcards_cover_only_what_they_stand_for():
    meter = secondary.pack("12345678.QDS.0A.07")
    for asked in ("12345678", "1234FFFF.QDS", "*.*.*.07", "FFFFFFF8.*.0A"):
        assert secondary.fits(secondary.pack(asked), meter)
    for asked in ("12345679", "1234FFFF.KAM", "*.*.*.06", "FFFFFFF8.*.0B", "2FFFFFFF"):
        assert not secondary.fits(secondary.pack(asked), meter)


@pytest.mark.parametrize(
    "call",
    [
        lambda: records.encode(1, ENERGY, 256),
        lambda: records.encode(1, ENERGY, b"12"),
        lambda: records.encode(0x9, ENERGY, 100),
        lambda: records.encode(0x9, ENERGY, -10),
        lambda: records.encode(1, ENERGY, 1, storage=1 << 50),
        lambda: records.encode(values.LVAR, ENERGY, "x" * 192),
        lambda: records.encode(values.LVAR, ENERGY, bytes(16)),
        lambda: records.encode(1, ENERGY, 1, function="mean"),
    ],
)
def test_our_own_mistakes_are_told(call):
    with pytest.raises((ValueError, OverflowError)):
        call()


@pytest.mark.parametrize(
    ("vib", "key"),
    [
        ("06", "energy"), ("0e", "energy-j"), ("fb08", "energy-j"), ("fb0c", "energy-cal"),
        ("fb00", "energy"), ("8e2d", "energy+2d-j_m3"), ("2b", "power"), ("35", "power-j_h"),
        ("3b", "volume_flow"),
        ("43", "volume_flow-m3_min"), ("4b", "volume_flow-m3_s"), ("20", "on_time-s"), ("21", "on_time-min"),
        ("22", "on_time"), ("23", "on_time-d"), ("5b", "flow_temperature"),
    ],
)  # fmt: skip
def test_an_unusual_unit_stands_in_the_key(vib, key):
    found, _more = records.decode(records.encode(4, bytes.fromhex(vib), 7))
    assert [row[0] for row in records.keyed(found)] == [key + "/0/0/0/inst"]
