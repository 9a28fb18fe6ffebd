"""People of the provider of single sign-on."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "sso_links",
        _text("user"),
        _text("issuer"),
        _text("sub"),
        _text("name_there"),
        sa.Column("since_s", INT, nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name=op.f("fk_sso_links_user")),
        sa.PrimaryKeyConstraint("user", name=op.f("pk_sso_links")),
        sa.UniqueConstraint("issuer", "sub", name=op.f("uq_sso_links_issuer_sub")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("sso_links")
