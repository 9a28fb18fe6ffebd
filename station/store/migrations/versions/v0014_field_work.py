"""Field work: orders, their steps, what was ticked."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _int(name: str, nullable: bool = False, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, INT, nullable=nullable, server_default=default)


def _text(name: str, nullable: bool = False, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable, server_default=default)


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [other], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    op.create_table(
        "work_orders",
        _int("id"),
        _text("token"),
        _text("kind"),
        _int("unit"),
        _text("device", nullable=True),
        _text("subject"),
        _int("priority"),
        _int("due_s"),
        _text("assignee", nullable=True),
        _text("deputy", nullable=True),
        _text("state"),
        _int("version", default="1"),
        _text("author"),
        _int("drafted_s"),
        _int("changed_s"),
        _to("work_orders", "unit", "org_units.id"),
        _to("work_orders", "device", "devices.device"),
        _to("work_orders", "assignee", "users.name"),
        _to("work_orders", "deputy", "users.name"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_orders")),
        sa.UniqueConstraint("token", name=op.f("uq_work_orders_token")),
    )
    for first in ((), ("unit",), ("assignee",)):
        columns = [*first, "state", "due_s"]
        op.create_index(op.f("ix_work_orders_" + "_".join(columns)), "work_orders", columns)
    op.create_table(
        "work_steps",
        _int("id"),
        _int("work_order"),
        _int("t_s"),
        _text("author"),
        _text("move"),
        _text("remark", default=""),
        _to("work_steps", "work_order", "work_orders.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_steps")),
    )
    op.create_index(op.f("ix_work_steps_work_order_id"), "work_steps", ["work_order", "id"])
    op.create_table(
        "work_ticks",
        _int("work_order"),
        _text("item"),
        _text("value"),
        _text("author"),
        _int("t_s"),
        _to("work_ticks", "work_order", "work_orders.id"),
        sa.PrimaryKeyConstraint("work_order", "item", name=op.f("pk_work_ticks")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in ("work_ticks", "work_steps", "work_orders"):
        op.drop_table(table)
