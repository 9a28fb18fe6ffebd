"""What the uplink contract says of a concentrator besides: records, commands, live state, sections.

Conventions of `messages` and `parameters`; a terminal does not load it. `meter` is the row of a meter in the
archive, 1..1000; in CURVE, DAILY and MONTHLY records it is the metering point. The tables are those of the
whole contract. A command that names a meter names its address too: rows may have moved since it was written.
"""

from protocols.uplink import archive_rows, codes, messages, parameters
from protocols.uplink.codes import Numbers, Texts, Words

ROW_BYTES = archive_rows.ROW_BYTES
ROWS_MOST = 40  # of one piece


class Both(Texts):
    """Two of Words or Texts as one: joined, their texts would lie in the heap."""

    def __init__(self, first, second) -> None:
        self._parts = first, second

    def items(self):
        for part in self._parts:
            yield from part.items()

    def __iter__(self):
        for part in self._parts:
            yield from part

    def get(self, no, default=None):
        found = self._parts[0].get(no)
        return self._parts[1].get(no, default) if found is None else found


# ---- events

EVENTS = Both(
    codes.EVENTS,
    Words(
        "129 charge_interpolated,"  # split by time: the freeze at a change of price was missing
        "130 archive_loaded,"
        "131 meter_found,"  # by a search
        "132 meter_clock_set,"
        "133 power_down,"  # the last that was told before the power went
        "134 patrol_ended,"  # of `command`: done, failed; error: why it was given up
        "150 balance_dropped,"  # another meter stands in its row, and it stands in none
        "151 balance_lost,"  # unreadable: nobody is cut until the station refreshes it
        "170 search_ended,"  # of `command`: done answered, failed answer twice; error: why it was given up
        "180 carrier_gone,"  # of line 9: the module answers no more
        "181 carrier_back,"
        "182 phase_differs"  # of a meter behind it: the phase that the module tells is not the archive's
    ),
)
EVENT_CODE = Numbers(EVENTS)
EVENT_FIELDS = Both(codes.EVENT_FIELDS, Words("43 line,44 address,45 done,46 failed"))
EVENT_FIELD_NO = Numbers(EVENT_FIELDS)

# ---- records

ABSENT, FOUND, REPLY, READ, LEDGER, ROUTE = 21, 22, 23, 24, 25, 26

ABSENT_BODY = (  # slots of a duty that stay without a value
    "1 duty u,"
    "2 first_s u,"  # UTC at which the first slot begins, and the last
    "3 last_s u,"
    "4 meter u,"  # 0: of all
    "5 read u,"  # 0: of all
    "6 reason u"  # OUTCOMES
)

FOUND_BODY = (  # of a search: a meter that answers and is not in the archive, or answers twice
    "1 line u,"
    "2 address b,"  # 6 bytes, as in the archive
    "3 state u,"  # FOUNDS
    "4 phase u"  # 0 unknown
)

REPLY_BODY = (  # to a FORWARD
    "1 command u,"
    "2 data b,"  # empty: no answer
    "3 took_ms u,"  # from the end of the request to the first byte of the answer
    "4 reason u?"  # OUTCOMES; missing: ok or, without data, mute
)

READ_BODY = (  # of a PATROL: one a meter
    "1 command u,"
    "2 meter u,"
    "3 reason u,"  # OUTCOMES
    "4 values m"  # {point number: value}
)

LEDGER_BODY = (  # of a meter's prepaid balance at the end of a local day
    "1 meter u,"
    "2 day_s u,"  # UTC of its end: 00:00 of the next
    "3 fee u,"  # 1: remaining is 10^-4 yuan, else Wh
    "4 remaining n,"
    "5 tier_wh u,"  # used in the running count of tiers
    "6 charged_wh u,"  # sum of the registers up to which all is charged
    "7 differs_wh n,"  # what the meter shows beyond them; null: not read
    "8 order u,"  # number of the last order
    "9 cut u"  # 1: its switch is open
)

ROUTE_BODY = (  # how a meter behind the module was reached of late
    "1 meter u,"
    "2 phase u,"  # 1..3 as the module tells it, 0 unknown
    "3 hops u,"  # relays between
    "4 success_e3 u,"  # share of exchanges that brought an answer
    "5 signal u"  # of the last hop, 1 the worst to 15, 0 unknown
)

