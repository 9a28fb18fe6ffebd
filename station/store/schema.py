"""Every table of the station. Units stand in the column names; times are UTC seconds.

`records` is the ledger that a device may trust: a record is there once per (device, epoch, stream, seq),
exactly as it came. All other facts about the field (events, readings, live, command outcomes) are derived
from it in the same transaction.
"""

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from station.store import alarms_schema as alarms_schema
from station.store import approvals_schema as approvals_schema
from station.store import archives_schema as archives_schema
from station.store import area_schema as area_schema  # its tables stand in the same set
from station.store import cleanup_schema as cleanup_schema
from station.store import collection_schema as collection_schema
from station.store import documents_schema as documents_schema
from station.store import fieldwork_schema as fieldwork_schema
from station.store import filters_schema as filters_schema
from station.store import imports_schema as imports_schema
from station.store import jobs_schema as jobs_schema
from station.store import marketing_schema as marketing_schema
from station.store import notify_schema as notify_schema
from station.store import org_schema as org_schema
from station.store import parameters_schema as parameters_schema
from station.store import patrols_schema as patrols_schema
from station.store import people_schema as people_schema
from station.store import sim_schema as sim_schema
from station.store import stock_schema as stock_schema
from station.store import tokens_schema as tokens_schema
from station.store import traces_schema as traces_schema
from station.store.columns import Int, metadata
from station.store.columns import integer as _int
from station.store.columns import maybe as _maybe_int
from station.store.columns import of_device as _device
from station.store.columns import text as _text

devices = Table(
    "devices",
    metadata,
    _text("device", primary_key=True),
    _text("name"),
    _text("shard"),  # two hex digits, protocols.uplink.topics
    _text("meter_address"),
    _int("multiplier"),  # CT x PT of the main meter
    _int("rounds"),
    _int("utc_offset_s"),
    _int("added_s"),
    # of a concentrator: {"lines": {"1": {"baud", "format"}}, "profiles": [hex]}; null for a terminal
    Column("area", JSON(none_as_null=True)),
    _int("unit", server_default="1"),  # of the organisation: who may see and command it
    Index(None, "unit", "device"),
)

# A reading belongs to a metering point; point 1 is the main meter.
meters = Table(
    "meters",
    metadata,
    _int("id", primary_key=True),
    _device(),
    _int("metering_point"),
    UniqueConstraint("device", "metering_point"),
)

links = Table(
    "links",
    metadata,
    _device(primary_key=True),
    _int("last_seen_s", index=True),  # station time of the last message other than NOW
    _maybe_int("hello_s"),  # station time of the last link-up
    Column("epoch", LargeBinary),
    _maybe_int("boot"),
    Column("firmware", Text),
    Column("product", Text),
    Column("board", Text),
    _maybe_int("t_ok"),
    _maybe_int("clock_off_s"),  # device clock minus station clock at hello, before the welcome set it
    _maybe_int("last_command"),  # highest id applied
    _maybe_int("multiplier"),  # as the device has it
)

live = Table(
    "live",
    metadata,
    _device(primary_key=True),
    _int("received_s"),
    _int("t_s"),
    _int("t_ok"),
    _maybe_int("power_w"),
    _maybe_int("setpoint_w"),
    _int("tripped"),
    _maybe_int("open"),
    _int("alarm"),
    _int("permitted"),
    _maybe_int("remaining_wh"),
    _int("guarantee"),
    _int("meter_ok"),
    _int("plan_id"),
    _int("last_order"),
    Column("body", LargeBinary, nullable=False),  # the NOW message as it came
    Index(None, "received_s"),
)
# Few of many devices; a query that says these words finds them by the index alone.
STANDS_OUT = text("(live.tripped <> 0 OR live.alarm <> 0 OR live.guarantee <> 0 OR live.open IS NULL)")
Index("ix_live_stands_out", live.c.device, sqlite_where=STANDS_OUT)

trail = Table(
    "trail",
    metadata,
    _device(primary_key=True),
    _int("t_s", primary_key=True),  # station time: a device clock may be wrong
    _maybe_int("power_w"),
    _maybe_int("setpoint_w"),
    sqlite_with_rowid=False,
)

