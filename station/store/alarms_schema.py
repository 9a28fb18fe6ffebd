"""Tables of alarms: what is wrong now, what people did about it, planned outages, the duty log."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Table, Text
from sqlalchemy import text as sql

from station.store.columns import Int, integer, maybe, metadata, of_device, text
from station.store.org_schema import of_unit

STATES = ("open", "acknowledged", "cleared")
_OPEN = sql("state <> 'cleared'")

outages = Table(
    "outages",
    metadata,
    integer("id", primary_key=True),
    text("token", unique=True),  # of the form
    of_unit(),  # all below it; with devices the nearest unit above them
    Column("devices", JSON, nullable=False),  # [] is the whole unit
    integer("from_s"),
    integer("until_s"),  # exclusive
    text("reason"),
    text("author"),
    integer("version", server_default="1"),
    Index(None, "until_s"),
)

alarms = Table(
    "alarms",
    metadata,
    integer("id", primary_key=True),
    of_device(nullable=True),  # null: of a unit
    of_unit(),  # where it stood when the alarm opened; a device that moved takes its alarms along
    text("kind"),  # station.alarms.kinds.KINDS, or the alias of a rule
    integer("severity"),  # 1 critical to 4 notice
    text("class"),  # system, device, data
    text("state"),  # STATES
    integer("from_s"),  # when it began, by the device's clock where that is set
    integer("opened_s"),  # when the station saw it
    integer("last_s"),
    integer("repeats", server_default="1"),
    Column("spots", JSON, nullable=False),  # {place on the device: when it was last told there}
    Column("parent", Int, ForeignKey("alarms.id")),  # the one of its unit, while that holds
    Column("outage", Int, ForeignKey("outages.id")),  # muted by it
    Column("assignee", Text),
    maybe("escalated_s"),
    maybe("cleared_s"),
    text("cause", server_default=""),  # station.alarms.life.CAUSES, by who closed it
    maybe("told_s"),  # notices of its begin stand in the outbox
    maybe("told_up_s"),  # and of its escalation
    integer("version", server_default="1"),  # of what people changed
    Index("uq_alarms_device_kind_open", "device", "kind", unique=True, sqlite_where=_OPEN),
    Index(None, "state", "severity", "id"),
    Index(None, "parent"),
    Index(None, "unit", "id"),
)

# When a kind last ended at a place: what is older than that and comes late opens nothing.
alarm_ends = Table(
    "alarm_ends",
    metadata,
    of_device(primary_key=True),
    text("kind", primary_key=True),
    text("spot", primary_key=True),
    integer("t_s"),
    sqlite_with_rowid=False,
)

alarm_notes = Table(
    "alarm_notes",
    metadata,
    integer("id", primary_key=True),
    Column("token", Text, unique=True),  # of the form; null: the station's own
    Column("alarm", Int, ForeignKey("alarms.id"), nullable=False),
    integer("t_s"),
    text("author"),  # "" is the station
    text("what"),  # station.alarms.life.ACTS
    text("text"),
    Index(None, "alarm", "id"),
)

duty_shifts = Table(
    "duty_shifts",
    metadata,
    integer("id", primary_key=True),
    of_unit(),
    text("person"),
    integer("begun_s"),
    Column("before", Int, ForeignKey("duty_shifts.id")),  # taken over from
    maybe("handed_s"),
    Column("handover", JSON(none_as_null=True)),  # what was unhandled then, as it was listed
    maybe("ended_s"),
    Column("taken_by", Text),
    Index("uq_duty_shifts_unit_open", "unit", unique=True, sqlite_where=sql("ended_s IS NULL")),
    Index(None, "unit", "id"),
)

# Only ever appended: store.duty has no way to change one.
duty_entries = Table(
    "duty_entries",
    metadata,
    integer("id", primary_key=True),
    text("token", unique=True),
    Column("shift", Int, ForeignKey("duty_shifts.id"), nullable=False),
    integer("t_s"),
    text("author"),
    text("text"),
    integer("todo"),  # 1: stays open until another entry ends it
    Column("corrects", Int, ForeignKey("duty_entries.id")),
    Column("ends", Int, ForeignKey("duty_entries.id")),
    Index(None, "shift", "id"),
    Index(None, "ends"),
)
