"""Tables of imports: what a file would change, what was changed, and what is wrong with it."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Table

from station.store.columns import Int, integer, maybe, metadata, text
from station.store.org_schema import of_unit

imports = Table(
    "imports",
    metadata,
    integer("id", primary_key=True),
    text("token", unique=True),  # of the form: a second press finds the first import
    text("target"),  # station.imports.kinds.TARGETS
    of_unit(),  # all that it changes lies there and below
    text("name"),  # of the file
    text("form"),  # of the file: utf-8, gb18030, xlsx
    text("digest"),  # SHA-256 of file, target and unit: the same file is taken once
    text("hash", server_default=""),  # SHA-256 of what would be done
    text("state"),  # station.imports.machine.MOVES
    text("why", server_default=""),  # it was stopped: key of station.errors
    text("author"),  # who brought the file
    text("doer", server_default=""),  # who confirmed it, or undid it: on whose rights it is done
    integer("read_s"),
    maybe("begun_s"),
    maybe("ended_s"),
    integer("fresh", server_default="0"),  # lines by what they are
    integer("changed", server_default="0"),
    integer("same", server_default="0"),
    integer("wrong", server_default="0"),
    integer("at", server_default="0"),  # last line that was done; while it is undone, the last undone
    integer("done", server_default="0"),
    integer("skipped", server_default="0"),
    integer("undone", server_default="0"),
    integer("kept", server_default="0"),  # not undone: changed since
    Index(None, "unit", "id"),
    Index(None, "digest"),
    Index(None, "state"),
)


def of_import(**more: object) -> Column:
    return Column("import", Int, ForeignKey("imports.id"), **{"nullable": False, **more})  # type: ignore[arg-type]


# What would be or was changed; a line that changes nothing has no row.
import_rows = Table(
    "import_rows",
    metadata,
    of_import(primary_key=True),
    integer("line", primary_key=True),
    text("kind"),  # new, changed
    Column("key", JSON, nullable=False),
    Column("before", JSON(none_as_null=True)),  # null: there was none
    Column("after", JSON, nullable=False),
    text("state"),  # waiting, done, skipped, undone, kept
    text("why", server_default=""),  # key of station.errors
    Index(None, "import", "kind", "line"),
    Index(None, "import", "state", "line"),
    sqlite_with_rowid=False,
)

import_faults = Table(
    "import_faults",
    metadata,
    integer("id", primary_key=True),
    of_import(),
    integer("line"),
    text("column"),
    text("value"),
    text("key"),  # of station.errors
    Column("args", JSON, nullable=False),
    Index(None, "import", "line"),
)
