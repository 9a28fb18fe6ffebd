"""What the outside marketing system says, what was agreed, its files. Rules: station/marketing."""

from sqlalchemy import JSON, Column, Index, Table, Text, UniqueConstraint
from sqlalchemy import text as sql_text

from station.store.columns import integer, maybe, metadata, text
from station.store.org_schema import of_unit

_THINGS = {"nullable": False, "server_default": "{}"}

# One row a record that either side has; values by name of station.marketing.kinds, a link is a number.
marketing_records = Table(
    "marketing_records",
    metadata,
    integer("id", primary_key=True),
    text("kind"),  # station.marketing.kinds.SHEETS
    text("number"),
    of_unit(),  # where ours stands, or where theirs would
    text("name", server_default=""),
    Column("theirs", JSON(none_as_null=True)),  # {name: value}; null: they do not have it
    Column("since", JSON, **_THINGS),  # {name: when their value was first seen}
    Column("agreed", JSON, **_THINGS),  # {name: value} that both had last
    Column("kept", JSON, **_THINGS),  # {name: [theirs, ours]} that a person let differ
    Column("differs", JSON, **_THINGS),  # {name: [theirs, ours]} for a person to settle
    text("state"),  # station.marketing.three.STATES
    integer("open"),  # 1: waits for a person
    integer("same"),  # fields that agree
    integer("compared"),  # fields that were compared
    maybe("from_day"),  # when theirs took effect, if they say
    maybe("ours_version"),  # of the archive, when it was compared
    integer("seen_s"),  # when they said it last
    maybe("opened_s"),
    maybe("later_s"),  # put off until
    text("why", server_default=""),
    Column("settled_by", Text),
    maybe("settled_s"),
    integer("version"),
    UniqueConstraint("kind", "number"),
    Index(None, "kind", "unit", "state"),
    Index("ix_marketing_records_open", "id", sqlite_where=sql_text("open = 1")),
)

marketing_files = Table(
    "marketing_files",
    metadata,
    integer("id", primary_key=True),
    text("digest", unique=True),  # of kind, form, unit and content
    text("kind"),
    text("form"),  # full, change
    of_unit(),
    text("name"),
    text("author"),
    text("state"),  # reading, done, refused
    integer("begun_s"),
    maybe("ended_s"),
    *(integer(name, server_default="0") for name in ("new", "same", "taken", "kept", "conflict", "wrong")),
    integer("ours", server_default="0"),  # of a full file: what is in it no more, or never was
    Column("faults", JSON, nullable=False, server_default="[]"),
    Index(None, "kind", "ended_s"),
)

# What lay in the folder at the last look: a file that still grows is not taken.
marketing_looks = Table(
    "marketing_looks",
    metadata,
    text("name", primary_key=True),
    integer("bytes"),
    integer("changed_ns"),
)
