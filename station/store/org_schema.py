"""Tables of the organisation: units in a tree, roles that were made here, who has which role where."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Table, Text

from station.store.columns import Int, integer, maybe, metadata, text


def of_unit(name: str = "unit", **more: object) -> Column:
    return Column(name, Int, ForeignKey("org_units.id"), **{"nullable": False, **more})  # type: ignore[arg-type]


org_units = Table(
    "org_units",
    metadata,
    integer("id", primary_key=True),
    of_unit("parent", nullable=True),  # null: the root
    text("level"),  # store.org.LEVELS
    text("code", unique=True),
    text("name"),
    maybe("closed_s"),  # a unit that was closed keeps its history and takes nothing new
    Index(None, "parent"),
)

# Every unit with each of its ancestors, itself among them: one look-up answers "is it below".
org_tree = Table(
    "org_tree",
    metadata,
    of_unit("ancestor", primary_key=True),
    of_unit("unit", primary_key=True),
    Index(None, "unit"),
    sqlite_with_rowid=False,
)

# Roles beside or instead of the templates in station.access.roles.
roles = Table(
    "roles",
    metadata,
    text("role", primary_key=True),
    Column("names", JSON, nullable=False),  # {"zh": ..., "en": ...}
    Column("functions", JSON, nullable=False),  # [key of station.access.functions]
)

grants = Table(
    "grants",
    metadata,
    integer("id", primary_key=True),
    Column("user", Text, ForeignKey("users.name"), nullable=False),
    text("role"),
    of_unit(),
    integer("from_s"),
    maybe("until_s"),  # exclusive; null: until it is taken back
    Column("instead_of", Text, ForeignKey("users.name")),  # who handed it over (A/B posts)
    text("author"),
    Index(None, "user"),
    Index(None, "unit"),
)
