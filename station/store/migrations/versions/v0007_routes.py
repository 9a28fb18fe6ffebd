"""Concentrators: how meters behind the carrier module were reached."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "area_routes",
        sa.Column("stream_id", INT, nullable=False),
        sa.Column("seq", INT, nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("t_s", INT, nullable=False),
        sa.Column("meter", INT, nullable=False),
        sa.Column("phase", INT, nullable=False),
        sa.Column("hops", INT, nullable=False),
        sa.Column("success_e3", INT, nullable=False),
        sa.Column("signal", INT, nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_area_routes_device")),
        sa.ForeignKeyConstraint(["stream_id"], ["streams.id"], name=op.f("fk_area_routes_stream_id")),
        sa.PrimaryKeyConstraint("stream_id", "seq", name=op.f("pk_area_routes")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_area_routes_device_meter_t_s"), "area_routes", ["device", "meter", "t_s"])


def downgrade() -> None:
    op.drop_table("area_routes")
