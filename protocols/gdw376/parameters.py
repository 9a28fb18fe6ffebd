"""Parameters of a terminal: written with AFN 04, read with AFN 0A, the same fields in both.

F: (name, schema, mark); a mark "K" has one source only. Not here, because sources differ or the number of
elements is masked: F2 F34 F37 F59-F61 F73-F83. F46 has 5 bytes since 2013; terminals before it send 4.
"""

from protocols.gdw376.fields import fields

_PORT = ("port", "bin2")
_METER = (
    ("number", "bin2"),
    ("point", "bin2"),
    ("speed_port", "bin1"),  # D7-5 speed, D4-0 port
    ("protocol", "bin1"),
    ("address", "12"),
    ("password", "bytes", "", 6),
    ("tariffs", "bin1"),
    ("digits", "bin1"),
    ("collector", "12"),
    ("class", "bin1"),
)
_PULSE = (("port", "bin1"), ("point", "bin1"), ("kind", "bin1"), ("constant", "bin2"))
_GROUP = (("group", "bin1"), ("members_count", "bin1"), ("members", "bin1", "", "members_count"))
_DIFFERENTIAL = (
    ("group", "bin1"),
    ("compared", "bin1"),
    ("reference", "bin1"),
    ("kind", "bin1"),
    ("relative", "bin1", "%"),
    ("absolute", "03", "kWh"),
)
_PROXY = (
    ("ip", "ip"),
    ("mask", "ip"),
    ("gateway", "ip"),
    ("proxy_kind", "bin1"),
    ("proxy_ip", "ip"),
    ("proxy_port", "bin2"),
    ("proxy_mode", "bin1"),
    ("user_length", "bin1"),
    ("user", "ascii", "", "user_length"),
    ("password_length", "bin1"),
    ("password", "ascii", "", "password_length"),
    ("listen_port", "bin2"),
)
_READING = (
    ("port", "bin1"),
    ("control", "bin2"),
    ("days", "bin4"),
    ("time", "19"),
    ("interval", "bin1", "min"),
    ("broadcast", "18"),
    ("periods_count", "bin1"),
    ("periods", (("from", "19"), ("to", "19")), "", "periods_count"),
)
_SUBCLASSES = (("subclass", "bin1"), ("items_count", "bin1"), ("items", "bin1", "", "items_count"))
_BY_CLASS = (("class", "bin1"), ("count", "bin1"), ("subclasses", _SUBCLASSES, "", "count"))
_PERIOD_POWERS = (("periods", "bin1"), ("powers", "02", "W", "bits:periods"))


def _counted(count, form) -> tuple:
    return (("count", count), ("list", form, "", "count"))


def _limit(name, form, unit) -> tuple:
    """A limit, for how long it must be exceeded, and the rate of return."""
    return ((name, form, unit), (name + "_minutes", "bin1", "min"), (name + "_return", "05", "%"))


_LIMITS = fields(
    ("u_good_max", "07", "V"),
    ("u_good_min", "07", "V"),
    ("u_break", "07", "V"),
    _limit("u_over", "07", "V"),
    _limit("u_under", "07", "V"),
    _limit("i_over", "25", "A"),
    _limit("i_rated", "25", "A"),
    _limit("i_zero", "25", "A"),
    _limit("s_over", "23", "kVA"),
    _limit("s_high", "23", "kVA"),
    _limit("u_unbalance", "05", "%"),
    _limit("i_unbalance", "05", "%"),
    ("voltage_loss_minutes", "bin1", "min"),
)
_TASK = (
    ("period", "bin1"),  # D7-6 unit: min, h, day, month; D5-0 number
    ("base", "01"),
    ("ratio", "bin1"),
    ("count", "bin1"),
    ("items", "item", "", "count"),
)

