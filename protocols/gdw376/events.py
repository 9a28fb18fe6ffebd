"""Events of Q/GDW 376.1 (ERC 1-35): name and layouts of what stands behind number and length.

Where the editions differ there are several layouts of different length; the length at hand tells which.
In `point` D11-0 are the measuring point, D15 is set when the event began and clear when it ended. `flags` are
the bits of the standard's table of that event. All times are those of the terminal.
[K]: one source only.
"""

from protocols.gdw376.fields import TIME, fields, phases

_POINT = fields(TIME, ("point", "bin2"))
_FLAGS = fields(_POINT, ("flags", "bin1"))
_ENERGY = ("energy", "14", "kWh")


_U, _I = phases("u", "07", "V"), phases("i", "25", "A")
_LOOP = fields(_FLAGS, _U, _I, _ENERGY)
_ANGLES = fields(phases("angle_u", "05", "deg"), phases("angle_i", "05", "deg"))
_POWER_TRIP = fields(
    TIME,
    ("group", "bin1"),
    ("rounds", "bin1"),
    ("kind", "bin1"),
    ("power", "02", "W"),
    ("power_2min", "02", "W"),
    ("setting", "02", "W"),
)
_ENERGY_TRIP = fields(
    TIME,
    ("group", "bin1"),
    ("rounds", "bin1"),
    ("kind", "bin1"),
    ("energy", "03", "kWh"),
    ("setting", "03", "kWh"),
)
_DIFFERENTIAL = fields(
    TIME,
    ("group", "bin1"),
    ("energy_compared", "03", "kWh"),
    ("energy_reference", "03", "kWh"),
    ("relative", "bin1", "%"),
    ("absolute", "03", "kWh"),
    ("compared_count", "bin1"),
    ("compared", "14", "kWh", "compared_count"),
    ("reference_count", "bin1"),
    ("reference", "14", "kWh", "reference_count"),
)
_PURCHASE = fields(
    TIME,
    ("group", "bin1"),
    ("order", "bin4"),
    ("mode", "bin1"),
    ("amount", "03", "kWh"),
    ("alarm", "03", "kWh"),
    ("trip", "03", "kWh"),
    ("before", "03", "kWh"),
    ("after", "03", "kWh"),
)
_EXCESS = fields(_POINT, ("before", "14", "kWh"), ("after", "14", "kWh"), ("limit", "22", "kWh"))

# ERC: (name, layouts)
EVENTS = {
    1: ("initialised", (fields(TIME, ("flags", "bin1"), ("old", "ascii", "", 4), ("new", "ascii", "", 4)),)),
    2: ("parameters_lost", (fields(TIME, ("flags", "bin1")),)),
    3: ("parameters_changed", (fields(TIME, ("station", "bin1"), ("items", "item", "", "rest")),)),
    4: ("state_input", (fields(TIME, ("changed", "bin1"), ("states", "bin1")),)),
    5: (
        "remote_trip",
        (fields(TIME, ("rounds", "bin1"), ("power", "02", "W"), ("power_2min", "02", "W")),),
    ),
    6: ("power_control_trip", (_POWER_TRIP,)),
    7: ("energy_control_trip", (_ENERGY_TRIP,)),
    8: ("meter_parameters", (_FLAGS,)),
    9: ("current_loop", (_LOOP,)),
    10: ("voltage_loop", (_LOOP,)),
    11: ("phase_order", (fields(_POINT, _ANGLES, _ENERGY),)),
    12: ("meter_clock", (_POINT,)),
    13: ("meter_fault", (_FLAGS,)),
    14: (
        "power_off_on",
        ((("off", "15"), ("on", "15")), (("flags", "bin1"), ("off", "15"), ("on", "15"))),
    ),
    15: (  # [K]
        "harmonics",
        (fields(_FLAGS, ("exceeded", "bin3"), ("values", "bin2", "", 20)),),
    ),
    16: (  # [K]
        "dc_input",
        (fields(_FLAGS, ("value", "02")),),
    ),
    17: (
        "unbalance",
        (fields(_FLAGS, ("u_unbalance", "05", "%"), ("i_unbalance", "05", "%"), _U, _I),),
    ),
    18: (
        "capacitor",
        (
            fields(
                _FLAGS,
                ("groups", "bin2"),
                ("power_factor", "05", "%"),
                ("reactive", "23", "kvar"),
                ("u", "07", "V"),
            ),
        ),
    ),
    19: ("purchase_set", (_PURCHASE,)),
    20: ("authentication_error", (fields(TIME, ("pw", "bytes", "", 16), ("station", "bin1")),)),
    21: ("terminal_fault", (fields(TIME, ("code", "bin1")),)),
    22: ("differential", (_DIFFERENTIAL,)),  # [K]
    23: ("energy_control_alarm", (_ENERGY_TRIP,)),
    24: ("voltage_limit", (fields(_FLAGS, _U),)),
    25: ("current_limit", (fields(_FLAGS, _I),)),
    26: ("apparent_power_limit", (fields(_FLAGS, ("power", "23", "kVA"), ("limit", "23", "kVA")),)),
    27: ("reading_fell", (fields(_POINT, ("before", "14", "kWh"), ("after", "14", "kWh")),)),
    28: ("meter_over", (_EXCESS,)),
    29: ("meter_runs_away", (_EXCESS,)),
    30: ("meter_stopped", (fields(_POINT, _ENERGY, ("limit", "bin1", "15 min")),)),
    31: (
        "reading_failed",
        (
            fields(
                _POINT, ("last_good", "15"), ("last_active", "14", "kWh"), ("last_reactive", "11", "kvarh")
            ),
        ),
    ),
    32: ("traffic_limit", (fields(TIME, ("traffic", "bin4", "byte"), ("limit", "bin4", "byte")),)),
    33: ("status_words", (fields(_POINT, ("changed", "bin2", "", 7), ("words", "bin2", "", 7)),)),
    34: ("current_transformer", (_FLAGS,)),
    35: (  # [K]
        "unknown_meter",
        ((TIME,), fields(TIME, ("port", "bin1"))),
    ),
}
