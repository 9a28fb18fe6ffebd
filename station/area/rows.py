"""The archive of a concentrator as a table that people edit: CSV in and out, and the bytes to load."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from protocols.uplink import archive_rows as wire
from station.store.export import guarded

Row = dict[str, Any]
FLAGS = {"key": wire.KEY, "prepaid": wire.PREPAID, "guaranteed": wire.GUARANTEED, "gate": wire.GATE}
HEADS = {  # of a file in Chinese
    "meter": "序号",
    "address": "表地址",
    "slot": "规约号",
    "line": "端口",
    "phase": "相别",
    "key": "重点",
    "prepaid": "预付费",
    "guaranteed": "保电",
    "gate": "关口",
    "multiplier": "倍率",
    "tariff": "电价方案",
    "group": "分组",
    "name": "户名",
}
NAME_CHARS = 80
MOST_BYTES = 1 << 20  # 1,000 rows with long names are a tenth of it
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # xlsx and ods, xls
_BOUNDS = {"slot": (0, 255), "phase": (0, wire.PHASES), "multiplier": (1, 65535), "tariff": (0, 255)}
_FIRST = {"multiplier": "1"}  # of an empty cell; others 0
_YES = {"1": 1, "0": 0, "": 0, "是": 1, "否": 0, "yes": 1, "no": 0}


class Fault(NamedTuple):
    line: int  # of the file, 1 is its head
    field: str
    key: str  # of station.errors.KEYS
    args: Mapping[str, Any] = {}


def read(data: bytes) -> tuple[list[Row], list[Fault]]:
    """Rows by meter, and every fault of the file: with one, nothing of it may be taken.

    UTF-8 (with or without mark) or GB18030; the head names the columns, in English or Chinese, in any order.
    An empty number takes the first row that is free.
    """
    if len(data) > MOST_BYTES:
        return [], [Fault(1, "", "file_too_large", {"most": MOST_BYTES})]
    if data.startswith(_SPREADSHEETS):
        return [], [Fault(1, "", "is_spreadsheet")]
    text = _text(data)
    if text is None:
        return [], [Fault(1, "", "bad_encoding")]
    try:
        lines = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error as error:
        return [], [Fault(1, "", "bad_csv", {"why": str(error)})]
    names = {chinese: name for name, chinese in HEADS.items()}
    head = [names.get(cell.strip(), cell.strip().lower()) for cell in lines[0]] if lines else []
    if len(head) == 1 and any(mark in head[0] for mark in ";\t"):
        return [], [Fault(1, "", "not_commas")]
    faults = [
        Fault(1, name, "no_such_column", {"columns": " ".join(HEADS)}) for name in head if name not in HEADS
    ]
    faults += [Fault(1, name, "needed") for name in ("address", "line") if name not in head]
    if len(set(head)) < len(head):
        faults.append(Fault(1, "", "column_twice"))
    if faults:
        return [], faults
    return _rows(head, lines)


def _text(data: bytes) -> str | None:
    if b"\0" in data:  # no text of either encoding has one, other files do
        return None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _rows(head: list[str], lines: list[list[str]]) -> tuple[list[Row], list[Fault]]:
    found: list[tuple[int, Row]] = []
    faults: list[Fault] = []
    for number, cells in enumerate(lines[1:], 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(head):
            faults.append(Fault(number, "", "cells_differ", {"have": len(cells), "want": len(head)}))
            continue
        given = {name: _plain(cell) for name, cell in zip(head, cells, strict=True)}
        row, wrong = _row(given)
        faults += [Fault(number, *each) for each in wrong]
        if not wrong:
            found.append((number, row))
    faults += _numbered(found) + _doubles(found)
    if not found and not faults:
        faults.append(Fault(1, "", "file_empty"))
    return sorted((row for _line, row in found), key=lambda row: row["meter"]), sorted(faults)


def _plain(cell: str) -> str:
    """Without the quote that guards a cell of an export from spreadsheets."""
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") else cell


def _row(given: Mapping[str, str]) -> tuple[Row, list[tuple[str, str, dict[str, Any]]]]:
    wrong: list[tuple[str, str, dict[str, Any]]] = []

    def number(name: str, least: int, most: int) -> int:
        text = given.get(name, "") or _FIRST.get(name, "0")
        if not (text.isascii() and text.isdecimal()):
            wrong.append((name, "not_a_number", {}))
        elif not least <= int(text) <= most:
            wrong.append((name, "out_of_range", {"least": least, "most": most}))
        else:
            return int(text)
        return least

    row: Row = {name: number(name, *bounds) for name, bounds in _BOUNDS.items()}
    row["group"] = number("group", 0, 255)
    row["line"] = number("line", 1, wire.MODULE)
    row["meter"] = number("meter", 1, wire.MOST) if given.get("meter") else 0
    row["address"] = given["address"].zfill(12) if given["address"].isascii() else given["address"]
    row["name"] = given.get("name", "")
    row["flags"] = 0
    for name, bit in FLAGS.items():
        said = _YES.get(given.get(name, "").lower())
        if said is None:
            wrong.append((name, "not_yes_or_no", {}))
        row["flags"] |= bit * (said or 0)
    if len(row["name"]) > NAME_CHARS:
        wrong.append(("name", "too_long", {"most": NAME_CHARS}))
    if not wrong and (reason := fault(row)):
        wrong.append((reason, _REASONS[reason], {"lines": ", ".join(str(line) for line in wire.LINES)}))
    return row, wrong


_REASONS = {"address": "bad_meter_address", "line": "no_such_line"}


def fault(row: Mapping[str, Any]) -> str:
    """The field by which the concentrator would refuse the row; "" for none."""
    try:
        packed = wire.pack(_wire(row))
    except ValueError:
        return "address"
    return wire.fault(packed) if any(packed[:6]) else "address"


def _numbered(found: list[tuple[int, Row]]) -> list[Fault]:
    """Give rows without a number the free ones in place; faults where there is none or one is taken."""
    faults, taken = [], {}
    for line, row in found:
        if row["meter"] in taken:
            faults.append(Fault(line, "meter", "meter_twice", {"line": taken[row["meter"]]}))
        elif row["meter"]:
            taken[row["meter"]] = line
    free = (number for number in range(1, wire.MOST + 1) if number not in taken)
    for line, row in found:
        if not row["meter"]:
            row["meter"] = next(free, 0)
            if not row["meter"]:
                faults.append(Fault(line, "meter", "area_full", {"most": wire.MOST}))
    return faults


def _doubles(found: list[tuple[int, Row]]) -> list[Fault]:
    faults, seen = [], {}
    for line, row in found:
        first = seen.setdefault((row["line"], row["address"]), line)
        if first != line:
            faults.append(Fault(line, "address", "address_twice", {"line": first}))
    return faults


def _wire(row: Mapping[str, Any]) -> wire.Row:
    return wire.Row(
        wire.address(row["address"]),
        *[row[name] for name in wire.Row._fields if name != "address"],  # type: ignore[attr-defined]
    )


def packed(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The bytes of the whole archive, up to its last meter."""
    out = bytearray()
    for row in sorted(rows, key=lambda each: each["meter"]):
        out.extend(bytes((row["meter"] - 1) * wire.ROW_BYTES - len(out)))
        out.extend(wire.pack(_wire(row)))
    return bytes(out)


def digest(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return wire.digest(packed(rows))


def cells(row: Mapping[str, Any]) -> list[str]:
    """A row by HEADS, as a file has it."""
    flags = {name: str(int(bool(row["flags"] & bit))) for name, bit in FLAGS.items()}
    return [str(guarded(flags.get(name, row.get(name)))) for name in HEADS]


def write(rows: Sequence[Mapping[str, Any]], chinese: bool = False) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADS.values() if chinese else HEADS)
    writer.writerows(cells(row) for row in rows)
    return out.getvalue()