PARAMETERS = {
    1: (
        "communication",
        (
            ("rts", "bin1", "20 ms"),
            ("delay", "bin1", "min"),
            ("timeout_retries", "bin2"),  # D11-0 s, D13-12 repeats
            ("confirm", "bin1"),
            ("heartbeat", "bin1", "min"),
        ),
        "",
    ),
    3: (
        "station_address",
        (("ip", "ip"), _PORT, ("spare_ip", "ip"), ("spare_port", "bin2"), ("apn", "ascii", "", 16)),
        "",
    ),
    4: ("station_phone", (("phone", "bytes", "", 8), ("sms_centre", "bytes", "", 8)), ""),
    5: ("authentication", (("scheme", "bin1"), ("parameter", "bin2")), ""),
    6: ("groups", (("list", "bin2", "", 8),), ""),
    7: ("terminal_address", _PROXY, ""),
    8: (
        "channel",
        (
            ("mode", "bin1"),
            ("redial", "bin2", "s"),
            ("redials", "bin1"),
            ("idle", "bin1", "min"),
            ("hours", "bin3"),
        ),
        "",
    ),
    9: ("events", (("recorded", "bin8"), ("important", "bin8")), ""),
    10: ("meters", _counted("bin2", _METER), ""),
    11: ("pulse_inputs", _counted("bin1", _PULSE), ""),
    12: ("state_inputs", (("connected", "bin1"), ("normally_open", "bin1")), ""),
    13: (
        "analogue_inputs",
        _counted("bin1", (("port", "bin1"), ("point", "bin1"), ("kind", "bin1"))),
        "",
    ),
    14: ("totals", _counted("bin1", _GROUP), ""),
    15: ("differential", _counted("bin1", _DIFFERENTIAL), ""),
    16: ("vpn", (("user", "ascii", "", 32), ("password", "ascii", "", 32)), ""),
    17: ("safe_power", (("power", "02", "W"),), ""),
    18: ("power_periods", (("half_hours", "halves"),), ""),
    19: ("period_power_factor", (("coefficient", "04", "%"),), ""),
    20: ("month_energy_factor", (("coefficient", "04", "%"),), ""),
    21: ("tariff_periods", (("half_hours", "bin1", "", 48), ("tariffs", "bin1")), ""),
    22: ("tariff_prices", (("tariffs", "bin1"), ("prices", "03", "", "tariffs")), ""),
    23: ("dunning_hours", (("hours", "bin3"),), ""),
    25: (
        "point",
        (
            ("pt_ratio", "bin2"),
            ("ct_ratio", "bin2"),
            ("rated_voltage", "07", "V"),
            ("rated_current", "22", "A"),
            ("rated_load", "23", "kVA"),
            ("wiring", "bin1"),
        ),
        "",
    ),
    26: ("point_limits", _LIMITS, ""),
    27: ("losses", (("list", "26", "", 12),), "K"),  # R, X, G, B of phases a, b, c
    28: ("power_factor_limits", (("first", "05", "%"), ("second", "05", "%")), ""),
    29: ("point_number", (("number", "ascii", "", 12),), ""),
    30: ("collector_stops", (("stopped", "bin1"),), ""),
    31: ("collectors", _counted("bin1", "12"), ""),
    33: ("reading", _counted("bin1", _READING), ""),
    35: ("key_accounts", _counted("bin1", "bin2"), ""),
    36: ("traffic_limit", (("limit", "bin4", "byte"),), ""),
    38: ("class_1_items", _BY_CLASS, ""),
    39: ("class_2_items", _BY_CLASS, ""),
    41: ("period_power", (("schemes", "bin1"), ("list", _PERIOD_POWERS, "", "bits:schemes")), ""),
    42: (
        "closing_power",
        (("power", "02", "W"), ("start", "19"), ("half_hours", "bin1"), ("weekdays", "bin1")),
        "",
    ),
    43: ("power_sliding", (("minutes", "bin1", "min"),), ""),
    44: ("stop_power", (("from", "20"), ("to", "20"), ("power", "02", "W")), ""),
    45: ("power_rounds", (("rounds", "bin1"),), ""),
    46: ("month_energy", (("energy", "03", "kWh"), ("coefficient", "04", "%")), ""),
    47: (
        "purchase",
        (
            ("order", "bin4"),
            ("mode", "bin1"),  # 55 add, AA refresh
            ("amount", "03", "kWh"),
            ("alarm", "03", "kWh"),
            ("trip", "03", "kWh"),
        ),
        "",
    ),
    48: ("energy_rounds", (("rounds", "bin1"),), ""),
    49: ("power_alarm_time", (("minutes", "bin1", "min"),), ""),
    57: ("sound_hours", (("hours", "bin3"),), ""),
    58: ("safe_without_contact", (("hours", "bin1", "h"),), ""),
    65: ("report_1", _TASK, ""),
    66: ("report_2", _TASK, ""),
    67: ("report_1_on", (("on", "bin1"),), ""),
    68: ("report_2_on", (("on", "bin1"),), ""),
}
