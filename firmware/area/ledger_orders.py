"""What the station tells a meter's prepaid ledger: purchase orders, and that the meter was replaced. Pure.

Needed when a command comes only. With a reason other than 0 the state is unchanged.
"""

from collections import namedtuple

from firmware.area.ledger import charge
from firmware.area.ledger_belief import most_wh
from firmware.area.ledger_state import BASED, BY_RATE, FEE, OPEN, STRAYS, cross, remaining, unit
from firmware.control.checks import MAX_ORDER, within
from firmware.control.quota import BOUND
from firmware.control.records import evolve
from firmware.metering.register import MOST_DW, MOST_SHIFT_WH, ROUNDING_WH
from protocols.uplink.codes import APPEND, REASON_NO, REFRESH

Order = namedtuple("Order", ("number", "flag", "value", "fee"))  # value: 10^-4 yuan with fee 1, else Wh
EARLIER = 8  # bits of State.earlier


def order(state, config, order):
    """(reason, state, events): append to the balance or refresh it. A refund must not cut anybody off."""
    reason = _refusal(state, config, order)
    if reason:
        return REASON_NO[reason], state, []
    told = {"order": order.number}
    if state.flags & OPEN:
        told["remaining_before" + unit(state)] = remaining(state)
    flags = state.flags & ~FEE | OPEN | (FEE if order.fee else 0)
    state = evolve(
        state,
        left_milli=_left(state, order),
        order=order.number,
        earlier=_earlier(state, order.number),
        flags=flags,
    )
    told["remaining_after" + unit(state)] = remaining(state)
    events = [("purchase_applied", told)]
    return 0, cross(state, config, events), events


def _left(state, order):
    return order.value * 1000 + (state.left_milli if order.flag == APPEND else 0)


def _refusal(state, config, order):
    known = order.flag in (APPEND, REFRESH) and order.fee in (0, 1)
    if not known or not within(order.number, 1, MAX_ORDER) or not within(order.value, -BOUND, BOUND):
        return "bad_params"
    back = state.order - order.number
    if back == 0 or (0 < back <= EARLIER and state.earlier >> back - 1 & 1):
        return "order_already_applied"
    if back > 0:
        return "order_number_old"
    if order.fee and not config.tariffs:
        return "no_tariff"
    append, left_milli = order.flag == APPEND, _left(state, order)
    mixed = append and state.flags & OPEN and (state.flags & FEE > 0) != order.fee
    refund = append and order.value < 0 and left_milli <= config.trip * 1000
    return "bad_params" if mixed or refund or abs(left_milli) > BOUND * 1000 else ""


def _earlier(state, number):
    if not state.order:
        return 0
    return (state.earlier << 1 | 1) << min(number - state.order, EARLIER + 1) - 1 & (1 << EARLIER) - 1


def change(state, config, old_wh, new_wh, t_s):
    """(reason, state, events): at `t_s` a meter was taken off at total `old_wh`, another put on at `new_wh`.

    It comes before the new meter is read, or after the break was seen: then what the break hid is charged.
    What fits neither is refused, so the same change told twice charges once.
    """
    if not state.flags & BASED:
        return REASON_NO["no_reading"], state, []
    before = t_s > state.read_s
    lacks_wh = old_wh - (sum(state.registers_wh) if before else new_wh + state.gap_wh)
    largest_wh = most_wh(t_s - state.read_s, MOST_DW) if before else MOST_SHIFT_WH
    if not (before or state.gap_wh) or not -ROUNDING_WH <= lacks_wh <= largest_wh or min(old_wh, new_wh) < 0:
        return REASON_NO["bad_params"], state, []
    events = [("meter_changed", {"old_wh": old_wh, "new_wh": new_wh})]
    to_s = t_s if before else state.read_s
    state = charge(state, config, (max(lacks_wh, 0), 0, 0, 0), 0, state.read_s, to_s, events)
    if before:  # its tariff registers are not told: the first reading of them is charged as a sum
        flags = state.flags & ~(BY_RATE | STRAYS)
        state = evolve(state, registers_wh=(new_wh, 0, 0, 0), flags=flags, read_s=t_s, doubt_wh=0)
    return 0, cross(evolve(state, gap_wh=0), config, events), events
