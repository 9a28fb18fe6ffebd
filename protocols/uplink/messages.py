"""Every message of uplink contract version 1: its keys, types and meaning (for other tools: contract.cddl).

A schema is a text of rows `key field type`, joined by commas: a text lies in flash, where a table of
tuples would take a terminal 10 KB of heap. On the wire a message is a CBOR map with the integer keys; in
code it is a dict with the field names. Unknown keys are ignored, so that a newer minor version can add
them; an unknown major version (key 0) is refused.

Types: u unsigned, i signed, t text, b bytes, l list, m map, n null-or-int; `?` behind it: may be missing.
Units stand in the names: _s UTC seconds (or a duration), _ms milliseconds, _w watts, _wh watt-hours.
"""

from protocols.uplink.codes import Texts, Words

VERSION = 1


class MessageError(ValueError):
    """Outside data that is not a message of this contract; args[0] is a short reason for counters."""


_TYPES = {"t": str, "b": bytes, "l": list, "m": dict}


def _fits(kind, value):
    if kind in _TYPES:
        return isinstance(value, _TYPES[kind])
    if value is None:
        return kind == "n"
    return isinstance(value, int) and not isinstance(value, bool) and (kind != "u" or value >= 0)


def rows(schema):
    """The rows of a schema: (key, field, type, True if it must be there)."""
    for row in schema.split(",") if schema else ():
        key, field, kind = row.split(" ")
        yield int(key), field, kind[0], len(kind) == 1


def pack(schema, values) -> dict:
    """Names to keys. KeyError for a missing or unknown field: that is our own bug."""
    out = {}
    for key, field, _kind, need in rows(schema):
        if need or field in values:
            out[key] = values[field]
    if len(out) < len(values):
        raise KeyError("unknown field")
    return out


def unpack(schema, wire) -> dict:
    """Keys to names. MessageError for a missing field or a wrong type: that is outside data."""
    if not isinstance(wire, dict):
        raise MessageError("not a map")
    out = {}
    for key, field, kind, need in rows(schema):
        if key not in wire:
            if need:
                raise MessageError("missing " + field)
            continue
        if not _fits(kind, wire[key]):
            raise MessageError("wrong type of " + field)
        out[field] = wire[key]
    return out


# ---- up ---------------------------------------------------------------------------------------

HELLO = (  # first message of every link-up
    "0 version u,"
    "1 device t,"
    "2 epoch b,"  # 8 random bytes made when the flash was formatted: sequences count within it
    "3 boot u,"  # boots since then
    "4 nonce b,"  # 8 random bytes, echoed by the welcome: an old welcome cannot be replayed
    "5 firmware t,"
    "6 product t,"  # "terminal" or "concentrator"
    "7 board t,"
    "8 t_s u,"
    "9 t_ok u,"  # 1: the clock was set by the station, a meter or an RTC chip
    "10 last_command u,"  # highest command id applied
    "11 next_seq m,"  # {stream number: next sequence}
    "12 held_from m,"  # {stream number: first sequence still held}
    "13 multiplier u,"  # CT x PT of the main metering point
    "14 profiles l?"  # as in NOW
)

BATCH = (  # up/ev, up/da, up/lg: records with consecutive sequence numbers
    "0 version u,"
    "1 epoch b,"
    "2 first_seq u,"
    "3 held_from u,"  # everything below is stored at the station or lost for good
    "4 records l"  # [[kind, t_s, t_ok, body map], ...]
)

NOW = (  # up/now: the state at this moment, QoS 0, replaced by the next one
    "0 version u,"
    "1 t_s u,"
    "2 t_ok u,"
    "3 power_w n,"  # group power, primary side; null when no fresh reading
    "4 setpoint_w n,"  # of the power control that acts; null when none does
    "5 tripped u,"  # rounds the terminal holds tripped, bit 0 = round 1
    "6 open n,"  # rounds whose switch reports open (auxiliary contact); null when it cannot be read
    "7 alarm u,"  # rounds in alarm
    "8 permitted u,"  # rounds showing "close permitted"
    "9 remaining_wh n,"
    "10 controls l,"  # [[control, phase, reason], ...] of protocols.uplink.codes
    "11 guarantee u,"  # 0 off, 1 on, 2 unreadable (counts as on)
    "12 guarantee_until_s n,"
    "13 meter_ok u,"
    "14 points m,"  # {point number: value} as last read, protocols.meters.points
    "15 frames l,"  # last line frames [[t_s, direction 0 sent / 1 received, bytes], ...]
    "16 plan_id u,"  # command id that set the running period plan, 0 none
    "17 last_order u,"  # number of the last purchase order applied, 0 none
    # power_w, setpoint_w, remaining_wh, plan_id and last_order above are those of summation group 1
    "18 groups l?,"  # [[group, power_w, setpoint_w, control, remaining_wh, remaining_yuan_e4, month_wh,
    #                  plan_id, last_order], ...] of all groups; control: the power control that acts, 0 none
    "19 excluded u?,"  # 1: commands of scope 1 are refused
    "20 reminder u?,"  # 1: the payment reminder sounds now
    "21 parameters m?,"  # {section: version} in force, protocols.uplink.parameters
    "22 metering l?,"  # [[metering_point, power_w, energy_wh], ...], primary side, null without fresh reading
    "23 profiles l?,"  # [[slot, hash, 1 on trial, id], ...]: first 8 bytes of the SHA-256 that runs
    "24 area m?"  # of a concentrator: area.NOW_AREA
)