# How a read ended: firmware/area/plan_duties.py
OUTCOMES = Words(
    "0 ok,1 mute,2 refused,3 garbled,4 empty,5 unasked,6 clock_jumped,7 removed,8 expired,9 no_such_item,"
    "10 interrupted"  # by a power cut: whether it went out is not known, it does not go again
)
FOUNDS = Words("1 unknown,2 twice,3 missing")  # 2: two meters have one address; 3: in the archive, mute

# ---- live state, key 24 of NOW

NOW_AREA = (
    "1 hash b,"  # first 8 bytes of the SHA-256 of the archive that runs
    "2 meters u,"
    "3 unread u,"  # meters that answer no more
    "4 cut u,"  # meters whose switch is open
    "5 low u,"  # prepaid meters at or below their warning threshold
    "6 duties l,"  # [[duty, slot_s, done, absent, wanted], ...] of their present slots
    "7 lines l,"  # [[line, answered, timeouts, refused frames], ...] since the start
    "8 work l,"  # [[command, done, failed, wanted], ...] of patrols and searches under way
    "9 module m?"  # of line 9: MODULE_NOW; missing: it has none
)

MODULE_NOW = (
    "1 state u,"  # MODULES
    "2 maker t,"  # maker, chip and version as the module tells them, empty: not yet
    "3 wanted u,"  # meters of line 9
    "4 told u,"  # of these the module knows so many
    "5 refused u,"  # and so many it does not take
    "6 answering u,"  # meters that answered of late
    "7 success_e3 u,"  # of all that were asked: share of exchanges that brought an answer, of late
    "8 reports u"  # that it made by itself, since the start
)
MODULES = Words("0 gone,1 starting,2 ready")

# ---- commands

ARCHIVE, METER_ORDER, METER_SWITCH, METER_GUARANTEE, METER_REPLACED = 21, 22, 23, 24, 25
FORWARD, PATROL, SEARCH, RESEND = 26, 27, 28, 29

BEGIN, ROWS, ACTIVATE, DISCARD = 0, 1, 2, 3  # operations of ARCHIVE

ARCHIVE_PARAMS = (  # the new archive is made beside the one that runs
    "1 op u,"
    "2 meter u?,"  # of ROWS: the first row
    "3 rows b?,"  # of ROWS: at most ROWS_MOST
    "4 hash b?"  # of BEGIN: of the archive to change, empty to begin from nothing; of ACTIVATE: of the result
)

METER_ORDER_PARAMS = (
    "1 meter u,"
    "2 address b,"
    "3 order u,"  # number, strictly increasing a meter
    "4 flag u,"  # codes.APPEND or REFRESH
    "5 value i,"
    "6 fee u"  # 1: value is 10^-4 yuan, else Wh
)

METER_SWITCH_PARAMS = (
    "1 meter u,"
    "2 address b,"
    "3 want u"  # 1 open, 2 permit to close, 0 as its balance wants
)

METER_GUARANTEE_PARAMS = "1 meter u,2 address b,3 on u"

METER_REPLACED_PARAMS = (  # its balance goes on with the new meter
    "1 meter u,"
    "2 address b,"  # of the old meter
    "3 new_address b,"
    "4 old_wh u,"  # last total of the old meter, as it shows it
    "5 new_wh u"  # first total of the new one
)

FORWARD_PARAMS = (  # bytes to a line as they are; the answer is a REPLY
    "1 line u,"
    "2 data b,"  # at most 512 bytes
    "3 wait_ms u,"  # for the first byte, 1..60000
    "4 baud u?,"  # of this exchange; missing: the line's
    "5 urgent u?"  # 1: before all but verifications
)

PATROL_PARAMS = (  # one item of many meters, once; each is told by a READ, the progress by NOW
    "1 point u,"  # number of protocols/meters/points.py
    "2 first u,"  # rows first..last of the archive
    "3 last u,"
    "4 group u?,"  # of these the group alone
    "5 within_s u?"  # then what is left is given up, 60..86400; 3600
)

SEARCH_PARAMS = "1 line u"  # 0: all lines

RESEND_PARAMS = (  # freezes that are kept are told once more
    "1 kind u,"  # DAILY or MONTHLY
    "2 from_s u,"  # labels from..until
    "3 until_s u,"
    "4 meter u?"  # missing: of all
)

