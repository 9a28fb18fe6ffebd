"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", INT, nullable=False),
        sa.Column("t_s", INT, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("n", INT, nullable=False),
        sa.Column("first_s", INT, nullable=False),
        sa.Column("last_s", INT, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sample_hex", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", "reason", name=op.f("pk_counters")),
    )
    op.create_table(
        "devices",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("shard", sa.Text(), nullable=False),
        sa.Column("meter_address", sa.Text(), nullable=False),
        sa.Column("multiplier", INT, nullable=False),
        sa.Column("rounds", INT, nullable=False),
        sa.Column("utc_offset_s", INT, nullable=False),
        sa.Column("added_s", INT, nullable=False),
        sa.PrimaryKeyConstraint("device", name=op.f("pk_devices")),
    )
    op.create_table(
        "settings",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_settings")),
    )
    op.create_table(
        "users",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("must_change", INT, nullable=False),
        sa.Column("failures", INT, nullable=False),
        sa.Column("locked_until_s", INT, nullable=False),
        sa.Column("session", INT, nullable=False),
        sa.Column("created_s", INT, nullable=False),
        sa.Column("last_login_s", INT, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_users")),
    )
    op.create_table(
        "commands",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("command", INT, nullable=False),
        sa.Column("kind", INT, nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("approver", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_s", INT, nullable=False),
        sa.Column("not_before_s", INT, nullable=False),
        sa.Column("deadline_s", INT, nullable=False),
        sa.Column("publishes", INT, nullable=False),
        sa.Column("published_s", INT, nullable=True),
        sa.Column("done_s", INT, nullable=True),
        sa.Column("reason", INT, nullable=True),
        sa.Column("tripped", INT, nullable=True),
        sa.Column("open", INT, nullable=True),
        sa.Column("remaining_wh", INT, nullable=True),
        sa.Column("detail", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_commands_device")),
        sa.PrimaryKeyConstraint("device", "command", name=op.f("pk_commands")),
    )
    op.create_index(op.f("ix_commands_state"), "commands", ["state"], unique=False)
    op.create_table(
        "links",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("last_seen_s", INT, nullable=False),
        sa.Column("hello_s", INT, nullable=True),
        sa.Column("epoch", sa.LargeBinary(), nullable=True),
        sa.Column("boot", INT, nullable=True),
        sa.Column("firmware", sa.Text(), nullable=True),
        sa.Column("product", sa.Text(), nullable=True),
        sa.Column("board", sa.Text(), nullable=True),
        sa.Column("t_ok", INT, nullable=True),
        sa.Column("clock_off_s", INT, nullable=True),
        sa.Column("last_command", INT, nullable=True),
        sa.Column("multiplier", INT, nullable=True),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_links_device")),
        sa.PrimaryKeyConstraint("device", name=op.f("pk_links")),
    )
    op.create_table(
        "live",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("received_s", INT, nullable=False),
        sa.Column("t_s", INT, nullable=False),
        sa.Column("t_ok", INT, nullable=False),
        sa.Column("power_w", INT, nullable=True),
        sa.Column("setpoint_w", INT, nullable=True),
        sa.Column("tripped", INT, nullable=False),
        sa.Column("open", INT, nullable=True),
        sa.Column("alarm", INT, nullable=False),
        sa.Column("permitted", INT, nullable=False),
        sa.Column("remaining_wh", INT, nullable=True),
        sa.Column("guarantee", INT, nullable=False),
        sa.Column("meter_ok", INT, nullable=False),
        sa.Column("plan_id", INT, nullable=False),
        sa.Column("last_order", INT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_live_device")),
        sa.PrimaryKeyConstraint("device", name=op.f("pk_live")),
    )
    op.create_table(
        "meters",
        sa.Column("id", INT, nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("metering_point", INT, nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_meters_device")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meters")),
        sa.UniqueConstraint("device", "metering_point", name=op.f("uq_meters_device_metering_point")),
    )
    op.create_table(
        "streams",
        sa.Column("id", INT, nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("epoch", sa.LargeBinary(), nullable=False),
        sa.Column("stream", INT, nullable=False),
        sa.Column("mark", INT, nullable=False),
        sa.Column("top", INT, nullable=False),
        sa.Column("opened_s", INT, nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_streams_device")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_streams")),
        sa.UniqueConstraint("device", "epoch", "stream", name=op.f("uq_streams_device_epoch_stream")),
    )
    op.create_table(
        "trail",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("t_s", INT, nullable=False),
        sa.Column("power_w", INT, nullable=True),
        sa.Column("setpoint_w", INT, nullable=True),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_trail_device")),
        sa.PrimaryKeyConstraint("device", "t_s", name=op.f("pk_trail")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "command_log",
        sa.Column("id", INT, nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("command", INT, nullable=False),
        sa.Column("t_s", INT, nullable=False),
        sa.Column("state_from", sa.Text(), nullable=True),
        sa.Column("state_to", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device", "command"],
            ["commands.device", "commands.command"],
            name=op.f("fk_command_log_device_command"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_command_log")),
    )
    op.create_index(op.f("ix_command_log_device_command"), "command_log", ["device", "command"], unique=False)
    op.create_table(
        "events",
        sa.Column("id", INT, nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("t_s", INT, nullable=False),
        sa.Column("t_ok", INT, nullable=False),
        sa.Column("received_s", INT, nullable=False),
        sa.Column("code", INT, nullable=False),
        sa.Column("important", INT, nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("stream_id", INT, nullable=False),
        sa.Column("seq", INT, nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_events_device")),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name=op.f("fk_events_stream_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("stream_id", "seq", name=op.f("uq_events_stream_id_seq")),
    )
    op.create_index(op.f("ix_events_device_id"), "events", ["device", "id"], unique=False)
    op.create_table(
        "gaps",
        sa.Column("id", INT, nullable=False),
        sa.Column("stream_id", INT, nullable=False),
        sa.Column("first_seq", INT, nullable=False),
        sa.Column("last_seq", INT, nullable=False),
        sa.Column("reason", INT, nullable=False),
        sa.Column("found_s", INT, nullable=False),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name=op.f("fk_gaps_stream_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gaps")),
    )
    op.create_index(op.f("ix_gaps_stream_id_first_seq"), "gaps", ["stream_id", "first_seq"], unique=False)
    op.create_table(
        "orders",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("order", INT, nullable=False),
        sa.Column("command", INT, nullable=False),
        sa.Column("flag", INT, nullable=False),
        sa.Column("value_wh", INT, nullable=False),
        sa.Column("alarm_wh", INT, nullable=False),
        sa.Column("trip_wh", INT, nullable=False),
        sa.Column("rounds", INT, nullable=False),
        sa.Column("created_s", INT, nullable=False),
        sa.Column("applied_s", INT, nullable=True),
        sa.Column("remaining_before_wh", INT, nullable=True),
        sa.Column("remaining_after_wh", INT, nullable=True),
        sa.ForeignKeyConstraint(
            ["device", "command"],
            ["commands.device", "commands.command"],
            name=op.f("fk_orders_device_command"),
        ),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_orders_device")),
        sa.PrimaryKeyConstraint("device", "order", name=op.f("pk_orders")),
    )
    op.create_table(
        "readings",
        sa.Column("meter_id", INT, nullable=False),
        sa.Column("kind", INT, nullable=False),
        sa.Column("slot_s", INT, nullable=False),
        sa.Column("interval_s", INT, nullable=False),
        sa.Column("quality", INT, nullable=False),
        sa.Column("t_ok", INT, nullable=False),
        sa.Column("points", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["meter_id"], ["meters.id"], name=op.f("fk_readings_meter_id")),
        sa.PrimaryKeyConstraint("meter_id", "kind", "slot_s", name=op.f("pk_readings")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "records",
        sa.Column("stream_id", INT, nullable=False),
        sa.Column("seq", INT, nullable=False),
        sa.Column("kind", INT, nullable=False),
        sa.Column("t_s", INT, nullable=False),
        sa.Column("t_ok", INT, nullable=False),
        sa.Column("received_s", INT, nullable=False),
        sa.Column("flaw", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name=op.f("fk_records_stream_id")),
        sa.PrimaryKeyConstraint("stream_id", "seq", name=op.f("pk_records")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("records")
    op.drop_table("readings")
    op.drop_table("orders")
    op.drop_index(op.f("ix_gaps_stream_id_first_seq"), table_name="gaps")
    op.drop_table("gaps")
    op.drop_index(op.f("ix_events_device_id"), table_name="events")
    op.drop_table("events")
    op.drop_index(op.f("ix_command_log_device_command"), table_name="command_log")
    op.drop_table("command_log")
    op.drop_table("trail")
    op.drop_table("streams")
    op.drop_table("meters")
    op.drop_table("live")
    op.drop_table("links")
    op.drop_index(op.f("ix_commands_state"), table_name="commands")
    op.drop_table("commands")
    op.drop_table("users")
    op.drop_table("settings")
    op.drop_table("devices")
    op.drop_table("counters")
    op.drop_table("audit")
