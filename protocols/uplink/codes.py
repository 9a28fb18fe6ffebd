"""Numbers that stand for words in messages: events, their fields, outcomes, reasons, controls, phases.

One owner for both sides; the station's words in Chinese and English are keyed by these names. The tables
are texts, `number word` joined by commas, because texts lie in a terminal's flash and dicts in its heap.
"""


class Words:
    """{number: word} of one text, for readers: items, get, [], in."""

    def __init__(self, text) -> None:
        self._text = text

    def items(self):
        for row in self._text.split(","):
            no, word = row.split(" ")
            yield int(no), word

    def __iter__(self):
        return (no for no, _word in self.items())

    def get(self, no, default=None):
        for each, word in self.items():
            if each == no:
                return word
        return default

    def __getitem__(self, no) -> str:
        word = self.get(no)
        if word is None:
            raise KeyError(no)
        return word

    def __contains__(self, no) -> bool:
        return self.get(no) is not None


class Numbers:
    """{word: number} of the same text."""

    def __init__(self, words) -> None:
        self._words = words

    def get(self, word, default=None):
        for no, each in self._words.items():
            if each == word:
                return no
        return default

    def __getitem__(self, word) -> int:
        no = self.get(word)
        if no is None:
            raise KeyError(word)
        return no

    def __contains__(self, word) -> bool:
        return self.get(word) is not None


# Event code -> name. 1..99 are the ERC numbers of Q/GDW 376.1; 100.. are our own.
EVENTS = Words(
    "5 remote_trip,"
    "6 power_control_trip,"
    "7 energy_control_trip,"
    "14 power_up,"  # terminal off/on: every restart
    "19 purchase_applied,"
    "21 terminal_fault,"  # a task was restarted, flash refused, ...
    "23 energy_control_alarm,"
    "31 meter_read_failed,"
    "41 clock_set,"
    "101 power_control_alarm,"
    "102 close_permitted,"
    "103 switch_closed,"  # the auxiliary contact shows it
    "104 switch_opened,"
    "105 guarantee_on,"
    "106 guarantee_off,"
    "107 remote_trip_alarm,"
    "108 meter_read_recovered,"
    "109 power_control_end,"
    "110 plan_set"
)
EVENT_CODE = Numbers(EVENTS)
GENERAL_EVENTS = (41, 103, 104, 108, 109, 110)  # all others are important

# Field number -> name, for the data map of events and the detail map of results.
EVENT_FIELDS = Words(
    "1 rounds,"
    "2 control,"
    "3 power_before_w,"
    "4 power_after_w,"
    "5 setpoint_w,"
    "6 order,"
    "7 remaining_before_wh,"
    "8 remaining_after_wh,"
    "9 alarm_s,"
    "10 reason,"
    "11 boot,"
    "12 task,"
    "13 error,"
    "14 off_s,"
    "15 step_ms,"
    "16 command,"
    "17 until_s,"
    "18 threshold_wh,"
    "19 metering_point"
)
EVENT_FIELD_NO = Numbers(EVENT_FIELDS)

OUTCOMES = Words("1 received,2 executed,3 refused,4 expired")
RECEIVED, EXECUTED, REFUSED, EXPIRED = 1, 2, 3, 4

# Why a command was refused, or a control does not act. 0 = no reason to give: it acts.
REASONS = Words(
    "0 none,"
    # the gate
    "1 bad_mac,"
    "2 not_mine,"
    "3 stale_id,"  # id not above the highest applied, and not one of the last 64
    "4 too_early,"
    "5 past_deadline,"
    "6 unknown_kind,"
    "7 bad_params,"
    "8 clock_unset,"  # a deadline cannot be judged
    "9 second_mac_needed,"
    "10 storage_failed,"  # the intent could not be journalled, so nothing was done
    "11 busy,"  # too many trips wait for their read-back
    # the core
    "20 guaranteed,"
    "21 guarantee_unreadable,"
    "22 order_already_applied,"
    "23 order_number_old,"
    "24 nothing_to_permit,"
    "25 no_such_round,"
    "26 not_confirmed,"  # the relay did not read back in time: the measured state tells
    # why an enabled control does not act
    "40 not_enabled,"
    "41 outside_period,"
    "42 no_setpoint,"
    "43 no_reading,"
    "44 below_safety_setpoint,"
    "45 below_setpoint,"
    "46 all_rounds_tripped,"
    "47 higher_priority,"
    "48 above_threshold,"
    "49 invalid_plan"  # more than 8 control periods in a day
)
REASON_NO = Numbers(REASONS)

CONTROLS = Words("1 remote,2 period,3 purchase")
REMOTE, PERIOD, PURCHASE = 1, 2, 3

PHASES = Words("0 idle,1 monitor,2 alarm,3 post_trip,4 tripped")
IDLE, MONITOR, ALARM, POST_TRIP, TRIPPED = 0, 1, 2, 3, 4

APPEND, REFRESH = 0x55, 0xAA  # Q/GDW 376.1 AFN04 F47

GAP_REASONS = Words("0 unexplained,1 stream_full,2 flash_error,3 undecodable")

GUARANTEE_OFF, GUARANTEE_ON, GUARANTEE_UNREADABLE = 0, 1, 2
