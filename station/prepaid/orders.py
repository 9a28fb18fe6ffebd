"""Rules of purchase orders (购电单): numbers strictly increase and only one order is open at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from protocols.uplink import messages
from protocols.uplink.codes import APPEND, REFRESH
from station.checks import MAX_ROUNDS, refuse, round_mask, whole
from station.errors import FieldError, Invalid
from station.store import live, orders
from station.store.db import now_s

MAX_KWH = 1_000_000_000
MAX_ORDER = 0xFFFFFFFF  # 32 bits in Q/GDW 376.1
ORDERS = (messages.PURCHASE, messages.FEE_ORDER)  # kinds of command that are an order


def next_order(c: Connection, device: str) -> int:
    """The number of the next order: above every one given here and above the last one the device applied."""
    return max(orders.last_number(c, device), _last_applied(c, device)) + 1


def _last_applied(c: Connection, device: str) -> int:
    now = live.latest(c, device)
    return now["last_order"] if now else 0


def build(
    order: int,
    flag: int,
    value_kwh: int,
    alarm_kwh: int,
    trip_kwh: int,
    rounds: Sequence[int],
    have: int = MAX_ROUNDS,
) -> dict[str, Any]:
    """Return params of messages.PURCHASE; Invalid lists every problem by field.

    flag: codes.APPEND adds `value_kwh` (> 0), codes.REFRESH sets the remaining energy to it (may be
    below zero). The trip threshold may be below zero (credit) but not above the alarm threshold.
    """
    problems: list[FieldError] = []
    params = {
        "order": whole(order, "order", 1, MAX_ORDER, problems),
        "flag": flag,
        "value_wh": 1000 * whole(value_kwh, "value_kwh", -MAX_KWH, MAX_KWH, problems),
        "alarm_wh": 1000 * whole(alarm_kwh, "alarm_kwh", -MAX_KWH, MAX_KWH, problems),
        "trip_wh": 1000 * whole(trip_kwh, "trip_kwh", -MAX_KWH, MAX_KWH, problems),
        "rounds": round_mask(rounds, have, problems),
    }
    if flag not in (APPEND, REFRESH):
        problems.append(FieldError("flag", "needed"))
    if not problems and params["trip_wh"] > params["alarm_wh"]:
        problems.append(FieldError("trip_kwh", "trip_above_alarm"))
    if not problems and flag == APPEND and params["value_wh"] <= 0:
        problems.append(FieldError("value_kwh", "value_not_positive"))
    refuse(problems)
    return params


def preview(c: Connection, device: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """{remaining_before_wh, remaining_after_wh, will_alarm, will_trip, order_open, next_order}.

    `remaining_before_wh` is None when the device has not said; an append is then counted from 0.
    """
    now = live.latest(c, device)
    before = now["remaining_wh"] if now else None
    after = params["value_wh"] + ((before or 0) if params["flag"] == APPEND else 0)
    waiting = orders.unsettled(c, device)
    return {
        "remaining_before_wh": before,
        "remaining_after_wh": after,
        "will_alarm": after <= params["alarm_wh"],
        "will_trip": after <= params["trip_wh"],
        "order_open": waiting["order"] if waiting else None,
        "next_order": next_order(c, device),
    }


def check_open(c: Connection, device: str, order: int) -> None:
    """Invalid when the number is not the next one or another order has no known outcome yet."""
    expected = next_order(c, device)
    if order != expected:
        raise Invalid(FieldError("order", "order_not_next", {"order": expected}))
    waiting = orders.unsettled(c, device)
    if waiting:
        raise Invalid(FieldError("order", "order_open", {"order": waiting["order"]}))


def book(c: Connection, device: str, command: int, params: Mapping[str, Any]) -> None:
    orders.add(c, device, command, params, now_s())