RECORDS = Both(
    messages.RECORDS,
    Texts(
        f";{ABSENT}:{ABSENT_BODY}"
        f";{FOUND}:{FOUND_BODY}"
        f";{REPLY}:{REPLY_BODY}"
        f";{READ}:{READ_BODY}"
        f";{LEDGER}:{LEDGER_BODY}"
        f";{ROUTE}:{ROUTE_BODY}"
    ),
)
RECORD_NAMES = Words(messages.RECORD_NAMES.text + ",21 absent,22 found,23 reply,24 read,25 ledger,26 route")
COMMANDS = Both(
    messages.COMMANDS,
    Texts(
        f";{ARCHIVE}:{ARCHIVE_PARAMS}"
        f";{METER_ORDER}:{METER_ORDER_PARAMS}"
        f";{METER_SWITCH}:{METER_SWITCH_PARAMS}"
        f";{METER_GUARANTEE}:{METER_GUARANTEE_PARAMS}"
        f";{METER_REPLACED}:{METER_REPLACED_PARAMS}"
        f";{FORWARD}:{FORWARD_PARAMS}"
        f";{PATROL}:{PATROL_PARAMS}"
        f";{SEARCH}:{SEARCH_PARAMS}"
        f";{RESEND}:{RESEND_PARAMS}"
    ),
)
COMMAND_NAMES = Words(
    messages.COMMAND_NAMES.text
    + ",21 archive,22 meter_order,23 meter_switch,24 meter_guarantee,25 meter_replaced,26 forward,27 patrol,"
    "28 search,29 resend"
)

# ---- sections of parameters

TASKS, PRICES, PREPAID, AREA = 11, 12, 13, 14

_TASKS = (
    # [duty 16..255, point number, priority 2 freeze 3 poll 4 backfill, period_s (0 month), window start_s,
    #  end_s, tries, retry_s, archive flags, group, earlier slots]
    "1 tasks r 11 11 -"
)
_PRICES = (
    # [tariff 1..255, from_s, 24 bytes as `codes` of tariff, [prices_yuan_e4], months 0 1 12, [limits_wh],
    #  [adds_yuan_e4]]
    "1 tariffs r 7 7 -"
)
_PREPAID = (
    "1 warn_yuan_e4 u -1000000000 1000000000 200000,"
    "2 trip_yuan_e4 u -1000000000 1000000000 0,"  # below zero is an overdraft
    "3 warn_wh u -1000000000 1000000000 20000,"
    "4 trip_wh u -1000000000 1000000000 0,"
    "5 blocked_hours u 0 16777215 0,"  # mask of local hours in which nobody is cut off, bit 0 = 00:00..00:59
    "6 holidays l 0 65535 -,"  # local days since 1970-01-01 on which nobody is
    "7 by_rate u 0 1 0,"  # 1: the tariff registers of the meters are charged, 0: their totals
    "8 roll_kwh u 1000 100000000 1000000,"  # registers begin again at 0 here
    "9 wait_s u 0 86400 21600"  # so long a charge waits for the freeze of a change of price
)
_AREA = (
    "1 transformer_va u 0 100000000 0,"  # 0: not judged
    "2 overload_e3 u 500 2000 1000,"
    "3 unbalance_e3 u 10 1000 250,"  # of currents, (most - mean) / mean
    "4 voltage_high_dv u 2200 3000 2354,"
    "5 voltage_low_dv u 1000 2200 2046,"
    "6 holds_s u 0 86400 900,"  # so long a limit must be passed
    "7 unread_s u 3600 864000 86400,"  # a meter that gave nothing for so long
    "8 clock_off_s u 5 3600 10,"  # told from here on
    "9 clock_mend_s u 0 300 60,"  # corrected from here on, 0 never
    "10 stop_days u 1 60 7,"  # a total that stands so long at a meter that used before
    "11 fly_away_e1 u 10 10000 50"  # tenths: a day's use above so many times the most it could be
)
PARAMETERS = Both(
    parameters.TEXTS,
    Texts(f";{TASKS}:{_TASKS};{PRICES}:{_PRICES};{PREPAID}:{_PREPAID};{AREA}:{_AREA}"),
)
SECTIONS = Words(parameters.SECTIONS.text + ",11 tasks,12 prices,13 prepaid,14 area")
