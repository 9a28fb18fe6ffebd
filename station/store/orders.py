"""Purchase orders: the station's side of the two ledgers. The state of an order is that of its command."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

from station.store.db import row, rows
from station.store.schema import commands, orders


def last_number(c: Connection, device: str) -> int:
    """Highest number ever given to this device, 0 for none."""
    return c.execute(select(func.max(orders.c.order)).where(orders.c.device == device)).scalar() or 0


def add(c: Connection, device: str, command: int, params: Mapping[str, Any], t_s: int) -> None:
    """Insert an order by the field names of messages.PURCHASE_PARAMS or FEE_ORDER_PARAMS; IntegrityError:
    number taken."""
    facts = {name: value for name, value in params.items() if name != "group"}
    facts["summation_group"] = params.get("group", 1)
    c.execute(insert(orders).values(device=device, command=command, created_s=t_s, **facts))


REMAINING = (
    "remaining_before_wh",
    "remaining_after_wh",
    "remaining_before_yuan_e4",
    "remaining_after_yuan_e4",
)


def applied(c: Connection, device: str, order: int, t_s: int, data: Mapping[str, Any]) -> None:
    """Note what the device reported in its purchase_applied event: those of REMAINING that it has."""
    facts = {name: data.get(name) for name in REMAINING}
    c.execute(
        update(orders)
        .where(orders.c.device == device, orders.c.order == order)
        .values(applied_s=t_s, **facts)
    )


def recent(c: Connection, device: str, limit: int = 20) -> list[dict[str, Any]]:
    """Newest first, each with the `state`, `reason` and `author` of its command."""
    return rows(c.execute(_joined(device).limit(limit)))


def unsettled(c: Connection, device: str) -> dict[str, Any] | None:
    """The newest order whose outcome is not known yet, or None: one open order at a time."""
    return row(
        c.execute(_joined(device).where(commands.c.state.not_in(("executed", "refused", "expired"))).limit(1))
    )


def _joined(device: str) -> Select[*tuple[Any, ...]]:
    return (
        select(orders, commands.c.state, commands.c.reason, commands.c.author)
        .join_from(
            orders,
            commands,
            (commands.c.device == orders.c.device) & (commands.c.command == orders.c.command),
        )
        .where(orders.c.device == device)
        .order_by(orders.c.order.desc())
    )
