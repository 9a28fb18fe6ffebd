"""Numbers that stand for words in messages: events, their fields, outcomes, reasons, controls, phases.

One owner for both sides; the station's words in Chinese and English are keyed by these names. The tables
are texts, `number word` joined by commas, because texts lie in a terminal's flash and dicts in its heap.
"""


class Words:
    """{number: word} of one text, for readers: items, get, [], in."""

    def __init__(self, text) -> None:
        self.text = text

    def items(self):
        for row in self.text.split(","):
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


class Texts:
    """{number: text} of one text of rows `;number:text`, for readers: iteration, get, [], in."""

    def __init__(self, text) -> None:
        self.text = text

    def __iter__(self):
        return (int(row.split(":")[0]) for row in self.text[1:].split(";"))

    def get(self, no, default=None):
        head = ";%d:" % no
        at = self.text.find(head)
        if at < 0:
            return default
        at += len(head)
        end = self.text.find(";", at)
        return self.text[at : end if end >= 0 else len(self.text)]

    def __getitem__(self, no) -> str:
        text = self.get(no)
        if text is None:
            raise KeyError(no)
        return text

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


# Event code -> name. 1..99 are the ERC numbers of Q/GDW 376.1; 100.. are our own. An event with a beginning
# and an end is told twice, the second time with `ended` 1 and `lasted_s`.
EVENTS = Words(
    "1 initialised,"  # flash formatted or firmware version changed
    "2 parameters_lost,"  # a section could not be read: its last good or default values stand
    "3 parameters_changed,"
    "4 input_changed,"
    "5 remote_trip,"
    "6 power_control_trip,"
    "7 energy_control_trip,"
    "8 meter_parameters_changed,"
    "9 current_loop_abnormal,"  # kind: codes of firmware.metering.rules
    "10 voltage_loop_abnormal,"
    "11 phase_sequence_abnormal,"
    "12 meter_clock_off,"
    "13 meter_fault,"
    "14 power_up,"  # terminal off/on: every restart
    "15 harmonics_over,"
    "17 unbalance_over,"
    "19 purchase_applied,"
    "20 authentication_failed,"
    "21 terminal_fault,"  # a task was restarted, flash refused, ...
    "22 energy_difference_over,"
    "23 energy_control_alarm,"
    "24 voltage_limit,"
    "25 current_limit,"
    "26 apparent_power_limit,"
    "27 register_decrease,"
    "28 energy_deviation,"
    "29 meter_fly_away,"
    "30 meter_stop,"
    "31 meter_read_failed,"
    "32 traffic_over,"
    "33 status_word_changed,"
    "36 output_mismatch,"  # contacts do not follow the relay outputs
    "37 meter_cover_open,"
    "38 meter_terminal_cover_open,"
    "40 magnetic_field,"
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
    "110 plan_set,"
    "111 group_power_frozen,"  # down-float: freeze_s after its command
    "112 exclusion_on,"
    "113 exclusion_off,"
    "114 switch_close_driven,"  # direct close
    "115 reminder_set,"
    "116 message_set,"
    "117 meter_changed,"
    "118 reverse_power,"
    "119 overload,"
    "120 power_factor_low,"
    "121 demand_over,"
    "122 neutral_current_off,"
    "123 control_released,"
    "124 register_rebased,"  # a total that does not follow the last one was taken as a new meter
    "125 service_test,"  # relays moved from the service console
    "126 contract_power_over,"
    "127 profile_kept,"  # a meter profile that came by command has proved itself
    "128 profile_rolled_back"  # or has not: the one before stands
)
EVENT_CODE = Numbers(EVENTS)
# All others are important, unless parameters.EVENTS says otherwise.
GENERAL_EVENTS = (3, 4, 8, 12, 17, 32, 33, 41, 103, 104, 108, 109, 110, 111, 115, 116, 120, 123)

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
    "19 metering_point,"
    "20 group,"
    "21 phase,"  # mask, bit 0 = A; missing: not by phase
    "22 value,"
    "23 limit,"
    "24 ended,"
    "25 lasted_s,"
    "26 kind,"
    "27 section,"
    "28 version,"
    "29 inputs,"  # mask as it is now
    "30 changed,"  # mask of what moved
    "31 slot,"
    "32 threshold_yuan_e4,"
    "33 remaining_before_yuan_e4,"
    "34 remaining_after_yuan_e4,"
    "35 old_wh,"
    "36 new_wh,"
    "37 repeats,"  # the same event since it was last told, kept back by the duplicate filter
    "38 before,"  # of `value`
    "39 power_w,"
    "40 threshold_pct,"
    "41 energy_wh,"
    "42 bytes"  # of a package that are there: where to go on
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
    "12 excluded,"  # the terminal is excluded from commands to many
    # the core
    "20 guaranteed,"
    "21 guarantee_unreadable,"
    "22 order_already_applied,"
    "23 order_number_old,"
    "24 nothing_to_permit,"
    "25 no_such_round,"
    "27 already_active,"  # a second down-float
    "28 stale_version,"  # parameters with a version that is not above the one in force
    "29 nothing_to_release,"
    "30 no_such_point,"
    "33 bad_profile,"  # the detail says why: signature, revision, tests
    "32 no_tariff,"  # an order of money on a terminal that has no prices
    "31 close_not_allowed,"  # this board may not close a switch by itself
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
    "49 invalid_plan,"  # more than 8 control periods in a day
    "50 not_rest_day,"
    "51 before_start,"
    "52 after_end,"
    "53 measuring,"  # down-float averages the power that its setpoint is made of
    "54 outside_hours"  # of the day: reminder, alarm sound
)
REASON_NO = Numbers(REASONS)

CONTROLS = Words("1 remote,2 period,3 purchase,4 factory_rest,5 business_stop,6 down_float,7 month_energy")
REMOTE, PERIOD, PURCHASE, FACTORY_REST, BUSINESS_STOP, DOWN_FLOAT, MONTH_ENERGY = 1, 2, 3, 4, 5, 6, 7

PHASES = Words("0 idle,1 monitor,2 alarm,3 post_trip,4 tripped,5 measuring")
IDLE, MONITOR, ALARM, POST_TRIP, TRIPPED, MEASURING = 0, 1, 2, 3, 4, 5

APPEND, REFRESH = 0x55, 0xAA  # Q/GDW 376.1 AFN04 F47

GAP_REASONS = Words("0 unexplained,1 stream_full,2 flash_error,3 undecodable")

GUARANTEE_OFF, GUARANTEE_ON, GUARANTEE_UNREADABLE = 0, 1, 2
# the automatic ones: no valid message for long, after power-up, hours of the day
GUARANTEE_LOST_LINK, GUARANTEE_POWER_UP, GUARANTEE_HOURS = 3, 4, 5

ADDRESSED, TO_MANY = 0, 1  # scope of a command
DAY, MONTH = 1, 2  # period of statistics
