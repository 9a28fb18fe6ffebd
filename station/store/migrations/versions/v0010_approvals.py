"""The two-person rule: proposals with what they affect; commands say why they are sealed for two."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _int(name: str, nullable: bool = False, **more: str) -> sa.Column[int]:
    return sa.Column(name, INT, nullable=nullable, **more)  # type: ignore[arg-type]


def _text(name: str, nullable: bool = False, **more: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable, **more)  # type: ignore[arg-type]


def upgrade() -> None:
    op.create_table(
        "proposals",
        _int("id"),
        _text("token"),
        _text("kind"),
        _text("operation"),
        _int("unit"),
        sa.Column("content", sa.JSON(), nullable=False),
        _text("hash"),
        _int("affected"),
        sa.Column("flags", sa.JSON(), nullable=False),
        _text("author"),
        _text("reason"),
        _text("ticket"),
        _int("drafted_s"),
        _int("expires_s"),
        _text("state"),
        _int("emergency", server_default="0"),
        _text("approver", nullable=True),
        _int("decided_s", nullable=True),
        _text("remark", server_default=""),
        _int("started_s", nullable=True),
        _int("ended_s", nullable=True),
        _text("why", server_default=""),
        sa.Column("result", sa.JSON(), nullable=True),
        _text("reviewer", nullable=True),
        _int("reviewed_s", nullable=True),
        _text("review", server_default=""),
        sa.ForeignKeyConstraint(["unit"], ["org_units.id"], name=op.f("fk_proposals_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
        sa.UniqueConstraint("token", name=op.f("uq_proposals_token")),
    )
    op.create_index(op.f("ix_proposals_state_id"), "proposals", ["state", "id"])
    op.create_index(op.f("ix_proposals_author_id"), "proposals", ["author", "id"])
    op.create_table(
        "proposal_targets",
        _int("proposal"),
        _int("unit"),
        _text("target"),
        _text("name"),
        _text("flags"),
        _text("state"),
        _int("command", nullable=True),
        _text("why", server_default=""),
        sa.ForeignKeyConstraint(["proposal"], ["proposals.id"], name=op.f("fk_proposal_targets_proposal")),
        sa.PrimaryKeyConstraint("proposal", "unit", "target", name=op.f("pk_proposal_targets")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_proposal_targets_proposal_state"), "proposal_targets", ["proposal", "state"])
    op.add_column("commands", _text("second", nullable=True))
    op.add_column("commands", _int("proposal", nullable=True))


def downgrade() -> None:
    op.drop_column("commands", "proposal")
    op.drop_column("commands", "second")
    op.drop_table("proposal_targets")
    op.drop_table("proposals")
