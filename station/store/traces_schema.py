"""Traces of the uplink: which devices are listened to, and what went up and down of them."""

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table, Text

from station.store.columns import integer, metadata, text

traces = Table(
    "traces",
    metadata,
    Column("device", Text, ForeignKey("devices.device"), primary_key=True),
    integer("until_s"),  # exclusive
    text("author"),  # who began it last
    sqlite_with_rowid=False,
)

trace_messages = Table(
    "trace_messages",
    metadata,
    integer("id", primary_key=True),
    Column("device", Text, ForeignKey("devices.device"), nullable=False),
    integer("t_ms"),  # when the station had it, or sent it; UTC
    integer("up"),  # 1: from the device
    text("leaf"),  # of its topic
    integer("size"),  # bytes of the payload, seals with it
    Column("payload", LargeBinary, nullable=False),  # what is kept of it, without seals
    text("trouble"),  # why it was refused, of station.ingest.wire.REASONS; empty: it was taken
    Index(None, "device", "id"),
)
