"""What stands behind AFN and Fn of Q/GDW 376.2: one table, read and written by the same few kinds of field.

decode and encode speak {name: value}; `fields` says what the kinds are. Layouts are those of the 2013
edition, which broadband modules speak; of 2009 only its shorter confirmation.

ONE_SOURCE: layouts of which no second source was found. The others stand in two open implementations.
"""

from protocols.lines.gdw3762 import fields
from protocols.lines.gdw3762.frame import UP, fns
from protocols.lines.refused import Refused

# protocol of what is carried
TRANSPARENT, DLT645_1997, DLT645_2007, DLT698 = range(4)

# error of a denial
ERRORS = {
    0: "timeout",
    1: "invalid_data",
    2: "bad_length",
    3: "bad_checksum",
    4: "unknown_item",
    5: "bad_format",
    6: "node_exists",
    7: "unknown_node",
    8: "meter_silent",
    9: "busy",
    10: "unsupported",
    11: "node_silent",
    12: "node_not_in_network",
    109: "too_many_at_once",
    110: "too_many_frames",
    111: "node_being_read",
}
CODES = {name: code for code, name in ERRORS.items()}
DONE = 0xFFFFFFFF  # state of a confirmation: carried out, all channels idle

READ_DONE, READ_FAILED, READ_THIS = 1, 0, 2  # flag of the answer to AFN 14 F1


def _u(name, size=1) -> tuple:
    return name, "u", size


_ADDRESS = ("address", "address", 6)
_PROTOCOL = _u("protocol")
_DATA = ("data", "blob", 1)
_CARRIED = (_PROTOCOL, _DATA)
_ATTACHED = ("attached", "list", (1, (_ADDRESS,)))
_FROM = (_u("start", 2), _u("count"))
_RADIO = (_u("channel_group"), _u("power"))
_RATE = ("rate", "bits", (2, (("rate", 15), ("kilobit", 1))))
_RATES = ("rates", "each", ("rate_count", (_RATE,)))
_VENDOR = (("vendor", "ascii", 2), ("chip", "ascii", 2), ("date", "low", 3), ("version", "low", 2))
# phases: bit 0 phase 1 ..
_ROUTED = (("level", 4), ("signal", 4), ("phases", 3), ("protocol", 3), ("", 2))
_NODE = (_ADDRESS, ("route", "bits", (2, _ROUTED)))
_NODES = (_u("total", 2), ("nodes", "list", (1, _NODE)))
_NUMBERED = (_ADDRESS, _PROTOCOL, _u("number", 2))
_MODE = (
    (("channel_kind", 4), ("routing", 1), ("wants_nodes", 1), ("reading", 2)),
    (
        ("route_delay", 1),
        ("node_delay", 1),
        ("broadcast_delay", 1),
        ("node_switch", 2),
        ("confirm_first", 1),
        ("by_channel", 2),
    ),
    (("channels", 5), ("power_down", 3)),
    (("rate_count", 4), ("", 4)),
)
_CONFIRM = (_u("state", 4), _u("wait_s", 2))  # state: bit 0 carried out, then a channel each, 1 idle
_CONFIRM_2009 = (_u("state", 2), _u("wait_s", 2))
_WORK = ("work", "bits", (1, (("learning", 1), ("registering", 1), ("", 2), ("coding", 4))))
_SWITCHES = ("switches", "bits", (1, (("learning", 1), ("registering", 1), ("events", 1), ("", 5))))

