"""Passwords that people had; sessions at the pages."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user"], ["users.name"], name=op.f(f"fk_{table}_user"))


def upgrade() -> None:
    op.create_table(
        "passwords",
        sa.Column("id", INT, nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("at_s", INT, nullable=False),
        _of_user("passwords"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passwords")),
    )
    op.create_index(op.f("ix_passwords_user_id"), "passwords", ["user", "id"])
    op.create_table(
        "web_sessions",
        sa.Column("id", INT, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("since_s", INT, nullable=False),
        sa.Column("seen_s", INT, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("browser", sa.Text(), nullable=False),
        sa.Column("ended_s", INT, nullable=True),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        _of_user("web_sessions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_sessions")),
        sa.UniqueConstraint("hash", name=op.f("uq_web_sessions_hash")),
    )
    op.create_index(op.f("ix_web_sessions_user_ended_s"), "web_sessions", ["user", "ended_s"])


def downgrade() -> None:
    for table in ("web_sessions", "passwords"):
        op.drop_table(table)
