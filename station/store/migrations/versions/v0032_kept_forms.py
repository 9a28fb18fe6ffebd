"""Forms that were not sent because their session had ended."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0028"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "kept_forms",
        sa.Column("id", INT, nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("at_s", INT, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("lacks", INT, nullable=False),
        sa.ForeignKeyConstraint(["person"], ["users.name"], name=op.f("fk_kept_forms_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_forms")),
        sa.UniqueConstraint("person", "path", name=op.f("uq_kept_forms_person_path")),
    )


def downgrade() -> None:
    op.drop_table("kept_forms")
