"""COSEM (Blue Book): logical names as text, classes, units, and what selective access asks of a profile."""

from protocols.lines.dlms import axdr, clock

DATA, REGISTER, EXTENDED, DEMAND, PROFILE = 1, 3, 4, 5, 7
CLOCK, ASSOCIATION, CALENDAR, DISCONNECT = 8, 15, 20, 70
BUFFER, CAPTURE_OBJECTS = 2, 3
CLOCK_NAME = b"\x00\x00\x01\x00\x00\xff"
THIS_ASSOCIATION = b"\x00\x00\x28\x00\x00\xff"
DISCONNECT_NAME = b"\x00\x00\x60\x03\x0a\xff"
RANGE, ENTRY = 1, 2  # selectors of a profile's buffer

# class -> (name, names of the attributes from 2 on, names of the methods from 1 on)
CLASSES = {
    DATA: ("data", "value", ""),
    REGISTER: ("register", "value scaler_unit", "reset"),
    EXTENDED: ("extended_register", "value scaler_unit status capture_time", "reset"),
    DEMAND: (
        "demand_register",
        "current_average last_average scaler_unit status capture_time start_time period number_of_periods",
        "reset next_period",
    ),
    PROFILE: (
        "profile_generic",
        "buffer capture_objects capture_period sort_method sort_object entries_in_use profile_entries",
        "reset capture",
    ),
    CLOCK: (
        "clock",
        "time time_zone status daylight_savings_begin daylight_savings_end daylight_savings_deviation"
        " daylight_savings_enabled clock_base",
        "adjust_to_quarter adjust_to_measuring_period adjust_to_minute adjust_to_preset_time"
        " preset_adjusting_time shift_time",
    ),
    ASSOCIATION: (
        "association",
        "object_list associated_partners application_context xdlms_context mechanism secret status"
        " security_setup",
        "reply_to_hls change_hls_secret add_object remove_object",
    ),
    CALENDAR: (
        "activity_calendar",
        "calendar_name_active season_profile_active week_profile_active day_profile_active"
        " calendar_name_passive season_profile_passive week_profile_passive day_profile_passive"
        " activate_passive_time",
        "activate_passive",
    ),
    DISCONNECT: (
        "disconnect_control",
        "output_state control_state control_mode",
        "remote_disconnect remote_reconnect",
    ),
}

# (class, attribute of a value) -> attribute of its scaler and unit
SCALERS = {(REGISTER, 2): 3, (EXTENDED, 2): 3, (DEMAND, 2): 4, (DEMAND, 3): 4}

UNITS = dict(
    enumerate(
        "a mo wk d h min s deg degC currency m m/s m3 m3(corrected) m3/h m3/h(corrected) m3/d"
        " m3/d(corrected) l kg N Nm Pa bar J J/h W VA var Wh VAh varh A C V V/m F ohm ohm*m2/m Wb T A/m H Hz"
        " 1/Wh 1/varh 1/VAh V2h A2h kg/s S K 1/V2h 1/A2h 1/m3 % Ah".split(),
        1,
    )
)
UNITS.update({60: "Wh/m3", 61: "J/m3", 62: "mol%", 63: "g/m3", 64: "Pa*s", 65: "J/kg", 254: "other", 255: ""})


def attribute_name(number, attribute) -> str:
    """'register.value'; numbers where a name is not known."""
    name, attributes, _methods = CLASSES.get(number, ("class-%d" % number, "", ""))
    names = ["logical_name"] + attributes.split()
    return "%s.%s" % (name, names[attribute - 1] if 0 < attribute <= len(names) else attribute)


def method_name(number, method) -> str:
    name, _attributes, methods = CLASSES.get(number, ("class-%d" % number, "", ""))
    names = methods.split()
    return "%s.%s" % (name, names[method - 1] if 0 < method <= len(names) else method)


def name_text(name) -> str:
    """6 bytes -> '1-0:1.8.0*255'."""
    return "%d-%d:%d.%d.%d*%d" % tuple(name)


def name_bytes(text) -> bytes:
    """ValueError for what is not written like '1-0:1.8.0*255'."""
    numbers = text.replace("-", ".").replace(":", ".").replace("*", ".").split(".")
    if len(numbers) != 6 or not all([n.isdigit() and int(n) < 256 for n in numbers]):
        raise ValueError("no logical name: " + text)
    name = bytes([int(n) for n in numbers])
    if name_text(name) != text:
        raise ValueError("no logical name: " + text)
    return name


def scaler_unit(tree) -> "tuple | None":
    """(power of ten, unit number) of a scaler_unit attribute, or None when it is none."""
    value = axdr.plain(tree)
    if not isinstance(value, list) or len(value) != 2 or not all([isinstance(part, int) for part in value]):
        return None
    return value[0], value[1]


# ---- selective access -------------------------------------------------------------------------


def capture_object(number, name, attribute, index=0) -> tuple:
    return axdr.STRUCTURE, [(axdr.U16, number), (axdr.OCTETS, name), (axdr.I8, attribute), (axdr.U16, index)]


def by_range(start, end) -> tuple:
    """The rows of a profile from `start` to `end`, date-times of 12 bytes, both inclusive; all columns."""
    if len(start) != clock.SIZE or len(end) != clock.SIZE:
        raise ValueError("a date-time has 12 bytes")
    column = capture_object(CLOCK, CLOCK_NAME, 2)
    limits = [column, (axdr.OCTETS, start), (axdr.OCTETS, end), (axdr.ARRAY, [])]
    return RANGE, (axdr.STRUCTURE, limits)


def by_entry(first, last) -> tuple:
    """Rows `first` (1 = the first in sort order) to `last` (0 = to the end); all columns."""
    limits = [(axdr.U32, first), (axdr.U32, last), (axdr.U16, 1), (axdr.U16, 0)]
    return ENTRY, (axdr.STRUCTURE, limits)
