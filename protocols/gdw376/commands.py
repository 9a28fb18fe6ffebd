"""What is neither parameters nor class 1 or 2: confirmation, reset, link, control, events, files, forwarding.

Rows {F: (name, schema, mark)}; a mark "K" has one source only. Not here, because sources differ: terminal
info F6 F7, forwarding F9-F11.
"""

from protocols.gdw376.fields import fields

ACCEPTED, DENIED, ONE_BY_ONE = 1, 2, 3
LOGIN, LOGOUT, HEARTBEAT = 1, 2, 3
SET_CLOCK = 31

_VERDICT = (("item", "item"), ("error", "bin1"))
CONFIRM = {
    ACCEPTED: ("accepted", (), ""),
    DENIED: ("denied", (), ""),
    ONE_BY_ONE: ("one_by_one", (("afn", "bin1"), ("list", _VERDICT, "", "rest")), ""),
}
RESET = {
    1: ("hardware", (), ""),
    2: ("data", (), ""),
    3: ("parameters_and_data", (), ""),
    4: ("parameters_but_communication", (), ""),
}
LINK = {LOGIN: ("login", (), ""), LOGOUT: ("logout", (), ""), HEARTBEAT: ("heartbeat", (), "")}

_FLOAT_DOWN = (
    ("slide", "bin1", "min"),
    ("coefficient", "04", "%"),
    ("freeze_delay", "bin1", "min"),
    ("half_hours", "bin1"),
    ("alarms", "bin1", "min", 4),
)
CONTROL = {
    # low nibble: half hours, 0 until released; high nibble: minutes of alarm before
    1: ("trip", (("limit", "bin1"),), ""),
    2: ("permit_close", (), ""),
    9: ("period_power_on", (("periods", "bin1"), ("scheme", "bin1")), ""),
    12: ("float_down_on", _FLOAT_DOWN, ""),
    25: ("guarantee_on", (("half_hours", "bin1"),), ""),
    SET_CLOCK: ("set_clock", (("clock", "01"),), ""),
    32: ("text", (("kind_number", "bin1"), ("length", "bin1"), ("text", "bytes", "", "length")), "K"),
    41: ("capacitors_in", (("groups", "bin2"),), ""),
    42: ("capacitors_out", (("groups", "bin2"),), ""),
}
for _number, _name in (
    (10, "factory_rest_on"),
    (11, "stop_on"),
    (15, "month_energy_on"),
    (16, "purchase_on"),
    (17, "period_power_off"),
    (18, "factory_rest_off"),
    (19, "stop_off"),
    (20, "float_down_off"),
    (23, "month_energy_off"),
    (24, "purchase_off"),
    (26, "dunning_on"),
    (27, "call_permitted"),
    (28, "take_out_of_service"),
    (29, "reports_on"),
    (33, "guarantee_off"),
    (34, "dunning_off"),
    (35, "call_forbidden"),
    (36, "put_into_service"),
    (37, "reports_off"),
    (38, "connect"),
    (39, "disconnect"),
):
    CONTROL[_number] = (_name, (), "")
for _number, _name in enumerate(("stop", "resume", "again", "routes_again", "routes_delete")):
    CONTROL[49 + _number] = ("reading_" + _name, (("port", "bin1"),), "")

_SIXTEEN = (("data", "bytes", "", 16),)
AUTHENTICATE_DOWN = {1: ("query", _SIXTEEN, "K"), 3: ("random", _SIXTEEN, "K")}
AUTHENTICATE_UP = {2: ("answer", _SIXTEEN, "K"), 4: ("answer_random", _SIXTEEN, "K")}

_VERSION = (
    ("maker", "ascii", "", 4),
    ("device", "ascii", "", 8),
    ("software", "ascii", "", 4),
    ("software_date", "20"),
    ("capacity", "ascii", "", 11),
    ("protocol", "ascii", "", 4),
    ("hardware", "ascii", "", 4),
    ("hardware_date", "20"),
)
_FLAGS = (("groups", "bin1"), ("flags", "bin1", "", "groups"))
INFO_ASKED = {number: ("info_%d" % number, (), "") for number in range(1, 9)}
INFO = {
    1: ("version", _VERSION, ""),
    4: ("parameters_supported", _FLAGS, ""),
    5: ("controls_supported", _FLAGS, ""),
    8: ("events_supported", (("flags", "bin8"),), "K"),
}

_SPAN = (("first", "bin1"), ("last", "bin1"))
EVENTS_ASKED = {1: ("important_events", _SPAN, ""), 2: ("ordinary_events", _SPAN, "")}
_EVENTS = fields(
    ("important", "bin1"), ("ordinary", "bin1"), _SPAN, ("events", "event", "", "span:first:last")
)
EVENTS = {1: ("important_events", _EVENTS, ""), 2: ("ordinary_events", _EVENTS, "")}

_SEGMENT = (
    ("file", "bin1"),
    ("attribute", "bin1"),
    ("command", "bin1"),
    ("segments", "bin2"),
    ("segment", "bin4"),
    ("length", "bin2"),
    ("data", "bytes", "", "length"),
)
FILE = {1: ("segment", _SEGMENT, "")}
FILE_ANSWER = {1: ("segment", (("segment", "bin4"),), "K")}

_FORWARDED = (("length", "bin2"), ("data", "bytes", "", "length"))
FORWARD = {
    1: (
        "transparent",
        fields(
            ("port", "bin1"),
            ("control", "bin1"),
            ("timeout", "bin1"),
            ("byte_timeout", "bin1", "10 ms"),
            _FORWARDED,
        ),
        "",
    )
}
FORWARD_ANSWER = {1: ("transparent", fields(("port", "bin1"), _FORWARDED), "")}
