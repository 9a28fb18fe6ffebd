"""Traces of the uplink."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of_device(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f(f"fk_{table}_device"))


def upgrade() -> None:
    op.create_table(
        "traces",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("until_s", INT, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        _of_device("traces"),
        sa.PrimaryKeyConstraint("device", name=op.f("pk_traces")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trace_messages",
        sa.Column("id", INT, nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("t_ms", INT, nullable=False),
        sa.Column("up", INT, nullable=False),
        sa.Column("leaf", sa.Text(), nullable=False),
        sa.Column("size", INT, nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        _of_device("trace_messages"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trace_messages")),
    )
    op.create_index(op.f("ix_trace_messages_device_id"), "trace_messages", ["device", "id"])


def downgrade() -> None:
    for table in ("trace_messages", "traces"):
        op.drop_table(table)
