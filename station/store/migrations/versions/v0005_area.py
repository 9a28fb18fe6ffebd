"""Concentrators: their lines and profiles, archives, loads, what their meters tell, orders of meters."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("devices", sa.Column("area", sa.JSON(), nullable=True))
    op.create_table(
        "area_rows",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("meter", INT, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("slot", INT, nullable=False),
        sa.Column("line", INT, nullable=False),
        sa.Column("phase", INT, nullable=False),
        sa.Column("flags", INT, nullable=False),
        sa.Column("multiplier", INT, nullable=False),
        sa.Column("tariff", INT, nullable=False),
        sa.Column("group", INT, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_area_rows_device")),
        sa.PrimaryKeyConstraint("device", "meter", name=op.f("pk_area_rows")),
    )
    op.create_table(
        "area_loads",
        sa.Column("id", INT, nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("begun_s", INT, nullable=False),
        sa.Column("until_s", INT, nullable=False),
        sa.Column("changed_s", INT, nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("total", INT, nullable=False),
        sa.Column("done", INT, nullable=False),
        sa.Column("command", INT, nullable=True),
        sa.Column("failures", INT, nullable=False),
        sa.Column("anew", INT, nullable=False),
        sa.Column("doubt", INT, nullable=False),
        sa.Column("again_s", INT, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_area_loads_device")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area_loads")),
    )
    op.create_index(op.f("ix_area_loads_device_id"), "area_loads", ["device", "id"])
    op.create_index(op.f("ix_area_loads_state"), "area_loads", ["state"])
    op.create_table(
        "area_absents",
        sa.Column("stream_id", INT, nullable=False),
        sa.Column("seq", INT, nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("t_s", INT, nullable=False),
        sa.Column("duty", INT, nullable=False),
        sa.Column("first_s", INT, nullable=False),
        sa.Column("last_s", INT, nullable=False),
        sa.Column("meter", INT, nullable=False),
        sa.Column("read", INT, nullable=False),
        sa.Column("reason", INT, nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_area_absents_device")),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name=op.f("fk_area_absents_stream_id")),
        sa.PrimaryKeyConstraint("stream_id", "seq", name=op.f("pk_area_absents")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_area_absents_device_last_s"), "area_absents", ["device", "last_s"])
    op.create_table(
        "area_founds",
        sa.Column("stream_id", INT, nullable=False),
        sa.Column("seq", INT, nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("t_s", INT, nullable=False),
        sa.Column("line", INT, nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("state", INT, nullable=False),
        sa.Column("phase", INT, nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_area_founds_device")),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name=op.f("fk_area_founds_stream_id")),
        sa.PrimaryKeyConstraint("stream_id", "seq", name=op.f("pk_area_founds")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_area_founds_device_t_s"), "area_founds", ["device", "t_s"])
    op.create_table(
        "area_replies",
        sa.Column("stream_id", INT, nullable=False),
        sa.Column("seq", INT, nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("t_s", INT, nullable=False),
        sa.Column("command", INT, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("took_ms", INT, nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_area_replies_device")),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name=op.f("fk_area_replies_stream_id")),
        sa.PrimaryKeyConstraint("stream_id", "seq", name=op.f("pk_area_replies")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_area_replies_device_command"), "area_replies", ["device", "command"])
    op.create_table(
        "area_reads",
        sa.Column("stream_id", INT, nullable=False),
        sa.Column("seq", INT, nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("t_s", INT, nullable=False),
        sa.Column("command", INT, nullable=False),
        sa.Column("meter", INT, nullable=False),
        sa.Column("reason", INT, nullable=False),
        sa.Column("values", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_area_reads_device")),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name=op.f("fk_area_reads_stream_id")),
        sa.PrimaryKeyConstraint("stream_id", "seq", name=op.f("pk_area_reads")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_area_reads_device_command"), "area_reads", ["device", "command"])
    op.create_table(
        "area_ledgers",
        sa.Column("stream_id", INT, nullable=False),
        sa.Column("seq", INT, nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("t_s", INT, nullable=False),
        sa.Column("meter", INT, nullable=False),
        sa.Column("day_s", INT, nullable=False),
        sa.Column("fee", INT, nullable=False),
        sa.Column("remaining", INT, nullable=True),
        sa.Column("tier_wh", INT, nullable=False),
        sa.Column("charged_wh", INT, nullable=False),
        sa.Column("differs_wh", INT, nullable=True),
        sa.Column("order", INT, nullable=False),
        sa.Column("cut", INT, nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_area_ledgers_device")),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name=op.f("fk_area_ledgers_stream_id")),
        sa.PrimaryKeyConstraint("stream_id", "seq", name=op.f("pk_area_ledgers")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_area_ledgers_device_meter_day_s"), "area_ledgers", ["device", "meter", "day_s"])
    op.create_table(
        "meter_orders",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("meter", INT, nullable=False),
        sa.Column("order", INT, nullable=False),
        sa.Column("command", INT, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("flag", INT, nullable=False),
        sa.Column("value", INT, nullable=False),
        sa.Column("fee", INT, nullable=False),
        sa.Column("created_s", INT, nullable=False),
        sa.ForeignKeyConstraint(
            ["device", "command"],
            ["commands.device", "commands.command"],
            name=op.f("fk_meter_orders_device"),
        ),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_meter_orders_device")),
        sa.PrimaryKeyConstraint("device", "meter", "order", name=op.f("pk_meter_orders")),
    )


def downgrade() -> None:
    op.drop_table("meter_orders")
    op.drop_table("area_ledgers")
    op.drop_table("area_reads")
    op.drop_table("area_replies")
    op.drop_table("area_founds")
    op.drop_table("area_absents")
    op.drop_table("area_loads")
    op.drop_table("area_rows")
    op.drop_column("devices", "area")
