"""Stock: items, balances that are never negative, the ledger of movements, plans."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _int(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, INT, nullable=nullable)


def _text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _to(table: str, column: str, of: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{of}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    op.create_table(
        "stock_items",
        _int("id"),
        _text("kind"),
        _text("model"),
        _text("serial", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_items")),
        sa.UniqueConstraint("kind", "serial", name=op.f("uq_stock_items_kind_serial")),
    )
    op.create_index(op.f("ix_stock_items_kind_model"), "stock_items", ["kind", "model"])
    op.create_table(
        "stock_balances",
        _int("id"),
        _int("item"),
        _int("unit"),
        _text("place"),
        _text("holder"),
        _int("count"),
        sa.CheckConstraint("count >= 0", name="ck_stock_balances_count"),
        _to("stock_balances", "item", "stock_items"),
        _to("stock_balances", "unit", "org_units"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_balances")),
        sa.UniqueConstraint(
            "item", "unit", "place", "holder", name=op.f("uq_stock_balances_item_unit_place_holder")
        ),
    )
    op.create_index(op.f("ix_stock_balances_unit_id"), "stock_balances", ["unit", "id"])
    _ledger()


def _ledger() -> None:
    op.create_table(
        "stock_moves",
        _int("id"),
        _text("token"),
        _int("line"),
        _int("item"),
        _int("unit"),
        _text("move"),
        _text("holder"),
        _text("person"),
        _int("count"),
        _int("work_order", nullable=True),
        _text("remark"),
        _text("author"),
        _int("t_s"),
        _to("stock_moves", "item", "stock_items"),
        _to("stock_moves", "unit", "org_units"),
        _to("stock_moves", "work_order", "work_orders"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_moves")),
        sa.UniqueConstraint("author", "token", "line", name=op.f("uq_stock_moves_author_token_line")),
    )
    op.create_index(op.f("ix_stock_moves_item_id"), "stock_moves", ["item", "id"])
    op.create_table(
        "stock_plans",
        _int("unit"),
        _text("kind"),
        _int("planned"),
        _int("version"),
        _to("stock_plans", "unit", "org_units"),
        sa.PrimaryKeyConstraint("unit", "kind", name=op.f("pk_stock_plans")),
    )


def downgrade() -> None:
    for table in ("stock_plans", "stock_moves", "stock_balances", "stock_items"):
        op.drop_table(table)
