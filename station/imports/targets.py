"""What can be imported: a table of columns, and how a kind of record is looked up, judged and changed.

A record is a dict of JSON values by column name. A target names records by its key columns; everything else
(reading files, the comparison, batches, undo, export) is the same for all and knows no target by name.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection

from station.errors import FieldError
from station.store.scope import Scope

Record = dict[str, Any]
Key = tuple[Any, ...]  # values of the key columns


class Column(NamedTuple):
    """`parse` takes the text of a cell that is not empty, without blanks around it."""

    name: str  # of the record; words for what to enter: `import_help.NAME`
    zh: str  # head of a file; the English one is the name
    parse: Callable[[str], Any]  # the value, or a FieldError
    needed: bool = False  # of a new record
    first: Any = ""  # of a new record where nothing is given
    show: Callable[[Any], str] = str  # the text of a cell


class Change(NamedTuple):
    """A record before and after; None before: it is made, None after: it is taken out."""

    key: Key
    before: Record | None
    after: Record | None

    def back(self) -> "Change":
        return Change(self.key, self.after, self.before)

    def fields(self) -> list[str]:
        """Names of what differs."""
        one, other = self.before or {}, self.after or {}
        return [name for name in (self.after or self.before or {}) if one.get(name) != other.get(name)]


class Importer(NamedTuple):
    """Who imports, and the part of the house that the import was made for."""

    name: str
    scope: Scope


class Sheet(Protocol):
    """What reading a file needs to know of it; a Target is one."""

    @property
    def columns(self) -> tuple[Column, ...]: ...
    @property
    def keys(self) -> tuple[str, ...]: ...
    @property
    def unique(self) -> tuple[tuple[str, ...], ...]: ...


class Target(NamedTuple):
    name: str  # word `import_target.NAME`
    function: str  # of station.access.roles, needed over the whole unit of an import
    columns: tuple[Column, ...]
    keys: tuple[str, ...]  # columns that name a record
    unique: tuple[tuple[str, ...], ...]  # further columns that no two lines of a file share
    # records that exist in the scope, by key
    look: Callable[[Connection, Scope, Sequence[Key]], dict[Key, Record]]
    # what no cell alone tells: {place in the list: what is wrong}
    judge: Callable[[Connection, Importer, Sequence[Change]], dict[int, FieldError]]
    # make changes that were judged; called in a transaction in which `look` gave their `before`
    apply: Callable[[Connection, Importer, Sequence[Change]], None]
    # all records of the scope whose text holds `q`, for an export
    every: Callable[[Connection, Scope, str], Iterator[Record]]

    def key_of(self, record: Mapping[str, Any]) -> Key:
        return tuple(record[name] for name in self.keys)

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


# ---- cells


def text(most: int) -> Callable[[str], Any]:
    """Any text of at most `most` characters."""
    return lambda cell: FieldError("", "too_long", {"most": most}) if len(cell) > most else cell


def whole(least: int, most: int) -> Callable[[str], Any]:
    """A whole number from `least` to `most`."""

    def parse(cell: str) -> Any:
        if not (cell.isascii() and cell.isdecimal() and len(cell) <= 18):
            return FieldError("", "not_a_number")
        if not least <= int(cell) <= most:
            return FieldError("", "out_of_range", {"least": least, "most": most})
        return int(cell)

    return parse


def digits(count: int) -> Callable[[str], Any]:
    """`count` digits; a spreadsheet has eaten the zeros in front of shorter ones."""

    def parse(cell: str) -> Any:
        if not (cell.isascii() and cell.isdecimal() and len(cell) <= count):
            return FieldError("", "bad_meter_address")
        return cell.zfill(count)

    return parse


_YES = {"1": 1, "0": 0, "是": 1, "否": 0, "yes": 1, "no": 0}


def yes_or_no(cell: str) -> Any:
    return _YES.get(cell.lower(), FieldError("", "not_yes_or_no"))
