"""Bytes of a file to lines of cells: CSV in UTF-8 or GB18030, and XLSX. Nothing is trusted, all is bounded.

Unreadable says what is wrong with the whole and in which line; it may come while the lines are read.
A workbook is a zip: what it would unpack to is bounded before anything is unpacked, and expat
refuses entities that grow.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from openpyxl import load_workbook

MOST_BYTES = 64 << 20
MOST_ROWS = 200_000
MOST_COLUMNS = 100
CELL_CHARS = 1000
UNPACKED_BYTES = 400 << 20  # of a workbook; 200,000 rows of 14 columns have some 150 MB
PARTS = 500  # files in a workbook
EXACT_DIGITS = 15  # a spreadsheet keeps so many of a number
FORMULA = "=?"  # stands for a cell of a workbook that is calculated or in error
_ZIP, _XLS = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_MARK = b"\xef\xbb\xbf"
_WIDE = 0x800  # from here on UTF-8 takes three bytes; all Chinese lies above


class Unreadable(ValueError):
    """`key` of station.errors.KEYS, `line` of the file, 1 is its head."""

    def __init__(self, key: str, line: int = 1, **args: Any) -> None:
        super().__init__(f"{key} line={line}")
        self.key, self.line = key, line
        self.args_of: Mapping[str, Any] = args


class Table(NamedTuple):
    form: str  # utf-8, gb18030 or xlsx
    head: list[str]
    lines: Iterator[tuple[int, list[str]]]  # (line of the file, cells); lines without a cell are left out


def opened(data: bytes) -> Table:
    """Unreadable: too large, neither CSV nor a workbook, or without a head."""
    if len(data) > MOST_BYTES:
        raise Unreadable("import_too_large", most=MOST_BYTES)
    if data.startswith(_XLS):
        raise Unreadable("old_spreadsheet")
    if data.startswith(_ZIP):
        return _table("xlsx", _workbook(data))
    form, text = decoded(data)
    return _table(form, _csv(text))


def _table(form: str, lines: Iterator[tuple[int, list[str]]]) -> Table:
    filled = ((line, cells) for line, cells in _bounded(lines) if any(cells))
    first = next(filled, None)
    if first is None:
        raise Unreadable("table_empty")
    head = first[1]
    while head and not head[-1]:  # a spreadsheet leaves empty columns at the end
        head.pop()
    if len(head) == 1 and any(mark in head[0] for mark in ";\t"):
        raise Unreadable("not_commas", first[0])
    return Table(form, head, filled)


def _bounded(lines: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """Lines that are empty count too: a workbook may have a million of them."""
    for count, (line, cells) in enumerate(lines):
        if count > MOST_ROWS:
            raise Unreadable("too_many_rows", line, most=MOST_ROWS)
        if len(cells) > MOST_COLUMNS:
            raise Unreadable("too_many_columns", line, most=MOST_COLUMNS)
        yield line, [cell.strip() for cell in cells]


# ---- CSV


def decoded(data: bytes) -> tuple[str, str]:
    """(encoding, text). UTF-8 stands first, being strict by its form. Unreadable names the line.

    A short text in GB18030 can be valid UTF-8 by chance, but then of two-byte forms only: no Chinese.
    """
    if b"\0" in data:  # no text of either encoding has one, UTF-16 and other files do
        raise Unreadable("bad_encoding_line", _line_of(data, data.index(b"\0")))
    marked = data.startswith(_MARK)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if marked:
            raise Unreadable("bad_encoding_line", _line_of(data, error.start)) from None
        return "gb18030", _gb18030(data, error.start)
    if not marked and any("\x80" <= mark for mark in text) and not any(ord(mark) >= _WIDE for mark in text):
        try:
            return "gb18030", data.decode("gb18030")
        except UnicodeDecodeError:
            pass  # it is UTF-8 with letters of other languages
    return "utf-8", text


def _gb18030(data: bytes, otherwise: int) -> str:
    """`otherwise`: where UTF-8 broke off; the fault lies where the better of both did."""
    try:
        return data.decode("gb18030")
    except UnicodeDecodeError as error:
        raise Unreadable("bad_encoding_line", _line_of(data, max(error.start, otherwise))) from None


def _line_of(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1  # a line feed is no part of a character in either encoding


def _csv(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    before = 0
    try:
        for cells in reader:
            yield before + 1, cells  # a cell may hold line breaks: its record begins behind the last one
            before = reader.line_num
    except csv.Error as error:
        raise Unreadable("bad_csv", before + 1, why=str(error)) from None


# ---- workbooks


def _workbook(data: bytes) -> Iterator[tuple[int, list[str]]]:
    line = 1
    try:
        _weighed(data)
        book = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says of its own size is not believed
        for line, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1), 1):
            cells = [_cell(cell.value, cell.data_type) for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            yield line, cells
    except Unreadable:
        raise
    except Exception as error:  # whatever a broken workbook makes of its reader
        raise Unreadable("bad_workbook", line, why=type(error).__name__) from error


def _weighed(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        parts = packed.infolist()
    if len(parts) > PARTS or sum(part.file_size for part in parts) > UNPACKED_BYTES:
        raise Unreadable("workbook_too_large", most=UNPACKED_BYTES)


def _cell(value: Any, kind: str) -> str:
    if kind in ("f", "e"):
        return FORMULA
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return value.isoformat() if isinstance(value, date) else str(value)


def _number(value: int | float) -> str:
    """A number as it was typed; one with more digits than a spreadsheet keeps is not what was typed."""
    if value != value or value in (float("inf"), float("-inf")):
        return FORMULA
    text = str(int(value)) if value == int(value) else repr(value)
    return FORMULA if len(text.lstrip("-")) > EXACT_DIGITS + 2 * ("." in text) else text


# ---- cells


def plain(cell: str) -> str | None:
    """The text of a cell without the quote that guards it from spreadsheets; None for a formula."""
    if cell.startswith("'"):
        return cell[1:].strip()
    if cell.startswith(("=", "@")):
        return None
    if cell.startswith(("+", "-")) and not cell[1:].replace(".", "", 1).isdecimal():
        return None if len(cell) > 1 else cell
    return cell
