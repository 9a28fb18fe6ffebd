"""What operators say of SIM cards, month by month."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sim_months",
        sa.Column("record", INT, nullable=False),
        sa.Column("month", INT, nullable=False),
        sa.Column("traffic_bytes", INT, nullable=False),
        sa.Column("quota_bytes", INT, nullable=False),
        sa.Column("cost_yuan_e4", INT, nullable=False),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("roaming", INT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["record"], ["archive_records.id"], name=op.f("fk_sim_months_record")),
        sa.PrimaryKeyConstraint("record", "month", name=op.f("pk_sim_months")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_sim_months_month"), "sim_months", ["month"])


def downgrade() -> None:
    op.drop_table("sim_months")
