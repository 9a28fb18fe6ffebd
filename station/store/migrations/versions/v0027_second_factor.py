"""Second factors of people, and their recovery codes."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user"], ["users.name"], name=op.f(f"fk_{table}_user"))


def upgrade() -> None:
    op.create_table(
        "second_factors",
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("since_s", INT, nullable=False),
        sa.Column("step", INT, nullable=False),
        _of_user("second_factors"),
        sa.PrimaryKeyConstraint("user", name=op.f("pk_second_factors")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("used_s", INT, nullable=True),
        _of_user("recovery_codes"),
        sa.PrimaryKeyConstraint("user", "hash", name=op.f("pk_recovery_codes")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in ("recovery_codes", "second_factors"):
        op.drop_table(table)
