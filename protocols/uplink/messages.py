"""Every message of uplink contract version 1: its keys, types and meaning. contract.cddl says the same for other tools.

A schema is a table of rows (key, field, type, need). On the wire a message is a CBOR map with the
integer keys; in code it is a dict with the field names. Unknown keys are ignored, so that a newer
minor version can add them; an unknown major version (key 0) is refused.

Types: u unsigned, i signed, t text, b bytes, l list, m map, n null-or-int.
Units stand in the names: _s UTC seconds (or a duration), _ms milliseconds, _w watts, _wh watt-hours.
"""

VERSION = 1
NEED, MAY = True, False


class MessageError(ValueError):
    """Outside data that is not a message of this contract; args[0] is a short reason for counters and logs."""


_TYPES = {
    "u": lambda v: isinstance(v, int) and not isinstance(v, bool) and v >= 0,
    "i": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "n": lambda v: v is None or (isinstance(v, int) and not isinstance(v, bool)),
    "t": lambda v: isinstance(v, str),
    "b": lambda v: isinstance(v, bytes),
    "l": lambda v: isinstance(v, list),
    "m": lambda v: isinstance(v, dict),
}


def pack(schema, values) -> dict:
    """Names to keys. KeyError for a missing or unknown field: that is our own bug."""
    out = {}
    names = set()
    for key, field, _kind, need in schema:
        names.add(field)
        if need or field in values:
            out[key] = values[field]
    for field in values:
        if field not in names:
            raise KeyError(field)
    return out


def unpack(schema, wire) -> dict:
    """Keys to names. MessageError for a missing field or a wrong type: that is outside data."""
    if not isinstance(wire, dict):
        raise MessageError("not a map")
    out = {}
    for key, field, kind, need in schema:
        if key not in wire:
            if need:
                raise MessageError("missing " + field)
            continue
        if not _TYPES[kind](wire[key]):
            raise MessageError("wrong type of " + field)
        out[field] = wire[key]
    return out


# ---- up ---------------------------------------------------------------------------------------

HELLO = (  # first message of every link-up
    (0, "version", "u", NEED),
    (1, "device", "t", NEED),
    (2, "epoch", "b", NEED),  # 8 random bytes made when the flash was formatted: sequences count within it
    (3, "boot", "u", NEED),  # boots since then
    (4, "nonce", "b", NEED),  # 8 random bytes, echoed by the welcome: an old welcome cannot be replayed
    (5, "firmware", "t", NEED),
    (6, "product", "t", NEED),  # "terminal" or "concentrator"
    (7, "board", "t", NEED),
    (8, "t_s", "u", NEED),
    (9, "t_ok", "u", NEED),  # 1: the clock was set by the station, a meter or an RTC chip
    (10, "last_command", "u", NEED),  # highest command id applied
    (11, "next_seq", "m", NEED),  # {stream number: next sequence}
    (12, "held_from", "m", NEED),  # {stream number: first sequence still held}
    (13, "multiplier", "u", NEED),  # CT x PT of the main metering point
)

BATCH = (  # up/ev, up/da, up/lg: records with consecutive sequence numbers
    (0, "version", "u", NEED),
    (1, "epoch", "b", NEED),
    (2, "first_seq", "u", NEED),
    (3, "held_from", "u", NEED),  # everything below is stored at the station or lost for good
    (4, "records", "l", NEED),  # [[kind, t_s, t_ok, body map], ...]
)

