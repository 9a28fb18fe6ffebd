"""Every record of the decision core: tuples of ints, bytes, tuples and None, never changed in place.

Units stand in the names. The `_s` fields in TIMERS are run_s instants, the others are durations.
A mask holds rounds, bit 0 = round 1.
"""

from collections import namedtuple

from protocols.uplink.codes import BUSINESS_STOP, DOWN_FLOAT, FACTORY_REST, MONTH_ENERGY, PERIOD

# ---- what goes in and comes out

Sample = namedtuple("Sample", "t_s local_s run_s groups price_e4 heard")
# t_s UTC, for labels only. local_s local time, None while the clock is not trusted. run_s counts seconds and
# only goes forward. groups: by summation group (index 0 = group 1) (power_w, energy_wh), primary side, None
# where there is no fresh reading; groups beyond the end have none. price_e4: 10^-4 yuan a kWh now, None when
# it is not known. heard 1: a valid message of the station came since the last sample.

Outputs = namedtuple(
    "Outputs", "tripped alarm permitted close controls guarantee guarantee_until_s excluded groups"
)
# The first four are masks; close: switches to close now, said in one step only. controls: a row (control,
# phase, reason, group) of protocols.uplink.codes for each control that has parameters or is in force.
# guarantee: codes.GUARANTEE_*. groups: GroupOut of each group that has a state.

GroupOut = namedtuple(
    "GroupOut",
    "group power_w setpoint_w control remaining_wh remaining_yuan_e4 month_wh plan_id last_order",
)  # control: the power control that acts, 0 none; setpoint_w: its setpoint; plan_id: of the period plan

# ---- what is remembered

GUARANTEE = ("mode", "since_s", "duration_s", "shown", "heard_s")
Guarantee = namedtuple("Guarantee", GUARANTEE)
# mode, since_s, duration_s: as commanded, duration 0: until released. shown: the mode in force, which may be
# an automatic one. heard_s: the station was last heard, None: never.

ENTRY = ("rounds", "phase", "since_s", "delay_s", "limit_s", "power_w", "direct", "start_s")
Entry = namedtuple("Entry", ENTRY)  # one remote trip; entries never share a round
# power_w at the trip. direct 1: at its end the switch is closed. limit_s counts from start_s, None: not yet.

PLAN = ("command", "params", "day")
Plan = namedtuple("Plan", PLAN)  # params: as in messages.COMMANDS; day: of firmware.control.period, or b""

LOOP = (  # the closed loop of a group
    "control",  # which power control drives it, 0 none
    "key",  # which window of that control
    "phase",
    "tripped",
    "round",  # mask of the round in alarm or just tripped
    "since_s",  # of the alarm or the trip
    "setpoint_w",  # at the trip
    "power_w",  # at the trip
    "sum_w",  # readings of the running slide
    "count",
    "tick_s",  # start of the running slide, None: the next reading is compared at once
)
Loop = namedtuple("Loop", LOOP)

FLOAT = ("since_s", "setpoint_w", "frozen")
Float = namedtuple("Float", FLOAT)  # a down-float since its command; setpoint_w None: still measuring

COUNT = (  # of the energy of a group
    "base_wh",  # the last total that was believed, None before the first
    "strays",  # readings in a row that do not follow base_wh
    "since_s",  # of the last one counted
    "old_wh",  # base_wh before a re-base, while the old total may still come back
    "old_s",  # of that re-base
    "read_s",  # base_wh was read then
)
Count = namedtuple("Count", COUNT)

ACCOUNT = ("fee", "left", "rest", "price_e4", "last")
Account = namedtuple("Account", ACCOUNT)
# left: remaining Wh, or with fee 1 remaining 10^-4 yuan; None before the first order. rest: what is owed
# beyond `left`, in 10^-7 yuan, 0..999. price_e4: the last one known. last: number of the last order applied,
# beside the balance that it made, should the list of orders be lost.

TERMS = ("enabled", "alarm", "trip", "rounds")
Terms = namedtuple("Terms", TERMS)  # of purchase control; thresholds in the unit of the account

LATCH = ("alarmed", "tripped", "since_s")
Latch = namedtuple("Latch", LATCH)  # of an energy control; since_s of the last trip

PLANNED = (DOWN_FLOAT, BUSINESS_STOP, FACTORY_REST, PERIOD, MONTH_ENERGY)  # power controls: highest first
GROUP = (
    "plans",  # Plan or None of each control in PLANNED
    "loop",
    "float",  # None: no down-float
    "count",
    "account",
    "orders",  # the last numbers applied, ascending
    "terms",
    "bought",  # Latch of purchase control
    "label",  # number of the local month that month_wh counts, 0: not known yet
    "month_wh",
    "month",  # Latch of month energy control
)
Group = namedtuple("Group", GROUP)

STATE = (
    "rounds",  # how many the hardware has
    "settings",  # {field: value} of parameters.CONTROL and GUARANTEE, not stored here
    "run_s",  # of the last call
    "known_s",  # local time was known then
    "up_s",  # this start of the terminal, None: no step since; not stored
    "guarantee",
    "excluded",
    "remote",
    "groups",  # Group or None of each of the 8 groups
    "closing",  # rounds to close in the next step; not stored: no switch closes by itself after a power cut
    "tripped",  # mask the last step put out
    "permits",  # for each round the run_s instant its "close permitted" lamp went on, or None
)
State = namedtuple("State", STATE)

FIELDS = {
    Guarantee: GUARANTEE,
    Entry: ENTRY,
    Plan: PLAN,
    Loop: LOOP,
    Float: FLOAT,
    Count: COUNT,
    Account: ACCOUNT,
    Terms: TERMS,
    Latch: LATCH,
    Group: GROUP,
    State: STATE,
}
TIMERS = ("since_s", "tick_s", "old_s", "read_s", "start_s", "heard_s", "known_s", "up_s")


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
    return evolve(record, **changes) if changes else record


def reading(sample, no):
    """(power_w, energy_wh) of group `no`."""
    return sample.groups[no - 1] if no <= len(sample.groups) else (None, None)
