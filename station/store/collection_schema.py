"""Tables of collection: what is expected of the meters. Rules: station/collection."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Table

from station.store.columns import Int, integer, maybe, metadata, of_device, text
from station.store.org_schema import of_unit


def of_task() -> Column:
    return Column("task", Int, ForeignKey("collection_tasks.id"), primary_key=True)


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
    maybe("counted_day"),  # the last local day (days since 1970) that is in collection_days
    Index(None, "unit", "priority", "id"),
)

# What was expected of a task on a local day and what of it came, by unit. A day is counted once it is closed.
collection_days = Table(
    "collection_days",
    metadata,
    of_task(),
    integer("day", primary_key=True),  # days since 1970
    of_unit(primary_key=True),  # in which the devices stood when the day was counted
    integer("expected"),  # slots
    maybe("in_time"),  # here when the day was closed; null: it was counted later than that
    integer("came"),  # here by now
    sqlite_with_rowid=False,
)

# Devices of which something of such a day was missing when it was closed. One made whole since stays.
collection_holes = Table(
    "collection_holes",
    metadata,
    of_task(),
    integer("day", primary_key=True),
    of_device(primary_key=True),
    of_unit(),
    integer("expected"),
    integer("came"),
    Index(None, "device", "day"),
    sqlite_with_rowid=False,
)

# Readings that came when their day may have been counted; forgotten when it is counted again.
collection_late = Table(
    "collection_late",
    metadata,
    of_device(primary_key=True),
    integer("utc_day", primary_key=True),
    sqlite_with_rowid=False,
)

# Requests for what is missing (RESEND to concentrators); one of a device at a time is under way.
collection_asks = Table(
    "collection_asks",
    metadata,
    integer("id", primary_key=True),
    of_device(),
    integer("kind"),  # messages.DAILY or MONTHLY
    integer("meter"),  # 0: of all
    integer("from_s"),  # labels from..until, both inside
    integer("until_s"),
    integer("priority"),  # of the task
    text("author"),  # "" of the task by itself
    integer("made_s"),
    maybe("command"),  # the last that was sent for it
    text("state"),  # store.collection_asks.STATES
    Index(None, "device", "made_s"),
    Index(None, "state", "priority", "id"),
)
