"""Clean-up of accounts; leaves to reset a password."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _int(name: str, nullable: bool = False, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, INT, nullable=nullable, server_default=default)


def _text(name: str, nullable: bool = False, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable, server_default=default)


def _index(table: str, columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{columns.replace(' ', '_')}"), table, columns.split())


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    _campaigns()
    op.create_table(
        "reset_leaves",
        _int("proposal"),
        _text("user"),
        _text("keeper"),
        _int("until_s"),
        _int("used_s", nullable=True),
        _refers("reset_leaves", "proposal", "proposals.id"),
        _refers("reset_leaves", "user", "users.name"),
        sa.PrimaryKeyConstraint("proposal", name=op.f("pk_reset_leaves")),
        sqlite_with_rowid=False,
    )
    _index("reset_leaves", "user keeper")


def _campaigns() -> None:
    op.create_table(
        "cleanups",
        _int("id"),
        _text("token"),
        _int("unit"),
        _int("days"),
        _text("note"),
        _text("author"),
        _int("begun_s"),
        _int("due_s"),
        _text("closed_by", nullable=True),
        _int("closed_s", nullable=True),
        _refers("cleanups", "unit", "org_units.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cleanups")),
        sa.UniqueConstraint("token", name=op.f("uq_cleanups_token")),
    )
    _index("cleanups", "unit id")
    _index("cleanups", "closed_s")
    op.create_table(
        "cleanup_accounts",
        _int("cleanup"),
        _text("user"),
        _int("unit"),
        _int("last_login_s", nullable=True),
        _text("reply", default=""),
        _text("remark", default=""),
        _int("changes", default="0"),
        _text("replied_by", nullable=True),
        _int("replied_s", nullable=True),
        _text("outcome", nullable=True),
        _refers("cleanup_accounts", "cleanup", "cleanups.id"),
        _refers("cleanup_accounts", "user", "users.name"),
        _refers("cleanup_accounts", "unit", "org_units.id"),
        sa.PrimaryKeyConstraint("cleanup", "user", name=op.f("pk_cleanup_accounts")),
        sqlite_with_rowid=False,
    )
    _index("cleanup_accounts", "cleanup unit")
    op.create_table(
        "cleanup_replies",
        _int("id"),
        _text("token"),
        _int("cleanup"),
        _int("unit"),
        _text("file"),
        _text("author"),
        _int("t_s"),
        _int("rows"),
        _int("changed"),
        _refers("cleanup_replies", "cleanup", "cleanups.id"),
        _refers("cleanup_replies", "unit", "org_units.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cleanup_replies")),
        sa.UniqueConstraint("token", name=op.f("uq_cleanup_replies_token")),
    )
    _index("cleanup_replies", "cleanup id")


def downgrade() -> None:
    for table in ("reset_leaves", "cleanup_replies", "cleanup_accounts", "cleanups"):
        op.drop_table(table)