# ---- records ----------------------------------------------------------------------------------

EVENT, RESULT, GAP, CURVE, DAILY, MONTHLY, BILLING, STATS, DIAG = 1, 2, 3, 10, 11, 12, 13, 14, 20

EVENT_BODY = (
    "1 code u,"  # protocols.uplink.codes.EVENTS
    "2 data m"  # {field number: int or text}, protocols.uplink.codes.EVENT_FIELDS
)

RESULT_BODY = (  # a command's progress; `executed` and later are final
    "1 command u,"
    "2 outcome u,"  # protocols.uplink.codes.OUTCOMES
    "3 reason u,"  # protocols.uplink.codes.REASONS, 0 when none
    "4 tripped u,"  # measured state when the result was made, as in NOW
    "5 open n,"
    "6 remaining_wh n,"
    "7 detail m"  # {event field number: int or text}
)

GAP_BODY = (  # records of this stream that are gone for good
    "1 first_seq u,"
    "2 last_seq u,"
    "3 reason u"  # protocols.uplink.codes.GAP_REASONS
)

CURVE_BODY = (
    "1 slot_s u,"  # UTC start of the slot the values were read at
    "2 interval_s u,"
    "3 metering_point u,"  # 1 = the main meter
    "4 quality u,"  # protocols.meters.points.QUALITIES
    "5 values m"  # {point number: value}; a missing point stays missing
)

DAILY_BODY = (  # of MONTHLY (label: the 1st 00:00) and BILLING (label: the billing day's hour) too
    "1 day_s u,"  # UTC instant of the local 00:00 that labels the freeze
    "3 metering_point u,"
    "4 quality u,"
    "5 values m"
)

STATS_BODY = (  # what was counted over a local day or month, of a metering point or a summation group
    "1 from_s u,"  # UTC instant of the local 00:00 it began
    "2 period u,"  # codes.DAY or codes.MONTH
    "3 metering_point u?,"
    "4 quality u,"
    "5 values m,"  # {statistic number: value}, protocols.meters.statistics
    "6 group u?"
)

DIAG_BODY = (
    "1 heap_free u,"
    "2 heap_used u,"
    "3 line_ok u,"  # exchanges answered
    "4 line_timeouts u,"
    "5 line_bad u,"  # frames refused (checksum, length, foreign)
    "6 links u,"  # broker connections made
    "7 restarts u,"  # tasks restarted by the supervisor
    "8 flash_free u,"  # bytes
    "9 discards u,"  # records dropped by full streams, in all
    "10 store_errors u"  # commits the flash refused since the start
)

RECORDS = Texts(
    f";{EVENT}:{EVENT_BODY}"
    f";{RESULT}:{RESULT_BODY}"
    f";{GAP}:{GAP_BODY}"
    f";{CURVE}:{CURVE_BODY}"
    f";{DAILY}:{DAILY_BODY}"
    f";{MONTHLY}:{DAILY_BODY}"
    f";{BILLING}:{DAILY_BODY}"
    f";{STATS}:{STATS_BODY}"
    f";{DIAG}:{DIAG_BODY}"
)
RECORD_NAMES = Words("1 event,2 result,3 gap,10 curve,11 daily,12 monthly,13 billing,14 stats,20 diag")

# ---- down: the body inside protocols.uplink.envelope's seal -----------------------------------

WELCOME = (
    "1 nonce b,"
    "2 t_ms u,"  # station time, UTC milliseconds
    "3 epoch b,"
    "4 marks m"  # {stream number: highest sequence up to which all is stored}
)

