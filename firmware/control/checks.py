"""Which command parameters are accepted: one table. Parameters come from outside, so nothing is assumed.

Ranges: protocols/uplink/messages.py; Q/GDW 376.1 F18, F19, F41, F43, F45, F47, F49.
"""

from protocols.uplink import messages
from protocols.uplink.codes import APPEND, REASON_NO, REFRESH

MAX_POWER_W = 1000000000  # a small int also on 32-bit chips; above any customer of one terminal
MAX_ENERGY_WH = 10**12
MAX_ORDER = (1 << 32) - 1  # an order number has 32 bits
MAX_PERIODS = 8
MAX_GUARANTEE_S = 48 * 1800

OK = 0
BAD_PARAMS = REASON_NO["bad_params"]
NO_SUCH_ROUND = REASON_NO["no_such_round"]

_HOUR = 3600
_DAY = 24 * _HOUR

INTEGERS = {  # kind -> rows of (field, lowest, highest)
    messages.TRIP: (("delay_s", 0, 900), ("limit_s", 0, 7 * _DAY)),
    messages.PERIOD_PLAN: (
        ("float_pct", -79, 79),
        ("periods", 1, (1 << MAX_PERIODS) - 1),
        ("slide_s", 1, _HOUR),
        ("safety_w", 0, MAX_POWER_W),
        ("post_trip_s", 1, 600),
    ),
    messages.PURCHASE: (
        ("order", 1, MAX_ORDER),
        ("flag", APPEND, REFRESH),
        ("value_wh", -MAX_ENERGY_WH, MAX_ENERGY_WH),
        ("alarm_wh", -MAX_ENERGY_WH, MAX_ENERGY_WH),
        ("trip_wh", -MAX_ENERGY_WH, MAX_ENERGY_WH),
    ),
    messages.GUARANTEE: (("on", 0, 1), ("duration_s", 0, MAX_GUARANTEE_S)),
}
LISTS = {  # kind -> rows of (field, lowest item, highest item); every list has 1..8 items
    messages.PERIOD_PLAN: (
        ("setpoints_w", 0, MAX_POWER_W),  # 0: this period has no setpoint
        ("alarm_s", 1, _HOUR),  # never 0: nobody is tripped without a warning
    ),
}
WITH_ROUNDS = (messages.TRIP, messages.PERMIT_CLOSE, messages.PERIOD_PLAN, messages.PURCHASE)


def within(value, low, high) -> bool:
    """An integer in the range; True and False are none (`type is` says so on both runtimes)."""
    return type(value) is int and low <= value <= high


def _items_within(values, low, high):
    if not isinstance(values, (list, tuple)) or not 1 <= len(values) <= MAX_PERIODS:
        return False
    for value in values:
        if not within(value, low, high):
            return False
    return True


def _codes_ok(codes):
    if not isinstance(codes, bytes) or len(codes) != 12:
        return False
    for byte in codes:
        if byte & (byte >> 1) & 0x55:  # code 3 is reserved
            return False
    return True


def _rounds(mask, rounds):
    if not within(mask, 0, MAX_ORDER):
        return BAD_PARAMS
    return OK if mask and not mask >> rounds else NO_SUCH_ROUND


def params(kind, values, rounds) -> int:
    """Reason (protocols.uplink.codes) why `values` are refused on a terminal with so many rounds, or 0."""
    if not isinstance(values, dict):
        return BAD_PARAMS
    for field, low, high in INTEGERS.get(kind, ()):
        if not within(values.get(field), low, high):
            return BAD_PARAMS
    for field, low, high in LISTS.get(kind, ()):
        if not _items_within(values.get(field), low, high):
            return BAD_PARAMS
    if kind == messages.PERIOD_PLAN and not _codes_ok(values.get("codes")):
        return BAD_PARAMS
    if kind == messages.PURCHASE and not _order_ok(values):
        return BAD_PARAMS
    return _rounds(values.get("rounds"), rounds) if kind in WITH_ROUNDS else OK


def _order_ok(values):
    return values["flag"] in (APPEND, REFRESH) and values["trip_wh"] <= values["alarm_wh"]
