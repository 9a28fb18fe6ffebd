"""Why a forwarded frame has no answer."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("area_replies", sa.Column("reason", INT, nullable=True))


def downgrade() -> None:
    op.drop_column("area_replies", "reason")