# (AFN, Fn): (name, layout down, layout up); None: not in that direction
ITEMS = {
    (0x00, 1): ("confirm", _CONFIRM, _CONFIRM),
    (0x00, 2): ("deny", (_u("error"),), (_u("error"),)),
    (0x01, 1): ("init_hardware", (), None),
    (0x01, 2): ("init_parameters", (), None),
    (0x01, 3): ("init_data", (), None),
    (0x02, 1): ("pass_on", _CARRIED, _CARRIED),
    (0x03, 1): ("vendor", (), _VENDOR),
    (0x03, 2): ("noise", (), (_u("noise"),)),
    (0x03, 3): (
        "heard_nodes",
        (_u("start"), _u("count")),
        (
            _u("total"),
            (
                "nodes",
                "list",
                (1, (_ADDRESS, ("route", "bits", (1, (("level", 4), ("signal", 4)))), _u("times"))),
            ),
        ),
    ),
    (0x03, 4): ("own_address", (), (_ADDRESS,)),
    (0x03, 5): (
        "state",
        (),
        (
            ("state", "bits", (1, (("rate_count", 4), ("supply", 2), ("reading", 2)))),
            ("channels", "bits", (1, (("channels", 4), ("", 4)))),
            _RATES,
        ),
    ),
    (0x03, 6): ("interference", (_u("minutes"),), (_u("interference"),)),
    (0x03, 7): ("node_timeout", (), (_u("timeout_s"),)),
    (0x03, 8): ("radio", (), _RADIO),
    (0x03, 9): ("broadcast_delay", _CARRIED, (_u("delay_s", 2), _PROTOCOL, _DATA)),
    (0x03, 10): (
        "run_mode",
        (),
        tuple([("mode_%d" % n, "bits", (1, widths)) for n, widths in enumerate(_MODE)])
        + (("spare", "bytes", 2), _u("timeout_s"), _u("broadcast_timeout_s", 2), _u("frame_bytes", 2))
        + (_u("file_bytes", 2), _u("upgrade_s"), _ADDRESS, _u("limit", 2), _u("count", 2))
        + (("published", "low", 3), ("registered", "low", 3))
        + _VENDOR
        + (_RATES,),
    ),
    (0x03, 11): ("supported", (_u("afn"),), (_u("afn"), ("supported", "bytes", 32))),
    (0x04, 1): ("send_test", (_u("seconds"),), None),
    (0x04, 2): ("call_node", (), None),
    (0x04, 3): ("test_frame", (_u("rate_number"), _ADDRESS, _PROTOCOL, _DATA), None),
    (0x05, 1): ("set_own_address", (_ADDRESS,), None),
    (0x05, 2): ("allow_events", (_u("allowed"),), None),
    (0x05, 3): ("broadcast", _CARRIED, None),
    (0x05, 4): ("set_node_timeout", (_u("timeout_s"),), None),
    (0x05, 5): ("set_radio", _RADIO, None),
    (0x06, 1): ("report_nodes", None, (("nodes", "list", (1, _NUMBERED)),)),
    (0x06, 2): ("report_data", None, (_u("number", 2), _PROTOCOL, _u("duration_s", 2), _DATA)),
    (0x06, 3): ("report_route", None, (_u("change"),)),  # 1 reading, 2 searching ended
    (0x06, 4): (
        "report_devices",
        None,
        (
            (
                "nodes",
                "list",
                (1, _NUMBERED + (_u("device"), _u("below"), ("here", "list", (1, (_ADDRESS, _PROTOCOL))))),
            ),
        ),
    ),
    (0x06, 5): ("report_event", None, (_u("device"), _PROTOCOL, _DATA)),
    (0x10, 1): ("node_count", (), (_u("count", 2), _u("limit", 2))),
    (0x10, 2): ("nodes", _FROM, _NODES),
    (0x10, 3): ("relays", (_ADDRESS,), (("nodes", "list", (1, _NODE)),)),
    (0x10, 4): (
        "route_state",
        (),
        (
            ("run", "bits", (1, (("learned", 1), ("working", 1), ("event", 1), ("coding", 5)))),
            _u("total", 2),
            _u("read", 2),
            _u("relayed", 2),
            _SWITCHES,
            _u("rate", 2),
        )
        + tuple([_u("level_%d" % phase) for phase in (1, 2, 3)])
        + tuple([_u("step_%d" % phase) for phase in (1, 2, 3)]),
    ),
    (0x10, 5): ("nodes_not_read", _FROM, _NODES),
    (0x10, 6): ("nodes_registered", _FROM, _NODES),
    (0x11, 1): ("add_nodes", (("nodes", "list", (1, (_ADDRESS, _PROTOCOL))),), None),
    (0x11, 2): ("delete_nodes", (("nodes", "list", (1, (_ADDRESS,))),), None),
    (0x11, 3): ("set_path", (_ADDRESS, ("relays", "list", (1, (_ADDRESS,)))), None),
    (0x11, 4): ("set_work", (_WORK, _RATE), None),
    (0x11, 5): (
        "start_registering",
        (("start", "low", 6), _u("minutes", 2), _u("repeats"), _u("slices")),
        None,
    ),
    (0x11, 6): ("stop_registering", (), None),
    (0x12, 1): ("restart", (), None),
    (0x12, 2): ("pause", (), None),
    (0x12, 3): ("resume", (), None),
    (0x13, 1): (
        "forward",
        (_PROTOCOL, _u("delay_related"), _ATTACHED, _DATA),
        (_u("duration_s", 2), _PROTOCOL, _DATA),
    ),
    (0x14, 1): (
        "ask_data",
        (_u("flag"), _u("delay_related"), _DATA, _ATTACHED),
        (_u("phase"), _ADDRESS, _u("number", 2)),
    ),
    (0x14, 2): ("ask_clock", (("time", "low", 6),), ()),
    (0x14, 3): ("ask_correction", (_DATA,), (_ADDRESS, _u("delay_s", 2), _DATA)),
    (0x15, 1): (
        "file",
        (_u("file"), _u("attribute"), _u("command"), _u("segments", 2), _u("segment", 4))
        + (("data", "blob", 2),),
        (_u("segment", 4),),
    ),
    (0xF1, 1): (
        "concurrent",
        (_PROTOCOL, _u("reserved"), ("data", "blob", 2)),
        (_PROTOCOL, ("data", "blob", 2)),
    ),
}
BY_NAME = {row[0]: key for key, row in ITEMS.items()}
ONE_SOURCE = ("interference", "broadcast_delay", "test_frame", "file", "ask_correction")


def error_name(code) -> str:
    return ERRORS[code] if code in ERRORS else "error %d" % code


def layout(afn, fn, up) -> tuple:
    """Refused("unknown_item") for what the table has not in that direction."""
    found = ITEMS.get((afn, fn), (None, None, None))[2 if up else 1]
    if found is None:
        raise Refused("unknown_item", "AFN %02X F%d %s" % (afn, fn, "up" if up else "down"))
    return found


def decode(frame) -> dict:
    """{name: value} of a frame with one Fn; Refused when table and bytes do not fit."""
    numbers = fns(frame.dt)
    if len(numbers) != 1:
        raise Refused("unsupported", "DT %04X names %d Fn" % (frame.dt, len(numbers)))
    found = layout(frame.afn, numbers[0], frame.control & UP)
    if found == _CONFIRM and len(frame.data) == 4:
        found = _CONFIRM_2009
    return fields.read(frame.data, found)


def encode(name, up, values) -> bytes:
    """Data of the item `name`; ValueError when `values` are not those of its layout."""
    return fields.write(values, layout(BY_NAME[name][0], BY_NAME[name][1], up))
