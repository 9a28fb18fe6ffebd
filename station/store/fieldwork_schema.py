"""Tables of field work: orders, how each went, and what a person ticked at the place."""

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from station.store.columns import Int, integer, metadata, text
from station.store.org_schema import of_unit

work_orders = Table(
    "work_orders",
    metadata,
    integer("id", primary_key=True),
    text("token", unique=True),  # of the form: a second press finds the first order
    text("kind"),  # station.fieldwork.machine.KINDS
    of_unit(),
    Column("device", Text, ForeignKey("devices.device")),  # null: what `subject` says
    text("subject"),  # the place, the customer, what is to be done
    integer("priority"),  # 1 urgent to 3 when there is time
    integer("due_s"),
    Column("assignee", Text, ForeignKey("users.name")),  # post A
    Column("deputy", Text, ForeignKey("users.name")),  # post B: may do the same
    text("state"),  # station.fieldwork.machine.MOVES
    integer("version", server_default="1"),  # rises with each change
    text("author"),
    integer("drafted_s"),
    integer("changed_s"),
    Index(None, "state", "due_s"),
    Index(None, "unit", "state", "due_s"),
    Index(None, "assignee", "state", "due_s"),
)

work_steps = Table(
    "work_steps",
    metadata,
    integer("id", primary_key=True),
    Column("work_order", Int, ForeignKey("work_orders.id"), nullable=False),
    integer("t_s"),
    text("author"),
    text("move"),  # station.fieldwork.machine.MOVES
    text("remark", server_default=""),
    Index(None, "work_order", "id"),
)

work_ticks = Table(
    "work_ticks",
    metadata,
    Column("work_order", Int, ForeignKey("work_orders.id"), primary_key=True),
    text("item", primary_key=True),  # station.fieldwork.checklist.BY_HAND
    text("value"),  # "1", or what was noted: a seal number
    text("author"),
    integer("t_s"),
    sqlite_with_rowid=False,
)
