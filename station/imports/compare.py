"""Lines of a file against the records that stand: new, changed, the same, or wrong. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from station.errors import FieldError
from station.imports.reading import CELL_CHARS, plain
from station.imports.targets import Column, Key, Record, Sheet

KINDS = ("new", "changed", "same", "wrong")


class Fault(NamedTuple):
    line: int  # of the file, 1 is its head
    column: str  # name of a column; "" for the line or the file
    value: str  # what stands there
    key: str  # of station.errors.KEYS
    args: Mapping[str, Any] = {}


def heads(target: Sheet, head: Sequence[str]) -> tuple[list[Column], list[Fault]]:
    """The columns of a file by its head, in Chinese or English, in any order."""
    names = {column.zh: column for column in target.columns}
    names |= {column.name: column for column in target.columns}
    known = ", ".join(column.zh for column in target.columns)
    faults, found = list[Fault](), list[Column]()
    for cell in head:
        column = names.get(cell.strip()) or names.get(cell.strip().lower())
        if column is None:
            faults.append(
                Fault(1, "", cell[:CELL_CHARS], "unknown_head", {"head": cell[:40], "columns": known})
            )
        elif column in found:
            faults.append(Fault(1, column.name, cell, "column_twice"))
        else:
            found.append(column)
    there = {column.name for column in found}
    faults += [
        Fault(1, c.name, "", "column_needed", {"column": f"{c.zh} ({c.name})"})
        for c in target.columns
        if c.name in target.keys and c.name not in there
    ]
    return found, faults


def given(
    target: Sheet, columns: Sequence[Column], line: int, cells: Sequence[str]
) -> tuple[Record, list[Fault]]:
    """What a line says; an empty cell says nothing."""
    if any(cells[len(columns) :]):
        return {}, [Fault(line, "", "", "cells_differ", {"have": len(cells), "want": len(columns)})]
    record, faults = Record(), list[Fault]()
    for column, cell in zip(columns, cells, strict=False):
        value = _value(column, cell)
        if isinstance(value, FieldError):
            faults.append(Fault(line, column.name, cell[:CELL_CHARS], value.key, value.args))
        elif value is not None:
            record[column.name] = value
    named = {fault.column for fault in faults} | record.keys()
    faults += [Fault(line, name, "", "needed") for name in target.keys if name not in named]
    return record, faults


def _value(column: Column, cell: str) -> Any:
    if not cell:
        return None
    text = plain(cell)
    if text is None:
        return FieldError(column.name, "formula_cell")
    if len(text) > CELL_CHARS:
        return FieldError(column.name, "too_long", {"most": CELL_CHARS})
    return column.parse(text) if text else None


def after(target: Sheet, said: Record, before: Record | None) -> Record:
    """The record as the line wants it; what it does not say stays, or is the first value of a new one."""
    blank = {column.name: column.first for column in target.columns}
    return {**(blank if before is None else before), **said}


def lacking(target: Sheet, line: int, said: Record) -> list[Fault]:
    """What a new record needs and the line does not say."""
    return [Fault(line, c.name, "", "needed") for c in target.columns if c.needed and c.name not in said]


class Seen:
    """Tells which line of the file had the same record, or the same value of columns that must differ."""

    def __init__(self, target: Sheet) -> None:
        self._groups = (target.keys, *target.unique)
        self._lines: list[dict[Key, int]] = [{} for _group in self._groups]

    def fault(self, line: int, record: Record) -> Fault | None:
        for group, lines in zip(self._groups, self._lines, strict=True):
            if any(name not in record for name in group):
                continue
            values = tuple(record[name] for name in group)
            first = lines.setdefault(values, line)
            if first != line:
                return Fault(line, group[-1], str(values[-1]), "line_twice", {"line": first})
        return None


class Print:
    """The fingerprint of what would be done: SHA-256 over every change in order."""

    def __init__(self, *about: Any) -> None:
        self._hash = hashlib.sha256(_canonical(about))

    def add(self, line: int, before: Record | None, wanted: Record) -> None:
        self._hash.update(_canonical([line, before, wanted]))

    def hex(self) -> str:
        return self._hash.hexdigest()


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
