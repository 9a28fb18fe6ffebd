"""Class 1 data (AFN 0C): what a terminal knows now. Asked by identifier alone.

F: (name, schema, mark); a mark "K" has one source only. Not here, for sources differ: F26 F27 F29 F30 F168.
Energy lists begin with the total, then one element a tariff; `q1`-`q4` are quadrants.
"""

from protocols.gdw376.fields import TARIFFS, TIME, fields, per_tariff, phases, total_and_phases

DIRECTIONS = ("active_plus", "reactive_plus", "active_minus", "reactive_minus")
REGISTERS = DIRECTIONS + ("reactive_q1", "reactive_q2", "reactive_q3", "reactive_q4")


def register(name) -> tuple:
    """One register: kWh in format 14, kvarh in format 11."""
    return per_tariff(name, "14", "kWh") if name.startswith("active") else per_tariff(name, "11", "kvarh")


def demand(name) -> tuple:
    """The highest power and when."""
    unit = "kW" if name.startswith("active") else "kvar"
    return per_tariff(name, "23", unit), per_tariff(name + "_at", "17", "")


def amount(name) -> tuple:
    return per_tariff(name, "13", "kWh" if name.startswith("active") else "kvarh")


PLUS = ("active_plus", "reactive_plus", "reactive_q1", "reactive_q4")
MINUS = ("active_minus", "reactive_minus", "reactive_q2", "reactive_q3")


def readings(names) -> tuple:
    return fields(TIME, TARIFFS, tuple(register(name) for name in names))


def demands(names) -> tuple:
    return fields(TIME, TARIFFS, tuple(field for name in names for field in demand(name)))


_INSTANT = fields(
    TIME,
    total_and_phases("p", "09", "kW"),
    total_and_phases("q", "09", "kvar"),
    total_and_phases("power_factor", "05", "%"),
    phases("u", "07", "V"),
    phases("i", "25", "A"),
    ("i_zero", "25", "A"),
    total_and_phases("s", "09", "kVA"),
)
_SCHEME = (
    ("scheme", "bin1"),
    ("periods", "bin1"),
    ("power", "bin1"),
    ("energy", "bin1"),
    ("power_rounds", "bin1"),
    ("energy_rounds", "bin1"),
)
_CONTROL_STATE = (
    ("setting", "02", "W"),
    ("coefficient", "04", "%"),
    ("power_trip", "bin1"),
    ("month_energy", "bin1"),
    ("purchase", "bin1"),
    ("power_alarm", "bin1"),
    ("energy_alarm", "bin1"),
)
_PORT_STATE = (
    ("port", "bin1"),
    ("meters", "bin2"),
    ("state", "bin1"),
    ("read", "bin2"),
    ("key_accounts_read", "bin1"),
    ("start", "01"),
    ("end", "01"),
)
_PHASE_READING = tuple(
    field
    for phase in ("_a", "_b", "_c")
    for field in (
        ("energy_plus" + phase, "14", "kWh"),
        ("energy_minus" + phase, "14", "kWh"),
        ("reactive_plus" + phase, "11", "kvarh"),
        ("reactive_minus" + phase, "11", "kvarh"),
    )
)
_WORDS = (TIME, ("changed", "bin2", "", 7), ("words", "bin2", "", 7))


def totals(unit) -> tuple:
    return (TARIFFS, ("list", "03", unit, "tariffs+1"))


CLASS_1 = {
    2: ("clock", (("clock", "01"),), ""),
    3: ("parameter_state", (("set", "bytes", "", 31),), ""),
    4: ("upload_state", (("state", "bin1"),), ""),
    5: (
        "control_settings",
        (("flags", "bin1"), ("groups", "bin1"), ("list", _SCHEME, "", "bits:groups")),
        "",
    ),
    6: (
        "control_state",
        (
            ("tripped", "bin1"),
            ("dunning", "bin1"),
            ("groups", "bin1"),
            ("list", _CONTROL_STATE, "", "bits:groups"),
        ),
        "",
    ),
    7: ("event_counters", (("important", "bin1"), ("ordinary", "bin1")), ""),
    8: ("event_flags", (("flags", "bin8"),), ""),
    9: ("states", (("states", "bin1"), ("changed", "bin1")), ""),
    10: ("traffic", (("today", "bin4", "byte"), ("month", "bin4", "byte")), ""),
    11: ("reading_state", (("count", "bin1"), ("list", _PORT_STATE, "", "count")), ""),
    17: ("total_active_power", (("power", "02", "W"),), ""),
    18: ("total_reactive_power", (("power", "02", "var"),), ""),
    19: ("total_active_today", totals("kWh"), ""),
    20: ("total_reactive_today", totals("kvarh"), ""),
    21: ("total_active_month", totals("kWh"), ""),
    22: ("total_reactive_month", totals("kvarh"), ""),
    23: ("energy_left", (("energy", "03", "kWh"),), ""),
    24: ("closing_power", (("power", "02", "W"),), ""),
    25: ("instant", _INSTANT, ""),
    28: ("meter_words", _WORDS, ""),
    31: ("phase_readings", fields(TIME, _PHASE_READING), ""),
    32: ("phase_readings_last_month", fields(TIME, _PHASE_READING), ""),
    33: ("readings_plus", readings(PLUS), ""),
    34: ("readings_minus", readings(MINUS), ""),
    35: ("demand_plus", demands(PLUS[:2]), ""),
    36: ("demand_minus", demands(MINUS[:2]), ""),
    37: ("last_month_readings_plus", readings(PLUS), ""),
    38: ("last_month_readings_minus", readings(MINUS), ""),
    39: ("last_month_demand_plus", demands(PLUS[:2]), ""),
    40: ("last_month_demand_minus", demands(MINUS[:2]), ""),
    167: (
        "prepaid",
        (
            TIME,
            ("purchases", "08"),
            ("left", "14"),
            ("bought", "14"),
            ("credit", "11", "kWh"),
            ("overdraft", "11", "kWh"),
            ("energy_left", "11", "kWh"),
            ("energy_overdraft", "11", "kWh"),
            ("alarm", "11", "kWh"),
            ("fault", "11", "kWh"),
        ),
        "",
    ),
}
for _n, _name in enumerate(DIRECTIONS):
    CLASS_1[41 + _n] = ("today_" + _name, (TARIFFS, amount(_name)), "K")
    CLASS_1[45 + _n] = ("month_" + _name, (TARIFFS, amount(_name)), "K")
    CLASS_1[145 + _n] = ("demand_" + _name, demands((_name,)), "")
    CLASS_1[149 + _n] = ("last_month_demand_" + _name, demands((_name,)), "")
for _n, _name in enumerate(REGISTERS):
    CLASS_1[129 + _n] = (_name, readings((_name,)), "")
    CLASS_1[137 + _n] = ("last_month_" + _name, readings((_name,)), "")
