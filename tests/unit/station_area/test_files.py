"""Files of an archive: both encodings, both heads, every fault by its line, and nothing half taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.area.archive import Archive
from station.area import rows
from tests.unit.station_area.conftest import row

MANY = [row(n, flags=n % 16, phase=n % 5, line=(1, 2, 9)[n % 3], tariff=n % 4) for n in range(1, 200, 3)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("chinese", [False, True])
def test_what_was_written_is_read_again(encoding: str, chinese: bool) -> None:
    assert rows.read(rows.write(MANY, chinese).encode(encoding)) == (MANY, [])


def test_a_name_that_a_spreadsheet_would_run_comes_back() -> None:
    table = [row(1, name="=1+1")]
    assert "'=1+1" in rows.write(table)
    assert rows.read(rows.write(table).encode())[0] == table


def test_an_empty_number_takes_the_first_free_row() -> None:
    found, faults = rows.read(b"address,line,meter\n1,1,\n2,1,1\n3,1,\n")
    assert not faults
    assert [(each["meter"], each["address"][-1]) for each in found] == [(1, "2"), (2, "1"), (3, "3")]


FAULTS = [
    ("5,20260001,1,1", [], "cells_differ"),
    ("0,20260001,1", "meter", "out_of_range"),
    ("1001,20260001,1", "meter", "out_of_range"),
    ("x,20260001,1", "meter", "not_a_number"),
    ("2,2026A001,1", "address", "bad_meter_address"),
    ("2,000000000000,1", "address", "bad_meter_address"),
    ("2,999999999999,1", "address", "bad_meter_address"),
    ("2,1234567890123,1", "address", "bad_meter_address"),
    ("2,20260001,5", "line", "no_such_line"),
    ("1,20260001,1", "meter", "meter_twice"),
    ("2,777,1", "address", "address_twice"),
]


@pytest.mark.parametrize(("line", "field", "key"), FAULTS)
def test_every_fault_is_named_by_its_line(line: str, field: str, key: str) -> None:
    _rows, faults = rows.read(f"meter,address,line\n1,777,1\n{line}\n".encode())
    assert [(each.line, each.field or [], each.key) for each in faults] == [(3, field, key)]


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"", "needed"),
        (b"meter,address\n", "needed"),
        (b"address,line,size\n", "no_such_column"),
        (b"address,line,line\n", "column_twice"),
        (b"\xff\xff", "bad_encoding"),
        ("address,line\n1,1\n".encode("utf-16"), "bad_encoding"),
        (b"address,line\0\n", "bad_encoding"),
        (b"PK\x03\x04\x14\0\x06\0", "is_spreadsheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is_spreadsheet"),
        (b"address;line\n1;1\n", "not_commas"),
        (b"address\tline\n1\t1\n", "not_commas"),
        (b"address,line\n\n", "file_empty"),
        (b'address,line\n"1,1', "bad_csv"),
        (b"x" * (rows.MOST_BYTES + 1), "file_too_large"),
    ],
)
def test_a_file_that_is_none_is_refused(data: bytes, key: str) -> None:
    found, faults = rows.read(data)
    assert found == []
    assert key in [each.key for each in faults]


@given(st.binary(max_size=300))
def test_no_file_stops_the_station(data: bytes) -> None:
    rows.read(b"address,line,meter\n" + data)


def test_the_hash_is_that_of_the_firmware() -> None:
    archive = Archive(rows.packed(MANY))
    assert archive.refused == []
    assert archive.hash() == rows.digest(MANY)
    assert [meter for meter, _row in archive.rows()] == [each["meter"] for each in MANY]
