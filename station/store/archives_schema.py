"""Tables of the archives: records, what they were when, who hangs on whom. Rules: station/archives."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Table, Text, UniqueConstraint
from sqlalchemy import text as sql_text

from station.store.columns import Int, integer, maybe, metadata, text
from station.store.org_schema import of_unit


def of_record(name: str = "record", **more: object) -> Column:
    return Column(name, Int, ForeignKey("archive_records.id"), **{"nullable": False, **more})  # type: ignore[arg-type]


# As they are today; the changes say what they were.
archive_records = Table(
    "archive_records",
    metadata,
    integer("id", primary_key=True),
    text("kind"),  # station.archives.kinds.KINDS
    text("number"),  # natural, for life
    of_unit(),
    text("name", server_default=""),
    text("state"),  # station.archives.kinds.STATES
    Column("facts", JSON, nullable=False),  # {declared field: value}
    Column("address", Text),  # 12 digits of a meter, from its facts
    Column("device", Text, ForeignKey("devices.device")),  # of a terminal or concentrator, from its facts
    maybe("capacity_kva"),  # of a customer, from its facts
    integer("score"),  # percent complete
    text("token", unique=True),  # of the form or file line that made it
    integer("version"),
    integer("created_s"),
    UniqueConstraint("kind", "number"),
    Index(None, "kind", "unit", "number"),
    Index(None, "kind", "score", "number"),
    Index(None, "kind", "state", "number"),
    Index(None, "kind", "address"),
    Index(None, "kind", "capacity_kva"),
    Index(None, "device"),
)

archive_changes = Table(
    "archive_changes",
    metadata,
    integer("id", primary_key=True),
    of_record(),
    integer("from_day"),  # effective: days since 1970, local
    integer("recorded_s"),
    text("author"),
    text("reason"),
    Column("changed", JSON, nullable=False),  # {name: value}; @ROLE: id of a record; null: taken away
    integer("late"),  # recorded after it took effect: what was computed since is to be computed again
    maybe("settled_s"),
    Column("settled_by", Text),
    Index(None, "record", "from_day", "id"),
    Index("ix_archive_changes_late", "id", sqlite_where=sql_text("late = 1 AND settled_s IS NULL")),
)

# Derived from the changes: who hung on whom when.
archive_links = Table(
    "archive_links",
    metadata,
    of_record(primary_key=True),
    text("role", primary_key=True),
    integer("from_day", primary_key=True),
    maybe("until_day"),  # exclusive; null: until now
    of_record("target"),
    Index(None, "target", "role"),
    sqlite_with_rowid=False,
)

# By what begins with a word a record is found.
archive_words = Table(
    "archive_words",
    metadata,
    text("kind", primary_key=True),
    text("word", primary_key=True),
    of_record(primary_key=True),
    Index(None, "record"),
    sqlite_with_rowid=False,
)

archive_swaps = Table(
    "archive_swaps",
    metadata,
    integer("id", primary_key=True),
    text("token", unique=True),
    text("kind"),
    of_unit(),
    of_record("old"),
    of_record("new"),
    of_record("point", nullable=True),
    integer("day"),
    maybe("last_wh"),  # the register that was billed last, of the meter before
    maybe("final_wh"),
    maybe("initial_wh"),
    integer("ratio_before"),  # CT x PT
    integer("ratio_after"),
    text("reason"),
    text("author"),
    integer("done_s"),
    Index(None, "old"),
    Index(None, "new"),
)

archive_findings = Table(
    "archive_findings",
    metadata,
    integer("id", primary_key=True),
    text("rule"),  # station.archives.checks.RULES
    of_record(),
    of_unit(),
    text("detail"),  # what else is concerned, in numbers and names
    integer("opened_s"),
    maybe("gone_s"),  # it went by itself
    maybe("known_s"),
    Column("known_by", Text),
    text("why", server_default=""),
    integer("version", server_default="1"),
    Index(None, "rule", "record"),
    Index(None, "record"),
    Index("ix_archive_findings_open", "id", sqlite_where=sql_text("gone_s IS NULL")),
)
