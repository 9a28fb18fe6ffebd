"""Numbers that stand for words in messages: events, their fields, outcomes, reasons, controls, phases.

One owner for both sides; the station's words in Chinese and English are keyed by these names.
"""

# Event code -> (name, important). 1..99 are the ERC numbers of Q/GDW 376.1; 100.. are our own.
EVENTS = {
    5: ("remote_trip", True),
    6: ("power_control_trip", True),
    7: ("energy_control_trip", True),
    14: ("power_up", True),  # terminal off/on: every restart
    19: ("purchase_applied", True),
    21: ("terminal_fault", True),  # a task was restarted, flash refused, ...
    23: ("energy_control_alarm", True),
    31: ("meter_read_failed", True),
    41: ("clock_set", False),
    101: ("power_control_alarm", True),
    102: ("close_permitted", True),
    103: ("switch_closed", False),  # the auxiliary contact shows it
    104: ("switch_opened", False),
    105: ("guarantee_on", True),
    106: ("guarantee_off", True),
    107: ("remote_trip_alarm", True),
    108: ("meter_read_recovered", False),
    109: ("power_control_end", False),
    110: ("plan_set", False),
}
EVENT_CODE = {name: code for code, (name, _important) in EVENTS.items()}

# Field number -> name, for the data map of events and the detail map of results.
EVENT_FIELDS = {
    1: "rounds",
    2: "control",
    3: "power_before_w",
    4: "power_after_w",
    5: "setpoint_w",
    6: "order",
    7: "remaining_before_wh",
    8: "remaining_after_wh",
    9: "alarm_s",
    10: "reason",
    11: "boot",
    12: "task",
    13: "error",
    14: "off_s",
    15: "step_ms",
    16: "command",
    17: "until_s",
    18: "threshold_wh",
    19: "metering_point",
}
EVENT_FIELD_NO = {name: no for no, name in EVENT_FIELDS.items()}

OUTCOMES = {1: "received", 2: "executed", 3: "refused", 4: "expired"}
RECEIVED, EXECUTED, REFUSED, EXPIRED = 1, 2, 3, 4

# Why a command was refused, or a control does not act. 0 = no reason to give: it acts.
REASONS = {
    0: "none",
    # the gate
    1: "bad_mac",
    2: "not_mine",
    3: "stale_id",  # id not above the highest applied, and not one of the last 64
    4: "too_early",
    5: "past_deadline",
    6: "unknown_kind",
    7: "bad_params",
    8: "clock_unset",  # a deadline cannot be judged
    9: "second_mac_needed",
    10: "storage_failed",  # the intent could not be journalled, so nothing was done
    # the core
    20: "guaranteed",
    21: "guarantee_unreadable",
    22: "order_already_applied",
    23: "order_number_old",
    24: "nothing_to_permit",
    25: "no_such_round",
    # why an enabled control does not act
    40: "not_enabled",
    41: "outside_period",
    42: "no_setpoint",
    43: "no_reading",
    44: "below_safety_setpoint",
    45: "below_setpoint",
    46: "all_rounds_tripped",
    47: "higher_priority",
    48: "above_threshold",
    49: "invalid_plan",  # more than 8 control periods in a day
}
REASON_NO = {name: no for no, name in REASONS.items()}

CONTROLS = {1: "remote", 2: "period", 3: "purchase"}
REMOTE, PERIOD, PURCHASE = 1, 2, 3

PHASES = {0: "idle", 1: "monitor", 2: "alarm", 3: "post_trip", 4: "tripped"}
IDLE, MONITOR, ALARM, POST_TRIP, TRIPPED = 0, 1, 2, 3, 4

APPEND, REFRESH = 0x55, 0xAA  # Q/GDW 376.1 AFN04 F47

GAP_REASONS = {0: "unexplained", 1: "stream_full", 2: "flash_error", 3: "undecodable"}

GUARANTEE_OFF, GUARANTEE_ON, GUARANTEE_UNREADABLE = 0, 1, 2
