"""Alarms, planned outages, the duty log; channels, subscriptions and deliveries of notices."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _int(name: str, **more: Any) -> sa.Column[int]:
    return sa.Column(name, INT, **{"nullable": False, **more})


def _text(name: str, **more: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), **{"nullable": False, **more})


def upgrade() -> None:
    _alarms()
    _duty()
    _notices()


def _alarms() -> None:
    op.create_table(
        "outages",
        _int("id"),
        _text("token"),
        _int("unit"),
        sa.Column("devices", sa.JSON(), nullable=False),
        _int("from_s"),
        _int("until_s"),
        _text("reason"),
        _text("author"),
        _int("version", server_default="1"),
        sa.ForeignKeyConstraint(["unit"], ["org_units.id"], name=op.f("fk_outages_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outages")),
        sa.UniqueConstraint("token", name=op.f("uq_outages_token")),
    )
    op.create_index(op.f("ix_outages_until_s"), "outages", ["until_s"], unique=False)
    op.create_table(
        "alarms",
        _int("id"),
        _text("device", nullable=True),
        _int("unit"),
        _text("kind"),
        _int("severity"),
        _text("class"),
        _text("state"),
        _int("from_s"),
        _int("opened_s"),
        _int("last_s"),
        _int("repeats", server_default="1"),
        sa.Column("spots", sa.JSON(), nullable=False),
        _int("parent", nullable=True),
        _int("outage", nullable=True),
        _text("assignee", nullable=True),
        _int("escalated_s", nullable=True),
        _int("cleared_s", nullable=True),
        _text("cause", server_default=""),
        _int("told_s", nullable=True),
        _int("told_up_s", nullable=True),
        _int("version", server_default="1"),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_alarms_device")),
        sa.ForeignKeyConstraint(["outage"], ["outages.id"], name=op.f("fk_alarms_outage")),
        sa.ForeignKeyConstraint(["parent"], ["alarms.id"], name=op.f("fk_alarms_parent")),
        sa.ForeignKeyConstraint(["unit"], ["org_units.id"], name=op.f("fk_alarms_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
    )
    op.create_index(op.f("ix_alarms_parent"), "alarms", ["parent"], unique=False)
    op.create_index(op.f("ix_alarms_state_severity_id"), "alarms", ["state", "severity", "id"], unique=False)
    op.create_index(op.f("ix_alarms_unit_id"), "alarms", ["unit", "id"], unique=False)
    op.create_index(
        "uq_alarms_device_kind_open",
        "alarms",
        ["device", "kind"],
        unique=True,
        sqlite_where=sa.text("state <> 'cleared'"),
    )
    op.create_table(
        "alarm_ends",
        _text("device"),
        _text("kind"),
        _text("spot"),
        _int("t_s"),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_alarm_ends_device")),
        sa.PrimaryKeyConstraint("device", "kind", "spot", name=op.f("pk_alarm_ends")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "alarm_notes",
        _int("id"),
        _text("token", nullable=True),
        _int("alarm"),
        _int("t_s"),
        _text("author"),
        _text("what"),
        _text("text"),
        sa.ForeignKeyConstraint(["alarm"], ["alarms.id"], name=op.f("fk_alarm_notes_alarm")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_notes")),
        sa.UniqueConstraint("token", name=op.f("uq_alarm_notes_token")),
    )
    op.create_index(op.f("ix_alarm_notes_alarm_id"), "alarm_notes", ["alarm", "id"], unique=False)


def _duty() -> None:
    op.create_table(
        "duty_shifts",
        _int("id"),
        _int("unit"),
        _text("person"),
        _int("begun_s"),
        _int("before", nullable=True),
        _int("handed_s", nullable=True),
        sa.Column("handover", sa.JSON(none_as_null=True), nullable=True),
        _int("ended_s", nullable=True),
        _text("taken_by", nullable=True),
        sa.ForeignKeyConstraint(["before"], ["duty_shifts.id"], name=op.f("fk_duty_shifts_before")),
        sa.ForeignKeyConstraint(["unit"], ["org_units.id"], name=op.f("fk_duty_shifts_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_shifts")),
    )
    op.create_index(op.f("ix_duty_shifts_unit_id"), "duty_shifts", ["unit", "id"], unique=False)
    op.create_index(
        "uq_duty_shifts_unit_open",
        "duty_shifts",
        ["unit"],
        unique=True,
        sqlite_where=sa.text("ended_s IS NULL"),
    )
    op.create_table(
        "duty_entries",
        _int("id"),
        _text("token"),
        _int("shift"),
        _int("t_s"),
        _text("author"),
        _text("text"),
        _int("todo"),
        _int("corrects", nullable=True),
        _int("ends", nullable=True),
        sa.ForeignKeyConstraint(["corrects"], ["duty_entries.id"], name=op.f("fk_duty_entries_corrects")),
        sa.ForeignKeyConstraint(["ends"], ["duty_entries.id"], name=op.f("fk_duty_entries_ends")),
        sa.ForeignKeyConstraint(["shift"], ["duty_shifts.id"], name=op.f("fk_duty_entries_shift")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_entries")),
        sa.UniqueConstraint("token", name=op.f("uq_duty_entries_token")),
    )
    op.create_index(op.f("ix_duty_entries_ends"), "duty_entries", ["ends"], unique=False)
    op.create_index(op.f("ix_duty_entries_shift_id"), "duty_entries", ["shift", "id"], unique=False)


def _notices() -> None:
    op.create_table(
        "channels",
        _int("id"),
        _text("name"),
        _text("kind"),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        _int("per_hour"),
        _int("on"),
        _int("version", server_default="1"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("name", name=op.f("uq_channels_name")),
    )
    op.create_table(
        "notice_templates",
        _text("language"),
        _text("what"),
        _text("subject"),
        _text("body"),
        _int("version", server_default="1"),
        sa.PrimaryKeyConstraint("language", "what", name=op.f("pk_notice_templates")),
    )
    op.create_table(
        "subscriptions",
        _int("id"),
        _text("token"),
        _text("user"),
        _int("unit"),
        _int("channel"),
        _text("address"),
        _text("language"),
        _int("severity"),
        sa.Column("kinds", sa.JSON(), nullable=False),
        _int("escalated_only"),
        _int("quiet_from_min"),
        _int("quiet_until_min"),
        _int("on"),
        _int("version", server_default="1"),
        sa.ForeignKeyConstraint(["channel"], ["channels.id"], name=op.f("fk_subscriptions_channel")),
        sa.ForeignKeyConstraint(["unit"], ["org_units.id"], name=op.f("fk_subscriptions_unit")),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name=op.f("fk_subscriptions_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("token", name=op.f("uq_subscriptions_token")),
    )
    op.create_index(op.f("ix_subscriptions_unit"), "subscriptions", ["unit"], unique=False)
    op.create_index(op.f("ix_subscriptions_user"), "subscriptions", ["user"], unique=False)
    op.create_table(
        "deliveries",
        _int("id"),
        _text("key"),
        _int("subscription", nullable=True),
        _int("channel"),
        _text("address"),
        _text("language"),
        _text("subject"),
        _text("body"),
        _text("state"),
        _int("tries", server_default="0"),
        _int("next_s"),
        _int("created_s"),
        _int("ended_s", nullable=True),
        _int("digest", nullable=True),
        _text("error", server_default=""),
        sa.ForeignKeyConstraint(["channel"], ["channels.id"], name=op.f("fk_deliveries_channel")),
        sa.ForeignKeyConstraint(["digest"], ["deliveries.id"], name=op.f("fk_deliveries_digest")),
        sa.ForeignKeyConstraint(
            ["subscription"], ["subscriptions.id"], name=op.f("fk_deliveries_subscription")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("key", name=op.f("uq_deliveries_key")),
    )
    op.create_index(op.f("ix_deliveries_channel_ended_s"), "deliveries", ["channel", "ended_s"], unique=False)
    op.create_index(op.f("ix_deliveries_digest"), "deliveries", ["digest"], unique=False)
    op.create_index(op.f("ix_deliveries_state_next_s"), "deliveries", ["state", "next_s"], unique=False)


def downgrade() -> None:
    for table in (
        "deliveries",
        "subscriptions",
        "notice_templates",
        "channels",
        "duty_entries",
        "duty_shifts",
        "alarm_notes",
        "alarm_ends",
        "alarms",
        "outages",
    ):
        op.drop_table(table)
