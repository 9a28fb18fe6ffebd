"""Every record of the decision core: tuples of ints, bytes, tuples and None, never changed in place.

Units stand in the names. The `_s` fields in TIMERS are run_s instants, the others are durations.
A mask holds rounds, bit 0 = round 1.
"""

from collections import namedtuple

Sample = namedtuple("Sample", "t_s local_s run_s power_w energy_wh")
# t_s UTC, for labels only. local_s local time, None while the clock is not trusted. run_s counts seconds and
# only goes forward. power_w and energy_wh are on the primary side, None when there is no fresh reading.

Outputs = namedtuple(
    "Outputs",
    "tripped alarm permitted setpoint_w remaining_wh controls guarantee guarantee_until_s plan_id last_order",
)  # the first three are masks; controls is ((control, phase, reason), ...) of protocols.uplink.codes

GUARANTEE = ("mode", "since_s", "duration_s")  # mode of codes.GUARANTEE_*; duration 0: until released
Guarantee = namedtuple("Guarantee", GUARANTEE)

ENTRY = ("rounds", "phase", "since_s", "delay_s", "limit_s", "power_w")  # power_w at the trip
Entry = namedtuple("Entry", ENTRY)  # one remote trip; entries never share a round

PLAN = (  # as messages.PERIOD_PLAN_PARAMS, led by the id of the command that set it
    "command",
    "codes",
    "setpoints_w",
    "float_pct",
    "periods",
    "rounds",
    "alarm_s",
    "slide_s",
    "safety_w",
    "post_trip_s",
)
Plan = namedtuple(
    "Plan", PLAN + ("day", "limits")
)  # the last two are made from the others: firmware.control.period

Limits = namedtuple("Limits", "setpoint_w safety_w rounds alarm_s slide_s post_trip_s")

LOOP = (  # of one power control
    "key",  # which window of the control it works in, 0 none
    "phase",
    "tripped",
    "round",  # mask of the round in alarm or just tripped
    "since_s",  # of the alarm or the trip
    "setpoint_w",  # at the trip
    "power_w",  # at the trip
    "sum_w",  # readings of the running slide
    "count",
    "tick_s",  # start of the running slide, None: the next reading is compared at once
    "known_s",  # local time was known then, to a minute
)
Loop = namedtuple("Loop", LOOP)

PURCHASE = ("orders", "enabled", "alarm_wh", "trip_wh", "rounds", "alarmed", "tripped", "since_s")
Purchase = namedtuple("Purchase", PURCHASE)  # orders: the last numbers applied, ascending

ACCOUNT = (
    "remaining_wh",  # None before the first order
    "base_wh",  # the meter's total at which remaining_wh was true
    "strays",  # readings in a row that do not follow base_wh
    "since_s",  # of the last one counted
    "old_wh",  # base_wh before a re-base, while the old total may still come back
    "old_s",  # of that re-base
    "read_s",  # base_wh was read then
)
Account = namedtuple("Account", ACCOUNT)

STATE = (
    "rounds",  # how many the hardware has
    "run_s",  # of the last call
    "guarantee",
    "remote",
    "plan",
    "loop",
    "purchase",
    "account",
    "tripped",  # mask the last step put out
    "permits",  # for each round the run_s instant its "close permitted" lamp went on, or None
)
State = namedtuple("State", STATE)

FIELDS = {
    Guarantee: GUARANTEE,
    Entry: ENTRY,
    Loop: LOOP,
    Purchase: PURCHASE,
    Account: ACCOUNT,
    State: STATE,
}
TIMERS = ("since_s", "tick_s", "known_s", "old_s", "read_s")


def evolve(record, **changes):
    """A copy of `record` with fields changed (MicroPython has no `_replace`). ValueError: unknown field."""
    names = FIELDS[type(record)]
    values = list(record)
    for name in changes:
        values[names.index(name)] = changes[name]
    return type(record)(*values)


def shift(record, delta_s):
    """Move the timers of `record` so that after a step back of run_s they have run as long as before."""
    changes = {}
    for name, value in zip(FIELDS[type(record)], record):
        if name in TIMERS and value is not None:
            changes[name] = value + delta_s
    return evolve(record, **changes)
