"""Parameters of a terminal, set section by section with the command `parameters`: keys, ranges, defaults.

A section is a text of rows `key field type low high default`, joined by commas (texts lie in flash, see
messages). On the wire its values are a CBOR map {key: value}; a key that is missing has its default, an
unknown one is refused: a typing error must not look like success.

Types: u integer low..high; b byte string of low..high bytes, default in hex; l list of at most 64 integers
low..high; r list of at most 16 rows, each a list that the named room checks further, low..high its size; t
text of low..high characters. `-` as default: empty. Units stand in the names; _e3 is per mille.
"""

from protocols.uplink.codes import Texts, Words

CONTROL, GUARANTEE, METERING, LIMITS, EVENTS = 1, 2, 3, 4, 5
RULES, GROUPS, POINTS, TARIFF, SOUND = 6, 7, 8, 9, 10
SECTIONS = Words(
    "1 control,2 guarantee,3 metering,4 limits,5 events,6 rules,7 groups,8 points,9 tariff,10 sound"
)

LIST_MAX, ROWS_MAX = 64, 16

_CONTROL = (  # decisions of design section 6
    "1 energy_step_s u 0 3600 60,"  # energy controls: from one round to the next, 0 all at once
    "2 after_guarantee u 0 1 0,"  # 0 controls go on from monitor, 1 they are released
    "3 strict_priority u 0 1 0,"  # 1: an enabled higher power control blocks lower ones at any time
    "4 exclusion_strict u 0 1 0,"  # 1: addressed commands are refused too, but exclusion and parameters
    "5 float_restart u 0 1 0,"  # second down-float while one acts: 0 refused, 1 starts it again
    "6 limit_from_command u 0 1 0,"  # remote limit counts from: 0 the trip, 1 the command
    "7 count_released u 0 1 1"  # remaining energy while released: 1 goes on, 0 stands still
)
_GUARANTEE = (  # automatic supply guarantee
    "1 lost_link_s u 0 259200 0,"  # no valid message of the station for so long; 0 never (376.1 F58)
    "2 power_up_s u 0 3600 0,"  # so long after power-up
    "3 hours u 0 16777215 0"  # mask of local hours, bit 0 = 00:00..00:59
)
_METERING = (
    "1 curve_interval_s u 0 3600 900,"  # 60 300 900 1800 3600, 0 no curves
    "2 billing_days u 0 2147483647 0,"  # mask of days of the month, bit 0 = the 1st
    "3 billing_hour u 0 23 0,"
    "4 demand_window_min u 1 60 15,"
    "5 demand_slide_min u 1 60 1,"  # divides the window
    "6 traffic_month_bytes u 0 4294967295 0"  # event above it, 0 never
)
_LIMITS = (  # what statistics count against; of the rated values of the metering point
    "1 voltage_high_e3 u 1000 1500 1070,"
    "2 voltage_low_e3 u 300 1000 930,"
    "3 voltage_top_e3 u 1000 2000 1200,"  # outside top..bottom a minute is not assessed
    "4 voltage_bottom_e3 u 0 1000 700,"
    "5 voltage_unbalance_e3 u 1 1000 40,"
    "6 current_unbalance_e3 u 1 1000 300,"
    "7 power_factor_low_e3 u 0 1000 800,"  # sections: below low, between, from high on
    "8 power_factor_high_e3 u 0 1000 900,"
    "9 load_light_e3 u 0 2000 300,"  # load-rate bands of the rated capacity
    "10 load_heavy_e3 u 0 2000 800,"
    "11 load_over_e3 u 0 2000 1000,"
    "12 thd_voltage_cpct u 0 10000 500,"  # GB/T 14549, 0.38 kV
    "13 thd_current_cpct u 0 10000 2000"
)
_EVENTS = (
    "1 important l 1 999 -,"  # codes told as important although codes.GENERAL_EVENTS has them
    "2 general l 1 999 -,"  # the other way round
    "3 disabled l 1 999 -,"  # never told; control, guarantee and money are always told
    "4 filter_s u 0 86400 300"  # the same event again within it is counted, not told
)
_RULES = "1 rules r 4 4 -"  # [rule, threshold, recovery, delay_s] in place of firmware.metering.rules
_GROUPS = (  # default: point 1 makes group 1
    "1 members r 4 4 -"  # [group 1..8, metering point, sign 1 or -1, energy 0 forward 1 reverse]
)
_POINTS = (  # [metering point 1..8, kind 1 meter 2 pulse 3 ac sampling, port number, address text, baud,
    #  profile number, multiplier, rated voltage dv, rated current ma, wires 3 or 4, pulses per kWh, rated_va]
    "1 points r 12 12 -"  # default: the meter of the identity as point 1
)
_TARIFF = (
    # rate 1..8 of 48 half hours of local time, first in the low 4 bits
    "1 codes b 24 24 111111111111111111111111111111111111111111111111,"
    "2 prices_yuan_e4 l 0 1000000 -"  # a kWh at rate 1, 2, ...; the last counts for further rates
)
_SOUND = "1 alarm_hours u 0 16777215 16777215"  # mask of local hours in which alarms may sound (376.1 F57)

