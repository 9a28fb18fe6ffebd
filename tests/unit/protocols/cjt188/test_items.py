"""What stands where in the data of water, gas and heat meters; frames of real ones are golden vectors."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.refused import Refused
from protocols.meters import cjt188_items

WATER = bytes.fromhex("00776655 2c 00776655 2c 31012211051520 2184")
HEAT = bytes.fromhex(
    "11740200 05 88274405 05 00000000 17 12345678 35 08567100 2c 792600 642600 664707 11521703092520 0005"
)


def test_water_and_gas_have_volumes_time_and_status():
    want = [
        ("volume_now", 55667700, -2, "m3"),
        ("volume_settled", 55667700, -2, "m3"),
        ("time", 1431381691, 0, "s"),  # 2015-05-11 22:01:31
        ("status", 0x8421, 0, ""),
    ]
    assert cjt188_items.decode(0x10, 0x901F, WATER) == want
    assert cjt188_items.decode(0x30, 0x901F, WATER) == want


def test_heat_has_ten_fields():
    assert cjt188_items.decode(0x25, 0x901F, HEAT) == [
        ("heat_settled", 27411, 1, "Wh"),
        ("heat_now", 5442788, 1, "Wh"),
        ("power", 0, 1, "W"),
        ("flow", 78563412, -4, "m3/h"),
        ("volume_now", 715608, -2, "m3"),
        ("temperature_supply", 2679, -2, "degC"),
        ("temperature_return", 2664, -2, "degC"),
        ("worked", 74766, 0, "h"),
        ("time", 1756921931, 0, "s"),  # 2025-09-03 17:52:11
        ("status", 0x0500, 0, ""),
    ]


@pytest.mark.parametrize(
    ("kind", "di", "data", "want"),
    [
        (0x10, 0xD120, "13233343 2c", [("volume_settled", 43332313, -2, "m3")]),
        (0x20, 0xD12B, "13233343 08", [("heat_settled", 43332313, 4, "Wh")]),
        (0x10, 0x8103, "11", [("settlement_day", 11, 0, "")]),
        (0x10, 0x8104, "28", [("reading_day", 28, 0, "")]),
        (0x40, 0x8106, "03", [("key_version", 3, 0, "")]),
        (0x10, 0xA017, "0100", [("status", 1, 0, "")]),
    ],
)
def test_other_identifiers(kind, di, data, want):
    assert cjt188_items.decode(kind, di, bytes.fromhex(data)) == want


def test_price_and_money_have_five_fields_each():
    prices = cjt188_items.decode(0x10, 0x8102, bytes.fromhex("500200 200000 750300 400000 000500"))
    assert [row[:3] for row in prices] == [
        ("price_1", 250, -2),
        ("volume_1", 20, 0),
        ("price_2", 375, -2),
        ("volume_2", 40, 0),
        ("price_3", 500, -2),
    ]
    money = cjt188_items.decode(0x10, 0x8105, bytes.fromhex("07 00500000 00650000 34120000 0400"))
    assert [row[1] for row in money] == [7, 5000, 6500, 1234, 4]


@pytest.mark.parametrize(
    ("code", "unit", "scale"),
    [("05", "Wh", 1), ("0a", "Wh", 6), ("0e", "J", 4), ("13", "J", 9), ("29", "m3", -5), ("1a", "W", 4)],
)
def test_the_unit_code_sets_the_scale(code, unit, scale):
    assert cjt188_items.quantity(bytes.fromhex("45230100" + code)) == (12345, scale, unit)


def test_fill_and_impossible_times_are_absent():
    rows = cjt188_items.decode(0x10, 0x901F, bytes.fromhex("ffffffff 2c 0000a000 2c 00000000000000 0000"))
    assert [row[1] for row in rows] == [None, None, None, 0]
    in_2115 = cjt188_items.decode(0x10, 0x901F, WATER[:-3] + b"\x21\0\0")
    assert in_2115[2] == ("time", None, 0, "s")


@pytest.mark.parametrize(
    ("di", "data", "reason"),
    [(0x9020, "", "unknown_item"), (0x901F, "00", "bad_length"), (0xD120, "00000000 99", "bad_value")],
)
def test_what_cannot_be_read_is_refused_by_name(di, data, reason):
    with pytest.raises(Refused) as told:
        cjt188_items.decode(0x10, di, bytes.fromhex(data))
    assert told.value.reason == reason


@pytest.mark.parametrize(
    ("word", "flags"),
    [
        (0x0000, ["valve_open"]),
        (0x8421, ["valve_closed"]),
        (0x0003, ["valve_fault"]),
        (0x0006, ["valve_reserved", "battery_low"]),
    ],
)
def test_status_word_in_words(word, flags):
    assert cjt188_items.status_flags(word) == flags


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 255),
    st.sampled_from([0x901F, 0xD125, 0x8102, 0x8105, 0xA017, 0x1234]),
    st.binary(max_size=50),
)
def test_any_bytes_give_rows_or_refused(kind, di, data):
    try:
        rows = cjt188_items.decode(kind, di, data)
    except Refused:
        return
    assert all(row[1] is None or isinstance(row[1], int) for row in rows)
