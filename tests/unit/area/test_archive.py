"""Rows of meters: what is taken, what is refused and why, and the hash that shows drift."""

import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.area import archive as rooms
from firmware.area.archive import MOST, ROW_BYTES, Archive, fault
from tests.unit.area.meters import NOBODY, address, area, row


def changed(offset, value):
    data = bytearray(row(7))
    data[offset] = value
    return bytes(data)


def test_a_row_says_who_the_meter_is():
    told = Archive(row(123456789012, line=9, flags=5, group=3, slot=2, phase=4)).get(1)
    assert told == rooms.Row(bytes.fromhex("129078563412"), 2, 9, 4, 5, 1, 0, 3)


@pytest.mark.parametrize(
    ("packed", "reason"),
    [
        (row(7), ""),
        (NOBODY, ""),
        (changed(0, 0x0A), "address"),
        (changed(5, 0xAA), "address"),
        (b"\x99" * 6 + row(7)[6:], "address"),
        (bytes(6) + row(7)[6:], "address"),
        (changed(7, 0), "line"),
        (changed(7, 5), "line"),
        (changed(8, 5), "phase"),
        (changed(9, 16), "flags"),
        (changed(10, 0), "multiplier"),
    ],
)
def test_a_row_that_cannot_stand_says_why(packed, reason):
    assert fault(packed) == reason


def test_a_piece_is_put_whole_or_not_at_all():
    meters = area(4)
    before = meters.hash()
    assert meters.put(3, row(30) + changed(7, 6) + row(31) + changed(8, 9)) == [(4, "line"), (6, "phase")]
    assert (meters.hash(), meters.size) == (before, 4)
    assert meters.put(3, row(30) + row(31) + row(32)) == []
    assert [meters.find(address(n)) for n in (1, 2, 3, 30, 31, 32)] == [1, 2, 0, 3, 4, 5]


@pytest.mark.parametrize(
    ("meter", "piece"), [(0, row(1)), (MOST, row(1) + row(2)), (1, row(1)[:-1]), (1, b""), (MOST + 1, row(1))]
)
def test_pieces_that_are_no_rows_of_an_area(meter, piece):
    assert Archive().put(meter, piece) == [(meter, "size")]


def test_one_address_stands_once_on_a_line():
    meters = area(3)
    assert meters.put(4, row(2)) == [(4, "duplicate")]
    assert meters.put(4, row(9) + row(9)) == [(5, "duplicate")]
    assert meters.put(1, row(3)) == [(1, "duplicate")]
    assert meters.put(4, row(2, line=2)) == []
    assert (meters.find(address(2)), meters.find(address(2), 2), meters.find(address(2), 3)) == (2, 4, 0)


def test_two_meters_change_places_in_one_piece():
    meters = area(3)
    assert meters.put(1, row(2) + row(1)) == []
    assert [meters.find(address(n)) for n in (1, 2, 3)] == [2, 1, 3]


def test_the_hash_is_of_what_was_loaded_and_nothing_behind_it():
    packed = row(1) + NOBODY + row(3, line=4)
    meters = Archive()
    for meter in (3, 2, 1):
        assert meters.put(meter, packed[(meter - 1) * ROW_BYTES : meter * ROW_BYTES]) == []
    assert meters.hash() == hashlib.sha256(packed).digest()
    assert meters.put(4, NOBODY * 3) == []
    assert meters.hash() == hashlib.sha256(packed).digest()
    assert [meter for meter, _ in meters.rows()] == [1, 3]
    assert meters.put(3, NOBODY) == []
    assert meters.hash() == hashlib.sha256(row(1)).digest()


def test_damaged_rows_are_left_out_and_named():
    meters = Archive(row(1) + changed(7, 6) + row(1) + row(4) + b"\x00")
    assert meters.refused == [(5, "size"), (2, "line"), (3, "duplicate")]
    assert [meter for meter, _ in meters.rows()] == [1, 4]
    assert meters.hash() != hashlib.sha256(row(1) + changed(7, 6) + row(1) + row(4)).digest()


def test_an_address_is_found_only_where_a_row_begins():
    """Bytes of one row and the next may look like an address."""
    inside = struct.pack("<6sBBBBHBB10s", address(1), 0, 1, 0, 0, 1, 0, 0, address(77) + bytes(4))
    assert Archive(inside + row(77)).find(address(77)) == 2


ROWS = st.lists(st.tuples(st.integers(0, 6), st.sampled_from([1, 2])), max_size=4)


@given(st.lists(st.tuples(st.integers(1, 8), ROWS), max_size=12))
def test_whatever_is_put_no_line_has_an_address_twice(pieces):
    meters, model = Archive(), {}
    for first, rows in pieces:
        piece = b"".join(row(number, line) if number else NOBODY for number, line in rows)
        wanted = dict(model)
        wanted.update({first + n: key if key[0] else None for n, key in enumerate(rows)})
        standing = [key for key in wanted.values() if key]
        fine = bool(rows) and len(standing) == len(set(standing))
        assert (meters.put(first, piece) == []) == fine
        model = wanted if fine else model
    assert {m: (r.address, r.line) for m, r in meters.rows()} == {
        m: (address(key[0]), key[1]) for m, key in model.items() if key
    }
