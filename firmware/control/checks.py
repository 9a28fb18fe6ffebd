"""Which command parameters are accepted: one table. Parameters come from outside, so nothing is assumed.

Ranges: protocols/uplink/messages.py; Q/GDW 376.1 F9, F12, F18, F19, F41 to F49.
"""

from firmware.control import period
from protocols.uplink import messages
from protocols.uplink.codes import APPEND, REASON_NO, REFRESH

MAX_ORDER = (1 << 32) - 1  # an order number has 32 bits
KEPT_ORDERS = 64  # numbers of the last orders that a group remembers
MAX_GUARANTEE_S = 48 * 1800

BAD_PARAMS = REASON_NO["bad_params"]
NO_SUCH_ROUND = REASON_NO["no_such_round"]

# Texts of rows `field type low high`, `?` behind the type: may be missing. Types: u integer, l list of 1..8
# integers, s at most two such lists, c codes of a day, r rounds of the terminal. A setpoint of 0 is none: the
# control does not act. Watts go to 10^9, a small int also on 32-bit chips; Wh and 10^-4 yuan to 10^12. An
# alarm time is never 0: nobody is tripped without a warning.
_GROUP = "group u? 1 8"
_LOOP = "rounds r 0 0,alarm_s l 1 3600,slide_s u 1 3600,safety_w u 0 1000000000,post_trip_s u 1 600"
_SETPOINT = "setpoint_w u 0 1000000000"
_DURATION = "duration_s u 1800 86400"
_FLOAT = "float_pct u -79 79"
_ROUNDS = "rounds r 0 0"
_ORDER = "order u 1 4294967295,flag u 85 170"

KINDS = {  # command kind -> texts
    messages.TRIP: (_ROUNDS, "delay_s u 0 900,limit_s u 0 604800,direct u? 0 1"),
    messages.PERMIT_CLOSE: (_ROUNDS, "direct u? 0 1"),
    messages.PERIOD_PLAN: (
        "codes c 0 0,setpoints_w l 0 1000000000,schemes s? 0 1000000000,periods u 1 255,scheme u? 0 2",
        _FLOAT,
        _LOOP,
        _GROUP,
    ),
    messages.PERIOD_ENABLE: ("periods u 1 255,scheme u 0 2", _GROUP),
    messages.FACTORY_REST: (_SETPOINT, "start_min u 0 1439,days u 1 127", _DURATION, _LOOP, _GROUP),
    messages.BUSINESS_STOP: (_SETPOINT, "from_day u 0 1000000,until_day u 0 1000000", _LOOP, _GROUP),
    messages.DOWN_FLOAT: (_FLOAT, "freeze_s u 300 3600", _DURATION, _LOOP, _GROUP),
    messages.MONTH_ENERGY: ("setpoint_wh u 0 1000000000000,alarm_pct u 1 100", _FLOAT, _ROUNDS, _GROUP),
    messages.RELEASE: ("control u 2 7", _GROUP),
    messages.PURCHASE: (
        _ORDER,
        "value_wh u -1000000000000 1000000000000,alarm_wh u -1000000000000 1000000000000,"
        "trip_wh u -1000000000000 1000000000000",
        _ROUNDS,
        _GROUP,
    ),
    messages.FEE_ORDER: (
        _ORDER,
        "value_yuan_e4 u -1000000000000 1000000000000,alarm_yuan_e4 u -1000000000000 1000000000000,"
        "trip_yuan_e4 u -1000000000000 1000000000000",
        _ROUNDS,
        _GROUP,
    ),
    messages.GUARANTEE: ("on u 0 1,duration_s u 0 86400",),
    messages.AUTO_RELEASE: (),
    messages.EXCLUSION: ("on u 0 1",),
}


# A guaranteed terminal refuses what could trip. It takes orders of money, which trip nothing while it lasts.
COULD_TRIP = (
    messages.TRIP,
    messages.PERIOD_PLAN,
    messages.PERIOD_ENABLE,
    messages.FACTORY_REST,
    messages.BUSINESS_STOP,
    messages.DOWN_FLOAT,
    messages.MONTH_ENERGY,
)


def could_trip(kind, params) -> bool:
    """Whether a guaranteed terminal refuses this command. Nor may it begin to be excluded (domain 2d)."""
    return kind in COULD_TRIP or (kind == messages.EXCLUSION and params["on"] == 1)


def within(value, low, high) -> bool:
    """An integer in the range; True and False are none (`type is` says so on both runtimes)."""
    return type(value) is int and low <= value <= high


def params(kind, values, rounds) -> int:
    """Reason (protocols.uplink.codes) why `values` are refused on a terminal with so many rounds, or 0.

    A kind that is no business of the control core has no rules here.
    """
    if not isinstance(values, dict):
        return BAD_PARAMS
    wrong = 0
    for text in KINDS.get(kind, ()):
        for row in text.split(","):
            field, letter, low, high = row.split(" ")
            value = values.get(field)
            if letter == "r" and within(value, 0, MAX_ORDER):
                wrong = wrong if value and not value >> rounds else NO_SUCH_ROUND
            elif field not in values and letter[-1] == "?":
                continue
            elif not _fits(letter[0], value, int(low), int(high)):
                return BAD_PARAMS
    return wrong or (0 if _agree(kind, values) else BAD_PARAMS)


def _fits(letter, value, low, high):
    if letter == "u":
        return within(value, low, high)
    if letter == "c":
        return _codes_ok(value)
    if letter == "r" or not isinstance(value, (list, tuple)):
        return False
    if letter == "s":
        return len(value) <= 2 and all([_fits("l", item, low, high) for item in value])
    return 1 <= len(value) <= period.MAX_PERIODS and all([within(item, low, high) for item in value])


def _codes_ok(codes):
    if not isinstance(codes, bytes) or len(codes) != 12:
        return False
    for byte in codes:
        if byte & (byte >> 1) & 0x55:  # code 3 is reserved
            return False
    return True


def _agree(kind, values):
    """Fields that must fit one another."""
    if kind in (messages.PURCHASE, messages.FEE_ORDER):
        unit = "_wh" if kind == messages.PURCHASE else "_yuan_e4"
        return values["flag"] in (APPEND, REFRESH) and values["trip" + unit] <= values["alarm" + unit]
    if kind == messages.PERIOD_PLAN:
        return values.get("scheme", 0) <= len(values.get("schemes", ()))
    return kind != messages.BUSINESS_STOP or values["from_day"] < values["until_day"]
