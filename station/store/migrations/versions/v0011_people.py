"""People: every account belongs to a unit and can be disabled."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("users", sa.Column("unit", INT, nullable=False, server_default="1"))
    op.add_column("users", sa.Column("disabled_s", INT, nullable=True))
    op.create_index(op.f("ix_users_unit_name"), "users", ["unit", "name"])


def downgrade() -> None:
    op.drop_index(op.f("ix_users_unit_name"), "users")
    op.drop_column("users", "disabled_s")
    op.drop_column("users", "unit")
