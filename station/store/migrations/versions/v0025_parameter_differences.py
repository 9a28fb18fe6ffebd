"""Devices that run other parameters than were sent to them."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "parameter_differences",
        sa.Column("device", sa.Text(), nullable=False),
        *(sa.Column(name, INT, nullable=False) for name in ("section", "wanted", "reported", "since_s")),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_parameter_differences_device")),
        sa.PrimaryKeyConstraint("device", "section", name=op.f("pk_parameter_differences")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("parameter_differences")
