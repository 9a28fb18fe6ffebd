"""Event records, tariff tables, freeze blocks, load records: sizes of the standard, and data of any shape."""

import re

import pytest
from dlt645.config.event_record_types import EVENT_RECORD_TYPES
from dlt645.config.parameter_types import PARAMETER_TYPES
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.refused import REASONS, Refused
from protocols.meters import dlt645_items, dlt645_loads, dlt645_records

bounded = settings(max_examples=200, deadline=None)
TIME = bytes.fromhex("3010221126")
CLASS_SIZES = [sum(size for _di, size in items) for items in dlt645_loads.CLASSES]
# Tables whose row repeats to the end: how many rows a meter has, the length says.
REPEATING = re.compile("033005|033006|033008|0401|0402")


def load_record(classes: list[bytes], start: bytes = b"\xa0\xa0") -> bytes:
    body = TIME + b"".join(part + b"\xaa" for part in classes)
    record = start + bytes([len(body)]) + body
    return record + bytes([sum(record) & 0xFF, 0xE5])


FULL = [bytes([0x12]) * size for size in CLASS_SIZES]


def decoded(function, di, data) -> tuple:
    """(result, "") or (None, reason); any other exception fails the test."""
    try:
        result, reason = function(di, data), ""
    except Refused as refused:
        result, reason = None, refused.reason
    assert not reason or reason in REASONS
    return result, reason


# ---- against the tables of an independent package ------------------------------------------------


def their_sizes() -> dict[int, int]:
    """Bytes of each record in the peer's table: a digit or a letter of the date formats is half a byte."""
    sizes: dict[int, int] = {}
    for row in (*EVENT_RECORD_TYPES, *PARAMETER_TYPES):
        text = row["DataFormat"]
        size = 4 if text == "C0C1C2C3" else len(re.sub("[.,]", "", text)) // 2
        sizes[int(row["Di"], 16)] = sizes.get(int(row["Di"], 16), 0) + size
    return sizes


SIZES = {di: size for di, size in their_sizes().items() if dlt645_records.layout(di)}


def test_most_of_their_event_records_are_known():
    unknown = [di for di in their_sizes() if di >> 24 == 3 and not dlt645_records.layout(di)]
    assert len(SIZES) > 800
    assert all(di in dlt645_items.ITEMS or f"{di:08X}".startswith("0312") or di & 0xFF == 0 for di in unknown)


@pytest.mark.parametrize("first", sorted({di >> 8 for di in SIZES}), ids=lambda di: f"{di:06X}")
def test_records_have_the_size_of_the_peers_table(first):
    for di, size in SIZES.items():
        if di >> 8 == first:
            rows, reason = decoded(dlt645_records.decode, di, bytes(size))
            assert (rows is not None, reason) == (True, ""), f"{di:08X} {size}"
            if not REPEATING.match(f"{di:08X}"):
                assert decoded(dlt645_records.decode, di, bytes(size + 1)) == (None, "bad_length")
                assert decoded(dlt645_records.decode, di, bytes(size - 1)) == (None, "bad_length")


# ---- any data ------------------------------------------------------------------------------------

DIS = st.one_of(st.sampled_from(sorted(SIZES)), st.integers(0, 2**32 - 1))


@bounded
@given(DIS, st.binary(max_size=300))
def test_any_data_is_rows_or_a_named_refusal(di, data):
    rows, reason = decoded(dlt645_records.decode, di, data)
    assert bool(rows) == (reason == "")
    for name, value, scale, unit in rows or ():
        assert isinstance(name, str)
        assert value is None or isinstance(value, int | str)
        assert -4 <= scale <= 0
        assert isinstance(unit, str)


def test_a_table_without_end_is_refused():
    assert decoded(dlt645_records.decode, 0x04010001, bytes(3 * dlt645_records.ROWS_MAX))[1] == ""
    assert (
        decoded(dlt645_records.decode, 0x04010001, bytes(3 * dlt645_records.ROWS_MAX + 3))[1] == "bad_length"
    )


def test_names_of_a_record_are_unique():
    for di, size in SIZES.items():
        names = [row[0] for row in dlt645_records.decode(di, bytes(size))]
        assert len(set(names)) == len(names), f"{di:08X}"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("30102902", "02-29 10:30"),
        ("30103002", None),
        ("60102211", None),
        ("ffffffff", None),
        ("30102213", None),
    ],
)
def test_a_time_without_year_is_one_of_some_year(data, text):
    assert dlt645_records.yearless(bytes.fromhex(data)) == text


