"""Collection: tasks, which say what is expected of the meters."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _int(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, INT, nullable=nullable)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "collection_tasks",
        _int("id"),
        _text("name"),
        _int("kind"),
        _int("unit"),
        _text("point_type"),
        _int("first"),
        _int("last"),
        sa.Column("items", sa.JSON(), nullable=False),
        _int("from_s"),
        _int("until_s", nullable=True),
        _int("every"),
        _int("priority"),
        _int("supplements"),
        _text("origin"),
        _text("author"),
        _text("once"),
        _int("version"),
        _int("created_s"),
        sa.ForeignKeyConstraint(["unit"], ["org_units.id"], name=op.f("fk_collection_tasks_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection_tasks")),
        sa.UniqueConstraint("once", name=op.f("uq_collection_tasks_once")),
    )
    columns = ["unit", "priority", "id"]
    op.create_index(op.f("ix_collection_tasks_unit_priority_id"), "collection_tasks", columns)


def downgrade() -> None:
    op.drop_table("collection_tasks")
