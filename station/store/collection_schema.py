"""Tables of collection: what is expected of the meters. Rules: station/collection."""

from sqlalchemy import JSON, Column, Index, Table

from station.store.columns import integer, maybe, metadata, text
from station.store.org_schema import of_unit

collection_tasks = Table(
    "collection_tasks",
    metadata,
    integer("id", primary_key=True),
    text("name"),
    integer("kind"),  # messages.CURVE, DAILY or MONTHLY
    of_unit(),  # its devices and those below
    text("point_type"),  # store.collection.POINT_TYPES
    integer("first"),  # metering point numbers
    integer("last"),
    Column("items", JSON, nullable=False),  # [point number of protocols.meters.points], rising
    integer("from_s"),
    maybe("until_s"),  # exclusive; null: goes on
    integer("every"),  # minutes of a curve, days of daily, months of monthly freezes
    integer("priority"),  # 1 is asked first
    integer("supplements"),  # how often a missing slot is asked for
    text("origin"),  # store.collection.ORIGINS
    text("author"),
    text("once", unique=True),  # of the form that made it
    integer("version"),
    integer("created_s"),
    Index(None, "unit", "priority", "id"),
)
