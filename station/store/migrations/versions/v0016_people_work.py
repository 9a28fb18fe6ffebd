"""Transfers of people from one unit to another, tickets of the help desk."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _int(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, INT, nullable=nullable)


def _text(name: str, nullable: bool = False, **more: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable, **more)  # type: ignore[arg-type]


def upgrade() -> None:
    units = ("from_unit", "to_unit", "above_unit")
    op.create_table(
        "transfers",
        _int("id"),
        _text("token"),
        _text("user"),
        *(_int(name) for name in units),
        _text("reason"),
        _text("author"),
        _int("opened_s"),
        _int("due_s"),
        _text("state"),
        _text("left_by", nullable=True),
        _int("left_s", nullable=True),
        _text("above_by", nullable=True),
        _int("above_s", nullable=True),
        _text("refused_by", nullable=True),
        _text("remark", server_default=""),
        _int("ended_s", nullable=True),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name=op.f("fk_transfers_user")),
        *(
            sa.ForeignKeyConstraint([name], ["org_units.id"], name=op.f(f"fk_transfers_{name}"))
            for name in units
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
        sa.UniqueConstraint("token", name=op.f("uq_transfers_token")),
    )
    op.create_index(op.f("ix_transfers_state_id"), "transfers", ["state", "id"])
    op.create_index(op.f("ix_transfers_user_id"), "transfers", ["user", "id"])
    _tickets()


def _tickets() -> None:
    op.create_table(
        "tickets",
        _int("id"),
        _text("token"),
        _text("author"),
        _int("unit"),
        _text("kind"),
        _text("text"),
        _int("opened_s"),
        _text("state"),
        _text("solver", nullable=True),
        _int("taken_s", nullable=True),
        _int("solved_s", nullable=True),
        _text("solution", server_default=""),
        sa.ForeignKeyConstraint(["author"], ["users.name"], name=op.f("fk_tickets_author")),
        sa.ForeignKeyConstraint(["unit"], ["org_units.id"], name=op.f("fk_tickets_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("token", name=op.f("uq_tickets_token")),
    )
    for name in ("state", "author", "unit"):
        op.create_index(op.f(f"ix_tickets_{name}_id"), "tickets", [name, "id"])


def downgrade() -> None:
    op.drop_table("tickets")
    op.drop_table("transfers")
