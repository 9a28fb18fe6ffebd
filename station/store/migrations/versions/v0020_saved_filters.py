"""Filters of lists that people keep under a name."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "saved_filters",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("person", "page", "name", "query")),
        sa.ForeignKeyConstraint(["person"], ["users.name"], name=op.f("fk_saved_filters_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filters")),
        sa.UniqueConstraint("person", "page", "name", name=op.f("uq_saved_filters_person_page_name")),
    )


def downgrade() -> None:
    op.drop_table("saved_filters")
