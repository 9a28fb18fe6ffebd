"""Statistics of terminals; purchase orders of money and of other summation groups."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ENERGY = ("value_wh", "alarm_wh", "trip_wh")
MONEY = (
    "value_yuan_e4",
    "alarm_yuan_e4",
    "trip_yuan_e4",
    "remaining_before_yuan_e4",
    "remaining_after_yuan_e4",
)


def upgrade() -> None:
    op.create_table(
        "statistics",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("metering_point", INT, nullable=False),
        sa.Column("summation_group", INT, nullable=False),
        sa.Column("period", INT, nullable=False),
        sa.Column("from_s", INT, nullable=False),
        sa.Column("quality", INT, nullable=False),
        sa.Column("t_ok", INT, nullable=False),
        sa.Column("points", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_statistics_device")),
        sa.PrimaryKeyConstraint(
            "device", "metering_point", "summation_group", "period", "from_s", name=op.f("pk_statistics")
        ),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("orders") as orders:
        orders.add_column(sa.Column("summation_group", INT, nullable=False, server_default="1"))
        for name in MONEY:
            orders.add_column(sa.Column(name, INT, nullable=True))
        for name in ENERGY:
            orders.alter_column(name, existing_type=INT, nullable=True)
    with op.batch_alter_table("orders") as orders:
        orders.alter_column("summation_group", existing_type=INT, server_default=None)


def downgrade() -> None:
    """Orders of money have no place in the older table: they are taken out."""
    op.execute("DELETE FROM orders WHERE value_wh IS NULL")
    with op.batch_alter_table("orders") as orders:
        for name in ENERGY:
            orders.alter_column(name, existing_type=INT, nullable=False)
        for name in ("summation_group", *MONEY):
            orders.drop_column(name)
    op.drop_table("statistics")
