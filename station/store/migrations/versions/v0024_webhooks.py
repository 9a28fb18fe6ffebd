"""Webhooks of the API."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _int(name: str, nullable: bool = False, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, INT, nullable=nullable, server_default=default)


def _text(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default=default)


def upgrade() -> None:
    op.create_table(
        "api_webhooks",
        _int("id"),
        _int("token"),
        _text("url"),
        _text("stream"),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        _int("after"),
        _int("made_s"),
        _int("next_s"),
        _int("failures", default="0"),
        _text("error", default=""),
        _int("failing_s", nullable=True),
        _int("told_s", nullable=True),
        _int("stopped_s", nullable=True),
        sa.ForeignKeyConstraint(["token"], ["tokens.id"], name=op.f("fk_api_webhooks_token")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_webhooks")),
    )
    op.create_index(op.f("ix_api_webhooks_token"), "api_webhooks", ["token"])


def downgrade() -> None:
    op.drop_table("api_webhooks")