NOW = (  # up/now: the state at this moment, QoS 0, replaced by the next one
    (0, "version", "u", NEED),
    (1, "t_s", "u", NEED),
    (2, "t_ok", "u", NEED),
    (3, "power_w", "n", NEED),  # group power, primary side; null when no fresh reading
    (4, "setpoint_w", "n", NEED),  # of the power control that acts; null when none does
    (5, "tripped", "u", NEED),  # rounds the terminal holds tripped, bit 0 = round 1
    (6, "open", "u", NEED),  # rounds whose switch reports open (auxiliary contact)
    (7, "alarm", "u", NEED),  # rounds in alarm
    (8, "permitted", "u", NEED),  # rounds showing "close permitted"
    (9, "remaining_wh", "n", NEED),
    (10, "controls", "l", NEED),  # [[control, phase, reason], ...] of protocols.uplink.codes
    (11, "guarantee", "u", NEED),  # 0 off, 1 on, 2 unreadable (counts as on)
    (12, "guarantee_until_s", "n", NEED),
    (13, "meter_ok", "u", NEED),
    (14, "points", "m", NEED),  # {point number: value} as last read, protocols.meters.points
    (15, "frames", "l", NEED),  # last line frames [[t_s, direction 0 sent / 1 received, bytes], ...]
    (16, "plan_id", "u", NEED),  # command id that set the running period plan, 0 none
    (17, "last_order", "u", NEED),  # number of the last purchase order applied, 0 none
)

# ---- records ----------------------------------------------------------------------------------

EVENT, RESULT, GAP, CURVE, DAILY, DIAG = 1, 2, 3, 10, 11, 20

EVENT_BODY = (
    (1, "code", "u", NEED),  # protocols.uplink.codes.EVENTS
    (2, "data", "m", NEED),  # {field number: int or text}, protocols.uplink.codes.EVENT_FIELDS
)

RESULT_BODY = (  # a command's progress; `executed` and later are final
    (1, "command", "u", NEED),
    (2, "outcome", "u", NEED),  # protocols.uplink.codes.OUTCOMES
    (3, "reason", "u", NEED),  # protocols.uplink.codes.REASONS, 0 when none
    (4, "tripped", "u", NEED),  # measured state when the result was made, as in NOW
    (5, "open", "u", NEED),
    (6, "remaining_wh", "n", NEED),
    (7, "detail", "m", NEED),  # {event field number: int or text}
)

GAP_BODY = (  # records of this stream that are gone for good
    (1, "first_seq", "u", NEED),
    (2, "last_seq", "u", NEED),
    (3, "reason", "u", NEED),  # protocols.uplink.codes.GAP_REASONS
)

CURVE_BODY = (
    (1, "slot_s", "u", NEED),  # UTC start of the slot the values were read at
    (2, "interval_s", "u", NEED),
    (3, "metering_point", "u", NEED),  # 1 = the main meter
    (4, "quality", "u", NEED),  # protocols.meters.points.QUALITIES
    (5, "values", "m", NEED),  # {point number: value}; a missing point stays missing
)

DAILY_BODY = (
    (1, "day_s", "u", NEED),  # UTC instant of the local 00:00 that labels the freeze
    (3, "metering_point", "u", NEED),
    (4, "quality", "u", NEED),
    (5, "values", "m", NEED),
)

DIAG_BODY = (
    (1, "heap_free", "u", NEED),
    (2, "heap_used", "u", NEED),
    (3, "line_ok", "u", NEED),  # exchanges answered
    (4, "line_timeouts", "u", NEED),
    (5, "line_bad", "u", NEED),  # frames refused (checksum, length, foreign)
    (6, "links", "u", NEED),  # broker connections made
    (7, "restarts", "u", NEED),  # tasks restarted by the supervisor
    (8, "flash_free", "u", NEED),  # bytes
    (9, "discards", "u", NEED),  # records dropped by full streams, in all
)

RECORDS = {
    EVENT: EVENT_BODY,
    RESULT: RESULT_BODY,
    GAP: GAP_BODY,
    CURVE: CURVE_BODY,
    DAILY: DAILY_BODY,
    DIAG: DIAG_BODY,
}
RECORD_NAMES = {EVENT: "event", RESULT: "result", GAP: "gap", CURVE: "curve", DAILY: "daily", DIAG: "diag"}

# ---- down: the body inside protocols.uplink.envelope's seal -----------------------------------

WELCOME = (
    (1, "nonce", "b", NEED),
    (2, "t_ms", "u", NEED),  # station time, UTC milliseconds
    (3, "epoch", "b", NEED),
    (4, "marks", "m", NEED),  # {stream number: highest sequence up to which all is stored}
)

MARK = (
    (3, "epoch", "b", NEED),
    (4, "marks", "m", NEED),
)