MARK = "3 epoch b,4 marks m"

COMMAND = (
    "1 device t,"
    "2 command u,"  # id, strictly increasing per device
    "3 not_before_s u,"
    "4 deadline_s u,"
    "5 kind u,"
    "6 params m,"
    "7 scope u?"  # codes.ADDRESSED (default) or codes.TO_MANY: part of a command to a group or to all
)

# ---- command kinds ----------------------------------------------------------------------------

# 6 was the release of purchase control; its number is not used again.
TRIP, PERMIT_CLOSE, PERIOD_PLAN, RELEASE, PURCHASE, GUARANTEE = 1, 2, 3, 4, 5, 7
FACTORY_REST, BUSINESS_STOP, DOWN_FLOAT, MONTH_ENERGY, PERIOD_ENABLE = 8, 9, 10, 11, 12
EXCLUSION, FEE_ORDER, AUTO_RELEASE, REMINDER, MESSAGE, PARAMETERS = 13, 14, 15, 16, 17, 18
METER_CHANGE, PROFILE = 19, 20

# Wherever `group` may be missing it is summation group 1.
TRIP_PARAMS = (
    "1 rounds u,"  # bit 0 = round 1
    "2 delay_s u,"  # alarm before the trip, 0..900
    "3 limit_s u,"  # stays tripped so long, counted from the trip; 0 = until permitted
    "4 direct u?"  # 1: at its end the switch is closed, not only permitted to
)

PERMIT_CLOSE_PARAMS = (
    "1 rounds u,"
    "2 direct u?"  # 1: close, only where a board says that it may
)

# How the closed loop runs, the same in each power control.
_LOOP = (
    "5 rounds u,"
    "6 alarm_s l,"  # alarm time of round 1, 2, ...; the last counts for further rounds
    "7 slide_s u,"  # slide time, 1..3600
    "8 safety_w u,"  # safety setpoint: below it power control never trips
    "9 post_trip_s u,"  # wait and record after a trip, 1..600 (120 by the rule)
    "10 group u?"
)

PERIOD_PLAN_PARAMS = (  # sets the parameters of period control and enables it
    "1 codes b,"  # 12 bytes, 48 half hours of local time x 2 bits, first half hour in the low bits
    "2 setpoints_w l,"  # 1..8, by control period in order of the day: scheme 0
    "3 float_pct i,"  # -79..79
    "4 periods u,"  # mask of control periods enabled, bit 0 = period 1
    + _LOOP
    + ",11 schemes l?,"  # [setpoints_w of scheme 1, of scheme 2]
    "12 scheme u?"  # the one that is enabled, 0..2
)

RELEASE_PARAMS = (
    "1 control u,"  # codes.CONTROLS but remote
    "2 group u?"
)

PURCHASE_PARAMS = (  # one purchase order; applying it enables purchase control
    "1 order u,"  # number, strictly increasing, one sequence for both units
    "2 flag u,"  # protocols.uplink.codes: APPEND or REFRESH
    "3 value_wh i,"
    "4 alarm_wh i,"
    "5 trip_wh i,"  # <= alarm_wh; below zero is credit
    "6 rounds u,"
    "7 group u?"
)

FEE_ORDER_PARAMS = (  # the same in money; energy is priced by parameters.TARIFF
    "1 order u,2 flag u,3 value_yuan_e4 i,4 alarm_yuan_e4 i,5 trip_yuan_e4 i,6 rounds u,7 group u?"
)

GUARANTEE_PARAMS = (
    "1 on u,"
    "2 duration_s u"  # 0 = until released; at most 48 half hours
)

FACTORY_REST_PARAMS = (
    "1 setpoint_w u,"
    "2 start_min u,"  # minute of the local day, 0..1439
    "3 duration_s u,"  # 1..48 half hours; may cross midnight
    "4 days u," + _LOOP  # mask of rest days, bit 0 = Monday
)

BUSINESS_STOP_PARAMS = (
    "1 setpoint_w u,"
    "2 from_day u,"  # local days since 1970-01-01
    "3 until_day u," + _LOOP  # the first day after it
)

DOWN_FLOAT_PARAMS = (  # setpoint = average power of one slide time x (1 + float_pct %)
    "1 float_pct i,"  # -79..79
    "2 freeze_s u,"  # so long after the command the group's power is recorded, 300..3600
    "3 duration_s u," + _LOOP  # 1..48 half hours from the command
)

