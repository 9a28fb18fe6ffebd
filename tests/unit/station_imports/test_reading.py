"""Bytes to cells: encodings told apart, workbooks bounded, nothing of what people send breaks the reader."""

import io
import zipfile
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from station.imports import reading
from station.imports.reading import Unreadable, opened, plain


def lines(data: bytes) -> list[tuple[int, list[str]]]:
    table = opened(data)
    return [(1, table.head), *table.lines]


def book(rows: list[list[Any]]) -> bytes:
    made, out = Workbook(write_only=True), io.BytesIO()
    sheet = made.create_sheet()
    for row in rows:
        sheet.append(row)
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "form"),
    [
        ("终端编号,终端名称\nT1,东方".encode(), "utf-8"),
        ("终端编号,终端名称\nT1,东方".encode("utf-8-sig"), "utf-8"),
        ("终端编号,终端名称\nT1,东方".encode("gb18030"), "gb18030"),
        ("device,name\nT1,模".encode("gb18030"), "gb18030"),  # the two bytes are valid UTF-8 too
        ("device,name\nT1,é\n".encode("utf-8-sig"), "utf-8"),
    ],
)
def test_encodings_are_told_apart(data: bytes, form: str) -> None:
    assert opened(data).form == form


def test_the_line_of_a_wrong_encoding_is_named() -> None:
    whole = "device,name\nT1,东方\nT2,".encode()
    for data in (whole + b"\xff\xff\n", b"\xef\xbb\xbf" + whole + b"\xff\n", whole + b"\0\n"):
        with pytest.raises(Unreadable) as told:
            opened(data)
        assert (told.value.key, told.value.line) == ("bad_encoding_line", 3)
    with pytest.raises(Unreadable):
        opened("device,name\nT1,x".encode("utf-16"))


def test_a_line_is_that_of_the_file_also_behind_a_cell_with_line_breaks() -> None:
    assert lines(b'a,b\n"1\n2",x\n\n3,y\n') == [(1, ["a", "b"]), (2, ["1\n2", "x"]), (5, ["3", "y"])]


def test_a_workbook_says_what_its_cells_say() -> None:
    rows = [
        ["表地址", "名称", None],
        [202611220017, "x", None],
        ["000000000001", 2.5, "=A1"],
        [10**17, True, ""],
    ]
    assert lines(book(rows)) == [
        (1, ["表地址", "名称"]),
        (2, ["202611220017", "x"]),
        (3, ["000000000001", "2.5", reading.FORMULA]),
        (4, [reading.FORMULA, "1"]),
    ]


def test_bombs_are_refused_before_they_unpack() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for n in range(5):
            packed.writestr(f"xl/{n}.xml", bytes(90 << 20))
    with pytest.raises(Unreadable) as told:
        opened(out.getvalue())
    assert told.value.key == "workbook_too_large"


def test_a_workbook_that_lies_about_its_rows_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 100)
    out, source = io.BytesIO(), io.BytesIO(book([["a"], ["b"]]))
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data.replace(b'r="2"', b'r="999999999"') if "sheet1" in name else data)
    with pytest.raises(Unreadable) as told:
        lines(out.getvalue())
    assert told.value.key == "too_many_rows"


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 10)
    monkeypatch.setattr(reading, "MOST_ROWS", 2)
    for data, key in (
        (b"a" * 11, "import_too_large"),
        (b"a\nb\nc\nd", "too_many_rows"),
        (b"\n\n", "table_empty"),
    ):
        with pytest.raises(Unreadable) as told:
            lines(data)
        assert told.value.key == key
    with pytest.raises(Unreadable):
        opened(b"a;b;c")


@pytest.mark.parametrize(
    ("cell", "text"),
    [("=1+1", None), ("@x", None), ("+cmd|x", None), ("-5", "-5"), ("-", "-"), ("'=1", "=1"), ("东", "东")],
)
def test_formulas_are_no_values(cell: str, text: str | None) -> None:
    assert plain(cell) == text


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=400)
    | st.text(max_size=200).map(str.encode)
    | st.text(max_size=99).map(lambda t: t.encode("gb18030", "ignore"))
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(Unreadable):
        for line, cells in lines(data):
            assert line >= 1
            assert all(isinstance(cell, str) for cell in cells)


SOUND = book([["终端编号", "终端名称"], ["T1", "东方"], [3, 4.5]])


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(SOUND) - 1), st.binary(min_size=1, max_size=8), st.booleans())
def test_a_broken_workbook_is_read_or_refused(at: int, patch: bytes, cut: bool) -> None:
    data = SOUND[: max(at, 4)] if cut else SOUND[:at] + patch + SOUND[at + len(patch) :]
    with suppress(Unreadable):
        lines(data)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_a_workbook_with_any_sheet_is_read_or_refused(sheet: bytes) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(SOUND)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"<worksheet><sheetData>" + sheet if "sheet1" in name else old.read(name))
    with suppress(Unreadable):
        lines(out.getvalue())
