"""Tables of stock: what there is, where it is, every movement, what was planned. Rules: station/stock."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text, UniqueConstraint

from station.store.columns import Int, integer, metadata, text
from station.store.org_schema import of_unit


def _item(**more: object) -> Column:
    return Column("item", Int, ForeignKey("stock_items.id"), **{"nullable": False, **more})  # type: ignore[arg-type]


stock_items = Table(
    "stock_items",
    metadata,
    integer("id", primary_key=True),
    text("kind"),  # station.stock.moves.KINDS
    text("model"),
    Column("serial", Text),  # null: an article that is counted, one row a kind and model
    UniqueConstraint("kind", "serial"),
    Index(None, "kind", "model"),
)

stock_balances = Table(
    "stock_balances",
    metadata,
    integer("id", primary_key=True),
    _item(),
    of_unit(),
    text("place"),  # station.stock.moves.PLACES
    text("holder"),  # a user or a device, "" of the store
    integer("count"),
    UniqueConstraint("item", "unit", "place", "holder"),
    CheckConstraint("count >= 0", name="ck_stock_balances_count"),
    Index(None, "unit", "id"),
)

stock_moves = Table(
    "stock_moves",
    metadata,
    integer("id", primary_key=True),
    text("token"),  # of the form, and the line in it: a second press finds the first
    integer("line"),
    _item(),
    of_unit(),
    text("move"),  # station.stock.moves.MOVES
    text("holder"),  # the person or the device, "" where there is none
    text("person"),  # who installs or removes, "" otherwise
    integer("count"),
    Column("work_order", Int, ForeignKey("work_orders.id")),
    text("remark"),
    text("author"),
    integer("t_s"),
    UniqueConstraint("author", "token", "line"),
    Index(None, "item", "id"),
)

stock_plans = Table(
    "stock_plans",
    metadata,
    of_unit(primary_key=True),
    text("kind", primary_key=True),
    integer("planned"),
    integer("version"),  # rises with each change
)