streams = Table(
    "streams",
    metadata,
    _int("id", primary_key=True),
    _device(),
    Column("epoch", LargeBinary, nullable=False),
    _int("stream"),
    _int("mark"),  # all up to here is stored or in a named gap
    _int("top"),  # highest sequence ever stored
    _int("opened_s"),
    UniqueConstraint("device", "epoch", "stream"),
)

records = Table(
    "records",
    metadata,
    Column("stream_id", Int, ForeignKey("streams.id"), primary_key=True),
    _int("seq", primary_key=True),
    _int("kind"),
    _int("t_s"),
    _int("t_ok"),
    _int("received_s"),
    Column("flaw", Text),  # why the body could not be used; the record is kept all the same
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

gaps = Table(
    "gaps",
    metadata,
    _int("id", primary_key=True),
    Column("stream_id", Int, ForeignKey("streams.id"), nullable=False),
    _int("first_seq"),
    _int("last_seq"),
    _int("reason"),  # protocols.uplink.codes.GAP_REASONS
    _int("found_s"),
    Index(None, "stream_id", "first_seq"),
)

events = Table(
    "events",
    metadata,
    _int("id", primary_key=True),
    _device(),
    _int("t_s"),
    _int("t_ok"),
    _int("received_s"),
    _int("code"),  # protocols.uplink.codes.EVENTS
    _int("important"),
    Column("data", JSON, nullable=False),  # {field name: int or text}
    Column("stream_id", Int, ForeignKey("streams.id"), nullable=False),
    _int("seq"),
    UniqueConstraint("stream_id", "seq"),
    Index(None, "device", "id"),
)

readings = Table(
    "readings",
    metadata,
    Column("meter_id", Int, ForeignKey("meters.id"), primary_key=True),
    _int("kind", primary_key=True),  # messages.CURVE, DAILY, MONTHLY or BILLING
    _int("slot_s", primary_key=True),
    _int("interval_s"),  # 0 for a freeze
    _int("quality"),  # protocols.meters.points.QUALITIES
    _int("t_ok"),
    Column("points", LargeBinary, nullable=False),  # CBOR {point number: value}
    sqlite_with_rowid=False,
)

# What a terminal counted over a local day or month, of a metering point or of a summation group.
statistics = Table(
    "statistics",
    metadata,
    _device(primary_key=True),
    _int("metering_point", primary_key=True),  # 0: of a group, or of the terminal itself
    _int("summation_group", primary_key=True),  # 0: of a metering point, or of the terminal itself
    _int("period", primary_key=True),  # codes.DAY or codes.MONTH
    _int("from_s", primary_key=True),  # UTC instant of the local 00:00 it began
    _int("quality"),
    _int("t_ok"),
    Column("points", LargeBinary, nullable=False),  # CBOR {number of protocols.meters.statistics: value}
    sqlite_with_rowid=False,
)

commands = Table(
    "commands",
    metadata,
    _device(primary_key=True),
    _int("command", primary_key=True),  # id, strictly increasing per device
    _int("kind"),
    _int("scope"),  # codes.ADDRESSED, or TO_MANY: its part of a command to a group or to all
    Column(
        "params", JSON, nullable=False
    ),  # by field name; bytes as {"hex"}, maps as {"map": [[key, value]]}
    _text("state"),
    _text("author"),
    Column("approver", Text),
    Column("second", Text),  # why it is sealed for two: store.approvals_schema.SECONDS; null: it is not
    _maybe_int("proposal"),  # of proposals
    _text("note"),
    _int("created_s"),
    _int("not_before_s"),
    _int("deadline_s"),
    _int("publishes"),  # counted before each try: 0 proves that it never left
    _maybe_int("published_s"),
    _maybe_int("done_s"),
    _maybe_int("reason"),  # protocols.uplink.codes.REASONS
    _maybe_int("tripped"),  # as measured by the device with its result
    _maybe_int("open"),
    _maybe_int("remaining_wh"),
    Column("detail", JSON(none_as_null=True)),
    _int("part", server_default="0"),  # 1: one of many that are shown as a whole elsewhere
    Index(None, "state"),
)

command_log = Table(
    "command_log",
    metadata,
    _int("id", primary_key=True),
    _text("device"),
    _int("command"),
    _int("t_s"),
    Column("state_from", Text),
    _text("state_to"),
    Column("facts", JSON, nullable=False),
    ForeignKeyConstraint(["device", "command"], ["commands.device", "commands.command"]),
    Index(None, "device", "command"),
)

orders = Table(
    "orders",
    metadata,
    _device(primary_key=True),
    _int("order", primary_key=True),  # number, strictly increasing per device
    _int("command"),
    _int("summation_group"),
    _int("flag"),  # codes.APPEND or codes.REFRESH
    # of energy or of money: the three of the other kind are null
    _maybe_int("value_wh"),
    _maybe_int("alarm_wh"),
    _maybe_int("trip_wh"),
    _maybe_int("value_yuan_e4"),
    _maybe_int("alarm_yuan_e4"),
    _maybe_int("trip_yuan_e4"),
    _int("rounds"),
    _int("created_s"),
    _maybe_int("applied_s"),  # device time of its purchase_applied event
    _maybe_int("remaining_before_wh"),
    _maybe_int("remaining_after_wh"),
    _maybe_int("remaining_before_yuan_e4"),
    _maybe_int("remaining_after_yuan_e4"),
    ForeignKeyConstraint(["device", "command"], ["commands.device", "commands.command"]),
)

counters = Table(
    "counters",
    metadata,
    _text("name", primary_key=True),  # who counts
    _text("reason", primary_key=True),
    _int("n"),
    _int("first_s"),
    _int("last_s"),
    _text("source"),  # topic or device of the last one, cut
    _text("sample_hex"),  # first bytes of the last one
)

# Signed meter profiles as they came to the station.
profile_packages = Table(
    "profile_packages",
    metadata,
    _int("id", primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),  # SHA-256 of `data`
    Column("hash", LargeBinary, nullable=False),  # SHA-256 of the document, reported by who runs it
    _text("profile"),  # its id
    _int("rev"),
    _text("link"),
    Column("names", JSON, nullable=False),  # {"zh": ..., "en": ...}
    _text("key"),  # id of the key that signed, hex
    Column("data", LargeBinary, nullable=False),  # with its source
    _text("author"),
    _int("added_s"),
    Index(None, "hash"),
)

# Ways of a package into a slot of a terminal; the fields behind `state` are those of station.profiles.push.
profile_pushes = Table(
    "profile_pushes",
    metadata,
    _int("id", primary_key=True),
    _device(),
    _int("slot"),
    Column("package", Int, ForeignKey("profile_packages.id"), nullable=False),
    _text("author"),
    _int("begun_s"),
    _int("until_s"),
    _int("after_event"),  # the last event of the terminal that came before
    _int("changed_s"),
    _text("state"),
    _int("total"),
    _maybe_int("held"),
    _maybe_int("command"),  # the one whose end is awaited
    _int("sent"),
    _int("failures"),
    _int("anew"),
    _int("doubt"),
    _int("again_s"),
    _text("why"),
    Index(None, "device", "id"),
    Index(None, "state"),
)

users = Table(
    "users",
    metadata,
    _text("name", primary_key=True),
    _text("password_hash"),
    _int("must_change"),
    _int("failures"),
    _int("locked_until_s"),
    _int("session"),  # raised by every password change: older sessions end
    _int("created_s"),
    _maybe_int("last_login_s"),
    _int("unit", server_default="1"),  # where the person works: whose accounts people keep the account
    _maybe_int("disabled_s"),  # null: may log in
    Index(None, "unit", "name"),
)

audit = Table(
    "audit",
    metadata,
    _int("id", primary_key=True),
    _int("t_s"),
    _text("author"),
    _text("action"),
    _text("subject"),
    Column("detail", JSON, nullable=False),
    _text("origin", server_default=""),  # by which door: web, api, shell, job
    _text("hash", server_default=""),  # station.store.audit.digest
    Index(None, "author", "id"),
    Index(None, "action", "id"),
    Index(None, "subject", "id"),
)

settings = Table(
    "settings",
    metadata,
    _text("key", primary_key=True),
    Column("value", JSON, nullable=False),
)
