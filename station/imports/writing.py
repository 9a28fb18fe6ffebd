"""Tables to people: templates to fill in, records as they can be read back, the errors of a file."""

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from openpyxl import Workbook

from station.imports.targets import Record, Target
from station.store.export import guarded


def heads(target: Target, language: str) -> list[str]:
    """Both are understood when the file comes back."""
    return [column.zh if language == "zh_CN" else column.name for column in target.columns]


def cells(target: Target, records: Iterable[Record]) -> Iterator[list[str]]:
    for record in records:
        yield [column.show(record[column.name]) for column in target.columns]


def workbook(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """XLSX; every cell is text and none is calculated, so that zeros in front stay and nothing runs."""
    book, out = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet()
    sheet.append(list(head))
    for row in rows:
        sheet.append([guarded(_printable(str(cell))) for cell in row])
    book.save(out)
    return out.getvalue()


def _printable(text: str) -> str:
    """A workbook takes no control characters."""
    return "".join(mark for mark in text if mark >= " " or mark in "\t\n\r")