# ---- load records --------------------------------------------------------------------------------


def test_classes_may_be_empty_and_blocks_follow_each_other():
    for holes in range(64):
        classes = [b"" if holes >> i & 1 else part for i, part in enumerate(FULL)]
        records = dlt645_records.load_records(0x06000001, load_record(classes) + load_record(FULL))
        assert [good for _t, good, _rows in records] == [True, True]
        assert [bool(rows) for _t, _good, rows in records] == [holes != 63, True]


def test_points_of_load_records_are_those_of_the_items():
    ((t_s, good, rows),) = dlt645_records.load_records(0x06000002, load_record(FULL))
    assert (t_s, good) == (1795343400, True)
    expected = []
    for items, part in zip(dlt645_loads.CLASSES, FULL, strict=True):
        at = 0
        for di, size in items:
            expected += dlt645_items.decode(di, part[at : at + size])
            at += size
    assert rows == expected


@pytest.mark.parametrize("kind", range(1, 7))
def test_one_class_is_found_with_and_without_the_separators_before_it(kind):
    part = FULL[kind - 1]
    alone = dlt645_records.load_records(0x06000002 | kind << 16, load_record([part]))
    behind = dlt645_records.load_records(0x06000002 | kind << 16, load_record([b""] * (kind - 1) + [part]))
    assert alone == behind
    assert alone[0][2]


def test_data_of_an_item_is_what_a_read_of_it_gives():
    parts = [
        bytes(range(first, first + size)) for first, size in zip(range(0, 170, 25), CLASS_SIZES, strict=False)
    ]
    ((_minute, _good, items),) = dlt645_loads.records(0x06000002, load_record(parts))
    for row, part in zip(dlt645_loads.CLASSES, parts, strict=True):
        assert b"".join(dlt645_loads.data_of(items, di) for di, _size in row) == part
    volts, amps, watts, factors, energy = parts[0][:6], parts[0][6:15], parts[1][:12], parts[2], parts[3]
    for block, data, of_phases in (
        (0x0201, volts, 3),
        (0x0202, amps, 3),
        (0x0203, watts, 4),
        (0x0206, factors, 4),
    ):
        phases = [dlt645_loads.data_of(items, block << 16 | di1 << 8) for di1 in range(4)]
        assert b"".join(phases) == data
        assert [bool(each) for each in phases] == [of_phases == 4, True, True, True]
    assert dlt645_loads.data_of(items, 0x0001FF00) == energy[:4]
    for di in (0x02010400, 0x00090000, 0x02020101, 0x06000001):
        assert dlt645_loads.data_of(items, di) == b""


def test_too_many_records_are_refused():
    one = load_record([b""] * 6)
    assert len(dlt645_records.load_records(0x06000001, one * 99)) == 99
    assert decoded(dlt645_records.load_records, 0x06000001, one * 100) == (None, "too_long")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xa0", "bad_value"),
        (b"\xa0\xa0", "truncated"),
        (load_record(FULL)[:-1], "truncated"),
        (load_record(FULL)[:-1] + b"\x16", "bad_end"),
        (load_record(FULL)[:-2] + b"\0\xe5", "bad_checksum"),
        (load_record([*FULL, b"\x12"]), "bad_length"),
        (load_record([FULL[0][1:]]), "bad_length"),
        (b"\xa0\xa0\x00\x40\xe5", "bad_end"),
        (load_record(FULL) + b"\0", "bad_value"),
    ],
)
def test_broken_load_records_have_their_reason(data, reason):
    assert decoded(dlt645_records.load_records, 0x06000002, data) == (None, reason)


@bounded
@given(st.lists(st.one_of(st.binary(max_size=30), st.just(load_record(FULL))), max_size=4).map(b"".join))
def test_any_data_is_load_records_or_a_named_refusal(data):
    for di in (0x06000000, 0x06010002, 0x06070000, 0):
        decoded(dlt645_records.load_records, di, data)


@bounded
@given(st.integers(0, 255), st.binary(max_size=80))
def test_any_data_is_a_freeze_block_or_a_named_refusal(kind, data):
    decoded(dlt645_records.freeze_block, 0x0500FF01 | kind << 16, data)
    decoded(dlt645_records.freeze_block, 0x05060101, data)
