"""Tables of notices: ways out of the house, who wants what, and what was sent."""

from sqlalchemy import JSON, Column, ForeignKey, Index, LargeBinary, Table, Text, UniqueConstraint

from station.store.columns import Int, integer, maybe, metadata, text
from station.store.org_schema import of_unit

channels = Table(
    "channels",
    metadata,
    integer("id", primary_key=True),
    text("name", unique=True),
    text("kind"),  # station.notify.channels.KINDS
    Column("config", JSON, nullable=False),  # nothing secret
    Column("secret", LargeBinary),  # sealed: station.seal
    integer("per_hour"),  # single notices; beyond them a digest
    integer("on"),
    integer("version", server_default="1"),
)

notice_templates = Table(
    "notice_templates",
    metadata,
    text("language", primary_key=True),
    text("what", primary_key=True),  # station.notify.words.WHAT
    text("subject"),
    text("body"),
    integer("version", server_default="1"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    integer("id", primary_key=True),
    text("token", unique=True),
    Column("user", Text, ForeignKey("users.name"), nullable=False),
    of_unit(),
    Column("channel", Int, ForeignKey("channels.id"), nullable=False),
    text("address"),
    text("language"),
    integer("severity"),  # this one and graver ones (lower numbers)
    Column("kinds", JSON, nullable=False),  # [] is every kind
    integer("escalated_only"),
    integer("quiet_from_min"),  # minutes of the station's local day; equal: no quiet hours
    integer("quiet_until_min"),
    integer("on"),
    integer("version", server_default="1"),
    Index(None, "user"),
    Index(None, "unit"),
)

deliveries = Table(
    "deliveries",
    metadata,
    integer("id", primary_key=True),
    text("key"),  # of what it tells: the same is never told twice to one subscription
    Column("subscription", Int, ForeignKey("subscriptions.id")),  # null: a test
    Column("channel", Int, ForeignKey("channels.id"), nullable=False),
    text("address"),
    text("language"),
    text("subject"),
    text("body"),
    text("state"),  # station.notify.outbox.STATES
    integer("tries", server_default="0"),
    integer("next_s"),
    integer("created_s"),
    maybe("ended_s"),
    Column("digest", Int, ForeignKey("deliveries.id")),  # told in that one
    text("error", server_default=""),
    UniqueConstraint("key"),
    Index(None, "state", "next_s"),
    Index(None, "channel", "ended_s"),
    Index(None, "digest"),
)