TEXTS = Texts(
    f";{CONTROL}:{_CONTROL}"
    f";{GUARANTEE}:{_GUARANTEE}"
    f";{METERING}:{_METERING}"
    f";{LIMITS}:{_LIMITS}"
    f";{EVENTS}:{_EVENTS}"
    f";{RULES}:{_RULES}"
    f";{GROUPS}:{_GROUPS}"
    f";{POINTS}:{_POINTS}"
    f";{TARIFF}:{_TARIFF}"
    f";{SOUND}:{_SOUND}"
)


class ParameterError(ValueError):
    """Values that no terminal takes; args[0] names the field and what is wrong with it."""


def rows(section, texts=TEXTS):
    """Yield (key, field, type, low, high, default) of a section; KeyError when there is none."""
    for row in texts[section].split(","):
        key, field, kind, low, high, default = row.split(" ")
        yield int(key), field, kind, int(low), int(high), _default(kind, default)


def _default(kind, text):
    if kind == "u":
        return int(text)
    if kind == "b":
        return bytes(int(text[i : i + 2], 16) for i in range(0, len(text), 2))
    return "" if kind == "t" else []


def read(section, values, texts=TEXTS) -> dict:
    """{field: value} of a section, checked, defaults put in. ParameterError names what is wrong."""
    if not isinstance(values, dict):
        raise ParameterError("not a map")
    out = {}
    for key, field, kind, low, high, default in rows(section, texts):
        value = values.get(key, default)
        if not _fits(kind, low, high, value):
            raise ParameterError(field + " is out of its range")
        out[field] = value
    for key in values:
        if not any(key == row[0] for row in rows(section, texts)):
            raise ParameterError("unknown key " + str(key))
    return out


def write(section, values, texts=TEXTS) -> dict:
    """{key: value} of {field: value}; KeyError for an unknown field: that is our own bug."""
    out = {}
    for key, field, _kind, _low, _high, _default_value in rows(section, texts):
        if field in values:
            out[key] = values[field]
    if len(out) < len(values):
        raise KeyError("unknown field")
    return out


def _fits(kind, low, high, value):
    if kind == "u":
        return type(value) is int and low <= value <= high
    if kind == "b":
        return isinstance(value, bytes) and low <= len(value) <= high
    if kind == "t":
        return isinstance(value, str) and low <= len(value) <= high
    if not isinstance(value, list) or len(value) > (LIST_MAX if kind == "l" else ROWS_MAX):
        return False
    if kind == "l":
        return all(type(item) is int and low <= item <= high for item in value)
    return all(isinstance(item, list) and low <= len(item) <= high for item in value)
