"""Class 2 data (AFN 0D): frozen history. The request has a time tag, the answer repeats it before the data.

Tags: a day (format 20), a month (21), or a curve: start (15), density (1 = 15, 2 = 30, 3 = 60 min, 254 = 5,
255 = 1, 0 none) and number of points. F: (name, schema behind the tag, mark); "K" has one source only.
`at_reading` data are those of the meter reading day.
"""

from protocols.gdw376 import class1
from protocols.gdw376.fields import TARIFFS, TIME, phases

DAY = (("day", "20"),)
MONTH = (("month", "21"),)
CURVE = (("start", "15"), ("density", "bin1"), ("points", "bin1"))

_PEAKS = (
    ("max", "02", "W"),
    ("max_at", "18"),
    ("min", "02", "W"),
    ("min_at", "18"),
    ("zero_minutes", "bin2", "min"),
)
_EXCEEDED = (("minutes", "bin2", "min"), ("energy", "03", "kWh"))
_APPARENT = (("s_over_minutes", "bin2", "min"), ("s_high_minutes", "bin2", "min"))
_ZONES = tuple((name, "bin2", "min") for name in ("low_minutes", "middle_minutes", "high_minutes"))
_SUPPLY = (("supply_minutes", "bin2", "min"), ("resets", "bin2"))
_TRIPS = tuple((name, "bin1") for name in ("month_energy", "purchase", "power", "remote"))
_TRAFFIC = (("traffic", "bin4", "byte"),)

_FROZEN = [  # (day, at reading, month or None), name, schema
    ((1, 9, 17), "readings_plus", class1.readings(class1.PLUS)),
    ((2, 10, 18), "readings_minus", class1.readings(class1.MINUS)),
    ((3, 11, 19), "demand_plus", class1.demands(class1.PLUS[:2])),
    ((4, 12, 20), "demand_minus", class1.demands(class1.MINUS[:2])),
    ((30, None, 38), "apparent_power_limits", _APPARENT),
    ((43, None, 44), "power_factor_zones", _ZONES),
    ((49, None, 51), "supply", _SUPPLY),
    ((50, None, 52), "trips", _TRIPS),
    ((53, None, 54), "traffic", _TRAFFIC),
    ((57, None, 60), "total_power_peaks", _PEAKS),
    ((58, None, 61), "total_active", class1.totals("kWh")),
    ((59, None, 62), "total_reactive", class1.totals("kvarh")),
    ((None, None, 65), "over_power_setting", _EXCEEDED),
    ((None, None, 66), "over_energy_setting", _EXCEEDED),
]
for _n, _name in enumerate(class1.REGISTERS):
    _FROZEN.append(((161 + _n, 169 + _n, 177 + _n), _name, class1.readings((_name,))))
for _n, _name in enumerate(class1.DIRECTIONS):
    _FROZEN.append(((185 + _n, 189 + _n, 193 + _n), "demand_" + _name, class1.demands((_name,))))
# first F of four (or one), format, unit, names
_CURVES = (
    (73, "02", "W", ("total_active_power",)),
    (74, "02", "var", ("total_reactive_power",)),
    (75, "03", "kWh", ("total_active",)),
    (76, "03", "kvarh", ("total_reactive",)),
    (81, "09", "kW", ("p", "p_a", "p_b", "p_c")),
    (85, "09", "kvar", ("q", "q_a", "q_b", "q_c")),
    (89, "07", "V", ("u_a", "u_b", "u_c")),
    (92, "25", "A", ("i_a", "i_b", "i_c", "i_zero")),
    (97, "13", "", tuple("amount_" + name for name in class1.DIRECTIONS)),
    (101, "11", "", class1.DIRECTIONS),
    (105, "05", "%", ("power_factor", "power_factor_a", "power_factor_b", "power_factor_c")),
    (145, "11", "kvarh", class1.REGISTERS[4:]),
)

CLASS_2 = {}
for _numbers, _name, _schema in _FROZEN:
    for _number, _before, _tag in zip(_numbers, ("day_", "at_reading_", "month_"), (DAY, DAY, MONTH)):
        if _number:
            CLASS_2[_number] = (_before + _name, _tag, _schema, "")
for _n, _name in enumerate(class1.DIRECTIONS):
    _schema = (TIME, TARIFFS, class1.amount(_name))
    CLASS_2[5 + _n] = ("day_amount_" + _name, DAY, _schema, "K")
    CLASS_2[21 + _n] = ("month_amount_" + _name, MONTH, _schema, "K")
for _first, _form, _unit, _names in _CURVES:
    for _n, _name in enumerate(_names):
        _shown = _unit or ("kWh" if "active" in _name and "reactive" not in _name else "kvarh")
        CLASS_2[_first + _n] = ("curve_" + _name, CURVE, (("list", _form, _shown, "points"),), "")
for _first, _name in ((109, "angle_u"), (110, "angle_i")):
    _schema = (("list", phases(_name, "05", "deg"), "", "points"),)
    CLASS_2[_first] = ("curve_" + _name, CURVE, _schema, "")
