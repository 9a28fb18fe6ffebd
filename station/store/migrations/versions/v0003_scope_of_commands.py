"""The scope of a command: to this terminal, or its part of a command to many."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """All commands so far were addressed. In place: other tables refer to this one."""
    op.add_column("commands", sa.Column("scope", INT, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("commands", "scope")