MONTH_ENERGY_PARAMS = (
    "1 setpoint_wh u,"
    "2 float_pct i,"
    "3 alarm_pct u,"  # of the setpoint, 1..100 (80 by the rule)
    "5 rounds u,"
    "10 group u?"
)

PERIOD_ENABLE_PARAMS = (  # other periods or another scheme of the plan that is there
    "1 periods u,2 scheme u,10 group u?"
)

EXCLUSION_PARAMS = "1 on u"

REMINDER_PARAMS = (
    "1 on u,"
    "2 hours u,"  # mask of local hours in which it may sound, bit 0 = 00:00..00:59
    "3 text t"  # at most 200 characters
)

MESSAGE_PARAMS = (
    "1 slot u,"  # 1..8; a new text takes the place of the old one
    "2 important u,"
    "3 text t"  # at most 200 bytes; "" clears the slot
)

PARAMETERS_PARAMS = (
    "1 section u,"  # protocols.uplink.parameters.SECTIONS
    "2 version u,"  # strictly increasing a section
    "3 values m"  # {key: value}; what is missing gets its default
)

METER_CHANGE_PARAMS = (  # a meter was replaced: its energy goes on
    "1 metering_point u,"
    "2 old_wh u,"  # last total of the old meter, as it shows it (secondary side)
    "3 new_wh u"  # first total of the new one
)

PROFILE_PARAMS = (  # of a meter, signed: comes in pieces, is proved and tried, and rolled back by itself
    "1 op u,"  # 0 piece, 1 activate, 2 discard what came, 3 roll back; answers tell the `bytes` there are
    "2 slot u,"  # 1..4: the profile number of section POINTS
    "3 total u?,"  # of a piece: bytes in all
    "4 offset u?,"
    "5 bytes b?,"  # at most 1024
    "6 hash b?"  # to activate: SHA-256 of the profile's document
)

COMMANDS = Texts(
    f";{TRIP}:{TRIP_PARAMS}"
    f";{PERMIT_CLOSE}:{PERMIT_CLOSE_PARAMS}"
    f";{PERIOD_PLAN}:{PERIOD_PLAN_PARAMS}"
    f";{RELEASE}:{RELEASE_PARAMS}"
    f";{PURCHASE}:{PURCHASE_PARAMS}"
    f";{GUARANTEE}:{GUARANTEE_PARAMS}"
    f";{FACTORY_REST}:{FACTORY_REST_PARAMS}"
    f";{BUSINESS_STOP}:{BUSINESS_STOP_PARAMS}"
    f";{DOWN_FLOAT}:{DOWN_FLOAT_PARAMS}"
    f";{MONTH_ENERGY}:{MONTH_ENERGY_PARAMS}"
    f";{PERIOD_ENABLE}:{PERIOD_ENABLE_PARAMS}"
    f";{EXCLUSION}:{EXCLUSION_PARAMS}"
    f";{FEE_ORDER}:{FEE_ORDER_PARAMS}"
    f";{AUTO_RELEASE}:"
    f";{REMINDER}:{REMINDER_PARAMS}"
    f";{MESSAGE}:{MESSAGE_PARAMS}"
    f";{PARAMETERS}:{PARAMETERS_PARAMS}"
    f";{METER_CHANGE}:{METER_CHANGE_PARAMS}"
    f";{PROFILE}:{PROFILE_PARAMS}"
)
COMMAND_NAMES = Words(
    "1 trip,2 permit_close,3 period_plan,4 release,5 purchase,7 guarantee,8 factory_rest,9 business_stop,"
    "10 down_float,11 month_energy,12 period_enable,13 exclusion,14 fee_order,15 auto_release,16 reminder,"
    "17 message,18 parameters,19 meter_change,20 profile"
)


def check_version(wire) -> None:
    """Refuse a message of another major version; call it before `unpack` on what came up."""
    if not isinstance(wire, dict) or 0 not in wire:
        raise MessageError("no version")
    if wire[0] != VERSION:
        raise MessageError("unknown version")


def unpack_record(wire, records=RECORDS) -> tuple:
    """[kind, t_s, t_ok, body] -> (kind, t_s, t_ok, body dict). An unknown kind keeps its raw body."""
    if not isinstance(wire, list) or len(wire) != 4:
        raise MessageError("record is not a list of four")
    kind, t_s, t_ok, body = wire
    if not (_fits("u", kind) and _fits("u", t_s) and t_ok in (0, 1) and isinstance(body, dict)):
        raise MessageError("wrong type in record")
    schema = records.get(kind)
    return kind, t_s, t_ok, unpack(schema, body) if schema is not None else body
