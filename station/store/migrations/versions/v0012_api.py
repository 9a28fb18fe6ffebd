"""The API: tokens, and answers kept for idempotency keys."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _int(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, INT, nullable=nullable)


def _text(name: str, **more: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, **more)  # type: ignore[arg-type]


def upgrade() -> None:
    op.create_table(
        "tokens",
        _int("id"),
        _text("user"),
        _text("name"),
        sa.Column("functions", sa.JSON(), nullable=False),
        _int("unit"),
        _text("hash"),
        _int("created_s"),
        _int("until_s"),
        _int("revoked_s", nullable=True),
        _int("used_s", nullable=True),
        _text("used_from", server_default=""),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name=op.f("fk_tokens_user")),
        sa.ForeignKeyConstraint(["unit"], ["org_units.id"], name=op.f("fk_tokens_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
    )
    op.create_index(op.f("ix_tokens_user_id"), "tokens", ["user", "id"])
    op.create_table(
        "api_answers",
        _int("token"),
        _text("key"),
        _text("request"),
        _int("status"),
        sa.Column("body", sa.JSON(), nullable=False),
        _int("t_s"),
        sa.ForeignKeyConstraint(["token"], ["tokens.id"], name=op.f("fk_api_answers_token")),
        sa.PrimaryKeyConstraint("token", "key", name=op.f("pk_api_answers")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_api_answers_t_s"), "api_answers", ["t_s"])


def downgrade() -> None:
    op.drop_table("api_answers")
    op.drop_table("tokens")