COMMAND = (
    (1, "device", "t", NEED),
    (2, "command", "u", NEED),  # id, strictly increasing per device
    (3, "not_before_s", "u", NEED),
    (4, "deadline_s", "u", NEED),
    (5, "kind", "u", NEED),
    (6, "params", "m", NEED),
)

# ---- command kinds ----------------------------------------------------------------------------

TRIP, PERMIT_CLOSE, PERIOD_PLAN, PERIOD_RELEASE, PURCHASE, PURCHASE_RELEASE, GUARANTEE = 1, 2, 3, 4, 5, 6, 7

TRIP_PARAMS = (
    (1, "rounds", "u", NEED),  # bit 0 = round 1
    (2, "delay_s", "u", NEED),  # alarm before the trip, 0..900
    (3, "limit_s", "u", NEED),  # stays tripped so long, counted from the trip; 0 = until permitted
)

PERMIT_CLOSE_PARAMS = ((1, "rounds", "u", NEED),)

PERIOD_PLAN_PARAMS = (  # sets the parameters of period control and enables it
    (1, "codes", "b", NEED),  # 12 bytes, 48 half hours of local time x 2 bits, first half hour in the low bits
    (2, "setpoints_w", "l", NEED),  # 1..8, by control period in order of the day
    (3, "float_pct", "i", NEED),  # -79..79
    (4, "periods", "u", NEED),  # mask of control periods enabled, bit 0 = period 1
    (5, "rounds", "u", NEED),
    (6, "alarm_s", "l", NEED),  # alarm time of round 1, 2, ...; the last counts for further rounds
    (7, "slide_s", "u", NEED),  # slide time, 1..3600
    (8, "safety_w", "u", NEED),  # safety setpoint: below it power control never trips
    (9, "post_trip_s", "u", NEED),  # wait and record after a trip, 1..600 (120 by the rule)
)

PURCHASE_PARAMS = (  # one purchase order; applying it enables purchase control
    (1, "order", "u", NEED),  # number, strictly increasing
    (2, "flag", "u", NEED),  # protocols.uplink.codes: APPEND or REFRESH
    (3, "value_wh", "i", NEED),
    (4, "alarm_wh", "i", NEED),
    (5, "trip_wh", "i", NEED),  # <= alarm_wh; below zero is credit
    (6, "rounds", "u", NEED),
)

GUARANTEE_PARAMS = (
    (1, "on", "u", NEED),
    (2, "duration_s", "u", NEED),  # 0 = until released; at most 48 half hours
)

COMMANDS = {
    TRIP: TRIP_PARAMS,
    PERMIT_CLOSE: PERMIT_CLOSE_PARAMS,
    PERIOD_PLAN: PERIOD_PLAN_PARAMS,
    PERIOD_RELEASE: (),
    PURCHASE: PURCHASE_PARAMS,
    PURCHASE_RELEASE: (),
    GUARANTEE: GUARANTEE_PARAMS,
}
COMMAND_NAMES = {
    TRIP: "trip",
    PERMIT_CLOSE: "permit_close",
    PERIOD_PLAN: "period_plan",
    PERIOD_RELEASE: "period_release",
    PURCHASE: "purchase",
    PURCHASE_RELEASE: "purchase_release",
    GUARANTEE: "guarantee",
}


def check_version(wire) -> None:
    """Refuse a message of another major version; call it before `unpack` on what came up."""
    if not isinstance(wire, dict) or 0 not in wire:
        raise MessageError("no version")
    if wire[0] != VERSION:
        raise MessageError("unknown version")


def unpack_record(wire) -> tuple:
    """[kind, t_s, t_ok, body] -> (kind, t_s, t_ok, body dict). An unknown kind keeps its raw body."""
    if not isinstance(wire, list) or len(wire) != 4:
        raise MessageError("record is not a list of four")
    kind, t_s, t_ok, body = wire
    if not (_TYPES["u"](kind) and _TYPES["u"](t_s) and t_ok in (0, 1) and isinstance(body, dict)):
        raise MessageError("wrong type in record")
    schema = RECORDS.get(kind)
    return kind, t_s, t_ok, unpack(schema, body) if schema is not None else body
